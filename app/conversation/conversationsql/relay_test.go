package conversationsql_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"switchboard/app/conversation"
	"switchboard/app/conversation/conversationsql"
	"switchboard/app/sqldb"
	"switchboard/app/sqldb/sqldbtest"
	"switchboard/vendors"
)

var relaying = conversation.Config{Relay: true}

// inboxes is a vendor's users: what each got, in order.
type inboxes struct {
	mu    sync.Mutex
	got   map[string][]string // "conversation/user" -> texts
	calls int
	most  int
	fail  func(call int, c conversation.Copy) error
}

func (v *inboxes) send(_ context.Context, c conversation.Copy) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.calls++
	v.most = max(v.most, len(c.To))
	if v.fail != nil {
		if err := v.fail(v.calls, c); err != nil {
			return err
		}
	}
	for _, u := range c.To {
		key := c.Message.Conversation + "/" + u
		v.got[key] = append(v.got[key], c.Message.Text)
	}
	return nil
}

func (v *inboxes) of(conv, user string) []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Clone(v.got[conv+"/"+user])
}

// relay runs n relays until done says so.
func relay(t *testing.T, store conversation.RelayStore, n int, v *inboxes, done func() bool) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	for range n {
		r := conversation.NewRelay(conversation.RelayConfig{Targets: func() int { return 2 }, Poll: 5 * time.Millisecond},
			conversation.RelayDeps{Store: store, Send: v.send, Log: slog.New(slog.DiscardHandler)})
		wg.Go(func() { _ = r.Run(ctx) })
	}
	for deadline := time.Now().Add(30 * time.Second); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Error("the relay never got there")
			break
		}
	}
	stop()
	wg.Wait()
}

func empty(t *testing.T, db *sqldb.DB) func() bool {
	return func() bool {
		var n int
		if err := db.QueryRow(context.Background(), "SELECT COUNT(*) FROM relay_outbox").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n == 0
	}
}

// inOrder checks that got is want, in order, each at least once: a repetition
// may only go back over what was sent already.
func inOrder(got, want []string) error {
	next := 0
	for _, g := range got {
		i := slices.Index(want, g)
		if i < 0 || i > next {
			return fmt.Errorf("%s before its turn in %v", g, got)
		}
		next = max(next, i+1)
	}
	if next != len(want) {
		return fmt.Errorf("%v is missing some of %v", got, want)
	}
	return nil
}

func TestTheRelayBringsEveryMessageToEveryMemberInOrderThroughFailures(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		store := conversationsql.New(db)
		s := conversation.New(relaying, conversation.Deps{Store: store})
		convs := []string{group(t, s, "a", "b", "c", "d", "e", "f"), group(t, s, "a", "b")}
		var want []string
		for i := range 30 {
			want = append(want, fmt.Sprint(i))
			for _, c := range convs {
				say(t, s, c, "a", fmt.Sprint(i))
			}
		}
		v := &inboxes{got: map[string][]string{}, fail: func(call int, _ conversation.Copy) error {
			if call%10 == 0 {
				return &vendors.Error{Vendor: "v", Outcome: vendors.Throttled, RetryAfter: time.Millisecond}
			}
			return nil
		}}
		relay(t, store, 2, v, empty(t, db))
		for i, c := range convs {
			for _, u := range [][]string{{"b", "c", "d", "e", "f"}, {"b"}}[i] {
				if err := inOrder(v.of(c, u), want); err != nil {
					t.Errorf("%s: %v", u, err)
				}
			}
			if got := v.of(c, "a"); len(got) > 0 {
				t.Errorf("the sender got a copy: %v", got)
			}
		}
		if v.most != 2 {
			t.Errorf("%d targets in a call", v.most)
		}
	})
}

func TestWhatAVendorRefusesForGoodHoldsNothingUp(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		store := conversationsql.New(db)
		s := conversation.New(relaying, conversation.Deps{Store: store})
		conv := group(t, s, "a", "b", "c", "d")
		for _, text := range []string{"1", "bad", "3"} {
			say(t, s, conv, "a", text)
		}
		v := &inboxes{got: map[string][]string{}, fail: func(_ int, c conversation.Copy) error {
			if c.Message.Text == "bad" && slices.Contains(c.To, "b") {
				return vendors.Refuse("v", "message.send.user", vendors.ErrTooLarge, "too long")
			}
			return nil
		}}
		relay(t, store, 1, v, empty(t, db))
		if got := v.of(conv, "b"); !slices.Equal(got, []string{"1", "3"}) {
			t.Errorf("b got %v", got)
		}
		if got := v.of(conv, "d"); !slices.Equal(got, []string{"1", "bad", "3"}) {
			t.Errorf("d got %v", got)
		}
	})
}

func TestAnOutageStopsAConversationAndNotTheOthers(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		store := conversationsql.New(db)
		s := conversation.New(relaying, conversation.Deps{Store: store})
		stuck, fine := group(t, s, "a", "b"), group(t, s, "a", "b")
		for _, text := range []string{"1", "2"} {
			say(t, s, stuck, "a", text)
			say(t, s, fine, "a", text)
		}
		v := &inboxes{got: map[string][]string{}, fail: func(_ int, c conversation.Copy) error {
			if c.Message.Conversation == stuck {
				return errors.New("no connection")
			}
			return nil
		}}
		relay(t, store, 1, v, func() bool { return len(v.of(fine, "b")) == 2 })
		if got := v.of(stuck, "b"); len(got) > 0 {
			t.Errorf("stuck got %v", got)
		}
		v.fail = nil
		relay(t, store, 1, v, empty(t, db))
		if got := v.of(stuck, "b"); !slices.Equal(got, []string{"1", "2"}) {
			t.Errorf("afterwards %v", got)
		}
	})
}

