package stream

import (
	"bufio"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"switchboard/app/realtime"
)

// Events is a stream of server-sent events as the hub writes to it.
type Events struct {
	closing func(realtime.Code) []byte // the last event

	w    *bufio.Writer
	conn net.Conn
	hub  *realtime.Hub
	lock lock
	last string // the client's last event id
}

// ServeEvents answers with a stream of events that serve writes. A client of HTTP/1.0
// knows no chunks (RFC 9112 6.1): its stream ends with the connection.
func ServeEvents(c *fiber.Ctx, log *slog.Logger, serve func(*bufio.Writer, net.Conn)) {
	c.Set(fiber.HeaderContentType, "text/event-stream")
	c.Set(fiber.HeaderCacheControl, "no-store")
	c.Set("X-Accel-Buffering", "no") // nginx would hold events back
	ctx := c.Context()
	if c.Request().Header.IsHTTP11() {
		conn := ctx.Conn()
		ctx.SetBodyStreamWriter(func(w *bufio.Writer) { serve(w, conn) })
		return
	}
	c.Response().Header.SetContentLength(-2) // neither a length nor chunks
	ctx.HijackSetNoResponse(true)
	ctx.Hijack(func(conn net.Conn) {
		defer func() {
			if r := recover(); r != nil {
				logPanic(log, "events.serve", r)
			}
		}()
		_ = conn.SetReadDeadline(time.Time{}) // that of the request
		w := bufio.NewWriter(conn)
		_, _ = w.Write(ctx.Response.Header.Header())
		serve(w, conn)
	})
}

// NewEvents takes w over, which writes to conn. The data of the last event, which
// tells why the stream is closed, is made by closing.
func NewEvents(w *bufio.Writer, conn net.Conn, hub *realtime.Hub, closing func(realtime.Code) []byte) *Events {
	return &Events{w: w, conn: conn, hub: hub, closing: closing, lock: newLock()}
}

// Begin sends a comment; the position alone, which the client takes as its last event
// id without any event; and the event when it has data.
func (e *Events) Begin(position, name string, data []byte) error {
	e.line(": connected", "")
	e.last = position
	e.line("id: ", position)
	e.line("", "")
	if data != nil {
		e.event("", name, data)
	}
	return e.flush()
}

// Send writes one event per message and flushes them together.
func (e *Events) Send(batch []*realtime.Message) error {
	e.lock <- struct{}{}
	defer e.lock.give()
	for _, m := range batch {
		e.last = m.ID
		e.event(m.ID, "message", e.hub.Frame(realtime.Gateway, m))
	}
	return e.flush()
}

// Ping is a comment: it keeps proxies from closing and finds dead clients.
func (e *Events) Ping() error {
	e.lock <- struct{}{}
	defer e.lock.give()
	e.line(": ping", "")
	return e.flush()
}

// Close sends the code as the last event. A client that does not read is cut off.
func (e *Events) Close(code realtime.Code) {
	if code == realtime.None || !e.lock.take(closeLimit) {
		_ = e.conn.SetWriteDeadline(time.Now())
		return
	}
	defer e.lock.give()
	e.end(code)
	_ = e.conn.SetWriteDeadline(time.Now().Add(closeLimit))
	_ = e.w.Flush() // it is over either way
}

// Refuse is a whole stream for a client that may not have one.
func (e *Events) Refuse(code realtime.Code) error {
	e.end(code)
	return e.flush()
}

// longRetry is a day in milliseconds; what some clients' timers cannot hold would be no
// wait at all.
const longRetry = "86400000"

// end writes the last event. Stock clients come back whatever it says, so one that is
// not to is told to wait long, and to say then how it ended: see Ended.
func (e *Events) end(code realtime.Code) {
	id := ""
	if code.Final() {
		e.line("retry: ", longRetry)
		id = e.last + "!" + strconv.Itoa(int(code))
	}
	e.event(id, "close", e.closing(code))
}

// Ended reads a last event id: where the client stands, and the code that ended its
// last stream if it was told not to come back; realtime.None otherwise.
func Ended(id string) (position string, code realtime.Code) {
	position, text, _ := strings.Cut(id, "!")
	n, _ := strconv.Atoi(text)
	return position, realtime.Code(n)
}

// event appends to the buffer. Errors stay in the writer and show at flush.
func (e *Events) event(id, name string, data []byte) {
	if id != "" {
		e.line("id: ", id)
	}
	e.line("event: ", name)
	e.line("data: ", string(data))
	e.line("", "")
}

func (e *Events) line(head, text string) {
	_, _ = e.w.WriteString(head)
	_, _ = e.w.WriteString(text)
	_ = e.w.WriteByte('\n')
}

func (e *Events) flush() error {
	if err := e.conn.SetWriteDeadline(time.Now().Add(writeLimit)); err != nil {
		return err
	}
	return e.w.Flush()
}
