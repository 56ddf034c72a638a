package livekit

import (
	"encoding/json"
	"strings"

	"switchboard/vendors"
	"switchboard/vendors/upstream"
)

type meaning struct {
	outcome vendors.Outcome
	err     error
}

// codes are Twirp's (docs/vendors/livekit.md#errors). They are told by the code alone:
// a text may have another in front.
var codes = map[string]meaning{
	"invalid_argument":    {vendors.DefiniteNo, vendors.ErrInvalid},
	"malformed":           {vendors.DefiniteNo, vendors.ErrInvalid},
	"out_of_range":        {vendors.DefiniteNo, vendors.ErrInvalid},
	"unauthenticated":     {vendors.AuthFault, nil},
	"permission_denied":   {vendors.AuthFault, nil},
	"not_found":           {vendors.DefiniteNo, vendors.ErrNotFound},
	"bad_route":           {vendors.DefiniteNo, vendors.ErrUnsupported},
	"already_exists":      {vendors.DefiniteNo, vendors.ErrConflict},
	"aborted":             {vendors.DefiniteNo, vendors.ErrConflict},
	"failed_precondition": {vendors.DefiniteNo, vendors.ErrUnsupported},
	"unimplemented":       {vendors.DefiniteNo, vendors.ErrUnsupported},
	"resource_exhausted":  {vendors.Throttled, nil},
	"canceled":            {vendors.Ambiguous, nil},
	"deadline_exceeded":   {vendors.Ambiguous, nil},
	"unavailable":         {vendors.Ambiguous, nil},
	"internal":            {vendors.Ambiguous, nil},
	"unknown":             {vendors.Ambiguous, nil},
	"dataloss":            {vendors.Ambiguous, nil},
}

// noEgress stands in what a server says that was set up without recording: the one text
// that has no code of its own (docs/vendors/livekit.md#recording).
const noEgress = "egress not connected"

const noAnswer = "unavailable" // no server of the deployment took the request

// check reads the server's verdict. A failure that is not Twirp's JSON is a proxy's, or
// the server's refusal of a token, which repeats the whole token: of that nothing is
// kept but the status.
func check(a upstream.Answer, payload string) error {
	var members map[string]json.RawMessage
	if a.Decode(&members) != nil || members == nil {
		return vendors.ErrUnreadable
	}
	if a.Status/100 == 2 {
		if _, there := members[payload]; payload != "" && !there {
			return vendors.ErrUnreadable
		}
		return nil
	}
	var fault struct {
		Code string `json:"code"`
		Msg  string `json:"msg"`
	}
	if a.Decode(&fault) != nil || fault.Code == "" {
		return vendors.ErrUnreadable
	}
	if fault.Code == "internal" && strings.Contains(fault.Msg, noEgress) {
		return &vendors.Error{Outcome: vendors.DefiniteNo, Code: fault.Code, Text: fault.Msg, Err: vendors.ErrUnsupported}
	}
	m, known := codes[fault.Code]
	if !known {
		m = meaning{vendors.Ambiguous, vendors.ErrUnknownCode}
	}
	return &vendors.Error{Outcome: m.outcome, Code: fault.Code, Text: fault.Msg, Err: m.err}
}
