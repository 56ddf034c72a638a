package vendors

import "regexp"

var placeholder = regexp.MustCompile(`\{([^{}]+)\}`)

// Placeholders are the names in braces in the text, as they come.
func (t Template) Placeholders() []string {
	var names []string
	for _, m := range placeholder.FindAllStringSubmatch(t.Text, -1) {
		names = append(names, m[1])
	}
	return names
}

// Fill is the text that one target reads; complete is false when a placeholder has no
// value.
func (t Template) Fill(f Filling) (text string, complete bool) {
	complete = true
	text = placeholder.ReplaceAllStringFunc(t.Text, func(name string) string {
		v, given := f.Values[name[1:len(name)-1]]
		complete = complete && given
		return v
	})
	return text, complete
}
