package handlers

import (
	"encoding/json"
	"reflect"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// expectedType is what our own types take. The decoder adds the field to an
// UnmarshalTypeError alone, and so they return that, with no Value.
var expectedType = map[reflect.Type]string{
	reflect.TypeFor[UserID]():   "text or a whole number",
	reflect.TypeFor[Int]():      "a whole number",
	reflect.TypeFor[FlexBool](): "true or false",
	reflect.TypeFor[Float]():    "a number",
}

// UserID is a user's id, which callers send as text or as a whole number.
type UserID string

const maxID = 64 // bytes of a user's or a request's id, as both RongCloud and LinkV have it

// UnmarshalJSON takes text, a whole number, or null for none.
func (u *UserID) UnmarshalJSON(raw []byte) error {
	if raw[0] == '"' {
		return json.Unmarshal(raw, (*string)(u))
	}
	if string(raw) == "null" {
		return nil
	}
	n, err := strconv.ParseUint(string(raw), 10, 64)
	if err != nil {
		return &json.UnmarshalTypeError{Type: reflect.TypeFor[UserID]()}
	}
	*u = UserID(strconv.FormatUint(n, 10))
	return nil
}

// Check refuses ids that no vendor takes.
func (u UserID) Check(field string) error {
	switch {
	case u == "":
		return Invalid("%s is required", field)
	case len(u) > maxID:
		return Invalid("%s: at most %d bytes", field, maxID)
	case strings.ContainsFunc(string(u), unicode.IsControl):
		return Invalid("%s: control characters are not allowed", field)
	case strings.ContainsRune(string(u), utf8.RuneError): // what JSON decoding makes of bytes that are no text
		return Invalid("%s: not valid UTF-8", field)
	}
	return nil
}

// Strings are the ids as domains take them.
func Strings(ids []UserID) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = string(id)
	}
	return out
}

// ParseInt reads a whole number in its one spelling: no plus, no zeros in front. What
// is told apart as text elsewhere must not be one number here.
func ParseInt(text string) (int64, bool) {
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil && strconv.FormatInt(n, 10) == text
}

// Int is a whole number that clients send as a number or as text.
type Int int64

// UnmarshalJSON takes 1 and "1"; null leaves it as it is.
func (n *Int) UnmarshalJSON(raw []byte) error {
	text := string(raw)
	if text == "null" {
		return nil
	}
	if raw[0] == '"' {
		if err := json.Unmarshal(raw, &text); err != nil {
			return err
		}
	}
	parsed, ok := ParseInt(text)
	if !ok {
		return &json.UnmarshalTypeError{Type: reflect.TypeFor[Int]()}
	}
	*n = Int(parsed)
	return nil
}

// Float is a number that clients send as a number or as text.
type Float float64

// UnmarshalJSON takes 1.5 and "1.5"; null leaves it as it is. Text has to be what JSON
// would take without its quotes.
func (n *Float) UnmarshalJSON(raw []byte) error {
	text := string(raw)
	if text == "null" {
		return nil
	}
	if raw[0] == '"' {
		if err := json.Unmarshal(raw, &text); err != nil {
			return err
		}
	}
	if json.Unmarshal([]byte(text), (*float64)(n)) != nil || text == "null" {
		return &json.UnmarshalTypeError{Type: reflect.TypeFor[Float]()}
	}
	return nil
}

// FlexInt is an Int that clients send as a truth value, too.
type FlexInt int

// UnmarshalJSON takes 1, "1", true and false; null leaves it as it is.
func (n *FlexInt) UnmarshalJSON(raw []byte) error {
	switch string(raw) {
	case "true":
		*n = 1
		return nil
	case "false":
		*n = 0
		return nil
	}
	whole := Int(*n)
	err := whole.UnmarshalJSON(raw)
	*n = FlexInt(whole)
	return err
}

// FlexBool is a truth value that clients send as such, as a number or as text.
type FlexBool bool

// UnmarshalJSON takes true, "true", 1, "1" and their opposites; null leaves it as it
// is.
func (b *FlexBool) UnmarshalJSON(raw []byte) error {
	switch strings.Trim(string(raw), `"`) {
	case "true", "1":
		*b = true
	case "false", "0":
		*b = false
	case "null":
	default:
		return &json.UnmarshalTypeError{Type: reflect.TypeFor[FlexBool]()}
	}
	return nil
}

// UserIDs is a list of ids, or one alone.
type UserIDs []UserID

// UnmarshalJSON takes a list, an id, or null for none.
func (l *UserIDs) UnmarshalJSON(raw []byte) error {
	if raw[0] == '[' || string(raw) == "null" {
		return json.Unmarshal(raw, (*[]UserID)(l))
	}
	*l = make(UserIDs, 1)
	return (*l)[0].UnmarshalJSON(raw)
}

// StringOrList is one text or a list of them.
type StringOrList []string

// UnmarshalJSON takes text or a list of texts.
func (l *StringOrList) UnmarshalJSON(raw []byte) error {
	if raw[0] == '"' {
		*l = make(StringOrList, 1)
		return json.Unmarshal(raw, &(*l)[0])
	}
	return json.Unmarshal(raw, (*[]string)(l))
}
