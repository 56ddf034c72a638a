package im

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"github.com/gofiber/contrib/websocket"
	"github.com/gofiber/fiber/v2"

	"switchboard/app/access"
	"switchboard/app/conversation"
	"switchboard/app/problem"
	"switchboard/app/realtime"
	"switchboard/handlers"
	"switchboard/handlers/stream"
	"switchboard/middleware"
	"switchboard/vendors"
)

const (
	loginLimit    = 10 * time.Second // from the connection to a valid login
	socketSilence = 30 * time.Second // three of the socket's pings
)

// Socket serves /im/socket.
type Socket struct {
	Apps          *access.Directory
	Conversations *conversation.Service
	Hub           *realtime.Hub
	Log           *slog.Logger
}

// Mount adds the route; r is /im, without a deadline.
func (h Socket) Mount(r fiber.Router) {
	r.Get("/socket", noteSite, stream.Upgrade(h.serve, h.Log))
}

const (
	crossSiteKey = "cross site"
	visitKey     = "visit"
	requestKey   = "request id"
)

// noteSite keeps for the socket the request's id, whether a page of another site opens it, which is not
// one of those that may call, and whose logins are counted.
func noteSite(c *fiber.Ctx) error {
	c.Locals(crossSiteKey, middleware.CrossSite(c) && !middleware.AllowedPage(c))
	c.Locals(visitKey, middleware.VisitOf(c))
	c.Locals(requestKey, middleware.IDOf(c))
	return c.Next()
}

// serve owns the connection: a login first, then messages until either side ends
// it.
func (h Socket) serve(conn *websocket.Conn) {
	s := stream.NewSocket(conn, h.Hub, realtime.Socket)
	id, _ := conn.Locals(requestKey).(string)
	ctx, cancel := context.WithTimeout(vendors.WithRequestID(context.Background(), id), loginLimit)
	defer cancel()
	session, resumed, err := h.login(ctx, conn)
	if err != nil {
		if refused := visitOf(conn).Note(ctx, err); refused != nil {
			err = refused
		}
		h.refuse(s, err)
		return
	}
	defer session.End(realtime.None)
	frame, _ := json.Marshal(loginAnswer{"login.success", "success", loginData{time.Now().UnixMilli(), resumed}})
	if s.Write(frame) != nil {
		return
	}
	session.Start(s)
	s.Read(session, socketSilence)
}

func visitOf(conn *websocket.Conn) middleware.Visit {
	visit, _ := conn.Locals(visitKey).(middleware.Visit)
	return visit
}

type loginAnswer struct {
	Type string    `json:"type"`
	Msg  string    `json:"msg"`
	Data loginData `json:"data"`
}

// loginData has the rest only for a login that resumes.
type loginData struct {
	Time int64 `json:"time"` // Unix milliseconds
	*resumed
}

// resumed tells whether all was found, and where the session begins: what a client
// names as since when it comes back before any message came.
type resumed struct {
	Recovered bool   `json:"recovered"`
	Position  string `json:"position"`
}

// loginFrame is what a client says first. Since resumes after a message and is
// ours, like the token's place in the data.
type loginFrame struct {
	Type string `json:"type"`
	Data struct {
		DeviceID handlers.UserID `json:"device_id"`
		AppID    handlers.UserID `json:"app_id"`
		ClientID handlers.UserID `json:"client_id"`
		Ext      json.RawMessage `json:"ext"`
		Token    string          `json:"token"`
		Since    *string         `json:"since"`
	} `json:"data"`
}

var errNoLogin = problem.New(problem.Invalid, "the first frame must be a login")

// login reads the first frame that is no ping and opens the session that it
// asks for.
func (h Socket) login(ctx context.Context, conn *websocket.Conn) (*realtime.Session, *resumed, error) {
	end, _ := ctx.Deadline()
	if err := conn.SetReadDeadline(end); err != nil {
		return nil, nil, err
	}
	var in loginFrame
	for in.Type == "" || in.Type == "ping" || in.Type == "pong" {
		_, text, err := conn.ReadMessage()
		if err != nil {
			return nil, nil, errNoLogin
		}
		if err := handlers.DecodeBytes(text, &in); err != nil {
			return nil, nil, err
		}
		if in.Type == "" {
			return nil, nil, errNoLogin
		}
	}
	if in.Type != "login" {
		return nil, nil, errNoLogin
	}
	l, err := h.authenticate(ctx, conn, in)
	if err != nil {
		return nil, nil, err
	}
	session, recovered, err := h.Hub.Open(ctx, l)
	if err != nil || !l.Resume {
		return session, nil, err
	}
	return session, &resumed{recovered, session.Position()}, nil
}

// authenticate finds who logs in, and from which device.
func (h Socket) authenticate(ctx context.Context, conn *websocket.Conn, in loginFrame) (l realtime.Login, err error) {
	if in.Data.DeviceID != "" {
		if err := in.Data.DeviceID.Check("device_id"); err != nil {
			return l, err
		}
	}
	l.Key = realtime.Key{
		User:    realtime.User{App: string(in.Data.AppID), ID: string(in.Data.ClientID)},
		Dialect: realtime.Socket, DeviceID: string(in.Data.DeviceID),
	}
	l.Over = realtime.ClientSocket
	if in.Data.Since != nil {
		l.Resume, l.Since = true, *in.Data.Since
	}
	app, err := h.Apps.App(string(in.Data.AppID))
	if err != nil {
		return l, err
	}
	l.Key.User.App = app.ID
	token := in.Data.Token
	if token == "" {
		token = conn.Query("token")
	}
	if token == "" {
		token = stream.SubprotocolToken(conn.Headers(fiber.HeaderSecWebSocketProtocol))
	}
	if token == "" {
		return l, h.believe(ctx, conn, app, l.Key.User)
	}
	caller, err := h.Apps.Verify(ctx, token)
	switch {
	case err != nil:
		return l, err
	case caller.App != app.ID:
		return l, middleware.ErrOtherApp
	case caller.User != l.Key.User.ID:
		return l, middleware.ErrOtherUser
	}
	l.Expires = caller.ExpiresAt
	if err := visitOf(conn).Known(ctx, caller.App, caller.User); err != nil {
		return l, err
	}
	_, err = h.Conversations.EnsureUser(ctx, typed(app), l.Key.User.ID, in.Data.Ext)
	return l, err
}

// believe takes a client of an open app at its word, as the document has it: it may
// listen. It makes no user and changes none: its ext is passed over.
func (h Socket) believe(ctx context.Context, conn *websocket.Conn, app access.App, user realtime.User) error {
	crossSite, _ := conn.Locals(crossSiteKey).(bool)
	switch {
	case !app.Open:
		return middleware.ErrNoToken
	case crossSite:
		return middleware.ErrCrossSite
	}
	if err := conversation.ValidUser(conversation.Typed, user.ID); err != nil {
		return err
	}
	return h.Conversations.Admit(ctx, user.App, user.ID)
}

func typed(app access.App) conversation.Caller {
	return conversation.Caller{App: app.ID, Rules: conversation.Typed}
}

// refuse sends the API's own code in a frame and then closes the socket.
func (h Socket) refuse(s *stream.Socket, err error) {
	p := handlers.Find(err)
	frame, _ := json.Marshal(fiber.Map{"type": "login.failed", "msg": p.Text, "data": fiber.Map{"code": codeOf(err, p)}})
	_ = s.Write(frame) // it is closed either way
	s.Close(stream.CloseCode(err))
}
