package realtime

import "fmt"

// Code is the reason why a session ends. The range tells a client what to do:
// 3000-3499 come back, 3500-3999 do not.
type Code int

// The close codes. None is the client's own leaving: nothing is told to it.
const (
	None       Code = 0
	Shutdown   Code = 3000
	Slow       Code = 3001
	Internal   Code = 3002
	Replaced   Code = 3500
	BadToken   Code = 3501
	Banned     Code = 3502
	BadRequest Code = 3503
	Ended      Code = 3504
)

var reasons = map[Code]string{
	None:       "closed by the client",
	Shutdown:   "the server is shutting down",
	Slow:       "the client reads too slowly",
	Internal:   "internal error",
	Replaced:   "replaced by a newer session",
	BadToken:   "token invalid or expired",
	Banned:     "the user is banned",
	BadRequest: "bad request",
	Ended:      "the app ended the session",
}

// Final says that the client is not to come back.
func (c Code) Final() bool { return c >= 3500 }

// String returns the reason in words.
func (c Code) String() string {
	if s, ok := reasons[c]; ok {
		return s
	}
	return fmt.Sprintf("code %d", int(c))
}

// Closed is the error of a session that has ended; it wraps ErrClosed.
type Closed struct{ Code Code }

func (e *Closed) Error() string { return ErrClosed.Error() + ": " + e.Code.String() }

func (e *Closed) Unwrap() error { return ErrClosed }
