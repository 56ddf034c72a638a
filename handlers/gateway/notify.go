package gateway

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"strconv"
	"time"

	"github.com/gofiber/contrib/websocket"
	"github.com/gofiber/fiber/v2"

	"switchboard/app/access"
	"switchboard/app/conversation"
	"switchboard/app/realtime"
	"switchboard/handlers"
	"switchboard/handlers/stream"
	"switchboard/middleware"
)

const notifyPath = "/notify"

const (
	pollWait    = 30 * time.Second // of one long poll
	pollBatch   = 1000             // messages of one poll with since
	peerSilence = 70 * time.Second // nearly three of the gateway's pings
)

// Notify serves /notify: the three ways to receive.
type Notify struct {
	Apps          *access.Directory
	Conversations *conversation.Service
	Hub           *realtime.Hub
	Log           *slog.Logger
}

// Mount adds the route. It must be outside of any deadline.
func (h Notify) Mount(r fiber.Router) {
	// Not with Get, which would take HEAD for a session too.
	r.Add(fiber.MethodGet, notifyPath, h.notify(stream.Upgrade(h.serve, h.Log)))
}

func (h Notify) notify(upgrade fiber.Handler) fiber.Handler {
	return func(c *fiber.Ctx) error {
		login, err := h.login(c)
		protocol := c.Query("protoc")
		if websocket.IsWebSocketUpgrade(c) && (protocol == "ws" || err != nil) {
			return h.websocket(c, login, err, upgrade)
		}
		if protocol == "sse" {
			return h.events(c, login, err)
		}
		if err != nil {
			return err
		}
		switch protocol {
		case "poll":
			return h.poll(c, login)
		case "ws":
			return fiber.ErrUpgradeRequired
		}
		return errProtocol
	}
}

// login reads who wants a session, and from where. The token may stand in the
// query, since browsers cannot set headers on websockets and event sources.
func (h Notify) login(c *fiber.Ctx) (l realtime.Login, err error) {
	token := c.Query("token")
	if token == "" {
		token = middleware.Bearer(c)
	}
	if token == "" {
		token = stream.SubprotocolToken(c.Get(fiber.HeaderSecWebSocketProtocol))
	}
	if token == "" {
		return l, middleware.ErrNoToken
	}
	caller, err := h.Apps.Verify(c.UserContext(), token)
	if err != nil {
		return l, err
	}
	if err := middleware.Known(c, caller); err != nil {
		return l, err
	}
	l.Key = realtime.Key{
		User:    realtime.User{App: caller.App, ID: caller.User},
		Dialect: realtime.Gateway, DeviceID: strconv.Itoa(caller.Platform),
	}
	if device := handlers.UserID(c.Query("device")); device == "" {
		l.Unnamed = true
	} else if err := device.Check("device"); err != nil {
		return l, err
	} else {
		l.Key.DeviceID += "/" + string(device)
	}
	l.Expires = caller.ExpiresAt
	if err := h.admit(c.UserContext(), caller); err != nil {
		return l, err
	}
	if c.Context().QueryArgs().Has("since") {
		l.Resume, l.Since = true, c.Query("since")
	}
	return l, nil
}

// admit refuses a user who was banned after the token was minted, and makes one
// whose token the app's server minted by itself.
func (h Notify) admit(ctx context.Context, caller middleware.Caller) error {
	_, err := h.Conversations.EnsureUser(ctx, conversation.Caller{App: caller.App, Rules: conversation.Open}, caller.User, nil)
	return err
}

// websocket opens the session before it answers the handshake: what is sent once
// the client is connected reaches it. A browser sees no HTTP error there, so a
// refusal is a close code on the socket.
func (h Notify) websocket(c *fiber.Ctx, l realtime.Login, err error, upgrade fiber.Handler) error {
	if !stream.IsHandshake(c) {
		return fiber.ErrUpgradeRequired
	}
	var session *realtime.Session
	var recovered bool
	l.Over = realtime.WebSocket
	if err == nil {
		session, recovered, err = h.Hub.Open(c.UserContext(), l)
	}
	if err != nil {
		middleware.SetCause(c, err)
	}
	c.Locals("session", session)
	c.Locals("refused", stream.CloseCode(err))
	if l.Resume {
		c.Locals("recovered", recovered)
	}
	if err := upgrade(c); err != nil {
		if session != nil {
			session.End(realtime.None)
		}
		return err
	}
	return nil
}

