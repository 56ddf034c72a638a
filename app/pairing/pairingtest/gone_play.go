package pairingtest

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"switchboard/app/pairing"
	"switchboard/app/pairing/ticket"
)

// WhoIsGone plays random sequences of calls, sockets, closes, vendors' news, late notes
// and dying replicas over a store: nobody is matched with somebody who is gone, no call
// lives or is billed past its watchdog, and nobody who is shown is taken for gone. Of a
// store that is slow to open it plays fewer histories.
func WhoIsGone(t *testing.T, open func(t *testing.T) pairing.Store, histories int) {
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		if n++; n > histories && flag.Lookup("rapid.checks").Value.String() == flag.Lookup("rapid.checks").DefValue {
			return
		}
		if wrong := playGone(rt, open(t), goneFault{}); wrong != "" {
			rt.Fatal(wrong)
		}
	})
}

// WhoIsGoneFindsFaults plants each fault and expects the histories to find it.
func WhoIsGoneFindsFaults(t *testing.T, open func(t *testing.T) pairing.Store) {
	for _, fault := range goneFaults {
		t.Run(fault.name, func(t *testing.T) {
			found, n := "", 0
			for range 20 {
				rapid.Check(t, func(rt *rapid.T) {
					if found == "" {
						n++
						found = playGone(rt, open(t), fault)
					}
				})
				if found != "" {
					t.Logf("history %d: %s", n, found)
					return
				}
			}
			t.Fatalf("it survives %d histories", n)
		})
	}
}

// playGone returns the first thing that is not as it should be.
func playGone(t *rapid.T, store pairing.Store, fault goneFault) string {
	w := newGoneWorld(t, store, fault)
	acts := map[string]func(*rapid.T){
		"socket opens":   w.socketOpens,
		"socket closes":  w.socketCloses,
		"sockets renew":  w.socketsRenew,
		"vendor's news":  w.vendorNews,
		"somebody calls": func(t *rapid.T) { w.call(w.slot(), w.user()) },
		"somebody asks":  w.somebodyAsks,
		"goes on":        w.goesOn,
		"goes on again":  w.goesOn,
		"ends":           w.somebodyEnds,
		"a moment":       func(t *rapid.T) { w.pass(time.Duration(rapid.IntRange(1, 1000).Draw(t, "ms")) * time.Millisecond) },
		"a while":        func(t *rapid.T) { w.pass(time.Duration(rapid.IntRange(1, 30).Draw(t, "seconds")) * time.Second) },
		"deliver":        func(*rapid.T) { w.deliver() },
		"a replica dies": func(t *rapid.T) { w.start(w.slot()) },
	}
	for name, act := range acts {
		acts[name] = func(t *rapid.T) {
			if w.wrong == "" {
				act(t)
				w.judge()
			}
		}
	}
	t.Repeat(acts)
	for range 60 { // all are silent from here
		w.pass(time.Second)
	}
	for _, no := range w.asks {
		if tk := w.load(no); tk != nil && tk.State != ticket.Ended && w.wrong == "" {
			w.fail("ask %s is %v although everybody has left", no, tk.State)
		}
	}
	return w.wrong
}

func (w *goneWorld) user() ticket.UID {
	return ticket.UID(rapid.SampledFrom([]int{1, 1, 2, 2, 3}).Draw(w.t, "user"))
}
func (w *goneWorld) slot() int { return rapid.IntRange(0, 1).Draw(w.t, "replica") }

func (w *goneWorld) socketOpens(*rapid.T) {
	uid := w.user()
	p := w.people[uid]
	session := fmt.Sprintf("%d-%d", uid, len(p.signs))
	p.open = append(p.open, session)
	p.see(ticket.ProofSocket, "socket:"+session, w.at, w.at, w.at.Add(goneSocket))
	w.must(w.svc[w.slot()].RecordSocket(ctx(), app, uid, session, true))
	w.tell("socket %s opens", session)
}

func (w *goneWorld) socketCloses(t *rapid.T) {
	uid := w.user()
	p := w.people[uid]
	if len(p.open) == 0 {
		return
	}
	i := rapid.IntRange(0, len(p.open)-1).Draw(t, "socket")
	session := p.open[i]
	p.open = slices.Delete(p.open, i, i+1)
	p.end(ticket.ProofSocket, "socket:"+session, w.at, w.at)
	w.must(w.svc[w.slot()].RecordSocket(ctx(), app, uid, session, false))
	w.tell("socket %s closes", session)
}

