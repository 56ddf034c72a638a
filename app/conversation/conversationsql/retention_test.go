package conversationsql_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"switchboard/app/conversation"
	"switchboard/app/conversation/conversationsql"
	"switchboard/app/sqldb"
	"switchboard/app/sqldb/sqldbtest"
)

func TestAMessagesIDTellsItsTime(t *testing.T) {
	at := time.Date(2026, 11, 29, 1, 2, 3, 456e6, time.UTC)
	id := conversation.MessageID(conversation.TickAt(at)+7, 3, "c")
	if got := conversation.TimeOfID(id); !got.Equal(at) {
		t.Errorf("%v, want %v", got, at)
	}
	if e := conversation.EarliestID(at); e >= id || e <= conversation.MessageID(conversation.TickAt(at)-1, 15, "zzz") || !conversation.ValidMessageID(e) {
		t.Errorf("%s is not between the milliseconds around %s", e, id)
	}
	if !conversation.TimeOfID("no id").IsZero() {
		t.Error("what is no id has a time")
	}
}

// Who was away for longer than messages are kept is told so on every path by which a
// client goes on; who was not goes on as before.
func TestWhatWasSweptIsToldOfAndNotMissed(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		ctx, store := t.Context(), conversationsql.New(db)
		s := conversation.New(conversation.Config{}, conversation.Deps{Store: store})
		conv := group(t, s, "Tom", "Jerry")
		var ids []string
		for i := range 10 {
			ids = append(ids, say(t, s, conv, "Tom", fmt.Sprint(i)).ID)
			time.Sleep(2 * time.Millisecond) // a millisecond of its own
		}
		n, err := store.Sweep(ctx, app, conversation.TimeOfID(ids[6]), 100)
		if err != nil || n != 6 {
			t.Fatalf("swept %d, %v", n, err)
		}
		for i, id := range ids {
			missed, recovered, err := s.Since(ctx, app, "Jerry", id)
			if err != nil || recovered != (i >= 5) || recovered && len(missed) != 9-i {
				t.Errorf("since %d: %d messages, recovered %t, %v", i, len(missed), recovered, err)
			}
		}
		// Pages and cursors end where the messages do.
		p, err := s.MessagePage(ctx, as("Jerry"), conv, 1, 3)
		if err != nil || p.Total != 4 || len(p.Items) != 3 || p.Last() != 2 {
			t.Errorf("page 1: %d of %d, %v", len(p.Items), p.Total, err)
		}
		if p, err = s.MessagePage(ctx, as("Jerry"), conv, 2, 3); err != nil || len(p.Items) != 1 || p.Items[0].ID != ids[6] {
			t.Errorf("page 2: %+v, %v", p.Items, err)
		}
		h, err := s.History(ctx, as("Jerry"), conv, conversation.Window{To: ids[2], Newest: true, Limit: 5})
		if err != nil || len(h.Messages) > 0 || h.More {
			t.Errorf("up to what is gone: %+v, %v", h, err)
		}
		h, err = s.History(ctx, as("Jerry"), conv, conversation.Window{From: ids[2], Limit: 5})
		if err != nil || len(h.Messages) != 4 || h.More {
			t.Errorf("from what is gone on: %d, %v", len(h.Messages), err)
		}
		if list, err := s.Inbox(ctx, as("Jerry"), "Jerry", conversation.Place{}, 10); err != nil || len(list.Items) != 1 || list.Items[0].Unread != 4 || list.Items[0].LastMessage == nil {
			t.Errorf("list: %+v, %v", list, err)
		}

		// Of an app that has nothing left, whoever begins now begins behind it.
		if n, err = store.Sweep(ctx, app, time.Now().Add(time.Hour), 100); err != nil || n == 0 {
			t.Fatalf("swept %d, %v", n, err)
		}
		last, err := s.LastID(ctx, app)
		if err != nil || last != ids[9] {
			t.Errorf("the log ends at %q, %v", last, err)
		}
		if missed, recovered, err := s.Since(ctx, app, "Jerry", last); err != nil || !recovered || len(missed) > 0 {
			t.Errorf("since the end: %d, %t, %v", len(missed), recovered, err)
		}
		if p, err := s.MessagePage(ctx, as("Jerry"), conv, 1, 3); err != nil || p.Total != 0 || len(p.Items) > 0 {
			t.Errorf("an empty page: %+v, %v", p, err)
		}
		list, err := s.Inbox(ctx, as("Jerry"), "Jerry", conversation.Place{}, 10)
		if err != nil || len(list.Items) != 1 || list.Items[0].Unread != 0 || list.Items[0].LastMessage != nil {
			t.Errorf("list: %+v, %v", list, err)
		}
		if m := say(t, s, conv, "Tom", "again"); m.Seq != 11 {
			t.Errorf("the next message has seq %d", m.Seq)
		}
		if oldest, err := store.Oldest(ctx, app); err != nil || time.Since(oldest) > time.Minute {
			t.Errorf("oldest: %v, %v", oldest, err)
		}
	})
}

// A message that is swept while it waits for a vendor does not hold up those behind it.
func TestASweptMessageLeavesTheOutbox(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		ctx, store := t.Context(), conversationsql.New(db)
		s := conversation.New(conversation.Config{Relay: true}, conversation.Deps{Store: store})
		conv := group(t, s, "Tom", "Jerry")
		say(t, s, conv, "Tom", "old")
		time.Sleep(2 * time.Millisecond)
		kept := say(t, s, conv, "Tom", "new")
		if n, err := store.Sweep(ctx, app, conversation.TimeOfID(kept.ID), 100); err != nil || n == 0 {
			t.Fatal(n, err)
		}
		claimed, err := store.ClaimRelay(ctx, 10, 10, time.Minute)
		if err != nil || len(claimed) != 1 || len(claimed[0]) != 1 || claimed[0][0].Message.ID != kept.ID {
			t.Errorf("claimed %+v, %v", claimed, err)
		}
	})
}

// Sweeping reads and locks what it takes away, and nothing else.
func TestSQLiteSweepsTheLogByItsIndex(t *testing.T) {
	db := sqldbtest.Open(t, sqldbtest.SQLite(t))
	for _, query := range conversationsql.SweepQueries {
		rows, err := db.Query(context.Background(), "EXPLAIN QUERY PLAN "+query, slices.Repeat([]any{"a"}, strings.Count(query, "?"))...)
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for rows.Next() {
			var id, parent, unused int
			var detail string
			if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
				t.Fatal(err)
			}
			found = found || strings.Contains(detail, "messages_log")
			if strings.HasPrefix(detail, "SCAN") {
				t.Errorf("%s: %s", query, detail)
			}
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil || !found {
			t.Errorf("%s does not use the log's index, %v", query, err)
		}
	}
}
