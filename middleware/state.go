package middleware

import (
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"time"

	"github.com/gofiber/fiber/v2"

	"switchboard/app/access"
	"switchboard/vendors"
)

// state is what the middleware keeps of one request.
type state struct {
	began    time.Time
	id       string
	caller   Caller     // zero: nobody who was proven
	limits   Limits     // of this process
	streamed bool       // its handler reads the body itself
	app      access.App // zero: not a back end's
	origin   origin     // zero: not found out yet
	page     bool       // of an allowed origin
	cause    error      // why it failed
}

type localKey int

const stateKey localKey = 0

// stateOf returns the state of c's request, which begins with the first call.
func stateOf(c *fiber.Ctx) *state {
	if r, ok := c.Locals(stateKey).(*state); ok {
		return r
	}
	r := &state{began: time.Now()}
	c.Locals(stateKey, r)
	return r
}

const maxRequestID = 64 // bytes of a caller's own id

var headerRequestID = []byte("X-Request-Id") // as it is written: Set would spell it anew

// RequestID takes the caller's X-Request-Id, or Request-Id, when it is at most 64
// visible ASCII characters, and makes one otherwise. It is echoed, logged and
// given to vendors.
func RequestID(c *fiber.Ctx) error {
	c.SetUserContext(vendors.WithRequestID(c.UserContext(), IDOf(c)))
	return c.Next()
}

// IDOf returns the request's id, chosen at the first call.
func IDOf(c *fiber.Ctx) string {
	r := stateOf(c)
	if r.id != "" {
		return r.id
	}
	id := c.Get("X-Request-Id")
	if id == "" {
		id = c.Get("Request-Id")
	}
	if !visible(id) {
		// The time comes first, so that ids made in a row are neighbours in the store's index.
		var b [14]byte
		binary.BigEndian.PutUint64(b[:], uint64(r.began.UnixMilli())<<16)
		binary.BigEndian.PutUint64(b[6:], rand.Uint64()) // an id has to be new, and may be guessed
		id = hex.EncodeToString(b[:])
	}
	r.id = id
	c.Response().Header.SetCanonical(headerRequestID, []byte(id))
	return id
}

// visible reports whether id is visible ASCII of a length that may be kept.
func visible(id string) bool {
	for _, b := range []byte(id) {
		if b <= ' ' || b > '~' {
			return false
		}
	}
	return id != "" && len(id) <= maxRequestID
}

// CallerOf returns who calls; only behind Client.
func CallerOf(c *fiber.Ctx) Caller { return stateOf(c).caller }

// AppOf returns the app whose back end calls; only behind Server or Inner.
func AppOf(c *fiber.Ctx) access.App { return stateOf(c).app }

// SetCause records why a request failed, for the access log: the answer to an
// internal failure does not tell.
func SetCause(c *fiber.Ctx, err error) { stateOf(c).cause = err }
