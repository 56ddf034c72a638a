package im

import (
	"context"
	"encoding/json"
	"time"

	"github.com/gofiber/fiber/v2"

	"switchboard/app/access"
	"switchboard/app/conversation"
	"switchboard/app/realtime/wire"
	"switchboard/handlers"
	"switchboard/middleware"
)

// Conversations serves the API's requests under /im.
type Conversations struct {
	Apps    *access.Directory
	Service *conversation.Service
}

// Mount adds the routes; r is /im, behind a deadline.
func (h Conversations) Mount(r fiber.Router) {
	r.Post("/conversations", h.caller, h.create)
	r.Get("/conversations", h.caller, h.find)
	r.Put("/conversations", h.caller, proof, h.update)
	r.Delete("/conversations/:conv", h.caller, proof, h.remove)
	r.Post("/conversations/:conv/members", h.caller, proof, h.addMembers)
	r.Get("/conversations/:conv/members", h.caller, h.members)
	r.Delete("/conversations/:conv/members", h.caller, proof, h.removeMembers)
	r.Post("/conversations/:conv/message", h.caller, proof, h.send)
	r.Get("/conversations/:conv/message", h.caller, h.messages)
	r.Post("/conversations/:conv/read", h.caller, proof, h.markRead)
	r.Post("/users", h.caller, h.addUsers)
	r.Get("/users", h.caller, h.users)
}

// caller is who calls, and whether the app's key proved it.
type caller struct {
	conversation.Caller
	keyed bool
}

// proof keeps out callers of an open app who gave neither key nor token: they may
// read and listen, and change nothing.
func proof(c *fiber.Ctx) error {
	if who := callerIn(c); !who.keyed && who.Server() {
		return conversation.ErrNotAllowed
	}
	return c.Next()
}

const callerKey = "im caller"

// caller lets in the app's server by its key and a user by a token. Where the app
// is open, naming it is enough, as the document has it; see proof.
func (h Conversations) caller(c *fiber.Ctx) error {
	who, err := callerOf(c, h.Apps, h.Service.Admit)
	if err != nil {
		return err
	}
	c.Locals(callerKey, who)
	return c.Next()
}

// Admit refuses a user who may not take part.
type Admit func(ctx context.Context, app, user string) error

func callerOf(c *fiber.Ctx, apps *access.Directory, admit Admit) (who caller, err error) {
	id := middleware.AppID(c)
	if id == "" {
		return who, errNoAppID
	}
	if key := c.Get(middleware.HeaderAppKey); key != "" {
		app, err := apps.Server(id, key)
		if err == nil {
			err = middleware.Known(c, middleware.Caller{App: app.ID})
		}
		return caller{conversation.Caller{App: app.ID, Rules: conversation.Typed}, true}, err
	}
	app, err := apps.App(id)
	if err != nil {
		return who, err
	}
	who.Caller = conversation.Caller{App: app.ID, Rules: conversation.Typed}
	token := middleware.Bearer(c)
	if token == "" {
		if !app.Open {
			return who, middleware.ErrNoToken
		}
		return who, middleware.ReadSmallBody(c)
	}
	user, err := apps.Verify(c.UserContext(), token)
	if err == nil && user.App != app.ID {
		err = middleware.ErrOtherApp
	}
	if err == nil {
		err = middleware.Known(c, user)
	}
	if who.User = user.User; err == nil {
		err = admit(c.UserContext(), app.ID, user.User)
	}
	return who, err
}

func callerIn(c *fiber.Ctx) caller {
	who, _ := c.Locals(callerKey).(caller)
	return who
}

// clientIDs names users, each by text or by a number.
type clientIDs struct {
	ClientIDs handlers.UserIDs `json:"client_ids"`
}

