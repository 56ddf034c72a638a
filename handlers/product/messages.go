package product

import (
	"context"

	"github.com/gofiber/fiber/v2"

	"switchboard/app/ledger"
	"switchboard/app/messages"
	"switchboard/handlers"
	"switchboard/middleware"
	"switchboard/vendors"
)

// Messages serves the back ends' messages under /api/server/messages. What is sent is
// answered with a row for each target.
type Messages struct {
	Messages *messages.Service
	Ledger   *ledger.Ledger
	IDs      messages.IDs
	Routes   *vendors.Router
}

// Mount adds the routes; r is behind middleware.Server.
func (h Messages) Mount(r fiber.Router) {
	r.Post("/messages", h.send)
	r.Post("/messages/template", h.template)
	r.Post("/messages/broadcast", h.broadcast)
	r.Post("/messages/recall", h.recall)
	r.Post("/messages/edit", h.edit)
	r.Get("/messages/history", h.history)
}

// maxRows is how many targets a request may name whose answer has a row for each.
const maxRows = 1000

// pushIn is what devices show of a message.
type pushIn struct {
	Title string `json:"title"`
	Text  string `json:"text"`
}

func (in *pushIn) notification() (*vendors.Notification, error) {
	switch {
	case in == nil:
		return nil, nil
	case in.Text == "":
		return nil, handlers.Invalid("push.text is required")
	}
	return &vendors.Notification{Title: in.Title, Text: in.Text}, nil
}

var targetKinds = map[vendors.TargetKind]bool{vendors.ToUsers: true, vendors.ToGroups: true, vendors.ToChatRooms: true, vendors.ToSystem: true}

func checkKind(field string, kind vendors.TargetKind) error {
	if !targetKinds[kind] {
		return handlers.Invalid("%s: one of user, group, chatroom, system", field)
	}
	return nil
}

// targets are ids that a request names, at most maxRows.
func targets(field string, in []handlers.UserID) ([]string, error) {
	if len(in) == 0 || len(in) > maxRows {
		return nil, handlers.Invalid("%s: 1 to %d are required", field, maxRows)
	}
	for _, id := range in {
		if err := id.Check(field); err != nil {
			return nil, err
		}
	}
	return handlers.Strings(in), nil
}

func (h Messages) send(c *fiber.Ctx) error {
	var in struct {
		From handlers.UserID `json:"from"`
		To   struct {
			Kind vendors.TargetKind `json:"kind"`
			IDs  handlers.UserIDs   `json:"ids"`
		} `json:"to"`
		Content   contentIn         `json:"content"`
		Transient handlers.FlexBool `json:"transient"`
		Push      *pushIn           `json:"push"`
		Extra     string            `json:"extra"`
	}
	if err := handlers.DecodeParams(c, &in); err != nil {
		return err
	}
	if err := in.From.Check("from"); err != nil {
		return err
	}
	if err := checkKind("to.kind", in.To.Kind); err != nil {
		return err
	}
	to, err := targets("to.ids", in.To.IDs)
	if err != nil {
		return err
	}
	content, err := in.Content.content(in.Extra)
	if err != nil {
		return err
	}
	push, err := in.Push.notification()
	if err != nil {
		return err
	}
	m := messages.Keyed(c.UserContext(), c.Get(handlers.IdempotencyKey), vendors.Message{Kind: in.To.Kind, From: string(in.From), To: to, Content: content, Transient: bool(in.Transient), Push: push})
	w := ledger.Write{Key: c.Get(handlers.IdempotencyKey), Op: vendors.OpSend(m.Kind), Payload: messages.SentInRows(m)}
	app := middleware.AppOf(c).ID
	return idempotent(c, h.Ledger, w, func(ctx context.Context) (any, error) {
		receipt, err := h.Messages.Send(ctx, requestBy(app, m.From), m)
		return sentRows(h.IDs, app, m.Kind, m.From, receipt), err
	})
}

// requestBy is who a route that goes by user goes by.
func requestBy(app, user string) vendors.Request { return vendors.Request{User: app + "/" + user} }

const (
	maxTemplate     = 128 << 10 // bytes of a text, as it stands and as each target reads it
	maxPlaceholders = 100
)

// template sends one text to many, each with values of its own.
func (h Messages) template(c *fiber.Ctx) error {
	var in struct {
		From handlers.UserID    `json:"from"`
		Kind vendors.TargetKind `json:"kind"`
		Text string             `json:"text"`
		To   []struct {
			ID     handlers.UserID   `json:"id"`
			Values map[string]string `json:"values"`
		} `json:"to"`
	}
	if err := handlers.DecodeParams(c, &in); err != nil {
		return err
	}
	if err := in.From.Check("from"); err != nil {
		return err
	}
	t := vendors.Template{Kind: in.Kind, From: string(in.From), Text: in.Text}
	if t.Kind == "" {
		t.Kind = vendors.ToUsers
	}
	switch {
	case t.Kind != vendors.ToUsers && t.Kind != vendors.ToSystem:
		return handlers.Invalid("kind: user or system")
	case t.Text == "" || len(t.Text) > maxTemplate:
		return handlers.Invalid("text: 1 to %d bytes are required", maxTemplate)
	case len(in.To) == 0 || len(in.To) > maxRows:
		return handlers.Invalid("to: 1 to %d are required", maxRows)
	}
	names := t.Placeholders()
	if len(names) > maxPlaceholders {
		return handlers.Invalid("text: at most %d placeholders", maxPlaceholders)
	}
	for _, to := range in.To {
		f := vendors.Filling{Target: string(to.ID), Values: to.Values}
		if err := to.ID.Check("to.id"); err != nil {
			return err
		}
		size := len(t.Text)
		for _, name := range names {
			value, given := f.Values[name]
			if size += len(value); !given {
				return handlers.Invalid("to: a placeholder of the text has no value for %s", f.Target)
			}
		}
		if size > maxTemplate {
			return handlers.Invalid("to: the text for %s has more than %d bytes", f.Target, maxTemplate)
		}
		t.To = append(t.To, f)
	}
	w := ledger.Write{Key: c.Get(handlers.IdempotencyKey), Op: vendors.OpSendTemplate, Payload: messages.SentFilled(t)}
	app := middleware.AppOf(c).ID
	return idempotent(c, h.Ledger, w, func(ctx context.Context) (any, error) {
		receipt, err := h.Messages.SendTemplate(ctx, requestBy(app, t.From), t)
		return sentRows(h.IDs, app, t.Kind, t.From, receipt), err
	})
}
