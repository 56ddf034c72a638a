package rongcloud

import (
	"context"
	"encoding/json"
	"net/http"
	"unicode/utf8"

	"switchboard/vendors"
	"switchboard/vendors/upstream"
)

// allWords asks for blocking and replacing words.
const allWords = "2"

// replacing is the type of a word that is replaced; any other type blocks
// (docs/vendors/rongcloud.md#sensitive-words).
const replacing = "0"

// ListWords returns the whole list; the vendor has no pages.
func (a *adapter) ListWords(ctx context.Context) ([]vendors.Word, error) {
	call := a.form(ctx, vendors.OpWordList, upstream.Read, "/sensitiveword/list.json", upstream.Fields{{"type", allWords}})
	var out struct {
		Words []struct {
			Type    json.Number `json:"type"` // "0" replace, "1" block
			Word    string      `json:"word"`
			Replace string      `json:"replaceWord"`
		} `json:"words"`
	}
	if err := a.up.Do(ctx, call, &out); err != nil {
		return nil, err
	}
	words := make([]vendors.Word, 0, len(out.Words))
	for _, w := range out.Words {
		word := vendors.Word{Text: w.Word}
		if w.Type == replacing {
			word.Replace = w.Replace
		}
		words = append(words, word)
	}
	return words, nil
}

// AddWords adds all or none: a list over the account's quota fails whole. The
// vendor acts on it after 15 minutes to two hours
// (docs/vendors/rongcloud.md#sensitive-words).
func (a *adapter) AddWords(ctx context.Context, words []vendors.Word) error {
	op := vendors.OpWordChange
	type entry struct {
		Word    string `json:"word"`
		Replace string `json:"replaceWord,omitempty"` // absent: block
	}
	texts, entries := make([]string, len(words)), make([]entry, len(words))
	for i, w := range words {
		if utf8.RuneCountInString(w.Replace) > maxReplace {
			return a.refuse(op, vendors.ErrTooLarge, "a replacement of more than 32 characters")
		}
		texts[i], entries[i] = w.Text, entry{w.Text, w.Replace}
	}
	if err := a.checkWords(texts); err != nil {
		return err
	}
	body := map[string][]entry{"words": entries}
	return a.up.Do(ctx, a.json(ctx, op, upstream.Control, http.MethodPost, "/sensitiveword/batch/add.json", body), nil)
}

// RemoveWords removes words; one that is not listed is no error.
func (a *adapter) RemoveWords(ctx context.Context, words []string) error {
	if err := a.checkWords(words); err != nil {
		return err
	}
	form := upstream.Fields{}.With("words", words...)
	return a.up.Do(ctx, a.form(ctx, vendors.OpWordChange, upstream.Control, "/sensitiveword/batch/delete.json", form), nil)
}

// checkWords: IDBytes is not the vendor's limit here, so only empty words are
// refused as ids are.
func (a *adapter) checkWords(words []string) error {
	op := vendors.OpWordChange
	if len(words) == 0 {
		return a.refuse(op, vendors.ErrInvalid, "no words")
	}
	for _, w := range words {
		if err := limits.Check(a.name, op, vendors.Size{IDs: []string{w}, Targets: len(words), Content: w}); err != nil {
			return err
		}
	}
	return nil
}