func TestALeasedConversationIsNobodyElsesUntilTheLeaseEnds(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		ctx := context.Background()
		store := conversationsql.New(db)
		s := conversation.New(relaying, conversation.Deps{Store: store})
		conv := group(t, s, "a", "b")
		for i := range 3 {
			say(t, s, conv, "a", fmt.Sprint(i))
		}
		claim := func(each int, lease time.Duration) (seqs []int64) {
			t.Helper()
			claimed, err := store.ClaimRelay(ctx, 10, each, lease)
			if err != nil {
				t.Fatal(err)
			}
			for _, messages := range claimed {
				for _, m := range messages {
					seqs = append(seqs, m.Message.Seq)
				}
			}
			return seqs
		}
		if got := claim(2, 2*time.Second); !slices.Equal(got, []int64{1, 2}) {
			t.Fatalf("claimed %v", got)
		}
		if got := claim(2, time.Minute); got != nil {
			t.Fatalf("claimed %v of another's conversation", got)
		}
		got := claim(2, time.Minute)
		for deadline := time.Now().Add(60 * time.Second); got == nil && time.Now().Before(deadline); {
			got = claim(2, time.Minute) // the holder died: until its lease ends
		}
		if !slices.Equal(got, []int64{1, 2}) {
			t.Fatalf("after the lease: %v", got)
		}
		for seq := range int64(2) {
			if err := store.RelayDone(ctx, conversation.Message{Conversation: conv, Seq: seq + 1}); err != nil {
				t.Fatal(err)
			}
		}
		if got := claim(2, time.Minute); !slices.Equal(got, []int64{3}) {
			t.Fatalf("behind the done: %v", got)
		}
	})
}

func TestNothingIsRelayedUnlessAskedFor(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		store := conversationsql.New(db)
		ctx := context.Background()
		s := conversation.New(conversation.Config{}, conversation.Deps{Store: store})
		say(t, s, group(t, s, "a", "b"), "a", "x")
		both := conversation.New(relaying, conversation.Deps{Store: store})
		conv := group(t, both, "a", "b")
		if _, err := both.Send(ctx, as("a"), conversation.Post{Conversation: conv, Type: -1, Text: "x", Transient: true}); err != nil {
			t.Fatal(err)
		}
		if _, err := both.Import(ctx, app, conversation.Post{Conversation: conv, From: "a", Text: "x"}, "e1", "", time.Now()); err != nil {
			t.Fatal(err)
		}
		if !empty(t, db)() {
			t.Error("the outbox is not empty")
		}
	})
}

func TestAVendorsReportIsStoredOnceWithItsOwnTime(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		ctx := context.Background()
		stored, store := 0, conversationsql.New(db)
		store.Sent = func(items []*conversation.Outgoing) {
			if items[0].Stored() {
				stored++
			}
		}
		s := conversation.New(relaying, conversation.Deps{Store: store})
		conv := group(t, s, "a", "b")
		ours := say(t, s, conv, "a", "ours")
		at := time.Date(2020, 8, 21, 7, 16, 37, 123456000, time.UTC)
		post := conversation.Post{Conversation: conv, From: "b", Text: "theirs"}
		first, err := s.Import(ctx, app, post, "event-1", "", at)
		if err != nil || first.Seq != 2 || !first.At.Equal(at) || first.ID <= ours.ID {
			t.Fatalf("%+v, %v", first, err)
		}
		if again, err := s.Import(ctx, app, post, "event-1", "", at); err != nil || again.ID != first.ID || again.Seq != 2 || !again.At.Equal(at) {
			t.Errorf("reported again: %+v, %v", again, err)
		}
		// The vendor reports the copy that we sent out ourselves.
		if echo, err := s.Import(ctx, app, conversation.Post{Conversation: conv, From: "a", Text: "ours"}, "event-2", ours.ID, at); err != nil || echo.ID != ours.ID || !echo.At.Equal(ours.At) {
			t.Errorf("echo: %+v, %v", echo, err)
		}
		if _, err := s.Import(ctx, app, conversation.Post{Conversation: conv, From: "x", Text: "?"}, "event-3", "", at); !errors.Is(err, conversation.ErrNotMember) {
			t.Errorf("a stranger: %v", err)
		}
		if _, err := s.Import(ctx, app, conversation.Post{Conversation: "nowhere", From: "a", Text: "ours"}, "event-4", "22222-2222-2222-222", at); !errors.Is(err, conversation.ErrUnknownConversation) {
			t.Errorf("a copy of nothing we know: %v", err)
		}
		if h, err := s.History(ctx, as("a"), conv, conversation.Window{}); err != nil || texts(h.Messages) != "ours theirs" || !h.Messages[1].At.Equal(at) {
			t.Errorf("%q, %v", texts(h.Messages), err)
		}
		if stored != 2 {
			t.Errorf("told of %d", stored)
		}
	})
}
