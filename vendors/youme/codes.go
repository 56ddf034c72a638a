package youme

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"switchboard/vendors"
	"switchboard/vendors/upstream"
)

// record is an object of an answer. YouMe's spelling of keys varies: stray
// spaces, Code and code (docs/vendors/youme.md#spelling), so both are levelled out.
type record map[string]json.RawMessage

// UnmarshalJSON trims and lower-cases the keys. Of two that then are the same,
// the one that sorts later counts.
func (r *record) UnmarshalJSON(b []byte) error {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(b, &raw); err != nil {
		return err
	}
	*r = make(record, len(raw))
	for _, key := range slices.Sorted(maps.Keys(raw)) {
		(*r)[level(key)] = raw[key]
	}
	return nil
}

func level(key string) string { return strings.ToLower(strings.TrimSpace(key)) }

// text is a field that may be a string or a number; empty when it is neither.
func (r record) text(key string) upstream.Text {
	var t upstream.Text
	if json.Unmarshal(r[level(key)], &t) != nil {
		return ""
	}
	return t
}

// number is a whole number, written as such or as a string.
func (r record) number(key string) (int64, error) { return r.text(key).Int() }

// list is a field that must hold a list of objects; null is an empty one.
func (r record) list(key string) ([]record, error) {
	raw, there := r[level(key)]
	var out []record
	if !there || json.Unmarshal(raw, &out) != nil {
		return nil, vendors.ErrUnreadable
	}
	return out, nil
}

// check reads the envelope. Answers come with and without one
// (docs/vendors/youme.md#answer): without, the payload is the proof of success. Another HTTP status than 200 is the
// network's and not YouMe's. auth are the codes that mean our credentials.
func check(a upstream.Answer, payload string, auth []string) error {
	var r record
	if a.Status/100 != 2 || a.Decode(&r) != nil || r == nil {
		return vendors.ErrUnreadable
	}
	status, code := r.text("ActionStatus"), r.text("ErrorCode")
	_, there := r[level(payload)]
	switch {
	case (code != "" && code != "0") || status == "FAIL":
		return refusal(status, code, r.text("ErrorInfo"), auth)
	case status == "OK", status == "" && code == "0", status == "" && code == "" && there:
		return nil
	default:
		return vendors.ErrUnreadable
	}
}

// refusal is a failure as YouMe words it. No table of its codes is public, so
// every one stays as itself but those that the account's owner has named.
func refusal(status, code, info upstream.Text, auth []string) error {
	if code == "" || code == "0" {
		code = status
	}
	e := &vendors.Error{Outcome: vendors.DefiniteNo, Code: string(code), Text: string(info), Err: vendors.ErrUnknownCode}
	if slices.Contains(auth, e.Code) {
		e.Outcome, e.Err = vendors.AuthFault, nil
	}
	return e
}

type meaning struct {
	outcome vendors.Outcome
	err     error
}

// identityCodes are those of the one command that has codes of its own
// (docs/vendors/youme.md#codes).
var identityCodes = map[string]meaning{
	"401": {vendors.DefiniteNo, vendors.ErrNotFound}, // no such channel
	"402": {vendors.DefiniteNo, vendors.ErrNotFound}, // no such user
	"403": {vendors.DefiniteNo, vendors.ErrConflict}, // a later change was applied already
	"500": {vendors.Ambiguous, nil},
}

// checkIdentity reads the identity command's own code beside the envelope.
func checkIdentity(a upstream.Answer, auth []string) error {
	if err := check(a, "Code", auth); err != nil {
		return err
	}
	var r record
	if err := a.Decode(&r); err != nil {
		return err
	}
	code := string(r.text("Code"))
	if code == "" || code == "0" {
		return nil
	}
	m, known := identityCodes[code]
	if !known {
		m = meaning{vendors.DefiniteNo, vendors.ErrUnknownCode}
	}
	return &vendors.Error{Outcome: m.outcome, Code: code, Text: string(r.text("ErrorInfo")), Err: m.err}
}
