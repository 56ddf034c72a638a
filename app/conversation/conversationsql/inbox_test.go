package conversationsql_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"switchboard/app/conversation"
	"switchboard/app/conversation/conversationsql"
	"switchboard/app/sqldb"
	"switchboard/app/sqldb/sqldbtest"
)

// inbox reads a user's whole list in pages of size.
func inbox(t testing.TB, s *conversation.Service, user string, size int) (all []conversation.Entry) {
	t.Helper()
	for at := (conversation.Place{}); ; {
		list, err := s.Inbox(context.Background(), as(user), "", at, size)
		if err != nil || len(list.Items) > size {
			t.Fatalf("%d entries, %v", len(list.Items), err)
		}
		all = append(all, list.Items...)
		if list.Next.ID == "" {
			return all
		}
		if at, err = conversation.ParsePlace(list.Next.String()); err != nil || at != list.Next {
			t.Fatalf("%+v comes back as %+v, %v", list.Next, at, err)
		}
	}
}

func TestTheListByActivityIsWhatWasDone(t *testing.T) {
	eachService(t, func(t *testing.T, s *conversation.Service) {
		ctx, r := context.Background(), rand.New(rand.NewPCG(1, 2))
		do := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		const me = "ann"
		type state struct {
			unread int
			last   string
		}
		want, order := map[string]*state{}, []string{} // order: the least active first
		touch := func(conv string) {
			order = append(slices.DeleteFunc(order, func(c string) bool { return c == conv }), conv)
		}
		for range 6 {
			conv := group(t, s, "bob", me)
			want[conv] = &state{}
			touch(conv)
		}
		for i := range 60 {
			conv := order[r.IntN(len(order))]
			switch r.IntN(5) {
			case 0:
				do(s.MarkRead(ctx, as(me), conv, "", ""))
				want[conv].unread = 0
			case 1:
				want[conv].last = say(t, s, conv, me, fmt.Sprint(i)).Text
				touch(conv)
			case 2:
				if len(order) > 3 && r.IntN(4) == 0 {
					do(s.Delete(ctx, server, conv))
					delete(want, conv)
					order = slices.DeleteFunc(order, func(c string) bool { return c == conv })
				}
			case 3:
				_, err := s.RemoveMembers(ctx, server, conv, []string{me})
				do(err)
				say(t, s, conv, "bob", "not for "+me)
				do(s.AddMembers(ctx, server, conv, []string{me}))
				*want[conv] = state{}
				touch(conv)
			default:
				want[conv].last = say(t, s, conv, "bob", fmt.Sprint(i)).Text
				want[conv].unread++
				touch(conv)
			}
			for _, size := range []int{1, 2, 100} {
				got := inbox(t, s, me, size)
				if len(got) != len(order) {
					t.Fatalf("%d conversations, want %d", len(got), len(order))
				}
				for i, e := range got {
					w := want[e.ID]
					last := ""
					if e.LastMessage != nil {
						last = e.LastMessage.Text
					}
					if e.ID != order[len(order)-1-i] || e.Unread != w.unread || last != w.last {
						t.Fatalf("step, size %d, entry %d: %s unread %d, last %q; want %s %+v", size, i, e.ID, e.Unread, last, order[len(order)-1-i], *w)
					}
				}
			}
		}
	})
}

func TestReadingGoesOnlyForwardAndIsTheMembersOwn(t *testing.T) {
	eachService(t, func(t *testing.T, s *conversation.Service) {
		ctx := context.Background()
		conv := group(t, s, "ann", "bob", "cat")
		var ids []string
		for i := range 5 {
			ids = append(ids, say(t, s, conv, "bob", fmt.Sprint(i)).ID)
		}
		unread := func(user string) int { return inbox(t, s, user, 10)[0].Unread }
		for _, c := range []struct {
			upTo string
			want int
		}{{"", -1}, {ids[1], 3}, {ids[0], 3}, {ids[3], 1}, {"", 0}, {ids[2], 0}} {
			if c.want < 0 {
				if n := unread("ann"); n != 5 {
					t.Errorf("%d unread at first", n)
				}
				continue
			}
			if err := s.MarkRead(ctx, as("ann"), conv, "", c.upTo); err != nil {
				t.Fatal(err)
			}
			if n := unread("ann"); n != c.want {
				t.Errorf("up to %q: %d unread, want %d", c.upTo, n, c.want)
			}
		}
		if a, b := unread("bob"), unread("cat"); a != 0 || b != 5 {
			t.Errorf("the sender has %d, the third %d", a, b)
		}
		if err := s.MarkRead(ctx, server, conv, "cat", ids[4]); err != nil || unread("cat") != 0 {
			t.Errorf("by the server: %v, %d", err, unread("cat"))
		}
		for what, c := range map[string]struct {
			err, want error
		}{
			"a stranger":              {s.MarkRead(ctx, as("eve"), conv, "", ""), conversation.ErrNotMember},
			"no conversation":         {s.MarkRead(ctx, as("ann"), "none", "", ""), conversation.ErrUnknownConversation},
			"no id":                   {s.MarkRead(ctx, as("ann"), conv, "", "x"), conversation.ErrBadFormat},
			"another's":               {s.MarkRead(ctx, as("ann"), conv, "bob", ""), conversation.ErrNotAllowed},
			"nobody's":                {s.MarkRead(ctx, server, conv, "", ""), conversation.ErrMissing},
			"another's list":          {second(s.Inbox(ctx, as("ann"), "bob", conversation.Place{}, 1)), conversation.ErrNotAllowed},
			"a list of another app's": {s.MarkRead(ctx, conversation.Caller{App: "other", User: "ann"}, conv, "", ""), conversation.ErrUnknownConversation},
		} {
			if !errors.Is(c.err, c.want) {
				t.Errorf("%s: %v, want %v", what, c.err, c.want)
			}
		}
	})
}

