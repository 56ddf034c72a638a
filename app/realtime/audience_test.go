package realtime

import (
	"testing"
	"testing/synctest"
	"time"
)

// deliver makes the hub read its log to the end.
func deliver(h *Hub) {
	h.Wake()
	synctest.Wait()
}

// slowly makes the next answer about a member list take a second.
func (s *memory) slowly() {
	s.changed = func() {
		s.changed = nil
		time.Sleep(time.Second)
	}
}

func TestWhoLeftWhileAwayGetsNothingNewer(t *testing.T) {
	for name, first := range map[string]bool{
		"audience read when the user was there": true,
		"audience read before the user came":    false,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newMemory()
				h := open(t, s, nil)
				s.join("c", "ann", "bob")
				connect(t, h, key("ann", "1"), nil)
				var bob *Session
				if first {
					bob, _, _ = connect(t, h, key("bob", "1"), nil)
				}
				s.send("c", "ann", "1")
				deliver(h)
				if !first {
					bob, _, _ = connect(t, h, key("bob", "1"), nil)
				}
				bob.End(None)
				s.leave("c", "bob")
				s.send("c", "ann", "2")
				deliver(h)
				_, again, _ := connect(t, h, key("bob", "1"), nil)
				s.send("c", "ann", "3")
				deliver(h)
				want(t, "bob, who left", again.texts(), nil)
			})
		})
	}
}

// A message is read; while the list of another conversation's members is on its
// way, bob joins and comes.
func TestJoiningShowsNothingOlder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMemory()
		h := open(t, s, nil)
		s.join("c", "ann")
		s.join("d", "ann")
		connect(t, h, key("ann", "1"), nil)
		s.send("c", "ann", "1")
		deliver(h)
		s.send("c", "ann", "2")
		s.send("d", "ann", "x")
		s.slowly()
		deliver(h)
		s.join("c", "bob")
		_, bob, _ := connect(t, h, key("bob", "1"), nil)
		time.Sleep(2 * time.Second)
		s.send("c", "ann", "3")
		deliver(h)
		want(t, "bob", bob.texts(), []string{"3"})
	})
}

func TestOneWhoComesHidesNoRemovalOfAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMemory()
		h := open(t, s, nil)
		s.join("c", "ann", "bob", "eve")
		_, bob, _ := connect(t, h, key("bob", "1"), nil)
		s.send("c", "ann", "1")
		deliver(h)
		s.leave("c", "bob")
		_, eve, _ := connect(t, h, key("eve", "1"), nil)
		s.send("c", "ann", "2")
		deliver(h)
		want(t, "bob, who was removed", bob.texts(), texts(1, 1))
		want(t, "eve", eve.texts(), texts(2, 2))
	})
}

// Bob's memberships are read, then Bob is removed, and only then put into
// the audiences of this node.
func TestRemovalDuringTheLoginHolds(t *testing.T) {
	for name, c := range map[string]struct {
		known bool                    // the audience was read before
		then  func(s *memory, h *Hub) // after the removal, before the session settles
	}{
		"audience not read":            {false, func(*memory, *Hub) {}},
		"audience being read at first": {false, func(s *memory, h *Hub) { s.slowly(); s.send("c", "ann", "2"); deliver(h) }},
		"audience read before":         {true, func(*memory, *Hub) {}},
		"audience read since":          {true, func(s *memory, h *Hub) { s.send("c", "ann", "2"); deliver(h) }},
		"audience being read once again": {true, func(s *memory, h *Hub) {
			s.send("c", "ann", "2")
			deliver(h)
			s.slowly()
			s.join("c", "eve")
			s.send("c", "ann", "3")
			deliver(h)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newMemory()
				h := open(t, s, nil)
				s.join("c", "ann", "bob")
				connect(t, h, key("ann", "1"), nil)
				if c.known {
					s.send("c", "ann", "1")
					deliver(h)
				}
				s.joined = func() {
					s.joined = nil
					s.leave("c", "bob")
					c.then(s, h)
				}
				_, bob, _ := connect(t, h, key("bob", "1"), nil)
				time.Sleep(2 * time.Second)
				s.send("c", "ann", "4")
				deliver(h)
				want(t, "bob, who was removed", bob.texts(), nil)
			})
		})
	}
}
