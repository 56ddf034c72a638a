package conversation

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	idBytes  = 64
	mentions = 20 // people mentioned by one message
)

// ValidUser checks a user id: letters and digits under Typed rules, else any
// text without control characters; at most 64 bytes.
func ValidUser(r Rules, id string) error {
	if id == "" {
		return because(ErrMissing, "user id")
	}
	bad := func(c rune) bool { return unicode.IsControl(c) }
	if r == Typed {
		bad = func(c rune) bool {
			return c > unicode.MaxASCII || !(unicode.IsLetter(c) || unicode.IsDigit(c))
		}
	}
	if len(id) > idBytes || strings.ContainsRune(id, utf8.RuneError) || strings.ContainsFunc(id, bad) {
		return ErrBadUserID
	}
	return nil
}

// validUsers checks ids and drops repetitions.
func validUsers(r Rules, ids []string) ([]string, error) {
	seen := make(map[string]bool, len(ids))
	out := make([]string, 0, len(ids))
	for _, id := range ids {
		if err := ValidUser(r, id); err != nil {
			return nil, err
		}
		if !seen[id] {
			seen[id] = true
			out = append(out, id)
		}
	}
	return out, nil
}

// validConversation refuses ids that cannot exist before they reach the store.
func validConversation(id string) error {
	if id == "" {
		return because(ErrMissing, "conversation id")
	}
	if len(id) > idBytes || !storable(id) {
		return ErrUnknownConversation
	}
	return nil
}

// storable: every store takes the text as it is.
func storable(s string) bool { return utf8.ValidString(s) && !strings.Contains(s, "\x00") }

// validJSON checks an optional JSON value; null and nothing become nil.
func validJSON(name string, raw json.RawMessage, limit int) (json.RawMessage, error) {
	raw = bytes.TrimSpace(raw)
	switch {
	case len(raw) == 0, string(raw) == "null":
		return nil, nil
	case len(raw) > limit:
		return nil, because(ErrTooLarge, "%s is over %d bytes", name, limit)
	case !json.Valid(raw) || !storable(string(raw)):
		return nil, because(ErrBadFormat, "%s is not valid JSON", name)
	}
	return raw, nil
}

func validText(name, s string, limit int) error {
	switch {
	case len(s) > limit:
		return because(ErrTooLarge, "%s is over %d bytes", name, limit)
	case !storable(s):
		return because(ErrBadFormat, "%s is not text", name)
	}
	return nil
}
