package upstream

import (
	"bytes"
	"encoding/json"
	"strconv"

	"switchboard/vendors"
)

// Text is a value that a vendor writes as a JSON string or as a number, and not
// always as its documents say. A number keeps every digit.
type Text string

// UnmarshalJSON takes a string, a number or null, which leaves t as it is.
func (t *Text) UnmarshalJSON(b []byte) error {
	if bytes.Equal(b, []byte("null")) {
		return nil
	}
	var s string
	if err := json.Unmarshal(b, &s); err == nil {
		*t = Text(s)
		return nil
	}
	var n json.Number
	if err := json.Unmarshal(b, &n); err != nil {
		return err
	}
	*t = Text(n)
	return nil
}

// Int reads t as a whole number; ErrUnreadable when it is none.
func (t Text) Int() (int64, error) {
	n, err := strconv.ParseInt(string(t), 10, 64)
	if err != nil {
		return 0, vendors.ErrUnreadable
	}
	return n, nil
}
