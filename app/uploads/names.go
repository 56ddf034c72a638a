package uploads

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const nameBytes = 200 // of an original name; file systems take 255

// originalName is the name under which a client had the file, as it may be kept and
// given to others: without folders and signs that nobody sees, and with an ending that
// belongs to its type. Empty when nothing is left.
func originalName(name string, t *fileType) string {
	name = strings.ToValidUTF8(name, "_")
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	name = strings.Map(func(r rune) rune {
		if !unicode.IsGraphic(r) || unicode.In(r, unicode.Zl, unicode.Zp) { // controls, and marks that turn the reading around
			return -1
		}
		return r
	}, name)
	name = strings.TrimFunc(name, func(r rune) bool { return r == '.' || unicode.IsSpace(r) })
	if name == "" {
		return ""
	}
	end := "." + t.ending
	if t.fits(name) {
		end = "." + ending(name)
	}
	stem := strings.TrimSuffix(name, end)
	for len(stem)+len(end) > nameBytes {
		_, size := utf8.DecodeLastRuneInString(stem)
		stem = stem[:len(stem)-size]
	}
	return stem + end
}