func (w *goneWorld) socketsRenew(*rapid.T) {
	for _, uid := range []ticket.UID{1, 2, 3} {
		for _, session := range w.people[uid].open {
			w.people[uid].see(ticket.ProofSocket, "socket:"+session, w.at, w.at, w.at.Add(goneSocket))
			w.must(w.svc[w.slot()].RecordSocket(ctx(), app, uid, session, true))
		}
	}
}

// vendorNews is told late, and in any order.
func (w *goneWorld) vendorNews(t *rapid.T) {
	uid, at := w.user(), w.at.Add(-time.Duration(rapid.IntRange(0, 900).Draw(t, "late ms"))*time.Millisecond)
	p, svc := w.people[uid], w.svc[w.slot()]
	news := rapid.SampledFrom([]string{"online", "online", "offline", "logout"}).Draw(t, "news")
	w.tell("%d is %s since %s", uid, news, at.Sub(w.begin))
	switch news {
	case "offline":
		p.end(ticket.ProofVendor, "vendor:phone", w.at, at)
		w.must(svc.RecordVendorPresence(ctx(), app, uid, "phone", false, at))
	case "logout":
		newest := at >= p.newest["vendor:phone"]
		p.end(ticket.ProofVendor, "vendor:phone", w.at, at)
		p.left = p.left || newest && !p.present(w.at)
		w.must(svc.RecordLogout(ctx(), app, uid, "phone", at))
	default:
		p.see(ticket.ProofVendor, "vendor:phone", w.at, at, w.at.Add(goneSocket))
		w.must(svc.RecordVendorPresence(ctx(), app, uid, "phone", true, at))
	}
}

func (w *goneWorld) somebodyAsks(*rapid.T) {
	uid, slot := w.user(), w.slot()
	w.call(slot, uid)
	no, err := w.svc[slot].Ask(ctx(), app, 1, uid)
	if err == nil && !slices.Contains(w.asks, no) {
		w.asks = append(w.asks, no)
		w.moved[no] = w.at
	}
	w.svc[slot].MatchOnce(ctx())
	w.deliver()
}

// goesOn is what comes next in the newest ask.
func (w *goneWorld) goesOn(*rapid.T) {
	t := w.newest()
	if t == nil {
		return
	}
	slot := w.slot()
	s, round, call := w.svc[slot], t.RoundNo(), fmt.Sprint(t.AskNo, "-", t.RoundNo())
	switch t.State {
	case ticket.Searching:
		s.MatchOnce(ctx())
	case ticket.Offered:
		for _, o := range t.Offers {
			if o.State == ticket.OfferOpen {
				w.call(slot, o.UID)
				_ = s.Answer(ctx(), app, t.AskNo, o.UID, o.Round, true) // a refusal is judged by what the ask is then
				break
			}
		}
	case ticket.Connecting:
		_ = s.CallStarted(ctx(), app, t.AskNo, ticket.CallSeen{Round: round, CallID: call})
	case ticket.Preview:
		w.call(slot, t.Asker)
		_ = s.Decide(ctx(), app, t.AskNo, ticket.Confirm{UID: t.Asker, Round: round, Peer: t.Round().Peer, CallID: call, Like: true})
	}
	w.deliver()
}

func (w *goneWorld) somebodyEnds(t *rapid.T) {
	tk := w.newest()
	if tk == nil || rapid.IntRange(0, 3).Draw(t, "rare") > 0 {
		return
	}
	w.acted = true
	slot := w.slot()
	if rapid.Bool().Draw(t, "the vendor") {
		_ = w.svc[slot].CallOver(ctx(), app, tk.AskNo, ticket.CallEnded{Round: tk.RoundNo(), CallID: tk.Round().CallID})
		return
	}
	w.call(slot, tk.Asker)
	w.must(w.svc[slot].Cancel(ctx(), app, tk.AskNo, tk.Asker))
}

// goneFault is a fault of a replica's store, and so of what the service is told or keeps.
type goneFault struct {
	name  string
	plant func(w *goneWorld, slot int, s pairing.Store) pairing.Store
}

