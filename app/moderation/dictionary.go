package moderation

import (
	"slices"

	ahocorasick "github.com/petar-dambovaliev/aho-corasick"
)

// Dictionary finds words in a text in one pass, however many words there are.
// It is immutable and safe for concurrent use.
type Dictionary struct {
	automaton ahocorasick.AhoCorasick
	words     []string
	breaks    [][]bool // of each word as it was given
	whole     bool
	allowed   *Dictionary // nil: nothing is
}

// Rules are what words count for.
type Rules struct {
	// Whole: what borders on a letter or digit of its own script is a part of another
	// word, and does not count. Scripts that are written without spaces have no such
	// borders.
	Whole bool
	// Allow are texts inside which no word counts, found as words are.
	Allow []string
}

// NewDictionary folds words and builds the automaton: about a second for
// 100,000 words, so never on a request. Words that fold to nothing are left out.
func NewDictionary(words []string, rules Rules) *Dictionary {
	d := &Dictionary{whole: rules.Whole}
	if len(rules.Allow) > 0 {
		d.allowed = NewDictionary(rules.Allow, Rules{})
	}
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
	var free []span
	if d.allowed != nil {
		d.allowed.each(f, func(s span) bool { free = append(free, s); return true })
	}
	d.each(f, func(s span) bool {
		found = !slices.ContainsFunc(free, s.within)
		if found {
			word = d.words[s.word]
		}
		return !found
	})
	return word, found
}

// span is where a word stands in a folded text.
type span struct{ start, end, word int }

func (s span) within(outer span) bool { return outer.start <= s.start && s.end <= outer.end }

// each gives the words that f spells to take, until that returns false.
func (d *Dictionary) each(f folded, take func(span) bool) {
	if len(d.words) == 0 {
		return
	}
	matches := d.automaton.IterOverlappingByte(f.text)
	for m := matches.Next(); m != nil; m = matches.Next() {
		if f.spells(m.Start(), m.End(), d.breaks[m.Pattern()], d.whole) && !take(span{m.Start(), m.End(), m.Pattern()}) {
			return
		}
	}
}
