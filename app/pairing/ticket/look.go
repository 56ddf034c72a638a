package ticket

import (
	"slices"
	"time"
)

// Sight is what was known of one of the people of an ask when they were looked at.
type Sight struct {
	UID UID
	At  Instant
	Standing
}

// lookAgain is when somebody is looked at again whose evidence ran out: their vendor
// is asked meanwhile.
const lookAgain = 5 * time.Second

// Watched are the people whose end ends something: the asker, and the peer in a call.
func (t *Ticket) Watched() []UID {
	if t.State.InCall() {
		return []UID{t.Asker, t.Round().Peer}
	}
	return []UID{t.Asker}
}

// lookBy has the people looked at no later than at.
func (s *step) lookBy(at Instant) {
	if s.t.State != Ended && (s.t.LookAt == 0 || at < s.t.LookAt) {
		s.t.LookAt, s.dirty = at, true
	}
}

// look takes the sights where they are due, and arms the next look for when the first
// of the people would be gone. It reports whether it had what it needs.
func (s *step) look(sights []Sight) bool {
	if s.t.State == Ended || s.t.LookAt == 0 || s.t.LookAt > s.now {
		return true
	}
	if len(sights) == 0 {
		return false
	}
	s.t.LookAt, s.dirty = 0, true
	if len(sights) < len(s.t.Watched()) {
		s.lookBy(s.now.Add(lookAgain)) // a peer has come meanwhile
	}
	for _, g := range sights {
		s.see(g)
	}
	s.fire() // of two who are gone, who went first
	return true
}

func (s *step) see(g Sight) {
	if !g.Present && g.Since == 0 { // known by nothing but what they did here
		g.Since = s.acted(g.UID).Add(s.cfg.ActivityTTL)
		if g.Since > s.now {
			s.lookBy(g.Since)
			return
		}
	}
	if g.Present {
		_ = Reachable{UID: g.UID, At: g.At, Until: g.Until}.apply(s) // never fails
		return
	}
	Gone{UID: g.UID, At: g.Since}.arm(s)
	if !g.Closed {
		s.lookBy(s.now.Add(lookAgain))
	}
}

// acted is when uid last did something that the ticket tells of.
func (s *step) acted(uid UID) Instant {
	if uid == s.t.Asker {
		return max(s.t.CreatedAt, s.t.Round().LikedAt)
	}
	if o := s.t.Offer(uid, s.t.RoundNo()); o != nil {
		return o.ClosedAt
	}
	return 0
}

// overdue ends what somebody who is gone holds before a request is looked at that
// comes between the deadline and the sweep.
func (s *step) overdue(ev Event) {
	if _, news := ev.(Reachable); news || s.t.State == Ended {
		return
	}
	due := func(by Instant) bool { return by != 0 && by <= s.now }
	offered := func(o Offer) bool { return due(o.GoneBy) }
	if due(s.t.AskerGoneBy) || s.t.State.InCall() && due(s.t.PeerGoneBy) || slices.ContainsFunc(s.t.Offers, offered) {
		s.fire()
	}
}
