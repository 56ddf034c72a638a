package stream

import (
	"bufio"
	"net"
	"time"

	"switchboard/app/realtime"
)

// Events is a stream of server-sent events as the hub writes to it.
type Events struct {
	closing func(realtime.Code) []byte // the last event

	w    *bufio.Writer
	conn net.Conn
	hub  *realtime.Hub
	lock lock
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
	e.event("", "close", e.closing(code))
	_ = e.conn.SetWriteDeadline(time.Now().Add(closeLimit))
	_ = e.w.Flush() // it is over either way
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
