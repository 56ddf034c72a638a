package middleware

import (
	"bytes"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"
)

// BodyLimit refuses larger bodies with 413, but for the path of uploads.
// Compressed ones are refused with 415, since fiber would unpack them whole,
// however large.
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

// ReadLimit is what of a body is read at all, decided by the request's head: most
// for uploads by callers whom may lets pass, usual for the rest. What is larger is
// refused as fiber.ErrRequestEntityTooLarge, unread, and its connection is closed.
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