func second[T any](_ T, err error) error { return err }

// A page moves when something is made meanwhile; what a cursor shows does not.
func TestACursorNeitherRepeatsNorLoses(t *testing.T) {
	eachService(t, func(t *testing.T, s *conversation.Service) {
		ctx := context.Background()
		var made []string
		for range 7 {
			made = append(made, group(t, s, "ann", "bob"))
		}
		where := conversation.Where{{Field: conversation.FieldMember, Op: conversation.Equal, Values: []any{"ann"}}}
		var got []string
		for at := (conversation.Place{}); ; {
			list, err := s.FindFrom(ctx, as("bob"), where, at, 2)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range list.Items {
				got = append(got, c.ID)
			}
			if at = list.Next; at.ID == "" {
				break
			}
			group(t, s, "ann", "bob") // above what was read
		}
		slices.Reverse(got)
		if !slices.Equal(got, made) {
			t.Errorf("%v, want %v", got, made)
		}
	})
}

func TestCursorsOfStrangersAreRefused(t *testing.T) {
	for _, text := range []string{"x", "!!", "MTIz", "IGFiYw", "MSA", "YSBi", strings.Repeat("A", 400), "MSAA"} {
		if at, err := conversation.ParsePlace(text); !errors.Is(err, conversation.ErrBadFormat) {
			t.Errorf("%q: %+v %v", text, at, err)
		}
	}
}

// The list is read by the member's index: one search for each of the user's own rows,
// and none over a table.
func TestTheListByActivityScansNoTable(t *testing.T) {
	db := sqldbtest.Open(t, sqldbtest.SQLite(t))
	plan := planOf(t, db, conversationsql.InboxQuery, 1000, "u", "a", "u", 10)
	scans := slices.DeleteFunc(slices.Clone(plan), func(step string) bool {
		return !strings.HasPrefix(step, "SCAN") || step == "SCAN p" || strings.HasPrefix(step, "SCAN p ")
	})
	if len(scans) > 0 || !slices.ContainsFunc(plan, func(step string) bool { return strings.Contains(step, "members_user") }) {
		t.Error(strings.Join(plan, "\n"))
	}
}

// The end of an app's log, what follows an id there, and an id's place are found without a
// look at what other apps have said, or at all that was said ever.
func TestTheLogIsReadByItsIndex(t *testing.T) {
	db := sqldbtest.Open(t, sqldbtest.SQLite(t))
	for query, args := range conversationsql.LogQueries {
		plan := planOf(t, db, query, args...)
		bad := func(step string) bool {
			return strings.HasPrefix(step, "SCAN") || strings.Contains(step, "TEMP B-TREE")
		}
		if slices.ContainsFunc(plan, bad) || !slices.ContainsFunc(plan, func(step string) bool { return strings.Contains(step, "messages_log (app_id=?") }) {
			t.Errorf("%s\n%s", query, strings.Join(plan, "\n"))
		}
	}
}

func planOf(t *testing.T, db *sqldb.DB, query string, args ...any) []string {
	t.Helper()
	rows, err := db.Query(context.Background(), "EXPLAIN QUERY PLAN "+query, args...)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := sqldb.Collect(rows, func(row sqldb.Scanner) (string, error) {
		var id, parent, unused int
		var detail string
		return detail, row.Scan(&id, &parent, &unused, &detail)
	})
	if err != nil {
		t.Fatal(err)
	}
	return plan
}
