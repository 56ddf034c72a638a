package conversationsql_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"

	"switchboard/app/conversation"
)

func TestAKeyMakesOneConversation(t *testing.T) {
	eachService(t, func(t *testing.T, s *conversation.Service) {
		create := func(c conversation.Caller, d conversation.Draft) (string, bool, error) {
			conv, fresh, err := s.Create(context.Background(), c, d)
			return conv.ID, fresh, err
		}
		open := func(c conversation.Caller) conversation.Caller { c.Rules = conversation.Open; return c }
		for _, app := range []string{app, "other"} {
			for _, user := range []string{"ann", "bob"} {
				if _, err := s.EnsureUser(context.Background(), conversation.Caller{App: app}, user, nil); err != nil {
					t.Fatal(err)
				}
			}
		}
		draft := conversation.Draft{Type: conversation.Group, Creator: "ann", Members: []string{"bob"}, Ext: json.RawMessage(`{"a": 1}`), Key: "k1"}
		first, fresh, err := create(server, draft)
		if err != nil || !fresh {
			t.Fatal(fresh, err)
		}
		other := func(change func(*conversation.Draft)) conversation.Draft { d := draft; change(&d); return d }
		if id, fresh, err := create(server, other(func(d *conversation.Draft) { d.Ext = json.RawMessage(` {"a":1}`) })); id != first || !fresh || err != nil {
			t.Errorf("a repeat: %s %v %v, the first was %s", id, fresh, err, first)
		}
		for what, d := range map[string]conversation.Draft{
			"another type":      other(func(d *conversation.Draft) { d.Type = conversation.Temporary }),
			"another creator":   other(func(d *conversation.Draft) { d.Creator, d.Members = "bob", []string{"ann"} }),
			"other members":     other(func(d *conversation.Draft) { d.Members = []string{"bob", "cat"} }),
			"another extension": other(func(d *conversation.Draft) { d.Ext = nil }),
		} {
			if id, _, err := create(server, d); !errors.Is(err, conversation.ErrKeyReused) {
				t.Errorf("%s: %s %v", what, id, err)
			}
		}
		for what, c := range map[string]conversation.Caller{"the other API": open(server), "a user": as("ann"), "another user": as("bob"), "another app": {App: "other", Rules: conversation.Typed}} {
			d := draft
			if c.User == "" {
				d.Creator = "ann"
			}
			id, fresh, err := create(c, d)
			if id == first || !fresh || err != nil {
				t.Errorf("%s with the same key: %s %v %v", what, id, fresh, err)
			}
			if again, _, err := create(c, d); again != id || err != nil {
				t.Errorf("%s repeats: %s %v, the first was %s", what, again, err, id)
			}
		}
		if _, _, err := create(server, other(func(d *conversation.Draft) { d.Key = strings.Repeat("k", 129) })); !errors.Is(err, conversation.ErrTooLarge) {
			t.Errorf("a long key: %v", err)
		}
		// What was refused may be tried again with its key.
		bad := conversation.Draft{Type: 9, Creator: "ann", Key: "k2"}
		if _, _, err := create(server, bad); !errors.Is(err, conversation.ErrBadType) {
			t.Errorf("a bad type: %v", err)
		}
		bad.Type = conversation.Group
		if _, fresh, err := create(server, bad); err != nil || !fresh {
			t.Errorf("mended: %v %v", fresh, err)
		}
		// A pair that is there already is what the key's repeats answer, too.
		pair := conversation.Draft{Type: conversation.OneToOne, Creator: "ann", Members: []string{"bob"}}
		there, _, err := create(server, pair)
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range []string{"k3", "k3", "k4"} {
			pair.Key = key
			if id, fresh, err := create(server, pair); id != there || fresh || err != nil {
				t.Errorf("the pair with %s: %s %v %v, want %s", key, id, fresh, err, there)
			}
		}
		if err := s.Delete(context.Background(), server, first); err != nil {
			t.Fatal(err)
		}
		if id, _, err := create(server, draft); id != first || err != nil {
			t.Errorf("after the deletion: %s %v", id, err)
		}
	})
}

func TestManyAtOnceWithOneKeyMakeOneConversation(t *testing.T) {
	eachService(t, func(t *testing.T, s *conversation.Service) {
		if _, err := s.EnsureUser(context.Background(), server, "ann", nil); err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		ids := make(chan string, 20)
		for range cap(ids) {
			all.Go(func() {
				conv, _, err := s.Create(context.Background(), as("ann"), conversation.Draft{Type: conversation.Group, Members: []string{"ann"}, Key: "one"})
				if err != nil {
					t.Error(err)
				}
				ids <- conv.ID
			})
		}
		all.Wait()
		close(ids)
		first := <-ids
		for id := range ids {
			if id != first {
				t.Errorf("%s beside %s", id, first)
			}
		}
	})
}
