// Package stream writes what the hub delivers to clients: websockets of both
// realtime APIs, and server-sent events.
package stream

import (
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"github.com/gofiber/contrib/websocket"
	"github.com/gofiber/fiber/v2"

	"switchboard/app/access"
	"switchboard/app/conversation"
	"switchboard/app/problem"
	"switchboard/app/realtime"
	"switchboard/handlers"
)

const (
	writeLimit = 10 * time.Second // for one write to a client
	closeLimit = time.Second      // to tell a client why it is closed
	frameLimit = 64 << 10         // bytes of a client's frame
)

// Write buffers are shared by all websockets: an idle one holds none.
var writeBuffers sync.Pool

// Upgrade answers a websocket's handshake and then serves it; a panic while
// serving is logged and ends that connection alone.
func Upgrade(serve func(*websocket.Conn), log *slog.Logger) fiber.Handler {
	return websocket.New(serve, websocket.Config{
		ReadBufferSize: 512, WriteBufferSize: 2048, WriteBufferPool: &writeBuffers,
		RecoverHandler: func(*websocket.Conn) {
			if r := recover(); r != nil {
				log.Error("panic", "component", "stream", "op", "websocket.serve", "panic", fmt.Sprint(r), "stack", string(debug.Stack()))
			}
		},
	})
}

// CloseCode is how a session is refused or ended because of err
// (docs/conversations.md#close-codes).
func CloseCode(err error) realtime.Code {
	p := handlers.Find(err)
	switch {
	case err == nil:
		return realtime.None
	case errors.Is(err, conversation.ErrBanned):
		return realtime.Banned
	case errors.Is(err, realtime.ErrContested):
		return realtime.Replaced
	case errors.Is(err, realtime.ErrStopping):
		return realtime.Shutdown
	case errors.Is(err, access.ErrUnknownApp):
		return realtime.BadRequest
	case p.Kind == problem.Unauthenticated, errors.Is(err, conversation.ErrNotAllowed):
		return realtime.BadToken
	case p.Status < fiber.StatusInternalServerError:
		return realtime.BadRequest
	}
	return realtime.Internal
}

// lock lets one goroutine at a time write to a connection; Close waits for it only
// as long as a client may be told.
type lock chan struct{}

func newLock() lock { return make(lock, 1) }

func (l lock) take(limit time.Duration) bool {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case l <- struct{}{}:
		return true
	case <-timer.C:
		return false
	}
}

func (l lock) give() { <-l }
