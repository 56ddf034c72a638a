package middleware

import (
	"bytes"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"
)

const ambiguousKey = "ambiguous head" // of a request's user values

// AnswerByHead makes the server answer by their heads, and close the connections of,
// requests that another server may read otherwise, and those whose body is too large:
// above largest on the path of uploads, above 1 MiB elsewhere. Nothing of the body is
// read. It asks fasthttp to treat them like requests that wait for leave to send it. Who
// sends a head that cannot be read gets that answer too, however much they send.
func AnswerByHead(server *fasthttp.Server, largest int, uploads string) {
	tooLarge := func(head *fasthttp.RequestHeader) bool {
		path, _, _ := bytes.Cut(head.RequestURI(), []byte("?"))
		if string(path) == uploads {
			return head.ContentLength() > largest
		}
		return head.ContentLength() > bodyLimit
	}
	server.HeaderReceived = func(head *fasthttp.RequestHeader) (c fasthttp.RequestConfig) {
		if tooLarge(head) || ambiguous(head) {
			head.Set(fiber.HeaderExpect, "100-continue")
		}
		return c
	}
	server.ExpectHandler = func(ctx *fasthttp.RequestCtx) int {
		switch head := &ctx.Request.Header; {
		case ambiguous(head):
			ctx.SetUserValue(ambiguousKey, true)
		case !tooLarge(head):
			return fasthttp.StatusContinue
		}
		server.Handler(ctx)
		return ctx.Response.StatusCode()
	}
	unreadable := server.ErrorHandler
	server.ErrorHandler = func(ctx *fasthttp.RequestCtx, err error) { // a head above the limit, or none of HTTP
		linger(ctx.Conn())
		unreadable(ctx, err)
	}
}

// ambiguous says whether a proxy in front may have read the head in another way than
// fasthttp, which is lenient: another version, lines that end with a bare LF, values
// over several lines, names with spaces (RFC 9112 2.2, 2.3 and 5).
func ambiguous(head *fasthttp.RequestHeader) bool {
	if version := string(head.Protocol()); version != "HTTP/1.1" && version != "HTTP/1.0" {
		return true
	}
	for line := range bytes.Lines(head.RawHeaders()) {
		text, whole := bytes.CutSuffix(line, []byte("\r\n"))
		if !whole {
			return true
		}
		name, _, _ := bytes.Cut(text, []byte(":"))
		if len(text) > 0 && (len(name) == 0 || bytes.ContainsFunc(name, notInName)) {
			return true
		}
	}
	return false
}

// notInName says whether r cannot stand in a field's name (RFC 9110 5.6.2).
func notInName(r rune) bool {
	return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && !strings.ContainsRune("!#$%&'*+-.^_`|~", r)
}
