package handlers

import (
	"encoding/json"
	"time"

	"github.com/gofiber/fiber/v2"

	"switchboard/app/access"
	"switchboard/app/conversation"
	"switchboard/app/problem"
	"switchboard/app/realtime/wire"
	"switchboard/middleware"
)

// Conversations serves the conversation API (seed 001) under /im.
type Conversations struct {
	Apps    *access.Directory
	Service *conversation.Service
}

// Mount adds the routes; r is /im, behind a deadline.
func (h Conversations) Mount(r fiber.Router) {
	r.Post("/conversations", h.caller, h.create)
	r.Get("/conversations", h.caller, h.find)
	r.Put("/conversations", h.caller, h.update)
	r.Delete("/conversations/:conv", h.caller, h.remove)
	r.Post("/conversations/:conv/members", h.caller, h.addMembers)
	r.Get("/conversations/:conv/members", h.caller, h.members)
	r.Delete("/conversations/:conv/members", h.caller, h.removeMembers)
	r.Post("/conversations/:conv/message", h.caller, h.send)
	r.Get("/conversations/:conv/message", h.caller, h.messages)
	r.Post("/users", h.caller, h.addUsers)
	r.Get("/users", h.caller, h.users)
}

// imCaller is who calls, and whether the app's key proved it.
type imCaller struct {
	conversation.Caller
	keyed bool
}

const imCallerKey = "im caller"

var errNoAppID = problem.New(problem.Unauthenticated, "the app-id header is required")

// caller lets in the app's server by its key and a user by his token. Where the
// app requires no token, naming the app is enough, as the document has it: such
// a caller may do what needs no proof of who he is.
func (h Conversations) caller(c *fiber.Ctx) error {
	who, err := imCallerOf(c, h.Apps)
	if err != nil {
		return err
	}
	c.Locals(imCallerKey, who)
	return c.Next()
}

func imCallerOf(c *fiber.Ctx, apps *access.Directory) (who imCaller, err error) {
	id := middleware.AppID(c)
	if id == "" {
		return who, errNoAppID
	}
	app, err := apps.App(id)
	if err != nil {
		return who, err
	}
	who.Caller = conversation.Caller{App: app.ID, Rules: conversation.Typed}
	if key := c.Get("app-key"); key != "" {
		_, err := apps.Server(id, key)
		who.keyed = true
		return who, err
	}
	token := middleware.Bearer(c)
	if token == "" {
		if app.TokenRequired {
			return who, middleware.ErrNoToken
		}
		return who, nil
	}
	user, err := apps.Verify(c.UserContext(), token)
	if err == nil && user.App != app.ID {
		err = middleware.ErrOtherApp
	}
	middleware.SetCaller(c, user)
	who.User = user.User
	return who, err
}

func imCallerIn(c *fiber.Ctx) imCaller {
	who, _ := c.Locals(imCallerKey).(imCaller)
	return who
}

// imAnswer is the envelope of the conversation API. The request id is null when
// the caller gave none.
type imAnswer struct {
	Code      int     `json:"code"`
	Message   string  `json:"message"`
	Data      any     `json:"data"`
	RequestID *string `json:"request-id"`
}

func imSuccess(c *fiber.Ctx, data any) error {
	return c.JSON(imAnswer{Message: "ok", Data: data, RequestID: imRequestID(c)})
}

// imRequestID is what the caller sent as Request-Id or X-Request-Id.
func imRequestID(c *fiber.Ctx) *string {
	id := middleware.IDOf(c)
	if c.Get("Request-Id") != id && c.Get("X-Request-Id") != id {
		return nil
	}
	return wire.TextOrNil(id)
}

// imFailure keeps HTTP 200 where the document has a code, as its servers do.
func imFailure(c *fiber.Ctx, err error, p failure, _ any) error {
	code, status := imCode(err, p), fiber.StatusOK
	if code == imInternal {
		status = p.status
	}
	return c.Status(status).JSON(imAnswer{Code: code, Message: p.text, RequestID: imRequestID(c)})
}

func imCode(err error, p failure) int {
	code := documentedCodes(err).im
	switch {
	case code != 0:
		return code
	case p.status == fiber.StatusBadRequest, p.status == fiber.StatusUnprocessableEntity:
		return imFormat
	}
	return imInternal
}

// ids of users, sent as texts or as numbers.
type clientIDs struct {
	ClientIDs []userID `json:"client_ids"`
}

