package conversation

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// bannedStore knows users, and runs read in the middle of a reading.
type bannedStore struct {
	Store
	banned map[string]bool
	err    error
	read   func()
	reads  int
}

func (s *bannedStore) UserByID(_ context.Context, app, id string) (User, error) {
	s.reads++
	u, err := User{App: app, ID: id, Banned: s.banned[id]}, s.err
	if strings.HasPrefix(id, "new") {
		err = ErrUnknownUser
	}
	if s.read != nil {
		s.read()
	}
	return u, err
}

func (s *bannedStore) BanUser(_ context.Context, _, id string, banned bool) error {
	s.banned[id] = banned
	return nil
}

func TestTheStoreIsAskedOnceBetweenTwoBans(t *testing.T) {
	store := &bannedStore{banned: map[string]bool{}}
	s := New(Config{}, Deps{Store: store})
	admit := func(app, id string, want error, reads int) {
		t.Helper()
		store.reads = 0
		if err := s.Admit(t.Context(), app, id); !errors.Is(err, want) || store.reads != reads {
			t.Errorf("%s/%s: %v after %d readings", app, id, err, store.reads)
		}
	}
	admit("a", "ann", nil, 1)
	admit("a", "ann", nil, 0)
	admit("b", "ann", nil, 1) // somebody else
	admit("a", "new", nil, 1)
	admit("a", "new", nil, 0)
	if err := s.Ban(t.Context(), Caller{App: "a"}, "ann", true); err != nil {
		t.Fatal(err)
	}
	admit("a", "ann", ErrBanned, 1)
	admit("a", "ann", ErrBanned, 1) // no refusal is remembered
	admit("a", "new", nil, 1)
	if err := s.Ban(t.Context(), Caller{App: "a"}, "ann", false); err != nil {
		t.Fatal(err)
	}
	admit("a", "ann", nil, 1)
	store.banned["new"], store.banned["ann"] = false, true // at another replica
	s.ForgetAdmitted()
	admit("a", "ann", ErrBanned, 1)
}

// An answer that was read before a ban does not outlive its news, and a failure is
// no answer.
func TestNoOneIsLetInByAnAnswerFromBeforeTheBan(t *testing.T) {
	store := &bannedStore{banned: map[string]bool{}}
	s := New(Config{}, Deps{Store: store})
	store.read = func() { store.banned["ann"] = true; s.ForgetAdmitted() }
	if err := s.Admit(t.Context(), "a", "ann"); err != nil {
		t.Fatal(err)
	}
	store.read = nil
	if err := s.Admit(t.Context(), "a", "ann"); !errors.Is(err, ErrBanned) {
		t.Errorf("let in by what was read before the ban: %v", err)
	}
	store.err = errors.New("away")
	for range 2 {
		if err := s.Admit(t.Context(), "a", "bob"); !errors.Is(err, store.err) {
			t.Errorf("let in although the store is away: %v", err)
		}
	}
}

func TestNoMoreThanSomeUsersAreRemembered(t *testing.T) {
	var a admitted
	for i := range 2*remembered + 10 {
		a.add(userKey{"a", fmt.Sprint(i)}, 0)
		if len(a.users) > remembered {
			t.Fatalf("%d are remembered", len(a.users))
		}
	}
}
