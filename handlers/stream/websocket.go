package stream

import (
	"io"
	"time"

	"github.com/gofiber/contrib/websocket"

	"switchboard/app/realtime"
	"switchboard/app/realtime/wire"
)

// Socket is a websocket as the hub writes to it.
type Socket struct {
	conn    *websocket.Conn
	hub     *realtime.Hub
	dialect realtime.Dialect
	lock    lock
}

// NewSocket takes conn over: it bounds what is read of a client's frames.
func NewSocket(conn *websocket.Conn, hub *realtime.Hub, dialect realtime.Dialect) *Socket {
	conn.SetReadLimit(frameLimit)
	return &Socket{conn: conn, hub: hub, dialect: dialect, lock: newLock()}
}

// Send writes one text frame per message.
func (s *Socket) Send(batch []*realtime.Message) error {
	s.lock <- struct{}{}
	defer s.lock.give()
	for _, m := range batch {
		if err := s.Write(s.hub.Frame(s.dialect, m)); err != nil {
			return err
		}
	}
	return nil
}

// Write sends one text frame. Its caller is the only one that writes.
func (s *Socket) Write(frame []byte) error {
	if err := s.conn.SetWriteDeadline(time.Now().Add(writeLimit)); err != nil {
		return err
	}
	return s.conn.WriteMessage(websocket.TextMessage, frame)
}

// Ping asks for a pong, which keeps the reader's deadline away; the socket of
// the conversation API has a ping of its own besides.
func (s *Socket) Ping() error {
	s.lock <- struct{}{}
	defer s.lock.give()
	if s.dialect == realtime.Socket {
		if err := s.Write(wire.SocketPing); err != nil {
			return err
		}
	}
	return s.conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(writeLimit))
}

// Close tells the client the code, if it still reads, and makes the reader
// return: the connection is closed when the handler is through.
func (s *Socket) Close(code realtime.Code) {
	if code != realtime.None {
		if s.dialect == realtime.Socket && code == realtime.Replaced && s.lock.take(closeLimit) {
			_ = s.Write(wire.SocketKick) // it is closed either way
			s.lock.give()
		}
		bye := websocket.FormatCloseMessage(int(code), code.String())
		_ = s.conn.WriteControl(websocket.CloseMessage, bye, time.Now().Add(closeLimit))
	}
	_ = s.conn.NetConn().SetWriteDeadline(time.Now())
	_ = s.conn.NetConn().SetReadDeadline(time.Now().Add(closeLimit))
}

// Read ignores the client's frames until the connection or the session ends. A
// client that for so long neither sends nor answers pings is gone.
func (s *Socket) Read(session *realtime.Session, silence time.Duration) {
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
			if websocket.IsCloseError(err, int(realtime.Replaced)) {
				session.Answered() // with our own code
			}
			return
		}
		if _, err := io.Copy(io.Discard, frame); err != nil {
			return
		}
	}
}
