package linkv

import (
	"encoding/json"

	"switchboard/vendors"
	"switchboard/vendors/upstream"
)

// object is a T that LinkV writes as [] when it is empty
// (docs/vendors/linkv.md#text-or-number).
type object[T any] struct{ V T }

// UnmarshalJSON leaves V as it is for an empty list, null and an empty string.
func (o *object[T]) UnmarshalJSON(b []byte) error {
	switch string(b) {
	case "[]", "null", `""`:
		return nil
	}
	return json.Unmarshal(b, &o.V)
}

// verdict is where an answer says how it went: code, status or both.
type verdict struct {
	Code   upstream.Text `json:"code"`
	Status upstream.Text `json:"status"`
	Msg    upstream.Text `json:"msg"`
}

const success = "200"

// failure returns the code that is not success, if any. When code and status
// differ, the bad one counts.
func (v verdict) failure() (code string, failed bool) {
	if v.Code != "" && v.Code != success {
		return string(v.Code), true
	}
	if v.Status != "" && v.Status != success {
		return string(v.Status), true
	}
	return "", false
}

type meaning struct {
	outcome vendors.Outcome
	err     error
}

// codes are LinkV's published error codes (docs/vendors/linkv.md#codes).
// Everything else that is not 200 is a failure of an unknown kind.
var codes = map[string]meaning{
	"400": {vendors.DefiniteNo, vendors.ErrInvalid},
	"401": {vendors.AuthFault, nil},
	"403": {vendors.AuthFault, nil},
	"500": {vendors.Ambiguous, nil},
	"602": {vendors.AuthFault, nil},
}

// check reads the verdict of an answer, whatever its content type.
func check(a upstream.Answer) error {
	var v verdict
	if a.Decode(&v) != nil {
		return vendors.ErrUnreadable
	}
	return v.problem(a)
}

// problem returns the error that v stands for, nil for a success. LinkV answers
// HTTP 200 on every result, so another status is not its own.
func (v verdict) problem(a upstream.Answer) error {
	if a.Status/100 != 2 || (v.Code == "" && v.Status == "") {
		return vendors.ErrUnreadable
	}
	code, failed := v.failure()
	if !failed {
		return nil
	}
	e := meaningOf(code)
	e.Text = string(v.Msg)
	return e
}

// meaningOf is the error for a code that is not success. One that LinkV does
// not publish stays as itself.
func meaningOf(code string) *vendors.Error {
	m, known := codes[code]
	if !known {
		m = meaning{vendors.DefiniteNo, vendors.ErrUnknownCode}
	}
	return &vendors.Error{Outcome: m.outcome, Code: code, Err: m.err}
}
