package conversationsql_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"switchboard/app/conversation"
	"switchboard/app/conversation/conversationsql"
	"switchboard/app/sqldb"
	"switchboard/app/sqldb/sqldbtest"
)

const app = "666666"

var server = conversation.Caller{App: app, Rules: conversation.Typed}

func as(user string) conversation.Caller {
	return conversation.Caller{App: app, User: user, Rules: conversation.Typed}
}

func eachService(t *testing.T, test func(t *testing.T, s *conversation.Service)) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		test(t, conversation.New(conversation.Config{GroupMembers: 50}, conversation.Deps{Store: conversationsql.New(db)}))
	})
}

func group(t testing.TB, s *conversation.Service, members ...string) string {
	t.Helper()
	c, fresh, err := s.Create(context.Background(), server, conversation.Draft{Type: conversation.Group, Creator: members[0], Members: members})
	if err != nil || !fresh {
		t.Fatal(fresh, err)
	}
	return c.ID
}

func say(t testing.TB, s *conversation.Service, conv, from, text string) conversation.Message {
	t.Helper()
	m, err := s.Send(context.Background(), as(from), conversation.Post{Conversation: conv, Type: conversation.TextMessage, Text: text})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func texts(messages []conversation.Message) string {
	var out []string
	for _, m := range messages {
		out = append(out, m.Text)
	}
	return strings.Join(out, " ")
}

func TestMessagesComeBackAsTheyWereSent(t *testing.T) {
	eachService(t, func(t *testing.T, s *conversation.Service) {
		ctx := context.Background()
		conv := group(t, s, "Tom", "Jerry")
		sent, err := s.Send(ctx, as("Tom"), conversation.Post{
			Conversation: conv, Type: conversation.ImageMessage, Status: 7, Text: "Grüße 🎉 'quoted' ?", Attr: json.RawMessage(`{"a": [1, null]}`),
			URL: "http://x/y.png", NoSync: true, MentionAll: true, Mentions: []string{"Jerry", "Jerry"},
		})
		if err != nil {
			t.Fatal(err)
		}
		h, err := s.History(ctx, as("Jerry"), conv, conversation.Window{})
		if err != nil || len(h.Messages) != 1 {
			t.Fatal(h, err)
		}
		if got, want := fmt.Sprintf("%+v", h.Messages[0]), fmt.Sprintf("%+v", sent); got != want {
			t.Errorf("read %s\nsent %s", got, want)
		}
		if sent.Seq != 1 || !conversation.ValidMessageID(sent.ID) || time.Since(sent.At).Abs() > time.Minute {
			t.Errorf("%+v", sent)
		}
		d, err := s.Detail(ctx, as("Jerry"), conv)
		if err != nil || d.Last != (conversation.Last{Seq: 1, ID: sent.ID, From: "Tom", At: sent.At}) || d.Members != 2 || d.Creator != "Tom" {
			t.Errorf("%+v, %v", d, err)
		}
	})
}

func TestAClientKeySendsOnce(t *testing.T) {
	eachService(t, func(t *testing.T, s *conversation.Service) {
		ctx := context.Background()
		conv := group(t, s, "Tom", "Jerry")
		post := conversation.Post{Conversation: conv, Type: conversation.TextMessage, Text: "once", ClientKey: "k1"}
		var wg sync.WaitGroup
		got := make([]conversation.Message, 20)
		for i := range got {
			wg.Go(func() {
				var err error
				if got[i], err = s.Send(ctx, as("Tom"), post); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		for _, m := range got {
			if m.ID != got[0].ID || m.Seq != 1 || !m.At.Equal(got[0].At) {
				t.Errorf("another answer: %+v", m)
			}
		}
		other := post
		other.Text = "twice"
		if _, err := s.Send(ctx, as("Tom"), other); !errors.Is(err, conversation.ErrKeyReused) {
			t.Errorf("same key, other text: %v", err)
		}
		if m, err := s.Send(ctx, as("Jerry"), other); err != nil || m.Seq != 2 {
			t.Errorf("same key, other sender: %+v, %v", m, err)
		}
		if err := s.Sweep(ctx); err != nil {
			t.Error(err)
		}
		if m, err := s.Send(ctx, as("Tom"), post); err != nil || m.Seq != 1 {
			t.Errorf("a key was forgotten too early: %+v, %v", m, err)
		}
	})
}

func TestClientKeysAreForgottenWhenTheyAreOld(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		store := conversationsql.New(db)
		s := conversation.New(conversation.Config{}, conversation.Deps{Store: store})
		conv := group(t, s, "Tom")
		for i := range 5 {
			if _, err := s.Send(context.Background(), as("Tom"), conversation.Post{Conversation: conv, Type: -1, Text: "x", ClientKey: fmt.Sprint(i)}); err != nil {
				t.Fatal(err)
			}
		}
		for i := range 4 {
			if _, _, err := s.Create(context.Background(), server, conversation.Draft{Type: conversation.Group, Creator: "Tom", Key: fmt.Sprint(i)}); err != nil {
				t.Fatal(err)
			}
		}
		for _, want := range []int{3, 2, 0} { // of five keys and four
			if n, err := store.ForgetKeys(context.Background(), time.Now().Add(time.Hour), 3); err != nil || n != want {
				t.Errorf("forgot %d, %v; want %d", n, err, want)
			}
		}
	})
}

func TestSeqsAreGaplessAndIDsRiseUnderLoad(t *testing.T) {
	eachService(t, func(t *testing.T, s *conversation.Service) {
		ctx := context.Background()
		const senders, each = 16, 15
		convs := []string{group(t, s, "a", "b"), group(t, s, "a", "b"), group(t, s, "a", "b")}
		var wg sync.WaitGroup
		for i := range senders {
			wg.Go(func() {
				for j := range each {
					say(t, s, convs[(i+j)%3], []string{"a", "b"}[i%2], fmt.Sprint(i, j))
				}
			})
		}
		wg.Wait()
		seen := make(map[string]bool)
		for _, conv := range convs {
			h, err := s.History(ctx, server, conv, conversation.Window{})
			if err != nil || len(h.Messages) != senders*each/3 {
				t.Fatalf("%d messages, %v", len(h.Messages), err)
			}
			for i, m := range h.Messages {
				if m.Seq != int64(i+1) || (i > 0 && m.ID <= h.Messages[i-1].ID) || seen[m.ID] {
					t.Fatalf("message %d: %+v after %+v", i, m, h.Messages[max(i-1, 0)])
				}
				seen[m.ID] = true
			}
		}
		tail, err := s.After(ctx, app, "", 1000)
		if err != nil || len(tail) != senders*each {
			t.Fatalf("tail: %d, %v", len(tail), err)
		}
	})
}

// A reader that follows the tail must never be overtaken by a later commit
// with a smaller id, whichever of two replicas makes it.
func TestTheTailIsInTheOrderOfCommitsOverReplicas(t *testing.T) {
	for name, config := range map[string]func(testing.TB) sqldb.Config{
		"sqlite": sqldbtest.SQLite, "postgres": sqldbtest.Postgres, "mysql": sqldbtest.MySQL,
	} {
		t.Run(name, func(t *testing.T) {
			cfg := config(t)
			var replicas []*conversation.Service
			for range 2 {
				replicas = append(replicas, conversation.New(conversation.Config{}, conversation.Deps{Store: conversationsql.New(sqldbtest.Open(t, cfg))}))
			}
			conv := group(t, replicas[0], "a")
			const writers, each = 8, 25
			var wg sync.WaitGroup
			for i := range writers {
				wg.Go(func() {
					for j := range each {
						say(t, replicas[i%2], conv, "a", fmt.Sprint(i, j))
					}
				})
			}
			seen, last := 0, ""
			for deadline := time.Now().Add(30 * time.Second); seen < writers*each && time.Now().Before(deadline); {
				tail, err := replicas[1].After(context.Background(), app, last, 7)
				if err != nil {
					t.Fatal(err)
				}
				for _, m := range tail {
					if seen++; m.Seq != int64(seen) {
						t.Fatalf("read seq %d as number %d", m.Seq, seen)
					}
					last = m.ID
				}
			}
			wg.Wait()
			if seen != writers*each {
				t.Errorf("saw %d of %d", seen, writers*each)
			}
		})
	}
}

func TestWindowsOfHistory(t *testing.T) {
	eachService(t, func(t *testing.T, s *conversation.Service) {
		conv := group(t, s, "a", "b")
		other := group(t, s, "a")
		var ids []string
		for i := range 9 {
			ids = append(ids, say(t, s, conv, "a", fmt.Sprint(i+1)).ID)
			if i == 4 { // an id between 5 and 6 that is not of this conversation
				ids = append(ids, say(t, s, other, "a", "elsewhere").ID)
			}
		}
		between := ids[5]
		ids = slices.Delete(ids, 5, 6)
		const first, last = "22222-2222-2222-222", "ZZZZZ-ZZZZ-ZZZZ-ZZZ"
		for _, w := range []struct {
			window conversation.Window
			want   string
			more   bool
		}{
			{conversation.Window{}, "1 2 3 4 5 6 7 8 9", false},
			{conversation.Window{From: ids[2], To: ids[5]}, "3 4 5 6", false},
			{conversation.Window{From: ids[2], To: ids[5], AfterFrom: true, BeforeTo: true}, "4 5", false},
			{conversation.Window{From: ids[5], To: ids[2]}, "", false},
			{conversation.Window{From: ids[2], To: ids[5], Descending: true}, "6 5 4 3", false},
			{conversation.Window{From: ids[2], To: ids[7], Limit: 2}, "3 4", true},
			{conversation.Window{To: ids[5], Newest: true, Limit: 3}, "4 5 6", true},
			{conversation.Window{To: ids[5], Newest: true, Limit: 3, BeforeTo: true, Descending: true}, "5 4 3", true},
			{conversation.Window{From: ids[7], Limit: 30}, "8 9", false},
			{conversation.Window{Newest: true, Limit: 2}, "8 9", true},
			{conversation.Window{From: between}, "6 7 8 9", false},
			{conversation.Window{To: between}, "1 2 3 4 5", false},
			{conversation.Window{To: first}, "", false},
			{conversation.Window{From: last}, "", false},
			{conversation.Window{From: first, To: last}, "1 2 3 4 5 6 7 8 9", false},
		} {
			h, err := s.History(context.Background(), as("b"), conv, w.window)
			if err != nil || texts(h.Messages) != w.want || h.More != w.more {
				t.Errorf("%+v: %q, more %t, %v; want %q, %t", w.window, texts(h.Messages), h.More, err, w.want, w.more)
			}
		}
		if _, err := s.History(context.Background(), as("b"), conv, conversation.Window{From: "garbage"}); !errors.Is(err, conversation.ErrBadFormat) {
			t.Errorf("garbage id: %v", err)
		}
		p, err := s.MessagePage(context.Background(), as("b"), conv, 2, 4)
		if err != nil || texts(p.Items) != "5 4 3 2" || p.Total != 9 || p.Last() != 3 {
			t.Errorf("page 2: %q of %d, %v", texts(p.Items), p.Total, err)
		}
		if p, err = s.MessagePage(context.Background(), as("b"), conv, 4, 4); err != nil || len(p.Items) != 0 || p.Total != 9 {
			t.Errorf("page 4: %+v, %v", p, err)
		}
	})
}

func TestANewMemberSeesWhatComesAfterThemAndALeftOneNothing(t *testing.T) {
	eachService(t, func(t *testing.T, s *conversation.Service) {
		ctx := context.Background()
		conv := group(t, s, "a")
		before := say(t, s, conv, "a", "before")
		if err := s.AddMembers(ctx, server, conv, []string{"b"}); err != nil {
			t.Fatal(err)
		}
		say(t, s, conv, "a", "after")
		h, err := s.History(ctx, as("b"), conv, conversation.Window{From: before.ID})
		if err != nil || texts(h.Messages) != "after" {
			t.Errorf("%q, %v", texts(h.Messages), err)
		}
		missed, recovered, err := s.Since(ctx, app, "b", "22222-2222-2222-222")
		if err != nil || !recovered || texts(missed) != "after" {
			t.Errorf("since: %q, %t, %v", texts(missed), recovered, err)
		}
		if p, err := s.MessagePage(ctx, as("b"), conv, 1, 10); err != nil || p.Total != 1 || texts(p.Items) != "after" {
			t.Errorf("page: %+v, %v", p, err)
		}
		doomed := group(t, s, "b")
		say(t, s, doomed, "b", "doomed")
		if err := s.Delete(ctx, server, doomed); err != nil {
			t.Fatal(err)
		}
		if missed, _, _ := s.Since(ctx, app, "b", before.ID); texts(missed) != "after" {
			t.Errorf("since, after a conversation was deleted: %q", texts(missed))
		}
		if failed, err := s.RemoveMembers(ctx, as("b"), conv, []string{"b"}); err != nil || len(failed) != 0 {
			t.Fatal(failed, err)
		}
		if _, err := s.History(ctx, as("b"), conv, conversation.Window{}); !errors.Is(err, conversation.ErrNotMember) {
			t.Errorf("history after leaving: %v", err)
		}
		if _, err := s.Send(ctx, as("b"), conversation.Post{Conversation: conv, Type: -1, Text: "x"}); !errors.Is(err, conversation.ErrNotMember) {
			t.Errorf("send after leaving: %v", err)
		}
		if missed, _, _ := s.Since(ctx, app, "b", "22222-2222-2222-222"); len(missed) != 0 {
			t.Errorf("since after leaving: %q", texts(missed))
		}
	})
}

func TestAResumeThatMissedTooMuchSaysSo(t *testing.T) {
	eachService(t, func(t *testing.T, s *conversation.Service) {
		ctx := context.Background()
		a, b := group(t, s, "a"), group(t, s, "a")
		start := say(t, s, a, "a", "start")
		var wg sync.WaitGroup
		send := func(n int) {
			for i := range n {
				wg.Go(func() { say(t, s, []string{a, b}[i%2], "a", "x") })
			}
			wg.Wait()
		}
		send(1000)
		missed, recovered, err := s.Since(ctx, app, "a", start.ID)
		if err != nil || !recovered || len(missed) != 1000 {
			t.Fatalf("%d, %t, %v", len(missed), recovered, err)
		}
		if !slices.IsSortedFunc(missed, func(x, y conversation.Message) int { return strings.Compare(x.ID, y.ID) }) {
			t.Error("not in id order")
		}
		send(1)
		if missed, recovered, err = s.Since(ctx, app, "a", start.ID); err != nil || recovered || len(missed) != 0 {
			t.Errorf("%d, %t, %v", len(missed), recovered, err)
		}
	})
}

func TestATransientMessageIsPassedOnAndNotStored(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		var news []conversation.News
		var sent []conversation.Outgoing
		store := conversationsql.New(db)
		store.Sent = func(items []*conversation.Outgoing) { sent = append(sent, *items[0]) }
		var awaited []conversation.Tick
		s := conversation.New(conversation.Config{}, conversation.Deps{
			Store: store, Publish: func(n conversation.News) { news = append(news, n) },
			Delivered: func(_ context.Context, upTo conversation.Tick) { awaited = append(awaited, upTo) },
		})
		conv := group(t, s, "a", "b")
		m, err := s.Send(context.Background(), as("a"), conversation.Post{Conversation: conv, Type: -1, Text: "typing", Transient: true})
		if err != nil || m.Seq != 0 || !conversation.ValidMessageID(m.ID) {
			t.Fatalf("%+v, %v", m, err)
		}
		stored := say(t, s, conv, "a", "stored")
		if stored.Seq != 1 || stored.ID <= m.ID {
			t.Errorf("%+v after %+v", stored, m)
		}
		if h, _ := s.History(context.Background(), as("b"), conv, conversation.Window{}); texts(h.Messages) != "stored" {
			t.Errorf("history: %q", texts(h.Messages))
		}
		if len(news) != 2 || news[1].Transient == nil || news[1].Transient.Text != "typing" {
			t.Errorf("news: %+v", news)
		}
		if len(sent) != 2 || sent[0].Stored() || !sent[1].Stored() || sent[1].ID != stored.ID || sent[1].After != sent[0].Tick {
			t.Errorf("told of commits: %+v", sent)
		}
		if !slices.Equal(awaited, []conversation.Tick{sent[0].Tick}) {
			t.Errorf("waited for %v, not for what was committed before the stored one: %+v", awaited, sent)
		}
	})
}