func (h Conversations) create(c *fiber.Ctx) error {
	if c.Context().QueryArgs().Has("where") && len(c.Body()) == 0 {
		return h.find(c) // the document's own sample queries like that
	}
	var in struct {
		ClientID   userID          `json:"client_id"`
		To         []userID        `json:"to_client_ids"`
		ConvType   *whole          `json:"conv_type"`
		ConvExtend json.RawMessage `json:"conv_extend"`
	}
	if err := decodeJSON(c, &in); err != nil {
		return err
	}
	who := imCallerIn(c)
	switch {
	case in.ClientID == "" && who.Server():
		return missing("client_id")
	case in.To == nil:
		return missing("to_client_ids")
	case in.ConvType == nil:
		return missing("conv_type")
	case !who.Server() && in.ClientID != "" && string(in.ClientID) != who.User:
		return conversation.ErrNotAllowed
	}
	if err := h.known(c, who, append(in.To[:len(in.To):len(in.To)], in.ClientID)); err != nil {
		return err
	}
	conv, fresh, err := h.Service.Create(c.UserContext(), who.Caller, conversation.Draft{
		Type: int(*in.ConvType), Creator: string(in.ClientID), Members: idTexts(in.To), Ext: in.ConvExtend,
	})
	if err != nil {
		return err
	}
	// As in the document: the extension that was there before, of which a new
	// conversation has none.
	out := createdAnswer{ConvID: conv.ID}
	if !fresh {
		out.ConvExtend = conv.Ext
	}
	return imSuccess(c, out)
}

type createdAnswer struct {
	ConvExtend json.RawMessage `json:"conv_extend"`
	ConvID     string          `json:"conv_id"`
}

// known refuses unknown users to who did not prove to be the app's server: only
// the server makes users.
func (h Conversations) known(c *fiber.Ctx, who imCaller, ids []userID) error {
	if who.keyed || !who.Server() {
		return nil // the domain judges users itself
	}
	for _, id := range ids {
		if err := conversation.ValidUser(conversation.Typed, string(id)); err != nil {
			return err
		}
		if _, err := h.Service.User(c.UserContext(), who.Caller, string(id)); err != nil {
			return err
		}
	}
	return nil
}

func (h Conversations) find(c *fiber.Ctx) error {
	where, err := conversation.ParseWhere([]byte(c.Query("where")))
	if err != nil {
		return err
	}
	p, err := pageIn(c, 20)
	if err != nil {
		return err
	}
	who := imCallerIn(c)
	found, err := h.Service.Find(c.UserContext(), who.Caller, where, p.page, p.size)
	if err != nil {
		return err
	}
	items := make([]conversationItem, len(found.Items))
	for i, conv := range found.Items {
		items[i] = conversationItem{
			ConvID: conv.ID, ConvType: conv.Type, ClientNum: conv.Members, AppID: conv.App,
			ConvExtend: conv.Ext, CreaterID: conv.Creator, CTime: conv.Created.UTC().Format(time.DateTime),
		}
		if !conv.Updated.IsZero() {
			items[i].MTime = wire.TextOrNil(conv.Updated.UTC().Format(time.DateTime))
		}
	}
	return imSuccess(c, pageAnswer{found.Page, items, found.Last(), p.echo, found.Total})
}

// conversationItem has its times in UTC; mtime is null before the first change.
type conversationItem struct {
	ConvID     string          `json:"conv_id"`
	ConvType   int             `json:"conv_type"`
	ClientNum  int             `json:"client_num"`
	AppID      string          `json:"app_id"`
	ConvExtend json.RawMessage `json:"conv_extend"`
	CreaterID  string          `json:"conv_creater_id"`
	CTime      string          `json:"ctime"`
	MTime      *string         `json:"mtime"`
}

func (h Conversations) update(c *fiber.Ctx) error {
	var in struct {
		Where  json.RawMessage `json:"where"`
		Update *struct {
			ConvExtend json.RawMessage `json:"conv_extend"`
		} `json:"update"`
	}
	if err := decodeJSON(c, &in); err != nil {
		return err
	}
	if in.Update == nil || in.Update.ConvExtend == nil {
		return missing("update")
	}
	where, err := conversation.ParseWhere(in.Where)
	if err != nil {
		return err
	}
	who := imCallerIn(c)
	if who.Server() && !who.keyed {
		return conversation.ErrNotAllowed
	}
	if _, err := h.Service.SetExt(c.UserContext(), who.Caller, where, in.Update.ConvExtend); err != nil {
		return err
	}
	return imSuccess(c, true)
}

// remove closes the conversation for all: only its creator or the app's key may.
func (h Conversations) remove(c *fiber.Ctx) error {
	who := imCallerIn(c)
	if who.Server() && !who.keyed {
		return conversation.ErrNotAllowed
	}
	if err := h.Service.Delete(c.UserContext(), who.Caller, c.Params("conv")); err != nil {
		return err
	}
	return imSuccess(c, true)
}