func (h Conversations) create(c *fiber.Ctx) error {
	if c.Context().QueryArgs().Has("where") && len(c.Body()) == 0 {
		return h.find(c) // the document's own sample queries like that
	}
	var in struct {
		ClientID   handlers.UserID   `json:"client_id"`
		To         handlers.UserIDs  `json:"to_client_ids"`
		ConvType   *handlers.FlexInt `json:"conv_type"`
		ConvExtend json.RawMessage   `json:"conv_extend"`
	}
	if err := handlers.DecodeJSON(c, &in); err != nil {
		return err
	}
	who := callerIn(c)
	switch {
	case !who.keyed && who.Server():
		return conversation.ErrNotAllowed
	case in.ClientID == "" && who.Server():
		return missing("client_id")
	case in.To == nil:
		return missing("to_client_ids")
	case in.ConvType == nil:
		return missing("conv_type")
	case !who.Server() && in.ClientID != "" && string(in.ClientID) != who.User:
		return conversation.ErrNotAllowed
	}
	conv, fresh, err := h.Service.Create(c.UserContext(), who.Caller, conversation.Draft{
		Type: int(*in.ConvType), Creator: string(in.ClientID), Members: handlers.Strings(in.To), Ext: in.ConvExtend,
		Key: c.Get(handlers.IdempotencyKey),
	})
	if err != nil {
		return err
	}
	// The document answers the extension from before the call: a new conversation has none.
	out := createdAnswer{ConvID: conv.ID}
	if !fresh {
		out.ConvExtend = conv.Ext
	}
	return success(c, out)
}

type createdAnswer struct {
	ConvExtend json.RawMessage `json:"conv_extend"`
	ConvID     string          `json:"conv_id"`
}

func (h Conversations) find(c *fiber.Ctx) error {
	switch order := c.Query("order"); order {
	case "":
	case "activity":
		return h.inbox(c)
	default:
		return handlers.Invalid("order: activity, or nothing")
	}
	where, err := conversation.ParseWhere([]byte(c.Query("where")))
	if err != nil {
		return err
	}
	p, err := pageIn(c, 20)
	if err != nil {
		return err
	}
	if p.cursor != nil {
		return h.findFrom(c, where, p)
	}
	found, err := h.Service.Find(c.UserContext(), callerIn(c).Caller, where, p.page, p.size)
	if err != nil {
		return err
	}
	return success(c, pageAnswer{found.Page, conversationItems(found.Items), found.Last(), p.echo, found.Total})
}

// findFrom goes on where a cursor says.
func (h Conversations) findFrom(c *fiber.Ctx, where conversation.Where, p listPart) error {
	from, err := conversation.ParsePlace(*p.cursor)
	if err != nil {
		return err
	}
	found, err := h.Service.FindFrom(c.UserContext(), callerIn(c).Caller, where, from, p.size)
	if err != nil {
		return err
	}
	next := found.Next.String()
	return success(c, listAnswer{conversationItems(found.Items), p.echo, next, next != ""})
}

func conversationItems(found []conversation.Conversation) []conversationItem {
	items := make([]conversationItem, len(found))
	for i, conv := range found {
		items[i] = newConversationItem(conv)
	}
	return items
}

func newConversationItem(conv conversation.Conversation) conversationItem {
	item := conversationItem{
		ConvID: conv.ID, ConvType: conv.Type, ClientNum: conv.Members, AppID: conv.App,
		ConvExtend: conv.Ext, CreaterID: conv.Creator, CTime: conv.Created.UTC().Format(time.DateTime),
	}
	if !conv.Updated.IsZero() {
		item.MTime = wire.TextOrNil(conv.Updated.UTC().Format(time.DateTime))
	}
	return item
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
	if err := handlers.DecodeJSON(c, &in); err != nil {
		return err
	}
	if in.Update == nil || in.Update.ConvExtend == nil {
		return missing("update")
	}
	where, err := conversation.ParseWhere(in.Where)
	if err != nil {
		return err
	}
	if _, err := h.Service.SetExt(c.UserContext(), callerIn(c).Caller, where, in.Update.ConvExtend); err != nil {
		return err
	}
	return success(c, true)
}

// remove closes the conversation for all: only its creator or the app's key may.
func (h Conversations) remove(c *fiber.Ctx) error {
	if err := h.Service.Delete(c.UserContext(), callerIn(c).Caller, c.Params("conv")); err != nil {
		return err
	}
	return success(c, true)
}
