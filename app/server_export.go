package main

import (
	"context"
	"errors"

	"switchboard/app/conversation"
	"switchboard/app/conversation/conversationsql"
	"switchboard/app/erasure"
	"switchboard/app/ledger"
)

const exportPage = 200 // entries in memory at once

// exports are the sections of what is kept of a user, in order.
func (s *server) exports() []erasure.Section {
	talks := conversationsql.New(s.db)
	return []erasure.Section{
		{Name: "profile", Write: s.exportProfile},
		{Name: "conversations", Write: func(ctx context.Context, app, user string, emit func(any) error) error {
			return eachConversation(ctx, talks, app, user, func(p conversationsql.TookPart) error { return emit(viewTookPart(p)) })
		}},
		{Name: "messages", Write: func(ctx context.Context, app, user string, emit func(any) error) error {
			return eachConversation(ctx, talks, app, user, func(p conversationsql.TookPart) error {
				return eachSaid(ctx, talks, p.ID, user, emit)
			})
		}},
		{Name: "files", Write: s.exportFiles},
		{Name: "pairing", Write: s.exportPairing},
		{Name: "pairing_asks", Write: s.exportAsks},
		{Name: "pairing_person", Write: s.exportPerson},
		{Name: "blocks", Write: s.exportBlocks},
		{Name: "holds", Write: s.exportHolds},
		{Name: "owned", Write: s.exportOwned},
		{Name: "rooms", Write: s.exportRooms},
		{Name: "vendor_profiles", Write: s.exportShown},
		{Name: "wishes", Write: s.exportWishes},
		{Name: "presence", Write: s.exportWatched},
		{Name: "events", Write: s.exportEvents},
		{Name: "ledger", Write: s.exportLedger},
		{Name: "audit", Write: s.exportAudit},
	}
}

func (s *server) exportProfile(ctx context.Context, app, user string, emit func(any) error) error {
	u, err := s.conversations.User(ctx, conversation.Caller{App: app}, user)
	if errors.Is(err, conversation.ErrUnknownUser) {
		return nil
	}
	if err != nil {
		return err
	}
	return emit(map[string]any{"id": u.ID, "ext": u.Ext, "banned": u.Banned, "created": u.Created})
}

func eachConversation(ctx context.Context, talks *conversationsql.Store, app, user string, do func(conversationsql.TookPart) error) error {
	for behind := ""; ; {
		page, err := talks.TookPartIn(ctx, app, user, behind, exportPage)
		if err != nil {
			return err
		}
		for _, p := range page {
			if err := do(p); err != nil {
				return err
			}
			behind = p.ID
		}
		if len(page) < exportPage {
			return nil
		}
	}
}

func viewTookPart(p conversationsql.TookPart) map[string]any {
	out := map[string]any{"id": p.ID, "type": p.Type, "joined": p.Joined}
	if !p.Left.IsZero() {
		out["left"] = p.Left
	}
	return out
}

// eachSaid tells of the user's own messages: those of others are others' data.
func eachSaid(ctx context.Context, talks *conversationsql.Store, conv, user string, emit func(any) error) error {
	for from := int64(1); from > 0; {
		said, next, err := talks.Said(ctx, conv, user, from, exportPage)
		if err != nil {
			return err
		}
		for _, m := range said {
			if err := emit(map[string]any{"id": m.ID, "conversation": m.Conversation, "at": m.At, "type": m.Type, "text": m.Text, "attr": m.Attr, "url": m.URL, "mentions": m.Mentions}); err != nil {
				return err
			}
		}
		from = next
	}
	return nil
}

func (s *server) exportFiles(ctx context.Context, app, user string, emit func(any) error) error {
	for behind := ""; ; {
		page, err := s.fileIndex.Of(ctx, app, user, behind, exportPage)
		if err != nil {
			return err
		}
		for _, f := range page {
			if err := emit(map[string]any{"name": f.Name, "path": "/storage/uploads/" + f.Name, "bytes": f.Bytes, "at": f.At}); err != nil {
				return err
			}
			behind = f.Name
		}
		if len(page) < exportPage {
			return nil
		}
	}
}

func (s *server) exportBlocks(ctx context.Context, app, user string, emit func(any) error) error {
	held, err := s.people.Blocks(ctx, app, user)
	if err != nil {
		return err
	}
	for _, f := range held {
		if err := emit(map[string]any{"vendor": f.Account, "until": f.Until}); err != nil {
			return err
		}
	}
	for behind := ""; ; {
		page, err := s.people.Blacklisted(ctx, app, user, behind, exportPage)
		if err != nil {
			return err
		}
		for _, other := range page {
			if err := emit(map[string]any{"does_not_hear": other}); err != nil {
				return err
			}
			behind = other
		}
		if len(page) < exportPage {
			return nil
		}
	}
}

// exportLedger tells which writes at vendors name the user: coins among them.
func (s *server) exportLedger(ctx context.Context, app, user string, emit func(any) error) error {
	return s.ledgerStore.About(ctx, app, user, func(e ledger.Entry) error {
		return emit(map[string]any{"op": e.Op, "key": e.Key, "request": e.RequestID, "vendor": e.Vendor, "state": e.State, "created": e.Created})
	})
}