func TestAOneToOneConversationExistsOnce(t *testing.T) {
	eachService(t, func(t *testing.T, s *conversation.Service) {
		ctx := context.Background()
		draft := func(from, to string) conversation.Draft {
			return conversation.Draft{Type: conversation.OneToOne, Creator: from, Members: []string{to}}
		}
		var (
			wg    sync.WaitGroup
			mu    sync.Mutex
			ids   = make(map[string]int)
			fresh int
		)
		for i := range 10 {
			wg.Go(func() {
				people := []string{"a", "b"}
				c, isNew, err := s.Create(ctx, server, draft(people[i%2], people[1-i%2]))
				mu.Lock()
				defer mu.Unlock()
				if ids[c.ID]++; isNew {
					fresh++
				}
				if err != nil || c.Members != 2 {
					t.Errorf("%+v, %v", c, err)
				}
			})
		}
		wg.Wait()
		if len(ids) != 1 || fresh != 1 {
			t.Fatalf("%v, %d new", ids, fresh)
		}
		for id := range ids {
			if len(id) != 32 {
				t.Errorf("id %q", id)
			}
			if err := s.Delete(ctx, server, id); err != nil {
				t.Fatal(err)
			}
			if c, isNew, err := s.Create(ctx, server, draft("a", "b")); err != nil || !isNew || c.ID == id {
				t.Errorf("after delete: %+v, %t, %v", c, isNew, err)
			}
		}
		if _, _, err := s.Create(ctx, server, draft("a", "a")); !errors.Is(err, conversation.ErrBadType) {
			t.Errorf("with oneself: %v", err)
		}
	})
}

