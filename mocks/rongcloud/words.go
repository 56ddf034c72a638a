package rongcloud

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
)

// word is a sensitive word: replaced when it has a replacement, else it blocks
// the message (docs/vendors/rongcloud.md#sensitive-words).
type word struct {
	text, replacement string
	from              time.Time // in effect
}

const defaultWordQuota = 50

// What a word did to a message, as the routing callback numbers it.
const (
	wordNone     = 0
	wordBlocked  = 1
	wordReplaced = 2
)

func (a *App) wordQuota() int {
	if a.cfg.WordQuota > 0 {
		return a.cfg.WordQuota
	}
	return defaultWordQuota
}

func (a *App) addWord(r request) (reply, *failure) {
	return a.addWords([]word{{text: r.text("word"), replacement: r.text("replaceWord")}}, r.Now)
}

// addWords adds all or, over the quota, none. A word needs a letter or a digit: the
// tests of the Node SDK want "-" refused. INVENTED: by 1002.
func (a *App) addWords(more []word, now time.Time) (reply, *failure) {
	for _, m := range more {
		if !strings.ContainsFunc(m.text, func(c rune) bool { return unicode.IsLetter(c) || unicode.IsNumber(c) }) {
			return nil, badParameter("word", "has neither letter nor digit")
		}
	}
	kept := slices.DeleteFunc(slices.Clone(a.words), func(w word) bool {
		return slices.ContainsFunc(more, func(m word) bool { return m.text == w.text })
	})
	if left := a.wordQuota() - len(kept); len(more) > left {
		return nil, fail(codeParameter, fmt.Sprintf("Over the quota of words: %d left", left))
	}
	for i := range more {
		more[i].from = now.Add(a.cfg.WordDelay)
	}
	a.words = append(kept, more...)
	return reply{}, nil
}

func (a *App) addWordBatch(r request) (reply, *failure) {
	var more []word
	list, _ := r.JSON["words"].([]any)
	for _, v := range list {
		entry := members(v)
		more = append(more, word{text: entry["word"], replacement: entry["replaceWord"]})
	}
	return a.addWords(more, r.Now)
}

// members is the texts of one JSON object in a list.
func members(v any) map[string]string {
	out := map[string]string{}
	all, _ := v.(map[string]any)
	for name, m := range all {
		if text, ok := m.(string); ok {
			out[name] = text
		}
	}
	return out
}

func deleteWords(param string) handler {
	return func(a *App, r request) (reply, *failure) {
		a.words = slices.DeleteFunc(a.words, func(w word) bool { return slices.Contains(r.list(param), w.text) })
		return reply{}, nil
	}
}

// listWords: 0 replaced, 1 blocked, 2 all. The type of an entry is a text.
// INVENTED: without type all, since the Go SDK never sends it.
func (a *App) listWords(r request) (reply, *failure) {
	want := r.number("type", 2)
	list := []reply{}
	for _, w := range a.words {
		kind := 1
		if w.replacement != "" {
			kind = 0
		}
		if want == 2 || want == kind {
			list = append(list, reply{"type": fmt.Sprint(kind), "word": w.text, "replaceWord": w.replacement})
		}
	}
	return reply{"words": list}, nil
}

// Words returns the sensitive words: word -> replacement, empty for a word
// that blocks.
func (a *App) Words() map[string]string {
	out := map[string]string{}
	a.Do(func() {
		for _, w := range a.words {
			out[w.text] = w.replacement
		}
	})
	return out
}

// filter holds a text message against the words in effect and changes its
// content where words are replaced. Other types are not looked at, nor are
// system messages.
func (a *App) filter(m *message) int {
	if m.objectName != "RC:TxtMsg" || m.kind == System || m.kind == Everybody {
		return wordNone
	}
	var members map[string]any
	if json.Unmarshal([]byte(m.content), &members) != nil {
		return wordNone
	}
	text, _ := members["content"].(string)
	clean := text
	now := a.Clock.Now()
	for _, w := range a.words {
		switch {
		case w.from.After(now) || !strings.Contains(clean, w.text):
		case w.replacement == "":
			return wordBlocked
		default:
			clean = strings.ReplaceAll(clean, w.text, w.replacement)
		}
	}
	if clean == text {
		return wordNone
	}
	members["content"] = clean
	changed, err := json.Marshal(members)
	if err != nil {
		panic(err) // it was JSON before
	}
	m.content = string(changed)
	return wordReplaced
}
