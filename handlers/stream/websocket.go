package stream

import (
	"io"
	"net"
	"sync/atomic"
	"time"

	"github.com/gofiber/contrib/websocket"

	"switchboard/app/realtime"
	"switchboard/app/realtime/wire"
)

// Socket is a websocket as the hub writes to it. What is written goes out under the
// lock, each write as whole frames.
type Socket struct {
	conn    *websocket.Conn
	hub     *realtime.Hub
	dialect realtime.Dialect
	lock    lock
	ended   atomic.Bool // nothing is written any more
}

// NewSocket takes conn over: it bounds what is read of a client's frames.
func NewSocket(conn *websocket.Conn, hub *realtime.Hub, dialect realtime.Dialect) *Socket {
	conn.SetReadLimit(frameLimit)
	s := &Socket{conn: conn, hub: hub, dialect: dialect, lock: newLock()}
	conn.SetPingHandler(s.pong)
	return s
}

// Send writes one text frame per message, the frames of a batch together: the write is
// what a delivery costs most.
func (s *Socket) Send(batch []*realtime.Message) error {
	s.lock <- struct{}{}
	defer s.lock.give()
	out := frames.Get().(*[]byte)
	defer giveFrames(out)
	for i, m := range batch {
		*out = appendTextFrame(*out, s.hub.Frame(s.dialect, m))
		if len(*out) < writeAtOnce && i < len(batch)-1 {
			continue
		}
		if err := s.write(*out); err != nil {
			return err
		}
		*out = (*out)[:0]
	}
	return nil
}

// Write sends one text frame.
func (s *Socket) Write(text []byte) error {
	s.lock <- struct{}{}
	defer s.lock.give()
	return s.write(appendTextFrame(nil, text))
}

// write sends whole frames; the lock is held. The deadline is set before the look at
// ended, so that an end that comes between is not undone.
func (s *Socket) write(frames []byte) error {
	conn := s.conn.NetConn()
	if err := conn.SetWriteDeadline(time.Now().Add(writeLimit)); err != nil {
		return err
	}
	if s.ended.Load() {
		return net.ErrClosed
	}
	_, err := conn.Write(frames)
	return err
}

// Ping asks for a pong, which keeps the reader's deadline away; the socket of
// the conversation API has a ping of its own besides.
func (s *Socket) Ping() error {
	if s.dialect == realtime.Socket {
		if err := s.Write(wire.SocketPing); err != nil {
			return err
		}
	}
	s.lock <- struct{}{}
	defer s.lock.give()
	return s.conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(writeLimit))
}

// pong answers a client's ping, unless writing has not got through for so long.
func (s *Socket) pong(data string) error {
	if !s.lock.take(closeLimit) {
		return nil
	}
	defer s.lock.give()
	_ = s.conn.WriteControl(websocket.PongMessage, []byte(data), time.Now().Add(closeLimit)) // the reader notices a lost connection
	return nil
}

// Close tells the client the code, if it still reads, and makes the reader
// return: the connection is closed when the handler is through.
func (s *Socket) Close(code realtime.Code) {
	told := code != realtime.None && s.lock.take(closeLimit)
	if told {
		if s.dialect == realtime.Socket && code == realtime.Replaced {
			_ = s.write(appendTextFrame(nil, wire.SocketKick)) // it is closed either way
		}
		bye := websocket.FormatCloseMessage(int(code), code.String())
		_ = s.conn.WriteControl(websocket.CloseMessage, bye, time.Now().Add(closeLimit))
	}
	s.ended.Store(true)
	_ = s.conn.NetConn().SetWriteDeadline(time.Now()) // a Send under way returns
	if told {
		s.lock.give()
	}
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
