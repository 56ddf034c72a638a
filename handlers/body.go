package handlers

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"
)

// decode reads the request's parameters into v: the JSON object that is the
// body, or that stands under a "param" key or in a "param" form field. No body
// and null are an empty object; unknown fields are ignored.
func decode(c *fiber.Ctx, v any) error {
	body := bytes.TrimSpace(c.Request().Body()) // not kept: what is decoded is copied
	// JSON labelled as a form is taken for what it is: curl -d labels it so.
	if isForm(c) && !bytes.HasPrefix(body, []byte("{")) {
		body = bytes.TrimSpace([]byte(c.FormValue("param")))
	}
	if inner, ok := wrapped(body); ok && json.Unmarshal(inner, v) == nil {
		return nil
	}
	params, err := unwrap(body)
	if err != nil || params == nil {
		return err
	}
	if err := json.Unmarshal(params, v); err != nil {
		return badJSON(err)
	}
	return nil
}

// wrapped cuts the parameters out of a body that is their wrapping and nothing
// else, as most are, so that it need not be read twice. When they are not one
// JSON value, something else stands beside them: unwrap finds out.
func wrapped(body []byte) (params []byte, ok bool) {
	params, opened := bytes.CutPrefix(body, []byte(`{"param":`))
	params, closed := bytes.CutSuffix(params, []byte("}"))
	return params, opened && closed
}

// unwrap returns the parameters' JSON object, nil for none.
func unwrap(body []byte) ([]byte, error) {
	if len(body) == 0 || string(body) == "null" {
		return nil, nil
	}
	var outer struct {
		Param json.RawMessage `json:"param"`
	}
	if err := json.Unmarshal(body, &outer); err != nil {
		return nil, badJSON(err)
	}
	switch {
	case outer.Param == nil:
		return body, nil
	case string(outer.Param) == "null":
		return nil, nil
	}
	return outer.Param, nil
}

func isForm(c *fiber.Ctx) bool {
	kind := strings.ToLower(c.Get(fiber.HeaderContentType))
	return strings.HasPrefix(kind, fiber.MIMEApplicationForm) || strings.HasPrefix(kind, fiber.MIMEMultipartForm)
}

// badJSON says which field has the wrong type, in the caller's terms.
func badJSON(err error) error {
	var mismatch *json.UnmarshalTypeError
	switch {
	case errors.As(err, &mismatch) && mismatch.Field != "":
		// The field's path begins with the names of embedded Go types.
		name := mismatch.Field[strings.LastIndexByte(mismatch.Field, '.')+1:]
		if mismatch.Value == "" {
			return invalid("%s: %s is required", name, taken[mismatch.Type])
		}
		return invalid("%s: a JSON %s does not fit", name, mismatch.Value)
	case errors.As(err, &mismatch):
		return invalid("the parameters must be a JSON object")
	}
	return invalid("the body is not valid JSON")
}

// taken is what our own types take. The decoder adds the field to an
// UnmarshalTypeError alone, and so they return that, with no Value.
var taken = map[reflect.Type]string{
	reflect.TypeFor[userID](): "text or a whole number",
	reflect.TypeFor[whole]():  "a whole number",
}

// userID is a person's id, which callers send as text or as a whole number.
type userID string

const maxID = 64 // bytes of a user's or a request's id, as both RongCloud and LinkV have it

// UnmarshalJSON takes text, a whole number, or null for none.
func (u *userID) UnmarshalJSON(raw []byte) error {
	if raw[0] == '"' {
		return json.Unmarshal(raw, (*string)(u))
	}
	if string(raw) == "null" {
		return nil
	}
	n, err := strconv.ParseUint(string(raw), 10, 64)
	if err != nil {
		return &json.UnmarshalTypeError{Type: reflect.TypeFor[userID]()}
	}
	*u = userID(strconv.FormatUint(n, 10))
	return nil
}

// check refuses ids that no vendor takes.
func (u userID) check(field string) error {
	switch {
	case u == "":
		return invalid("%s is required", field)
	case len(u) > maxID:
		return invalid("%s: at most %d bytes", field, maxID)
	case strings.ContainsFunc(string(u), unicode.IsControl):
		return invalid("%s: control characters are not allowed", field)
	case strings.ContainsRune(string(u), utf8.RuneError): // what JSON decoding makes of bytes that are no text
		return invalid("%s: not valid UTF-8", field)
	}
	return nil
}

// texts is one text or a list of them.
type texts []string

// UnmarshalJSON takes text or a list of texts.
func (t *texts) UnmarshalJSON(raw []byte) error {
	if raw[0] == '"' {
		*t = make(texts, 1)
		return json.Unmarshal(raw, &(*t)[0])
	}
	return json.Unmarshal(raw, (*[]string)(t))
}
