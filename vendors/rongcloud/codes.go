package rongcloud

import (
	"encoding/json"
	"net/http"

	"switchboard/vendors"
	"switchboard/vendors/upstream"
)

// meaning is what one of the vendor's codes says in our words.
type meaning struct {
	outcome vendors.Outcome
	is      error
}

// meanings are the body codes of docs/vendors/rongcloud.md#codes. A code that is
// not here is reported as itself.
var meanings = map[string]meaning{
	"404":   {vendors.DefiniteNo, vendors.ErrUnsupported}, // unknown path
	"405":   {vendors.DefiniteNo, vendors.ErrBlocked},     // blacklisted
	"1000":  {vendors.Ambiguous, nil},                     // internal
	"1001":  {vendors.AuthFault, nil},                     // secret wrong for the key
	"1002":  {vendors.DefiniteNo, vendors.ErrInvalid},
	"1003":  {vendors.DefiniteNo, vendors.ErrInvalid}, // no POST data
	"1004":  {vendors.AuthFault, nil},                 // signature wrong
	"1005":  {vendors.DefiniteNo, vendors.ErrTooLarge},
	"1006":  {vendors.AuthFault, nil}, // app locked or deleted
	"1007":  {vendors.AuthFault, nil}, // call restricted
	"1008":  {vendors.Throttled, nil},
	"1009":  {vendors.DefiniteNo, vendors.ErrUnsupported}, // service not enabled
	"1015":  {vendors.DefiniteNo, vendors.ErrNotFound},
	"1016":  {vendors.DefiniteNo, vendors.ErrTooLarge}, // over quota
	"1050":  {vendors.Ambiguous, nil},                  // internal timeout
	"2007":  {vendors.DefiniteNo, vendors.ErrTooLarge}, // test users over quota
	"20001": {vendors.DefiniteNo, vendors.ErrInvalid},
	"20002": {vendors.DefiniteNo, vendors.ErrInvalid},
	"20003": {vendors.DefiniteNo, vendors.ErrInvalid},
	"20004": {vendors.DefiniteNo, vendors.ErrInvalid},
	"20005": {vendors.DefiniteNo, vendors.ErrInvalid},
	"20006": {vendors.DefiniteNo, vendors.ErrInvalid},
	"20007": {vendors.DefiniteNo, vendors.ErrInvalid},
	"20604": {vendors.Throttled, nil},                     // one sender too fast
	"22406": {vendors.DefiniteNo, vendors.ErrBlocked},     // not in the group
	"22408": {vendors.DefiniteNo, vendors.ErrBlocked},     // muted in the group
	"23406": {vendors.DefiniteNo, vendors.ErrBlocked},     // not in the chat room
	"23408": {vendors.DefiniteNo, vendors.ErrBlocked},     // muted in the chat room
	"23409": {vendors.DefiniteNo, vendors.ErrBlocked},     // put out of the chat room
	"23410": {vendors.DefiniteNo, vendors.ErrNotFound},    // no such chat room
	"25101": {vendors.DefiniteNo, vendors.ErrInvalid},     // recall parameter
	"40003": {vendors.DefiniteNo, vendors.ErrNotFound},    // no such RTC room: docs/vendors/rongcloud.md#rtc
	"28400": {vendors.DefiniteNo, vendors.ErrUnsupported}, // translation is off
}

// verdict is the part of every answer that says how it went. Its text is
// errorMessage in version 1 and msg in version 2.
type verdict struct {
	Code json.Number `json:"code"`
	Text string      `json:"errorMessage"`
	Msg  string      `json:"msg"`
}

// success is the code 200, or 10000 of the /v2 paths.
func (v verdict) success() bool { return v.Code == "200" || v.Code == "10000" }

// check reads the verdict.
func check(a upstream.Answer) error {
	var v verdict
	if a.Decode(&v) != nil {
		return vendors.ErrUnreadable
	}
	return v.problem(a)
}

// problem returns the error that v stands for, nil for a success. A success code
// under a failing HTTP status is not believed: the official Go SDK does, see
// docs/vendors/rongcloud.md#the-go-sdk.
func (v verdict) problem(a upstream.Answer) error {
	if v.Code == "" {
		return vendors.ErrUnreadable
	}
	if v.success() {
		if a.Status/100 != 2 {
			return vendors.ErrUnreadable
		}
		return nil
	}
	text := v.Text
	if text == "" {
		text = v.Msg
	}
	m, known := meanings[v.Code.String()]
	if !known {
		m = meaning{unknownCode(a.Status), vendors.ErrUnknownCode}
	}
	return &vendors.Error{Outcome: m.outcome, Code: v.Code.String(), Text: text, Err: m.is}
}

// unknownCode classes a code that no table lists by the status it came under.
// Under 2xx and 5xx nobody can know whether the call was executed.
func unknownCode(status int) vendors.Outcome {
	switch {
	case status == http.StatusTooManyRequests:
		return vendors.Throttled
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return vendors.AuthFault
	case status/100 == 4:
		return vendors.DefiniteNo
	default:
		return vendors.Ambiguous
	}
}
