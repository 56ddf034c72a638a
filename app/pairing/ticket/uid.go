package ticket

import "strconv"

// UID is a user of one app.
type UID int64

// ParseUID reads a user id of the product API, which is a whole number above 0, in its
// one spelling: "+5" and "005" are other users everywhere else.
func ParseUID(s string) (UID, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n <= 0 || UID(n).String() != s {
		return 0, ErrUnknownAsk
	}
	return UID(n), nil
}

// String is the id as vendors have it.
func (u UID) String() string { return strconv.FormatInt(int64(u), 10) }
