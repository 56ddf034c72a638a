package rongcloud

import (
	"context"
	"net/http"

	"switchboard/vendors"
	"switchboard/vendors/upstream"
)

// Translate translates one text. Without From the vendor detects the language,
// except for Cantonese (docs/vendors/rongcloud.md#translation).
func (a *adapter) Translate(ctx context.Context, t vendors.Translation) (string, error) {
	op := vendors.OpTranslate
	if t.Text == "" || t.To == "" {
		return "", a.refuse(op, vendors.ErrInvalid, "no text or no language to translate to")
	}
	if err := limits.Check(a.name, op, vendors.Size{Content: t.Text}); err != nil {
		return "", err
	}
	body := struct {
		Text string `json:"text"`
		From string `json:"sourceLanguage,omitempty"`
		To   string `json:"targetLanguage"`
	}{t.Text, t.From, t.To}
	call := a.json(ctx, op, upstream.Read, http.MethodPost, "/v3/translate.json", body)
	var out struct {
		Translated *string `json:"translated"`
	}
	call.Check = func(ans upstream.Answer) error {
		if err := check(ans); err != nil {
			return err
		}
		if ans.Decode(&out) != nil || out.Translated == nil {
			return vendors.ErrUnreadable
		}
		return nil
	}
	if err := a.up.Do(ctx, call, nil); err != nil {
		return "", err
	}
	return *out.Translated, nil
}
