package product

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"

	"switchboard/app/ledger"
	"switchboard/app/messages"
	"switchboard/handlers"
	"switchboard/middleware"
	"switchboard/vendors"
)

// broadcast reaches every user of the account, so it is for an app that has one of its
// own.
func (h Messages) broadcast(c *fiber.Ctx) error {
	var in struct {
		From    handlers.UserID   `json:"from"`
		Content contentIn         `json:"content"`
		Online  handlers.FlexBool `json:"online_only"`
		Extra   string            `json:"extra"`
	}
	if err := handlers.DecodeParams(c, &in); err != nil {
		return err
	}
	if err := in.From.Check("from"); err != nil {
		return err
	}
	content, err := in.Content.content(in.Extra)
	if err != nil {
		return err
	}
	if shares(h.Routes, middleware.AppOf(c).ID, vendors.CapMessages, "messages.broadcast") {
		return errShared
	}
	b := vendors.Broadcast{From: string(in.From), Content: content, OnlineOnly: bool(in.Online)}
	op, id := vendors.OpBroadcast, "everybody"
	if b.OnlineOnly {
		op, id = vendors.OpBroadcastOnline, "online"
	}
	w := ledger.Write{Key: c.Get(handlers.IdempotencyKey), Op: op, Payload: digestOf(b)}
	app := middleware.AppOf(c).ID
	return idempotent(c, h.Ledger, w, func(ctx context.Context) (any, error) {
		_, account, err := h.Messages.Broadcast(ctx, requestBy(app, b.From), b)
		var rows rowSet
		if account != "" {
			rows.add(rowOf(id, account, err), err)
		}
		return rowsData(rows.rows), err
	})
}

// reference names a message: by the id that a send answered, or as its vendor does.
type reference struct {
	MessageID string       `json:"message_id"`
	Reference *vendorsName `json:"reference"`
}

type vendorsName struct {
	Vendor string             `json:"vendor"`
	Kind   vendors.TargetKind `json:"kind"`
	From   handlers.UserID    `json:"from"`
	Target handlers.UserID    `json:"target"`
	ID     string             `json:"id"`
	SentAt handlers.Int       `json:"sent_at"` // Unix milliseconds; 0: not known
}

// find is the message of app that is meant. A vendor's own reference says nothing of
// whose message it is, so it is taken from an app that shares its vendors with no other.
func (h Messages) find(app string, r reference) (messages.Ref, error) {
	switch {
	case (r.MessageID == "") == (r.Reference == nil):
		return messages.Ref{}, handlers.Invalid("message_id or reference is required, and not both")
	case r.MessageID != "":
		return h.IDs.Open(app, r.MessageID)
	case !slices.Contains(h.Routes.AccountsFor(app), r.Reference.Vendor):
		return messages.Ref{}, handlers.Invalid("reference.vendor: no such account")
	case !h.Routes.Alone(app, r.Reference.Vendor):
		return messages.Ref{}, errShared
	}
	in := r.Reference
	ref := messages.Ref{Account: in.Vendor, Kind: in.Kind, From: string(in.From), Target: string(in.Target), ID: in.ID}
	if err := checkKind("reference.kind", in.Kind); err != nil {
		return ref, err
	}
	if err := in.From.Check("reference.from"); err != nil {
		return ref, err
	}
	if err := in.Target.Check("reference.target"); err != nil {
		return ref, err
	}
	if in.Vendor == "" || in.ID == "" || in.SentAt < 0 {
		return ref, handlers.Invalid("reference.vendor and reference.id are required, and sent_at is in Unix milliseconds")
	}
	if in.SentAt > 0 {
		ref.SentAt = time.UnixMilli(int64(in.SentAt))
	}
	return ref, nil
}

func (h Messages) recall(c *fiber.Ctx) error {
	var in reference
	if err := handlers.DecodeParams(c, &in); err != nil {
		return err
	}
	ref, err := h.find(middleware.AppOf(c).ID, in)
	if err != nil {
		return err
	}
	w := ledger.Write{Key: c.Get(handlers.IdempotencyKey), Op: vendors.OpRecall, Vendor: ref.Account, Payload: ref}
	return idempotent(c, h.Ledger, w, func(ctx context.Context) (any, error) {
		return oneRow(ref, h.Messages.Recall(ctx, ref))
	})
}

// oneRow is the answer about one message; none where no vendor could.
func oneRow(ref messages.Ref, err error) (any, error) {
	if unable := new(vendors.UnableError); errors.As(err, &unable) {
		return nil, err
	}
	return rowsData([]row{rowOf(ref.Target, ref.Account, err)}), err
}

// SettleRecall is the ledger's recipe for a recall in doubt.
func SettleRecall(s *messages.Service) ledger.Recipe {
	return func(ctx context.Context, _, _ string, _ time.Time, payload, _ []byte) (any, error) {
		var ref messages.Ref
		if err := json.Unmarshal(payload, &ref); err != nil {
			return nil, err
		}
		return oneRow(ref, s.SettleRecall(ctx, ref))
	}
}

