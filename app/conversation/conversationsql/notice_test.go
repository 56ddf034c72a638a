package conversationsql_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"switchboard/app/conversation"
	"switchboard/app/conversation/conversationsql"
	"switchboard/app/sqldb"
	"switchboard/app/sqldb/sqldbtest"
)

func eachTelling(t *testing.T, test func(t *testing.T, s *conversation.Service)) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		test(t, conversation.New(conversation.Config{GroupMembers: 1000, Notices: true}, conversation.Deps{Store: conversationsql.New(db)}))
	})
}

// told is a log in short: texts of messages, and of notices what, by whom and about whom.
func told(log []conversation.Message) string {
	var out []string
	for _, m := range log {
		if n := m.Notice(); n != nil {
			out = append(out, fmt.Sprintf("%s/%s/%s", n.What, n.By, strings.Join(n.Users, "+")))
		} else {
			out = append(out, m.Text)
		}
	}
	return strings.Join(out, " ")
}

func logOf(t testing.TB, s *conversation.Service, after string) (log []conversation.Message) {
	t.Helper()
	found, err := s.After(context.Background(), app, after, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range found {
		log = append(log, l.Message)
	}
	return log
}

func since(t testing.TB, s *conversation.Service, user, after string) string {
	t.Helper()
	missed, recovered, err := s.Since(context.Background(), app, user, after)
	if err != nil || !recovered {
		t.Fatal(recovered, err)
	}
	if !slices.IsSortedFunc(missed, func(a, b conversation.Message) int { return strings.Compare(a.ID, b.ID) }) {
		t.Errorf("%s gets %s, which is out of order", user, told(missed))
	}
	return told(missed)
}

const beginning = "22222-2222-2222-222"

func TestNoticesStandInTheLogAndInNoHistory(t *testing.T) {
	eachTelling(t, func(t *testing.T, s *conversation.Service) {
		ctx := context.Background()
		do := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		remove := func(c conversation.Caller, conv string, users ...string) {
			t.Helper()
			_, err := s.RemoveMembers(ctx, c, conv, users)
			do(err)
		}
		conv := group(t, s, "ann", "bob")
		say(t, s, conv, "ann", "1")
		do(s.AddMembers(ctx, server, conv, []string{"cat", "ann"})) // who is there already is not told of
		do(s.AddMembers(ctx, server, conv, []string{"cat", "ann"}))
		say(t, s, conv, "ann", "2")
		remove(as("bob"), conv, "bob")
		say(t, s, conv, "ann", "3")
		remove(as("ann"), conv, "cat", "nobody")
		do(s.AddMembers(ctx, as("ann"), conv, []string{"bob"}))
		say(t, s, conv, "bob", "4")
		log := logOf(t, s, "")
		if got, want := told(log), "created/ann/ann+bob 1 added//cat 2 removed/bob/bob 3 removed/ann/cat added/ann/bob 4"; got != want {
			t.Errorf("the log is %s, want %s", got, want)
		}
		for user, want := range map[string]string{
			"ann": "created/ann/ann+bob 1 added//cat 2 removed/bob/bob 3 removed/ann/cat added/ann/bob 4",
			"bob": "added/ann/bob 4", "cat": "removed/ann/cat", "nobody": "",
		} {
			if got := since(t, s, user, beginning); got != want {
				t.Errorf("%s resumes with %q, want %q", user, got, want)
			}
			for i, m := range log { // from each position on, the rest of the same
				rest := since(t, s, user, m.ID)
				if !strings.HasSuffix(want, rest) || strings.Contains(told(log[:i+1]), rest) && rest != "" {
					t.Errorf("%s resumes after %d with %q", user, i, rest)
				}
			}
		}
		for _, w := range []conversation.Window{{}, {From: log[0].ID}, {From: log[2].ID, AfterFrom: false}, {To: log[7].ID, Newest: true}} {
			h, err := s.History(ctx, server, conv, w)
			do(err)
			if got := texts(h.Messages); !slices.Contains([]string{"1 2 3 4", "2 3 4", "1 2 3"}, got) || strings.HasSuffix(w.To, "x") {
				t.Errorf("%+v shows %q", w, got)
			}
		}
		page, err := s.MessagePage(ctx, server, conv, 1, 10)
		do(err)
		if page.Total != 4 || texts(page.Items) != "4 3 2 1" || page.Items[0].Seq != 4 {
			t.Errorf("%+v", page)
		}
		end := log[len(log)-1].ID
		do(s.Delete(ctx, as("ann"), conv))
		for user, want := range map[string]string{"ann": "closed/ann/", "bob": "closed/ann/", "cat": ""} {
			if got := since(t, s, user, end); got != want {
				t.Errorf("at the end %s gets %q, want %q", user, got, want)
			}
		}
	})
}

func TestAPairThatIsThereAlreadyIsNoNews(t *testing.T) {
	eachTelling(t, func(t *testing.T, s *conversation.Service) {
		for range 2 {
			if _, _, err := s.Create(context.Background(), server, conversation.Draft{Type: conversation.OneToOne, Creator: "ann", Members: []string{"bob"}}); err != nil {
				t.Fatal(err)
			}
		}
		if got := told(logOf(t, s, "")); got != "created/ann/ann+bob" {
			t.Errorf("the log is %s", got)
		}
	})
}

func TestChatRoomsAndLargeGroupsTellOnlyWhomItIsAbout(t *testing.T) {
	eachTelling(t, func(t *testing.T, s *conversation.Service) {
		ctx := context.Background()
		many := make([]string, 500)
		for i := range many {
			many[i] = fmt.Sprintf("u%03d", i)
		}
		for _, c := range []struct {
			kind    int
			members []string
			all     bool
		}{{conversation.Group, many[:10], true}, {conversation.Group, many[:499], true}, {conversation.Group, many, false}, {conversation.ChatRoom, many[:10], false}} {
			conv, _, err := s.Create(ctx, server, conversation.Draft{Type: c.kind, Creator: "u000", Members: c.members})
			if err != nil {
				t.Fatal(err)
			}
			at, err := s.LastID(ctx, app)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.AddMembers(ctx, server, conv.ID, []string{"new1"}); err != nil {
				t.Fatal(err)
			}
			log := logOf(t, s, at)
			if told(log) != "added//new1" || log[0].MentionAll != c.all || !slices.Equal(log[0].Mentions, []string{"new1"}) {
				t.Errorf("type %d of %d: %s, all %v", c.kind, len(c.members), told(log), log[0].MentionAll)
			}
			if got := since(t, s, "u001", at); (got != "") != c.all {
				t.Errorf("type %d of %d: a member resumes with %q", c.kind, len(c.members), got)
			}
			if got := since(t, s, "new1", at); got != "added//new1" {
				t.Errorf("type %d of %d: the new one resumes with %q", c.kind, len(c.members), got)
			}
		}
		// Of many no more are named than a client wants to read; all get it.
		log := logOf(t, s, "")
		n := log[4].Notice()
		if n == nil || n.Count != 500 || len(n.Users) != 100 || len(log[4].Mentions) != 500 {
			t.Errorf("%+v", n)
		}
	})
}
