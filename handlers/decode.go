package handlers

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"
)

// DecodeParams reads the request's parameters into v: the JSON object that is the
// body, or that stands under a "param" key or in a "param" form field. No body
// and null are an empty object; unknown fields are ignored.
func DecodeParams(c *fiber.Ctx, v any) error {
	body := trim(c.Request().Body()) // not kept: what is decoded is copied
	// JSON labelled as a form is taken for what it is: curl -d labels it so.
	if isForm(c) && !bytes.HasPrefix(body, []byte("{")) {
		body = trim([]byte(c.FormValue("param")))
	}
	if err := checkText(body); err != nil {
		return err
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

// trim drops white space, and the byte order mark that some editors write first, which
// RFC 8259 8.1 lets a reader pass over.
func trim(body []byte) []byte {
	return bytes.TrimSpace(bytes.TrimPrefix(bytes.TrimSpace(body), []byte("\ufeff")))
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
			return Invalid("%s: %s is required", name, expectedType[mismatch.Type])
		}
		return Invalid("%s: a JSON %s does not fit", name, mismatch.Value)
	case errors.As(err, &mismatch):
		return Invalid("the parameters must be a JSON object")
	}
	return Invalid("the body is not valid JSON")
}

// DecodeJSON reads the body into v; unknown fields are ignored and no body is an
// empty object. The samples of the gateway's document hold comments, commas
// before a closing bracket and a key without a colon, and clients were written
// after them: what is no JSON is read once more without these.
func DecodeJSON(c *fiber.Ctx, v any) error { return DecodeBytes(c.Request().Body(), v) }

// DecodeBytes is DecodeJSON for a frame of a socket.
func DecodeBytes(body []byte, v any) error {
	body = trim(body)
	if len(body) == 0 {
		return nil
	}
	if err := checkText(body); err != nil {
		return err
	}
	if !json.Valid(body) {
		body = repairJSON(body)
	}
	if err := json.Unmarshal(body, v); err != nil {
		return badJSON(err)
	}
	return nil
}

// DecodeStrict decodes an operator's JSON: a mistyped field is refused, since what
// it would have said is then missing.
func DecodeStrict(c *fiber.Ctx, v any) error {
	body := trim(c.Body())
	if err := checkText(body); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return Invalid("the body: %v", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return Invalid("the body: one JSON object is expected")
	}
	return nil
}

var errNotText = Invalid("the body is not valid UTF-8")

// checkText refuses what the decoder would take by putting U+FFFD in its place: bytes
// that are no UTF-8, and half a surrogate pair, escaped. Whoever sent it meant
// something else.
func checkText(body []byte) error {
	if !utf8.Valid(body) {
		return errNotText
	}
	for i := bytes.IndexByte(body, '\\'); i >= 0 && i+1 < len(body); {
		unit, size := escape(body[i:])
		i += size
		if utf16.IsSurrogate(unit) {
			low, size := escape(body[i:])
			if utf16.DecodeRune(unit, low) == utf8.RuneError {
				return errNotText
			}
			i += size
		}
		next := bytes.IndexByte(body[i:], '\\')
		if next < 0 {
			return nil
		}
		i += next
	}
	return nil
}

// escape reads the escape at the beginning of text, and tells its length; 0 for none.
func escape(text []byte) (unit rune, size int) {
	if len(text) < 2 || text[0] != '\\' {
		return 0, 0
	}
	if text[1] != 'u' || len(text) < 6 {
		return 0, 2
	}
	n, err := strconv.ParseUint(string(text[2:6]), 16, 16)
	if err != nil {
		return 0, 2
	}
	return rune(n), 6
}
