package messages

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"switchboard/app/owners"
	"switchboard/vendors"
)

// Broadcast publishes b to everybody at the first vendor of the route that can, and
// tells which that was.
func (s *Service) Broadcast(ctx context.Context, by vendors.Request, b vendors.Broadcast) (id, account string, err error) {
	by.Capability, by.Effect = vendors.CapMessages, vendors.Write
	id, err = vendors.ViaAble(ctx, s.routes, by, "messages.broadcast", func(v *vendors.Vendor) vendors.Broadcasts { return v.Broadcasts },
		func(ctx context.Context, v *vendors.Vendor, able vendors.Broadcasts) (string, error) {
			account = v.Name
			return able.Broadcast(ctx, b)
		})
	return id, account, err
}

// Recall takes a message back at the account that has it. An edit in doubt is not made
// again from then on.
func (s *Service) Recall(ctx context.Context, r Ref) error {
	return s.wishes.MakeOne(ctx, r.wish(ctx, "recall", []byte("{}")), func() error { return s.recall(ctx, r) })
}

func (s *Service) recall(ctx context.Context, r Ref) error {
	r = s.named(ctx, r)
	_, err := vendors.ViaAble(ctx, s.routes, at(r, vendors.Write), "messages.recall", func(v *vendors.Vendor) vendors.Recaller { return v.Recaller },
		func(ctx context.Context, _ *vendors.Vendor, able vendors.Recaller) (struct{}, error) {
			return struct{}{}, able.Recall(ctx, vendors.Recall{Kind: r.Kind, From: r.From, Target: r.Target, Message: vendors.MessageRef{ID: r.ID, Seq: r.Seq, At: r.SentAt}})
		})
	return err
}

// SettleRecall makes a recall in doubt again: a message that was taken back stays so.
// A refusal says nothing of the first try: the vendor may not know the message any more.
func (s *Service) SettleRecall(ctx context.Context, r Ref) error {
	if err := s.recall(ctx, r); err != nil {
		return fmt.Errorf("%w: %v", errUnsettled, err)
	}
	return nil
}

// Edit changes what a message says at the account that has it. write names it for
// SettleEdit.
func (s *Service) Edit(ctx context.Context, write string, r Ref, to vendors.Content) error {
	want, err := json.Marshal(to)
	if err != nil {
		return fmt.Errorf("messages: %w", err)
	}
	return s.wishes.MakeOne(ctx, r.wish(ctx, write, want), func() error { return s.edit(ctx, r, to) })
}

// SettleEdit makes an edit in doubt again, unless a later one of the message, or its
// recall, began. A refusal says nothing of the first try.
func (s *Service) SettleEdit(ctx context.Context, write string, r Ref) error {
	claimed, err := s.wishes.Again(ctx, r.wish(ctx, write, nil), func(want json.RawMessage) error {
		var to vendors.Content
		if err := json.Unmarshal(want, &to); err != nil {
			return err
		}
		return s.edit(ctx, r, to)
	})
	if err != nil {
		return fmt.Errorf("%w: %v", errUnsettled, err)
	}
	s.wishes.End(ctx, []owners.Wish{claimed}, nil)
	return nil
}

// wish is that of a write about what the message says.
func (r Ref) wish(ctx context.Context, write string, want []byte) owners.Wish {
	sum := sha256.Sum256([]byte(string(r.Kind) + "\x00" + r.Target + "\x00" + r.ID))
	return owners.Wish{
		Key: owners.Key{App: vendors.AppOf(ctx), Kind: owners.Message, ID: r.From}, Thing: "text/" + hex.EncodeToString(sum[:]),
		Account: r.Account, Write: write, Want: want,
	}
}

func (s *Service) edit(ctx context.Context, r Ref, to vendors.Content) error {
	r = s.named(ctx, r)
	_, err := vendors.ViaAble(ctx, s.routes, at(r, vendors.Write), "messages.edit", func(v *vendors.Vendor) vendors.Editor { return v.Editor },
		func(ctx context.Context, _ *vendors.Vendor, able vendors.Editor) (struct{}, error) {
			return struct{}{}, able.Edit(ctx, vendors.Edit{Kind: r.Kind, From: r.From, Target: r.Target, MessageID: r.ID, Content: to})
		})
	return err
}

func at(r Ref, effect vendors.Effect) vendors.Request {
	return vendors.Request{Capability: vendors.CapMessages, Effect: effect, Account: r.Account}
}

// Page is a part of a conversation's history, oldest first.
type Page struct {
	Account string
	Rows    []vendors.Stored
	Next    time.Time // the next page's After; zero: there is none now
}

// read is how many rows a vendor is asked for at once, whatever the page.
const read = 100

// History reads what a vendor stored of a conversation. A vendor goes on after a moment,
// so that of messages of one millisecond a page has all or none: it may be longer or
// shorter than q.Limit.
func (s *Service) History(ctx context.Context, by vendors.Request, q vendors.HistoryQuery) (Page, error) {
	by.Capability, by.Effect = vendors.CapMessages, vendors.Read
	if s.owned(q.Kind) {
		account, name, err := s.locate(ctx, q.Kind, q.Target)
		if err != nil {
			return Page{}, err
		}
		by.Account, q.Target = account, name
	}
	limit := q.Limit
	q.Limit = max(limit, read)
	page, err := vendors.ViaAble(ctx, s.routes, by, "messages.history", func(v *vendors.Vendor) vendors.History { return v.History },
		func(ctx context.Context, v *vendors.Vendor, able vendors.History) (Page, error) {
			rows, err := able.Messages(ctx, q)
			return Page{Account: v.Name, Rows: rows}, err
		})
	if n := len(page.Rows); n >= q.Limit || n > limit {
		page.Rows = page.Rows[:wholeMoments(page.Rows, limit)]
		page.Next = page.Rows[len(page.Rows)-1].SentAt
	}
	return page, err
}

// wholeMoments is where to cut rows, of which there are more than limit or just so
// many, so that none of the moment before the cut is behind it.
func wholeMoments(rows []vendors.Stored, limit int) int {
	if limit >= len(rows) {
		limit = len(rows) - 1 // what follows is not known: the last moment may go on
	}
	same := func(i int) bool { return rows[i-1].SentAt.UnixMilli() == rows[i].SentAt.UnixMilli() }
	cut := limit
	for cut > 0 && same(cut) {
		cut--
	}
	if cut > 0 {
		return cut
	}
	for cut = max(limit, 1); cut < len(rows) && same(cut); cut++ {
	}
	return cut
}
