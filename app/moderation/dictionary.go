package moderation

import (
	ahocorasick "github.com/petar-dambovaliev/aho-corasick"
)

// Dictionary finds words in a text in one pass, however many words there are.
// It is immutable and safe for concurrent use.
type Dictionary struct {
	automaton ahocorasick.AhoCorasick
	words     []string
	breaks    [][]bool // of each word as it was given
}

// NewDictionary folds words and builds the automaton: about a second for
// 100,000 words, so never on a request. Words that fold to nothing are left out.
func NewDictionary(words []string) *Dictionary {
	d := &Dictionary{}
	var patterns []string
	seen := make(map[string]int, len(words))
	for _, w := range words {
		f := fold(w)
		if len(f.text) == 0 {
			continue
		}
		key := string(f.text)
		if at, ok := seen[key]; ok {
			for i, b := range f.breaks {
				d.breaks[at][i] = d.breaks[at][i] || b
			}
			continue
		}
		seen[key] = len(patterns)
		patterns = append(patterns, key)
		d.words = append(d.words, w)
		d.breaks = append(d.breaks, f.breaks)
	}
	if len(patterns) > 0 {
		builder := ahocorasick.NewAhoCorasickBuilder(ahocorasick.Opts{MatchKind: ahocorasick.StandardMatch})
		d.automaton = builder.Build(patterns)
	}
	return d
}

// Find returns the first sensitive word in text, as the list has it.
func (d *Dictionary) Find(text string) (word string, found bool) {
	if len(d.words) == 0 || text == "" {
		return "", false
	}
	f := fold(text)
	matches := d.automaton.IterOverlappingByte(f.text)
	for m := matches.Next(); m != nil; m = matches.Next() {
		if f.spells(m.Start(), m.End(), d.breaks[m.Pattern()]) {
			return d.words[m.Pattern()], true
		}
	}
	return "", false
}
