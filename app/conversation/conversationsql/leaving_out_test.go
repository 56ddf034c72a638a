package conversationsql_test

import (
	"context"
	"errors"
	"testing"

	"switchboard/app/conversation"
)

// joins is a person who enters by the gateway API, where whoever knows an id may.
func joins(user string) conversation.Caller { return conversation.Caller{App: app, User: user} }

// Ids of conversations cannot be guessed, but whoever was in one knows its id.
func TestWhoWasRemovedByOthersStaysOut(t *testing.T) {
	eachService(t, func(t *testing.T, s *conversation.Service) {
		ctx := context.Background()
		backEnd := conversation.Caller{App: app}
		conv, _, err := s.Create(ctx, joins("a"), conversation.Draft{Type: 3, Members: []string{"b", "c"}})
		if err != nil {
			t.Fatal(err)
		}
		remove := func(by conversation.Caller, user string) {
			t.Helper()
			if failed, err := s.RemoveMembers(ctx, by, conv.ID, []string{user}); err != nil || len(failed) != 0 {
				t.Fatal(failed, err)
			}
		}
		join := func(user string, want error) {
			t.Helper()
			if err := s.AddMembers(ctx, joins(user), conv.ID, []string{user}); !errors.Is(err, want) || (err == nil) != (want == nil) {
				t.Errorf("%s joins: %v, want %v", user, err, want)
			}
		}
		remove(joins("b"), "b")
		join("b", nil) // left by themselves
		remove(backEnd, "b")
		join("b", conversation.ErrNotAllowed)
		remove(joins("a"), "c") // by the creator
		join("c", conversation.ErrNotAllowed)
		join("d", nil)
		for _, by := range []conversation.Caller{joins("a"), backEnd} {
			if err := s.AddMembers(ctx, by, conv.ID, []string{"b"}); err != nil {
				t.Errorf("added again by %+v: %v", by, err)
			}
			remove(joins("b"), "b")
			join("b", nil)
			remove(backEnd, "b")
			join("b", conversation.ErrNotAllowed)
		}
	})
}

func TestOneToOneTakesNobodyElse(t *testing.T) {
	eachService(t, func(t *testing.T, s *conversation.Service) {
		ctx := context.Background()
		backEnd := conversation.Caller{App: app, Rules: conversation.Typed}
		draft := conversation.Draft{Type: conversation.OneToOne, Creator: "a", Members: []string{"b"}}
		conv, _, err := s.Create(ctx, backEnd, draft)
		if err != nil {
			t.Fatal(err)
		}
		typed := conversation.Caller{App: app, User: "a", Rules: conversation.Typed}
		for _, c := range []struct {
			name  string
			by    conversation.Caller
			users []string
		}{
			{"a stranger joins", joins("eve"), []string{"eve"}},
			{"a member adds", typed, []string{"eve"}},
			{"the server adds", backEnd, []string{"eve"}},
			{"the server adds one of the two as well", backEnd, []string{"a", "eve"}},
			{"the gateway's server adds", conversation.Caller{App: app}, []string{"eve"}},
		} {
			if c.by.User == "a" {
				if _, err := s.EnsureUser(ctx, backEnd, "eve", nil); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.AddMembers(ctx, c.by, conv.ID, c.users); !errors.Is(err, conversation.ErrBadType) {
				t.Errorf("%s: %v", c.name, err)
			}
		}
		if failed, err := s.RemoveMembers(ctx, joins("b"), conv.ID, []string{"b"}); err != nil || len(failed) != 0 {
			t.Fatal(failed, err)
		}
		if err := s.AddMembers(ctx, joins("eve"), conv.ID, []string{"eve"}); !errors.Is(err, conversation.ErrBadType) {
			t.Errorf("in the place of who left: %v", err)
		}
		if err := s.AddMembers(ctx, joins("b"), conv.ID, []string{"b"}); err != nil {
			t.Errorf("who left comes back: %v", err)
		}
		if _, err := s.RemoveMembers(ctx, backEnd, conv.ID, []string{"b"}); err != nil {
			t.Fatal(err)
		}
		as := conversation.Caller{App: app, User: "b", Rules: conversation.Typed}
		if _, _, err := s.Create(ctx, as, conversation.Draft{Type: conversation.OneToOne, Members: []string{"a"}}); !errors.Is(err, conversation.ErrNotAllowed) {
			t.Errorf("back by making it again: %v", err)
		}
		if _, fresh, err := s.Create(ctx, backEnd, draft); err != nil || fresh {
			t.Errorf("added again by the server: %v %v", fresh, err)
		}
	})
}
