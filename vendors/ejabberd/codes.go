package ejabberd

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"switchboard/vendors"
	"switchboard/vendors/upstream"
)

// words are what the server says under 400 and 404 where it has no number
// (docs/vendors/ejabberd.md#answers). They change from command to command.
var words = map[string]error{
	"Room already exists":         vendors.ErrConflict,
	"Room doesn't exists":         vendors.ErrNotFound,
	"The room does not exist":     vendors.ErrNotFound,
	"The room does not exist.":    vendors.ErrNotFound,
	"Room not found":              vendors.ErrNotFound,
	"room_not_found":              vendors.ErrNotFound,
	"error_no_vcard_found":        vendors.ErrNotFound,
	"unknown_user":                vendors.ErrNotFound,
	"JID malformed":               vendors.ErrInvalid,
	"Invalid 'name'":              vendors.ErrInvalid,
	"Invalid 'service'":           vendors.ErrInvalid,
	"Invalid affiliation":         vendors.ErrInvalid,
	"Nickname must be set":        vendors.ErrInvalid,
	"unclosed token":              vendors.ErrInvalid,
	nickTaken:                     vendors.ErrConflict,
	"Too many users in subscribe": vendors.ErrTooLarge,
}

const nickTaken = "That nickname is already in use by another occupant"

// numbers are the codes of an error object.
var numbers = map[int]struct {
	outcome vendors.Outcome
	is      error
}{
	10:    {vendors.AuthFault, nil},                     // not authorized to call this command
	32:    {vendors.AuthFault, nil},                     // the account's access rules
	40:    {vendors.DefiniteNo, vendors.ErrUnsupported}, // no such command, or its module is not loaded
	44:    {vendors.DefiniteNo, vendors.ErrUnsupported}, // the same by another way
	10090: {vendors.DefiniteNo, vendors.ErrConflict},    // registered already
}

// problem is what an answer under another status than 200 says: a JSON text, or an
// object with a number. Anything else is not the server's, and the status decides.
func problem(ans upstream.Answer) error {
	var text string
	if ans.Decode(&text) == nil && text != "" {
		return worded(ans.Status, text)
	}
	var object struct {
		Code    *int   `json:"code"`
		Message string `json:"message"`
	}
	if ans.Decode(&object) != nil || object.Code == nil || ans.Status/100 == 2 {
		return vendors.ErrUnreadable
	}
	e := &vendors.Error{Outcome: vendors.Ambiguous, Code: strconv.Itoa(*object.Code), Text: object.Message, Err: vendors.ErrUnknownCode}
	known, found := numbers[*object.Code]
	switch {
	case ans.Status == http.StatusInternalServerError && strings.HasSuffix(object.Message, "Malformed username"):
		e.Outcome, e.Err = vendors.DefiniteNo, vendors.ErrInvalid
	case ans.Status/100 == 5: // an exception in the middle of the command
	case found:
		e.Outcome, e.Err = known.outcome, known.is
	default:
		e.Outcome = unknownCode(ans.Status)
	}
	return e
}

// worded is an error that is a text alone. Its words stand as the code where the
// table has them, so that what it does not have is seen as unknown.
func worded(status int, text string) error {
	switch {
	case status/100 == 2:
		return vendors.ErrUnreadable
	case status/100 == 5:
		return &vendors.Error{Outcome: vendors.Ambiguous, Code: text, Text: text}
	case strings.HasPrefix(text, "Request have "): // arguments of another version
		return &vendors.Error{Outcome: vendors.DefiniteNo, Text: text, Err: vendors.ErrUnsupported}
	}
	if is, found := words[text]; found {
		return &vendors.Error{Outcome: vendors.DefiniteNo, Code: text, Text: text, Err: is}
	}
	return &vendors.Error{Outcome: unknownCode(status), Text: text, Err: vendors.ErrUnknownCode}
}

// unknownCode classes what no table lists by the status that it came under.
func unknownCode(status int) vendors.Outcome {
	switch {
	case status == http.StatusTooManyRequests:
		return vendors.Throttled
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return vendors.AuthFault
	case status/100 == 4:
		return vendors.DefiniteNo
	}
	return vendors.Ambiguous
}

// refused is a 1 under 200: the command was not done, and the server does not say why
// (docs/vendors/ejabberd.md#answers).
func refused(is error) error {
	return &vendors.Error{Outcome: vendors.DefiniteNo, Code: "1", Text: "refused without a reason", Err: is}
}

// done reads the answer of a command that says 0 for done and 1 for not done.
func done(ans upstream.Answer) error { return zeroOr(ans, refused(nil)) }

// zeroOr reads a 0 as nil and a 1 as one.
func zeroOr(ans upstream.Answer, one error) error {
	if ans.Status != http.StatusOK {
		return problem(ans)
	}
	switch string(bytes.TrimSpace(ans.Body)) {
	case "0":
		return nil
	case "1":
		return one
	}
	return vendors.ErrUnreadable
}

// into reads a good answer into out, which has to find what it needs there.
func into[T any](out *T, whole func(T) bool) func(upstream.Answer) error {
	return func(ans upstream.Answer) error {
		if ans.Status != http.StatusOK {
			return problem(ans)
		}
		var got T
		if bytes.Equal(bytes.TrimSpace(ans.Body), []byte("null")) || json.Unmarshal(ans.Body, &got) != nil || !whole(got) {
			return vendors.ErrUnreadable
		}
		*out = got
		return nil
	}
}