func (h Messages) edit(c *fiber.Ctx) error {
	var in struct {
		reference
		Content contentIn `json:"content"`
		Extra   string    `json:"extra"`
	}
	if err := handlers.DecodeParams(c, &in); err != nil {
		return err
	}
	ref, err := h.find(middleware.AppOf(c).ID, in.reference)
	if err != nil {
		return err
	}
	content, err := in.Content.content(in.Extra)
	if err != nil {
		return err
	}
	payload := editing{ref, digestOf(content)}
	w := ledger.Write{Key: c.Get(handlers.IdempotencyKey), Op: vendors.OpEdit, Vendor: ref.Account, Payload: payload}
	return idempotent(c, h.Ledger, w, func(ctx context.Context) (any, error) {
		return oneRow(ref, h.Messages.Edit(ctx, writeOf(w.Op, payload), ref, content))
	})
}

// editing is what the ledger keeps of an edit: of the content the digest.
type editing struct {
	Message messages.Ref
	Digest  string
}

// SettleEdit is the ledger's recipe for an edit in doubt.
func SettleEdit(s *messages.Service) ledger.Recipe {
	return func(ctx context.Context, _, _ string, _ time.Time, payload, _ []byte) (any, error) {
		var e editing
		if err := json.Unmarshal(payload, &e); err != nil {
			return nil, err
		}
		return settledRow(e.Message, s.SettleEdit(ctx, writeNamed(vendors.OpEdit, payload), e.Message))
	}
}

// settledRow is oneRow for a write that is settled, or is not.
func settledRow(ref messages.Ref, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return oneRow(ref, nil)
}

// stored is a message of a conversation's history.
type stored struct {
	MessageID string     `json:"message_id,omitempty"`
	From      string     `json:"from"`
	SentAt    int64      `json:"sent_at"` // Unix milliseconds
	Content   contentOut `json:"content"`
	Extra     string     `json:"extra,omitempty"`
}

// history answers a page of what the vendor stored, oldest first, and the cursor of the
// next one, null after a page that is not full.
func (h Messages) history(c *fiber.Ctx) error {
	q, err := historyQuery(c)
	if err != nil {
		return err
	}
	app := middleware.AppOf(c).ID
	if users := q.Kind == vendors.ToUsers || q.Kind == vendors.ToSystem; users && shares(h.Routes, app, vendors.CapMessages, "messages.history") {
		return errShared
	}
	page, err := h.Messages.History(c.UserContext(), requestBy(app, q.User), q)
	if err != nil {
		return err
	}
	out := make([]stored, len(page.Rows))
	for i, m := range page.Rows {
		ref := messages.Ref{Account: page.Account, Kind: q.Kind, From: m.From, Target: q.Target, ID: m.ID, SentAt: m.SentAt}
		if q.Kind == vendors.ToUsers && m.From != q.User {
			ref.Target = q.User
		}
		out[i] = stored{MessageID: h.IDs.Seal(app, ref), From: m.From, SentAt: m.SentAt.UnixMilli(), Content: contentOf(m.Content), Extra: m.Content.Extra}
	}
	var next *string
	if !page.Next.IsZero() {
		cursor := strconv.FormatInt(page.Next.UnixMilli(), 10)
		next = &cursor
	}
	return success(c, fiber.Map{"vendor": page.Account, "messages": out, "next": next})
}

// latest is the end of the year 9999 in Unix milliseconds.
const latest = 253_402_300_799_999

func historyQuery(c *fiber.Ctx) (q vendors.HistoryQuery, err error) {
	q.User, q.Kind, q.Target = c.Query("user"), vendors.TargetKind(c.Query("kind", string(vendors.ToUsers))), c.Query("target")
	for name, id := range map[string]string{"user": q.User, "target": q.Target} {
		if err := handlers.UserID(id).Check(name); err != nil {
			return q, err
		}
	}
	if err := checkKind("kind", q.Kind); err != nil {
		return q, err
	}
	after, until, limit := int64(1), time.Now().UnixMilli(), int64(defaultPage)
	for _, n := range []struct {
		name        string
		to          *int64
		least, most int64
	}{{"after", &after, 1, latest}, {"until", &until, 1, latest}, {"cursor", &after, 1, latest}, {"limit", &limit, 1, maxPage}} {
		raw := c.Query(n.name)
		if raw == "" {
			continue
		}
		var ok bool
		if *n.to, ok = handlers.ParseInt(raw); !ok || *n.to < n.least || *n.to > n.most {
			return q, handlers.Invalid("%s: a number from %d is required, times in Unix milliseconds", n.name, n.least)
		}
	}
	if until <= after {
		return q, handlers.Invalid("until: must be later than after")
	}
	q.After, q.Until, q.Limit = time.UnixMilli(after), time.UnixMilli(until), int(limit)
	return q, nil
}
