package upstream

import (
	"bytes"
	"encoding/json"
	"strconv"
	"unicode/utf8"

	"switchboard/vendors"
)

// Text is a value that a vendor writes as a JSON string or as a number, and not
// always as its documents say. A number keeps every digit.
type Text string

// UnmarshalJSON takes a string, a number or null, which leaves t as it is.
func (t *Text) UnmarshalJSON(b []byte) error {
	switch c := b[0]; {
	case c == 'n':
		return nil
	case c == '-' || '0' <= c && c <= '9':
		*t = Text(b)
		return nil
	case c == '"' && bytes.IndexByte(b, '\\') < 0 && utf8.Valid(b): // its bytes are its value
		*t = Text(b[1 : len(b)-1])
		return nil
	}
	return json.Unmarshal(b, (*string)(t))
}

// Int reads t as a whole number; ErrUnreadable when it is none.
func (t Text) Int() (int64, error) {
	n, err := strconv.ParseInt(string(t), 10, 64)
	if err != nil {
		return 0, vendors.ErrUnreadable
	}
	return n, nil
}
