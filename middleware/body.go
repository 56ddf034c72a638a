package middleware

import (
	"errors"
	"io"
	"net"

	"github.com/gofiber/fiber/v2"

	"switchboard/app/problem"
)

const (
	bodyLimit   = 1 << 20   // bytes of any body but an upload's
	smallBody   = 64 << 10  // bytes of a body that are read of a caller who is not known
	chunked     = -1        // the length of a body that does not say it
	unreadLimit = 256 << 10 // bytes of a body that nobody wanted, above which the connection is closed (fasthttp's)
)

// Why a body is not read.
var (
	ErrCompressed = errors.New("compressed bodies are not taken")
	ErrBodies     = problem.New(problem.Unavailable, "too many large bodies at once; try again")
)

// BodyLimit refuses by their heads bodies above 1 MiB, but on the path of uploads, whose
// handler knows better, and compressed ones anywhere: fiber would unpack them whole,
// however large. It reads nothing: ReadBody does when the caller is known.
func BodyLimit(uploads string) fiber.Handler {
	return func(c *fiber.Ctx) error {
		length := c.Request().Header.ContentLength()
		if length > unreadLimit || length == chunked {
			linger(c.Context().Conn())
		}
		head := &c.Request().Header
		// Only HTTP/1.1 has requests that wait for leave, see AnswerByHead.
		if c.Context().UserValue(ambiguousKey) != nil || !head.IsHTTP11() && ambiguous(head) {
			c.Context().SetConnectionClose()
			return fiber.ErrBadRequest
		}
		if kind := c.Get(fiber.HeaderContentEncoding); kind != "" && kind != "identity" {
			return ErrCompressed
		}
		if c.Path() == uploads {
			stateOf(c).streamed = true
		} else if length > bodyLimit {
			return fiber.ErrRequestEntityTooLarge
		}
		return c.Next()
	}
}

// linger asks a connection that can to take what the client still sends before it is
// closed: the client would else lose the answer with it.
func linger(conn net.Conn) {
	if c, ok := conn.(interface{ Linger() }); ok {
		c.Linger()
	}
}

// ReadBody reads the request's body for its handler; an upload's is left to it. The
// server itself reads 8 KB of a body: fiber.ErrRequestEntityTooLarge above limit.
func ReadBody(c *fiber.Ctx, limit int) error {
	body := c.Context().RequestBodyStream()
	if body == nil || stateOf(c).streamed {
		return nil
	}
	length := c.Request().Header.ContentLength()
	if length > limit {
		return fiber.ErrRequestEntityTooLarge
	}
	var text []byte
	var err error
	if length >= 0 {
		text = make([]byte, length)
		_, err = io.ReadFull(body, text)
	} else {
		text, err = io.ReadAll(io.LimitReader(body, int64(limit)+1))
	}
	var late net.Error
	switch {
	case errors.As(err, &late) && late.Timeout():
		return fiber.ErrRequestTimeout
	case err != nil:
		return fiber.ErrBadRequest
	case len(text) > limit:
		return fiber.ErrRequestEntityTooLarge
	case len(c.Request().Header.PeekTrailerKeys()) > 0: // fields that nobody expects there
		c.Context().SetConnectionClose()
		return fiber.ErrBadRequest
	}
	c.Request().SetBodyRaw(text)
	return nil
}

// ReadSmallBody is ReadBody for a caller who is not known: 64 KiB.
func ReadSmallBody(c *fiber.Ctx) error { return ReadBody(c, smallBody) }

// BodyBeforeProof reads bodies whose senders are proven with the body at hand. Of those
// above 64 KiB no more than most are held at once: ErrBodies.
func BodyBeforeProof(most int) fiber.Handler {
	places := make(chan struct{}, most)
	return func(c *fiber.Ctx) error {
		if length := c.Request().Header.ContentLength(); length > smallBody || length == chunked {
			select {
			case places <- struct{}{}:
				defer func() { <-places }()
			default:
				return ErrBodies
			}
		}
		if err := ReadBody(c, bodyLimit); err != nil {
			return err
		}
		return c.Next()
	}
}