var goneFaults = []goneFault{
	{"nobody looks whether evidence ran out", rewritten(func(_ *goneWorld, t *ticket.Ticket) { t.LookAt = 0 })},
	{"a return of one stops the watchdog of the other", rewritten(func(_ *goneWorld, t *ticket.Ticket) {
		if t.State == ticket.Liked && t.AskerGoneBy == 0 {
			t.PeerGoneBy = 0
		}
	})},
	{"the asker may be away for ever", rewritten(func(_ *goneWorld, t *ticket.Ticket) { t.AskerGoneBy = 0 })},
	{"a call is billed up to when it was found out", rewritten(func(w *goneWorld, t *ticket.Ticket) {
		if r := t.Round(); t.State == ticket.Ended && r.LikedAt != 0 {
			r.EndAt = w.at
		}
	})},
	{"a call to the API counts from when it is noted", func(w *goneWorld, _ int, s pairing.Store) pairing.Store {
		return signStore{Store: s, saved: func(e ticket.Evidence) ticket.Evidence {
			if e.Proof == ticket.ProofActivity {
				e.At, e.Until = w.at, w.at.Add(goneActivity)
			}
			return e
		}}
	}},
	{"the end of a socket ends nothing weaker", func(_ *goneWorld, _ int, s pairing.Store) pairing.Store {
		return signStore{Store: s, read: func(c *ticket.Candidate) {
			sessions := map[string]ticket.Evidence{}
			for session, e := range c.Sessions {
				if e.Online || e.Proof != ticket.ProofSocket {
					sessions[session] = e
				}
			}
			c.Sessions = sessions
		}}
	}},
	{"the end of one session is the end of all", func(_ *goneWorld, _ int, s pairing.Store) pairing.Store {
		return signStore{Store: s, read: func(c *ticket.Candidate) {
			for _, e := range c.Sessions {
				if !e.Online {
					c.Sessions = map[string]ticket.Evidence{"": e}
					return
				}
			}
		}}
	}},
	{"the deadlines of a replica that died are nobody's", func(_ *goneWorld, slot int, s pairing.Store) pairing.Store {
		return &deafStore{Store: s, own: map[string]bool{}, deaf: slot == 1}
	}},
	{"who left at another replica stays in the pool", func(_ *goneWorld, _ int, s pairing.Store) pairing.Store {
		return staleStore{s}
	}},
}

// rewritten plants a fault into what is written of every ticket.
func rewritten(change func(*goneWorld, *ticket.Ticket)) func(*goneWorld, int, pairing.Store) pairing.Store {
	return func(w *goneWorld, _ int, s pairing.Store) pairing.Store {
		return rewritingStore{s, func(t *ticket.Ticket) { change(w, t) }}
	}
}

type rewritingStore struct {
	pairing.Store
	change func(*ticket.Ticket)
}

func (s rewritingStore) Commit(ctx context.Context, b pairing.Batch) error {
	for i := range b.Writes {
		t := b.Writes[i].Ticket.Clone()
		s.change(t)
		b.Writes[i].Ticket = t
	}
	return s.Store.Commit(ctx, b)
}

// signStore changes what is kept of signs, or what is read of a person.
type signStore struct {
	pairing.Store
	saved func(ticket.Evidence) ticket.Evidence
	read  func(*ticket.Candidate)
}

func (s signStore) SavePresence(ctx context.Context, app string, uid ticket.UID, session string, e ticket.Evidence, lease ticket.Instant) (ticket.Candidate, error) {
	if s.saved != nil {
		e = s.saved(e)
	}
	return s.seen(s.Store.SavePresence(ctx, app, uid, session, e, lease))
}

func (s signStore) Candidate(ctx context.Context, app string, uid ticket.UID) (ticket.Candidate, error) {
	return s.seen(s.Store.Candidate(ctx, app, uid))
}

func (s signStore) seen(c ticket.Candidate, err error) (ticket.Candidate, error) {
	if s.read != nil {
		s.read(&c)
	}
	return c, err
}

// deafStore fires the deadlines of the asks that this life of the replica made.
type deafStore struct {
	pairing.Store
	own  map[string]bool
	deaf bool
}

func (s *deafStore) Commit(ctx context.Context, b pairing.Batch) error {
	for _, w := range b.Writes {
		s.own[w.Ticket.AskNo] = s.own[w.Ticket.AskNo] || w.Prev == 0
	}
	return s.Store.Commit(ctx, b)
}

func (s *deafStore) Due(ctx context.Context, now ticket.Instant, limit int) ([]string, error) {
	asks, err := s.Store.Due(ctx, now, limit)
	return slices.DeleteFunc(asks, func(no string) bool { return s.deaf || !s.own[no] }), err
}

// staleStore hears of nobody who has left.
type staleStore struct{ pairing.Store }

func (s staleStore) Changes(ctx context.Context, app string, since ticket.Instant) (pairing.Changes, error) {
	ch, err := s.Store.Changes(ctx, app, since)
	ch.Candidates = slices.DeleteFunc(ch.Candidates, func(c ticket.Candidate) bool {
		for _, e := range c.Sessions {
			if !e.Online {
				return true
			}
		}
		return false
	})
	return ch, err
}
