package realtimesql_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"switchboard/app/conversation"
	"switchboard/app/conversation/conversationsql"
	"switchboard/app/realtime"
	"switchboard/app/realtime/realtimesql"
	"switchboard/app/sqldb"
	"switchboard/app/sqldb/sqldbtest"
)

const app = "666666"

var server = conversation.Caller{App: app, Rules: conversation.Typed}

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
	as := conversation.Caller{App: app, User: from, Rules: conversation.Typed}
	m, err := s.Send(context.Background(), as, conversation.Post{Conversation: conv, Type: conversation.TextMessage, Text: text})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestSessionsReadEveryChangeOfAMemberListOnce(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		ctx := context.Background()
		s := conversation.New(conversation.Config{}, conversation.Deps{Store: conversationsql.New(db)})
		live := realtimesql.New(db)
		conv := group(t, s, "ann", "bob")
		read := func(version int64) (joined, left []string, now int64) {
			t.Helper()
			changes, now, err := live.Changes(ctx, app, conv, version)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range changes {
				if c.Left {
					left = append(left, c.User)
				} else {
					joined = append(joined, c.User)
				}
			}
			slices.Sort(joined)
			return joined, left, now
		}
		joined, left, v1 := read(0)
		if !slices.Equal(joined, []string{"ann", "bob"}) || left != nil || v1 < 1 {
			t.Fatalf("the whole list: %v %v at %d", joined, left, v1)
		}
		if joined, left, v := read(v1); joined != nil || left != nil || v != v1 {
			t.Errorf("no change: %v %v at %d", joined, left, v)
		}
		say(t, s, conv, "ann", "1")
		if err := s.AddMembers(ctx, server, conv, []string{"bob", "cid"}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.RemoveMembers(ctx, server, conv, []string{"bob", "eve"}); err != nil {
			t.Fatal(err)
		}
		joined, left, v2 := read(v1)
		if !slices.Equal(joined, []string{"cid"}) || !slices.Equal(left, []string{"bob"}) || v2 <= v1 {
			t.Errorf("one came, one left: %v %v at %d", joined, left, v2)
		}
		if joined, left, _ := read(0); !slices.Equal(joined, []string{"ann", "cid"}) || left != nil {
			t.Errorf("the whole list: %v %v", joined, left)
		}
		if err := s.AddMembers(ctx, server, conv, []string{"bob"}); err != nil {
			t.Fatal(err)
		}
		if joined, left, v := read(v2); !slices.Equal(joined, []string{"bob"}) || left != nil || v <= v2 {
			t.Errorf("the user came back: %v %v at %d", joined, left, v)
		}
		if version, err := live.MemberVersion(ctx, app, conv); err != nil || version <= v2 {
			t.Errorf("version %d, %v", version, err)
		}
		if version, err := live.MemberVersion(ctx, "b", conv); err != nil || version != 0 {
			t.Errorf("version for another app: %d, %v", version, err)
		}
		mine, err := live.Joined(ctx, realtime.User{App: app, ID: "cid"})
		if err != nil || len(mine) != 1 || mine[0].Conversation != conv || mine[0].Seq != 1 || mine[0].MemberVersion <= v2 {
			t.Errorf("memberships: %+v, %v", mine, err)
		}
	})
}

func TestLogCarriesTheVersionOfTheMemberList(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		ctx := context.Background()
		messages := conversationsql.New(db)
		s := conversation.New(conversation.Config{}, conversation.Deps{Store: messages})
		live := realtimesql.New(db)
		conv := group(t, s, "ann", "bob")
		first, second := say(t, s, conv, "ann", "1"), say(t, s, conv, "bob", "2")
		log, err := messages.After(ctx, app, first.ID, 10)
		_, version, _ := live.Changes(ctx, app, conv, 0)
		if err != nil || len(log) != 1 {
			t.Fatalf("%d messages, %v", len(log), err)
		}
		m := log[0]
		if m.ID != second.ID || m.Seq != 2 || m.MemberVersion != version || m.Text != "2" || m.From != "bob" {
			t.Errorf("%+v", m)
		}
		if other, err := messages.After(ctx, "b", "", 10); err != nil || len(other) != 0 {
			t.Errorf("another app reads %d messages, %v", len(other), err)
		}
	})
}

func TestBannedUsersAreFoundAmongMany(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		ctx := context.Background()
		s := conversation.New(conversation.Config{}, conversation.Deps{Store: conversationsql.New(db)})
		var here, want []realtime.User
		for i := range 600 {
			here = append(here, realtime.User{App: app, ID: fmt.Sprint("u", i)})
		}
		for _, i := range []int{0, 300, 599} {
			if _, err := s.EnsureUser(ctx, server, here[i].ID, nil); err != nil {
				t.Fatal(err)
			}
			if err := s.Ban(ctx, server, here[i].ID, true); err != nil {
				t.Fatal(err)
			}
			want = append(want, here[i])
		}
		here = append(here, realtime.User{App: "another", ID: "u300"})
		store := realtimesql.New(db)
		ticks := map[int64]bool{}
		for _, banned := range []bool{true, false, true} {
			if err := s.Ban(ctx, server, here[0].ID, banned); err != nil {
				t.Fatal(err)
			}
			tick, err := store.BanTick(ctx)
			if err != nil || ticks[tick] {
				t.Errorf("the clock stands at %d again, %v", tick, err)
			}
			ticks[tick] = true
		}
		got, err := store.Banned(ctx, here)
		slices.SortFunc(got, func(a, b realtime.User) int { return strings.Compare(a.ID, b.ID) })
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%v %v", got, err)
		}
	})
}