func TestEveryRefusalHasItsName(t *testing.T) {
	eachService(t, func(t *testing.T, s *conversation.Service) {
		ctx := context.Background()
		conv := group(t, s, "a", "b")
		open := conversation.Caller{App: app, Rules: conversation.Open}
		foreign := conversation.Caller{App: "another", Rules: conversation.Typed}
		post := func(c conversation.Caller, p conversation.Post) error {
			if p.Conversation == "" {
				p.Conversation = conv
			}
			_, err := s.Send(ctx, c, p)
			return err
		}
		create := func(c conversation.Caller, d conversation.Draft) error {
			_, _, err := s.Create(ctx, c, d)
			return err
		}
		ensure := func(c conversation.Caller, id string) error { _, err := s.EnsureUser(ctx, c, id, nil); return err }
		detail := func(c conversation.Caller, id string) error { _, err := s.Detail(ctx, c, id); return err }
		history := func(c conversation.Caller) error {
			_, err := s.History(ctx, c, conv, conversation.Window{})
			return err
		}
		text := conversation.Post{Type: -1, Text: "x"}
		many := make([]string, 51)
		for i := range many {
			many[i] = fmt.Sprintf("u%d", i)
		}
		must := func(err error) {
			if err != nil {
				t.Fatal(err)
			}
		}
		archived, deleted := group(t, s, "a"), group(t, s, "a")
		must(s.SetArchived(ctx, server, []string{archived}, true))
		must(s.Delete(ctx, as("a"), deleted))
		must(ensure(server, "bad"))
		must(s.Ban(ctx, server, "bad", true))
		must(ensure(server, "b"))
		for _, r := range []struct {
			what string
			err  error
			want error
		}{
			{"letters only", ensure(server, "Tom & Jerry"), conversation.ErrBadUserID},
			{"letters only, unicode", ensure(server, "Jörg"), conversation.ErrBadUserID},
			{"open ids", ensure(open, "Jörg & Tom"), nil},
			{"control characters", ensure(open, "a\nb"), conversation.ErrBadUserID},
			{"too long", ensure(open, strings.Repeat("x", 65)), conversation.ErrBadUserID},
			{"empty", ensure(open, ""), conversation.ErrMissing},
			{"banned login", ensure(server, "bad"), conversation.ErrBanned},
			{"banned member", create(server, conversation.Draft{Type: 3, Creator: "a", Members: []string{"bad"}}), conversation.ErrBanned},
			{"type 0 typed", create(server, conversation.Draft{Type: 0, Creator: "a"}), conversation.ErrBadType},
			{"type 5 typed", create(server, conversation.Draft{Type: 5, Creator: "a"}), conversation.ErrBadType},
			{"type 16 open", create(open, conversation.Draft{Type: 16, Creator: "a"}), conversation.ErrBadType},
			{"type -1 open", create(open, conversation.Draft{Type: -1, Creator: "a"}), conversation.ErrBadType},
			{"type 15 open", create(open, conversation.Draft{Type: 15, Creator: "a"}), nil},
			{"three in one-to-one", create(server, conversation.Draft{Type: 1, Creator: "a", Members: []string{"b", "c"}}), conversation.ErrBadType},
			{"nobody", create(open, conversation.Draft{Type: 0}), conversation.ErrNoMembers},
			{"too many", create(server, conversation.Draft{Type: 3, Creator: "a", Members: many}), conversation.ErrTooManyMembers},
			{"room takes more", create(server, conversation.Draft{Type: 4, Creator: "a", Members: many}), nil},
			{"unknown user by user", create(as("a"), conversation.Draft{Type: 3, Members: []string{"ghost"}}), conversation.ErrUnknownUser},
			{"bad ext", create(server, conversation.Draft{Type: 3, Creator: "a", Ext: json.RawMessage("{")}), conversation.ErrBadFormat},
			{"message type 0", post(as("a"), conversation.Post{Type: 0, Text: "x"}), conversation.ErrBadMessageType},
			{"message type -7", post(as("a"), conversation.Post{Type: -7, Text: "x"}), conversation.ErrBadMessageType},
			{"text without text", post(as("a"), conversation.Post{Type: -1}), conversation.ErrMissing},
			{"image without text", post(as("a"), conversation.Post{Type: -2, URL: "u"}), nil},
			{"text with NUL", post(as("a"), conversation.Post{Type: -1, Text: "a\x00b"}), conversation.ErrBadFormat},
			{"text not UTF-8", post(as("a"), conversation.Post{Type: -1, Text: "a\xffb"}), conversation.ErrBadFormat},
			{"text too long", post(as("a"), conversation.Post{Type: -1, Text: strings.Repeat("x", 1<<16+1)}), conversation.ErrTooLarge},
			{"21 mentions", post(as("a"), conversation.Post{Type: -1, Text: "x", Mentions: many[:21]}), conversation.ErrTooLarge},
			{"key too long", post(as("a"), conversation.Post{Type: -1, Text: "x", ClientKey: strings.Repeat("k", 129)}), conversation.ErrTooLarge},
			{"stranger sends", post(as("c"), text), conversation.ErrNotMember},
			{"server for a stranger", post(server, conversation.Post{From: "c", Type: -1, Text: "x"}), conversation.ErrNotMember},
			{"nowhere", post(as("a"), conversation.Post{Conversation: "nowhere", Type: -1, Text: "x"}), conversation.ErrUnknownConversation},
			{"other app", post(conversation.Caller{App: "another", User: "a"}, text), conversation.ErrUnknownConversation},
			{"archived", post(as("a"), conversation.Post{Conversation: archived, Type: -1, Text: "x"}), conversation.ErrArchived},
			{"deleted", post(as("a"), conversation.Post{Conversation: deleted, Type: -1, Text: "x"}), conversation.ErrUnknownConversation},
			{"deleted detail", detail(as("a"), deleted), nil},
			{"detail by a stranger", detail(as("c"), conv), conversation.ErrNotMember},
			{"detail by another app", detail(foreign, conv), conversation.ErrUnknownConversation},
			{"history by a stranger", history(as("c")), conversation.ErrNotMember},
			{"history by another app", history(foreign), conversation.ErrUnknownConversation},
			{"archive by user", s.SetArchived(ctx, as("a"), []string{conv}, true), conversation.ErrNotAllowed},
			{"archive nowhere", s.SetArchived(ctx, server, []string{conv, "nowhere"}, true), conversation.ErrUnknownConversation},
			{"archive by another app", s.SetArchived(ctx, foreign, []string{conv}, true), conversation.ErrUnknownConversation},
			{"not archived by halves", post(as("a"), text), nil},
			{"delete by a member", s.Delete(ctx, as("b"), conv), conversation.ErrNotAllowed},
			{"delete by another app", s.Delete(ctx, foreign, conv), conversation.ErrUnknownConversation},
			{"add by a stranger", s.AddMembers(ctx, as("c"), conv, []string{"c"}), conversation.ErrNotMember},
			{"add a ghost", s.AddMembers(ctx, as("a"), conv, []string{"ghost"}), conversation.ErrUnknownUser},
			{"add twice", s.AddMembers(ctx, server, conv, []string{"b", "b"}), nil},
			{"join a gateway conversation", s.AddMembers(ctx, conversation.Caller{App: app, User: "z"}, conv, []string{"z"}), nil},
			{"join nowhere", s.AddMembers(ctx, conversation.Caller{App: app, User: "z"}, "nowhere", []string{"z"}), conversation.ErrUnknownConversation},
			{"ban by user", s.Ban(ctx, as("a"), "b", true), conversation.ErrNotAllowed},
			{"ban a ghost", s.Ban(ctx, server, "ghost", true), conversation.ErrUnknownUser},
		} {
			if !errors.Is(r.err, r.want) {
				t.Errorf("%s: got %v, want %v", r.what, r.err, r.want)
			}
		}
		must(s.Ban(ctx, server, "b", true))
		if err := post(as("b"), text); !errors.Is(err, conversation.ErrBanned) {
			t.Errorf("banned member sends: %v", err)
		}
		if _, err := s.RemoveMembers(ctx, as("b"), conv, []string{"a"}); !errors.Is(err, conversation.ErrNotAllowed) {
			t.Errorf("kick by a member: %v", err)
		}
		failed, err := s.RemoveMembers(ctx, as("a"), conv, []string{"b", "ghost"})
		if err != nil || !slices.Equal(failed, []string{"ghost"}) {
			t.Errorf("kick by the creator: %v, %v", failed, err)
		}
	})
}
