package middleware

import (
	"bytes"
	"errors"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"
)

// ErrCompressed refuses bodies with a Content-Encoding.
var ErrCompressed = errors.New("compressed bodies are not taken")

// BodyLimit refuses bodies above limit bytes, except on the path of uploads, and
// compressed ones anywhere: fiber would unpack them whole, however large.
func BodyLimit(limit int, uploads string) fiber.Handler {
	return func(c *fiber.Ctx) error {
		if kind := c.Get(fiber.HeaderContentEncoding); kind != "" && kind != "identity" {
			return ErrCompressed
		}
		if len(c.Request().Body()) > limit && c.Path() != uploads {
			return fiber.ErrRequestEntityTooLarge
		}
		return c.Next()
	}
}

// ReadLimit sets how many bytes of a body are read, by the request's head: most for
// uploads by callers whom may lets pass, usual for the rest. A larger body is
// refused unread as fiber.ErrRequestEntityTooLarge, and its connection is closed.
func ReadLimit(app *fiber.App, usual, most int, uploads string, may func(*fiber.Ctx) error) {
	app.Server().HeaderReceived = func(head *fasthttp.RequestHeader) fasthttp.RequestConfig {
		path, _, _ := bytes.Cut(head.RequestURI(), []byte("?"))
		if string(path) != uploads {
			return fasthttp.RequestConfig{MaxRequestBodySize: usual}
		}
		var request fasthttp.RequestCtx
		head.CopyTo(&request.Request.Header)
		c := app.AcquireCtx(&request)
		defer app.ReleaseCtx(c)
		if may(c) != nil {
			return fasthttp.RequestConfig{MaxRequestBodySize: usual}
		}
		return fasthttp.RequestConfig{MaxRequestBodySize: most}
	}
}
