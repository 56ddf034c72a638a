package middleware

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp/fasthttputil"
)

// serveBodies is a server that streams bodies as the program's does: /all reads up
// to 1 MiB, /unknown up to 64 KiB, /signed before anybody is known, and /upload by
// itself.
func serveBodies(t *testing.T, hold chan struct{}) *fasthttputil.InmemoryListener {
	t.Helper()
	web := fiber.New(fiber.Config{StreamRequestBody: true, DisablePreParseMultipartForm: true, DisableStartupMessage: true,
		ErrorHandler: func(c *fiber.Ctx, err error) error {
			var own *fiber.Error
			switch {
			case errors.As(err, &own):
				return c.SendStatus(own.Code)
			case errors.Is(err, ErrCompressed):
				return c.SendStatus(http.StatusUnsupportedMediaType)
			case errors.Is(err, ErrBodies):
				return c.SendStatus(http.StatusServiceUnavailable)
			}
			return c.SendStatus(http.StatusInternalServerError)
		}})
	AnswerByHead(web.Server(), 2<<20, "/upload")
	web.Use(BodyLimit("/upload"))
	length := func(c *fiber.Ctx) error {
		if hold != nil && len(c.Body()) > smallBody {
			hold <- struct{}{}
			<-hold
		}
		return c.SendString(fmt.Sprint(len(c.Body())))
	}
	web.Post("/signed", BodyBeforeProof(1), length)
	read := func(read func(*fiber.Ctx) error) fiber.Handler {
		return func(c *fiber.Ctx) error {
			if err := read(c); err != nil {
				return err
			}
			return length(c)
		}
	}
	web.Post("/all", read(func(c *fiber.Ctx) error { return ReadBody(c, bodyLimit) }))
	web.Post("/unknown", read(ReadSmallBody))
	web.Post("/upload", func(c *fiber.Ctx) error {
		if err := ReadBody(c, 0); err != nil {
			return err
		}
		n, err := io.Copy(io.Discard, c.Context().RequestBodyStream())
		if err != nil {
			return fiber.ErrBadRequest
		}
		return c.SendString(fmt.Sprint(n))
	})
	listener := fasthttputil.NewInmemoryListener()
	done := make(chan error, 1)
	go func() { done <- web.Listener(listener) }()
	t.Cleanup(func() {
		if err := errors.Join(web.Shutdown(), <-done); err != nil {
			t.Error(err)
		}
	})
	return listener
}

// send makes a request whose body is sent as far as sent says, and returns the answer's
// status and text.
func send(t *testing.T, listener *fasthttputil.InmemoryListener, path, head, body string) (int, string) {
	t.Helper()
	conn, err := listener.Dial()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	go func() { _, _ = io.WriteString(conn, "POST "+path+" HTTP/1.1\r\nHost: x\r\n"+head+"\r\n"+body) }()
	_ = conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("%s %s: %v", path, head, err)
	}
	defer res.Body.Close()
	text, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(text)
}

// A body is read when its sender is known, up to what they may send, and what is too
// large is answered by its head, before any of it came.
func TestBodiesAreReadWhenTheirSendersAreKnown(t *testing.T) {
	listener := serveBodies(t, nil)
	for _, c := range []struct {
		path   string
		length int // declared
		sent   int
		status int
	}{
		{"/all", 0, 0, 200}, {"/all", 1, 1, 200}, {"/all", 8192, 8192, 200}, {"/all", 8193, 8193, 200},
		{"/all", bodyLimit, bodyLimit, 200}, {"/all", bodyLimit + 1, 0, 413}, {"/all", 1 << 40, 0, 413},
		{"/unknown", smallBody, smallBody, 200}, {"/unknown", smallBody + 1, 8192, 413}, {"/unknown", bodyLimit + 1, 0, 413},
		{"/signed", bodyLimit, bodyLimit, 200}, {"/signed", bodyLimit + 1, 0, 413},
		{"/upload", 2 << 20, 2 << 20, 200}, {"/nothing", bodyLimit + 1, 0, 413},
	} {
		status, text := send(t, listener, c.path, fmt.Sprintf("Content-Length: %d\r\n", c.length), strings.Repeat("x", c.sent))
		if status != c.status || status == 200 && text != fmt.Sprint(c.length) {
			t.Errorf("%s, %d bytes of which %d are sent: %d %s", c.path, c.length, c.sent, status, text)
		}
	}
	chunked := func(n int) string { return fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", n, strings.Repeat("x", n)) }
	for _, c := range []struct {
		path, body string
		status     int
	}{
		{"/all", chunked(10), 200}, {"/all", chunked(bodyLimit), 200}, {"/all", chunked(bodyLimit + 1), 413}, {"/unknown", chunked(smallBody + 1), 413},
		{"/signed", chunked(bodyLimit + 1), 413}, {"/all", "nonsense\r\n", 400}, {"/all", "5\r\nhelloX\r\n0\r\n\r\n", 400},
	} {
		if status, text := send(t, listener, c.path, "Transfer-Encoding: chunked\r\n", c.body); status != c.status {
			t.Errorf("%s %.20q: %d %s", c.path, c.body, status, text)
		}
	}
	for _, encoding := range []string{"gzip", "br", "deflate", "GZIP", "gzip, identity", "x"} {
		for _, path := range []string{"/all", "/upload"} {
			if status, _ := send(t, listener, path, "Content-Length: 1\r\nContent-Encoding: "+encoding+"\r\n", "x"); status != 415 {
				t.Errorf("%s %s: %d", path, encoding, status)
			}
		}
	}
	if status, _ := send(t, listener, "/all", "Content-Length: 1\r\nExpect: 100-continue\r\n", "x"); status != 100 {
		t.Errorf("a client that waits for leave: %d", status)
	}
}

// Of bodies whose senders are not known yet only so many large ones are held; small ones
// pass.
func TestLargeBodiesBeforeProofAreFew(t *testing.T) {
	hold := make(chan struct{})
	listener := serveBodies(t, hold)
	large := fmt.Sprintf("Content-Length: %d\r\n", smallBody+1)
	first := make(chan int)
	go func() {
		status, _ := send(t, listener, "/signed", large, strings.Repeat("x", smallBody+1))
		first <- status
	}()
	<-hold
	if status, _ := send(t, listener, "/signed", large, strings.Repeat("x", smallBody+1)); status != 503 {
		t.Errorf("a second one: %d", status)
	}
	if status, _ := send(t, listener, "/signed", "Transfer-Encoding: chunked\r\n", "1\r\nx\r\n0\r\n\r\n"); status != 503 {
		t.Errorf("one that does not say its length: %d", status)
	}
	if status, _ := send(t, listener, "/signed", "Content-Length: 1\r\n", "x"); status != 200 {
		t.Errorf("a small one: %d", status)
	}
	hold <- struct{}{}
	if status := <-first; status != 200 {
		t.Errorf("the first one: %d", status)
	}
}
