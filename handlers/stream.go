package handlers

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"runtime/debug"
	"sync"
	"time"

	"github.com/gofiber/contrib/websocket"
	"github.com/gofiber/fiber/v2"

	"switchboard/app/realtime"
	"switchboard/app/realtime/wire"
)

const (
	writeLimit = 10 * time.Second // for one write to a client
	closeLimit = time.Second      // to tell a client why it is closed
	frameLimit = 64 << 10         // bytes of a client's frame
)

// Write buffers are shared by all websockets: an idle one holds none.
var writeBuffers sync.Pool

// upgrade answers a websocket's handshake and then serves it; a panic while
// serving is logged and ends that connection alone.
func upgrade(serve func(*websocket.Conn), log *slog.Logger) fiber.Handler {
	return websocket.New(serve, websocket.Config{
		ReadBufferSize: 512, WriteBufferSize: 2048, WriteBufferPool: &writeBuffers,
		RecoverHandler: func(*websocket.Conn) {
			if r := recover(); r != nil {
				log.Error("panic", "op", "websocket.serve", "panic", fmt.Sprint(r), "stack", string(debug.Stack()))
			}
		},
	})
}

// turn lets one goroutine at a time write to a connection; Close waits for it
// only as long as a client may be told.
type turn chan struct{}

func newTurn() turn { return make(turn, 1) }

func (t turn) take(limit time.Duration) bool {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case t <- struct{}{}:
		return true
	case <-timer.C:
		return false
	}
}

func (t turn) give() { <-t }

// socketConn is a websocket as the hub writes to it.
type socketConn struct {
	conn    *websocket.Conn
	hub     *realtime.Hub
	dialect realtime.Dialect
	turn    turn
}

func newSocketConn(conn *websocket.Conn, hub *realtime.Hub, dialect realtime.Dialect) *socketConn {
	return &socketConn{conn: conn, hub: hub, dialect: dialect, turn: newTurn()}
}

// Send writes one text frame per message.
func (s *socketConn) Send(batch []*realtime.Message) error {
	s.turn <- struct{}{}
	defer s.turn.give()
	for _, m := range batch {
		if err := s.write(s.hub.Frame(s.dialect, m)); err != nil {
			return err
		}
	}
	return nil
}

func (s *socketConn) write(frame []byte) error {
	if err := s.conn.SetWriteDeadline(time.Now().Add(writeLimit)); err != nil {
		return err
	}
	return s.conn.WriteMessage(websocket.TextMessage, frame)
}

// Ping asks for a pong, which keeps the reader's deadline away; the socket of
// seed 001 has a ping of its own besides.
func (s *socketConn) Ping() error {
	s.turn <- struct{}{}
	defer s.turn.give()
	if s.dialect == realtime.Socket {
		if err := s.write(wire.SocketPing); err != nil {
			return err
		}
	}
	return s.conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(writeLimit))
}

// Close tells the client the code, if it still reads, and makes the reader
// return: the connection is closed when the handler is through.
func (s *socketConn) Close(code realtime.Code) {
	if code != realtime.None {
		if s.dialect == realtime.Socket && code == realtime.Replaced && s.turn.take(closeLimit) {
			_ = s.write(wire.SocketKick) // it is closed either way
			s.turn.give()
		}
		bye := websocket.FormatCloseMessage(int(code), code.String())
		_ = s.conn.WriteControl(websocket.CloseMessage, bye, time.Now().Add(closeLimit))
	}
	_ = s.conn.NetConn().SetWriteDeadline(time.Now())
	_ = s.conn.NetConn().SetReadDeadline(time.Now().Add(closeLimit))
}

// read ignores the client's frames until the connection or the session ends. A
// client that for so long neither sends nor answers pings is gone.
func (s *socketConn) read(session *realtime.Session, silence time.Duration) {
	extend := func(string) error {
		_ = s.conn.SetReadDeadline(time.Now().Add(silence))
		select {
		case <-session.Done(): // Close has set a nearer end
			return s.conn.SetReadDeadline(time.Now().Add(closeLimit))
		default:
			return nil
		}
	}
	s.conn.SetPongHandler(extend)
	for {
		_ = extend("")
		_, frame, err := s.conn.NextReader()
		if err != nil {
			return
		}
		if _, err := io.Copy(io.Discard, frame); err != nil {
			return
		}
	}
}

// eventConn is a stream of server-sent events.
type eventConn struct {
	w    *bufio.Writer
	conn net.Conn
	hub  *realtime.Hub
	turn turn
}

// Send writes one event per message and flushes them together.
func (e *eventConn) Send(batch []*realtime.Message) error {
	e.turn <- struct{}{}
	defer e.turn.give()
	for _, m := range batch {
		e.event(m.ID, "message", e.hub.Frame(realtime.Gateway, m))
	}
	return e.flush()
}

// Ping is a comment: it keeps proxies from closing and finds dead clients.
func (e *eventConn) Ping() error {
	e.turn <- struct{}{}
	defer e.turn.give()
	e.line(": ping", "")
	return e.flush()
}

// Close sends the code as the last event. A client that does not read is cut off.
func (e *eventConn) Close(code realtime.Code) {
	if code == realtime.None || !e.turn.take(closeLimit) {
		_ = e.conn.SetWriteDeadline(time.Now())
		return
	}
	defer e.turn.give()
	e.event("", "close", closing(code))
	_ = e.conn.SetWriteDeadline(time.Now().Add(closeLimit))
	_ = e.w.Flush() // it is over either way
}

// event appends to the buffer. Errors stay in the writer and show at flush.
func (e *eventConn) event(id, name string, data []byte) {
	if id != "" {
		e.line("id: ", id)
	}
	e.line("event: ", name)
	e.line("data: ", string(data))
	e.line("", "")
}

func (e *eventConn) line(head, text string) {
	_, _ = e.w.WriteString(head)
	_, _ = e.w.WriteString(text)
	_ = e.w.WriteByte('\n')
}

func (e *eventConn) flush() error {
	if err := e.conn.SetWriteDeadline(time.Now().Add(writeLimit)); err != nil {
		return err
	}
	return e.w.Flush()
}