// serve owns the connection until it or its session ends.
func (h Notify) serve(conn *websocket.Conn) {
	s := stream.NewSocket(conn, h.Hub, realtime.Gateway)
	session, _ := conn.Locals("session").(*realtime.Session)
	if session == nil {
		code, _ := conn.Locals("refused").(realtime.Code)
		s.Close(code)
		return
	}
	defer session.End(realtime.None)
	if recovered, resumed := conn.Locals("recovered").(bool); resumed {
		frame, _ := json.Marshal(recoveredAnswer{recovered, session.Position()})
		if s.Write(frame) != nil {
			return
		}
	}
	session.Start(s)
	s.Read(session, peerSilence)
}

// recoveredAnswer tells a client that resumes whether all was found, and where it
// stands: what it names as since when it comes back before any message came.
type recoveredAnswer struct {
	Recovered bool   `json:"recovered"`
	Position  string `json:"position"`
}

// events streams until the client leaves or the session ends. A reconnecting
// browser names the last event it has by itself, and can change nothing else: its
// header is newer than since in its URL. One that comes back although its stream ended
// for good gets 204, which tells it to stop; a refusal is a stream too, since browsers
// show nothing of other answers.
func (h Notify) events(c *fiber.Ctx, l realtime.Login, err error) error {
	last, ended := stream.Ended(c.Get("Last-Event-ID"))
	if ended == realtime.Replaced || ended.Final() && err != nil {
		return c.SendStatus(fiber.StatusNoContent)
	}
	if last != "" {
		l.Resume, l.Since = true, last
	}
	var session *realtime.Session
	var recovered bool
	l.Over = realtime.EventStream
	if err == nil {
		session, recovered, err = h.Hub.Open(c.UserContext(), l)
	}
	if err != nil {
		middleware.SetCause(c, err)
		code := stream.CloseCode(err)
		stream.ServeEvents(c, h.Log, func(w *bufio.Writer, conn net.Conn) {
			_ = stream.NewEvents(w, conn, h.Hub, closing).Refuse(code) // it is over either way
		})
		return nil
	}
	stream.ServeEvents(c, h.Log, func(w *bufio.Writer, conn net.Conn) {
		defer session.End(realtime.None)
		var first []byte
		if l.Resume {
			first, _ = json.Marshal(recoveredAnswer{recovered, session.Position()})
		}
		e := stream.NewEvents(w, conn, h.Hub, closing)
		if e.Begin(session.Position(), "recovered", first) != nil {
			return
		}
		session.Start(e)
		<-session.Done()
	})
	return nil
}

// poll answers one message as the gateway API has it, or all since a message.
func (h Notify) poll(c *fiber.Ctx, l realtime.Login) error {
	ctx, cancel := context.WithTimeout(c.UserContext(), pollWait)
	defer cancel()
	if l.Resume {
		return h.pollSince(ctx, c, l)
	}
	session, err := h.Hub.Poll(ctx, l)
	if err != nil {
		return err
	}
	batch, err := session.Wait(ctx, 1, stream.Left(c.Context().Conn()))
	if err != nil {
		return closedAnswer(c, err)
	}
	if len(batch) == 0 {
		return c.SendStatus(fiber.StatusNoContent)
	}
	c.Set(fiber.HeaderContentType, fiber.MIMEApplicationJSON)
	return c.Send(h.Hub.Frame(realtime.Gateway, batch[0]))
}

// pollSince takes everything from the store, so it needs no buffer between two
// polls and may come to another replica each time.
func (h Notify) pollSince(ctx context.Context, c *fiber.Ctx, l realtime.Login) error {
	l.Poll, l.Over = true, realtime.LongPoll
	session, recovered, err := h.Hub.Open(ctx, l)
	if err != nil {
		return err
	}
	out := pollAnswer{Msg: []json.RawMessage{}, Recovered: recovered, Position: session.Position()}
	if recovered {
		batch, err := session.Wait(ctx, pollBatch, stream.Left(c.Context().Conn()))
		if err != nil {
			return closedAnswer(c, err)
		}
		for _, m := range batch {
			out.Msg = append(out.Msg, h.Hub.Frame(realtime.Gateway, m))
			out.Position = max(out.Position, m.ID)
		}
	}
	return c.JSON(out)
}

// pollAnswer has the position that the client names as since in its next poll.
type pollAnswer struct {
	Msg       []json.RawMessage `json:"Msg"`
	Recovered bool              `json:"recovered"`
	Position  string            `json:"position"`
}

// closedAnswer tells a poll the code with which its session was closed.
func closedAnswer(c *fiber.Ctx, err error) error {
	var closed *realtime.Closed
	if !errors.As(err, &closed) {
		return err
	}
	return c.Type("json").Send(closing(closed.Code))
}

// closing is the data of a stream's last event, and the body of a poll whose
// session has ended.
func closing(code realtime.Code) []byte {
	text, _ := json.Marshal(answer{Code: int(code), Error: code.String()})
	return text
}
