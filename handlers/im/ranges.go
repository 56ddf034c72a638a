package im

import (
	"errors"
	"math"
	"strconv"
	"strings"

	"switchboard/app/uploads"
)

// parseRange reads a Range header for a file of so many bytes. Nil: all of it, which
// is the answer to none, to several ranges, and to what cannot be read (RFC 9110 14.2).
// Satisfiable false: no byte of the file is in it.
func parseRange(header string, size int64) (p *uploads.Part, satisfiable bool) {
	unit, spec, _ := strings.Cut(header, "=")
	first, last, found := strings.Cut(strings.TrimSpace(spec), "-")
	if !strings.EqualFold(unit, "bytes") || !found {
		return nil, true
	}
	from, fromOK := position(first)
	to, toOK := position(last)
	switch {
	case first == "" && toOK: // the last bytes
		if to = min(to, size); to == 0 {
			return nil, false
		}
		return &uploads.Part{From: size - to, Length: to}, true
	case !fromOK || last != "" && (!toOK || to < from):
		return nil, true
	case from >= size:
		return nil, false
	case last == "":
		to = size - 1
	}
	return &uploads.Part{From: from, Length: min(to, size-1) - from + 1}, true
}

// position reads digits, however many.
func position(digits string) (int64, bool) {
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if errors.Is(err, strconv.ErrRange) {
		return math.MaxInt64, true
	}
	return n, err == nil
}
