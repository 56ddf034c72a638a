// Package stream writes what the hub delivers to clients: websockets of both
// realtime APIs, and server-sent events.
package stream

import (
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"
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
// serving is logged and ends that connection alone. The first subprotocol that the
// client asks for is confirmed, whatever its name: there is one way to speak here, and
// a browser gives up a connection on which none is.
func Upgrade(serve func(*websocket.Conn), log *slog.Logger) fiber.Handler {
	upgrade := websocket.New(serve, websocket.Config{
		ReadBufferSize: 512, WriteBufferSize: 2048, WriteBufferPool: &writeBuffers,
		RecoverHandler: func(*websocket.Conn) {
			if r := recover(); r != nil {
				logPanic(log, "websocket.serve", r)
			}
		},
	})
	return func(c *fiber.Ctx) error {
		if !IsHandshake(c) {
			return fiber.ErrUpgradeRequired
		}
		if asked := subprotocols(c.Get(fiber.HeaderSecWebSocketProtocol)); len(asked) > 0 {
			c.Set(fiber.HeaderSecWebSocketProtocol, asked[0])
		}
		return upgrade(c)
	}
}

func logPanic(log *slog.Logger, op string, panicked any) {
	log.Error("panic", "component", "stream", "op", op, "panic", fmt.Sprint(panicked), "stack", string(debug.Stack()))
}

// IsHandshake says whether the request opens a websocket that can be served
// (RFC 6455 4.2.1).
func IsHandshake(c *fiber.Ctx) bool {
	key, err := base64.StdEncoding.DecodeString(c.Get("Sec-WebSocket-Key"))
	return websocket.IsWebSocketUpgrade(c) && c.Get(fiber.HeaderSecWebSocketVersion) == "13" && err == nil && len(key) == 16
}

func subprotocols(header string) (asked []string) {
	for name := range strings.SplitSeq(header, ",") {
		if name = strings.TrimSpace(name); name != "" {
			asked = append(asked, name)
		}
	}
	return asked
}

// SubprotocolToken is the token among the subprotocols that a websocket asks for, the
// only header that a browser lets a page set there: three parts with dots between.
func SubprotocolToken(header string) string {
	for _, name := range subprotocols(header) {
		if strings.Count(name, ".") == 2 {
			return name
		}
	}
	return ""
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
	case p.Kind == problem.Exhausted:
		return realtime.Internal // it comes back
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
