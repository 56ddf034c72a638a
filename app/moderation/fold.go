package moderation

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// folded is a text as it is compared: lower case, full-width forms made narrow,
// separators taken out. breaks tells, per byte, whether a separator stood
// before it, so that a match can be judged by where the text was broken.
type folded struct {
	text   []byte
	breaks []bool
}

// separator reports whether r is one of the characters that people put between
// letters to slip a word past a filter. Zero-width characters are among them.
func separator(r rune) bool {
	switch r {
	case '.', '-', '_', '*', '·', '・':
		return true
	}
	return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r)
}

func fold(s string) folded {
	f := folded{text: make([]byte, 0, len(s)), breaks: make([]bool, 0, len(s)+1)}
	broken := true // the text's beginning ends a run, as a separator does
	for _, r := range s {
		if r >= utf8.RuneSelf {
			if n := width.LookupRune(r).Folded(); n != 0 {
				r = n
			}
		}
		if separator(r) {
			broken = true
			continue
		}
		before := len(f.text)
		f.text = utf8.AppendRune(f.text, unicode.ToLower(r))
		f.breaks = append(f.breaks, broken)
		for range len(f.text) - before - 1 {
			f.breaks = append(f.breaks, false)
		}
		broken = false
	}
	f.breaks = append(f.breaks, true)
	return f
}

// spells reports whether the bytes from start to end spell the word, whose own
// breaks are given: broken nowhere that the word itself is not, or broken into
// single characters ("b a d"), or written without spaces as Han, kana and the
// like are, where a break means nothing. whole: a word as it is written does not border
// on another letter of its script.
func (f folded) spells(start, end int, word []bool, whole bool) bool {
	asWritten, singles := true, f.breaks[start] && f.breaks[end]
	for i := start; i < end; {
		r, n := utf8.DecodeRune(f.text[i:end])
		if i > start && f.breaks[i] && !word[i-start] && !spaceless(r) {
			asWritten = false
		}
		if i > start && !f.breaks[i] {
			singles = false
		}
		i += n
	}
	return singles || asWritten && (!whole || f.border(start) && f.border(end))
}

// border reports whether the text is parted before the byte at: by a separator, by a
// character that is in no word, or since one side is written without spaces.
func (f folded) border(at int) bool {
	if f.breaks[at] {
		return true
	}
	before, _ := utf8.DecodeLastRune(f.text[:at])
	behind, _ := utf8.DecodeRune(f.text[at:])
	return !inWord(before) || !inWord(behind)
}

// inWord reports whether r is a character that words with spaces between them are made of.
func inWord(r rune) bool {
	return (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)) && !spaceless(r)
}

func spaceless(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer)
}
