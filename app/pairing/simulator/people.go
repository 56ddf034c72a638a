package simulator

import (
	"errors"
	"fmt"
	"time"

	"switchboard/app/pairing"
	"switchboard/app/pairing/ticket"
)

// session alternates a candidate between online and offline; a third begins online.
func (s *sim) session(uid ticket.UID, n int, at ticket.Instant) {
	first := n == 0 && s.world.chance(2.0/3, "first", int(uid))
	if n%2 == 1 || first {
		s.on(at.Add(s.world.exp(40*60, "off", int(uid), n)), func() { s.session(uid, n+2-n%2, s.at) })
		return
	}
	until := at.Add(s.world.exp(20*60, "on", int(uid), n))
	s.on(at, func() { s.arrive(uid, until) })
	s.on(until, func() {
		s.presence(uid, false, s.at)
		s.session(uid, n+1, s.at)
	})
}

func (s *sim) arrive(uid ticket.UID, until ticket.Instant) {
	s.online[uid] = append(s.online[uid], interval{s.at, min(until, max(s.at, s.start.Add(s.cfg.Horizon)))})
	s.presence(uid, true, until)
	s.match()
}

// comeBack: who was paused while away says to be here again.
func (s *sim) comeBack(uid ticket.UID) {
	c, err := s.store.Candidate(s.ctx, app, uid)
	if err == nil && c.Paused {
		_, _ = s.serving().SetAvailability(s.ctx, app, uid, true) // the memory store does not fail
		s.match()
	}
	s.on(s.world.back(uid, s.at+1), func() { s.comeBack(uid) })
}

func (s *sim) presence(uid ticket.UID, on bool, until ticket.Instant) {
	e := ticket.Evidence{Proof: ticket.ProofSocket, Online: on, At: s.at, Until: until}
	_ = s.serving().RecordPresence(s.ctx, app, uid, "s", e) // the memory store does not fail
}

// Asks repeated by the same person have the first one's index and a multiple of
// this; so that every ask has draws of its own.
const repeatIndex = 1 << 20

// asker is who makes the ask of index i: somebody who only asks, or one of the
// candidates where all do both.
func (s *sim) asker(i int) ticket.UID {
	if s.scenario.cross {
		return ticket.UID(1 + int(s.world.unit("asker", i%repeatIndex)*float64(s.cfg.Candidates)))
	}
	return firstAsker + ticket.UID(i%repeatIndex)
}

const firstAsker ticket.UID = 1_000_000

// ask is one person's wish; they give up after ask_ttl and some patience.
func (s *sim) ask(i int) {
	uid, svc := s.asker(i), s.serving()
	if _, taken, _ := s.store.Holder(s.ctx, app, uid); taken {
		return // busy already
	}
	s.asks++
	s.index[uid] = i
	s.wallet.coins[uid] = s.world.credit(i)
	no, err := svc.Ask(s.ctx, app, pairing.DefaultScene, uid)
	if err != nil {
		if errors.Is(err, pairing.ErrClosed) {
			s.shed++
		} else {
			s.turnedAway++ // A5
		}
		s.again(i)
		return
	}
	s.match()
	s.after(time.Minute+s.world.exp(45, "patience", i), func() {
		t, err := s.store.Load(s.ctx, no)
		if err == nil && t.State != ticket.Ended && !t.State.InCall() && s.serving().Cancel(s.ctx, app, no, uid) == nil {
			s.again(i)
		}
	})
	if s.scenario.rude {
		s.rudeAsk(no, i)
	}
}

// again: six in ten who had no luck, or enough, ask once more.
func (s *sim) again(i int) {
	if s.world.chance(0.6, "again", i) && s.at < s.start.Add(s.cfg.Horizon) {
		s.after(s.world.exp(20, "pause", i), func() { s.ask(i + repeatIndex) })
	}
}

// ring is the offer at the candidate's devices, of which one in fifty has a second.
func (s *sim) ring(no string, i int, uid ticket.UID, round int) {
	after, pass, silent := s.world.answer(s.asker(i), i, uid, s.at)
	if silent {
		if !s.scenario.rude || !s.world.chance(0.25, "late", i, int(uid)) {
			return
		}
		after, pass = 11*time.Second+s.world.exp(5, "how late", i, int(uid)), true
	}
	s.after(after, func() {
		err := s.serving().Answer(s.ctx, app, no, uid, round, pass)
		switch {
		case err == nil && pass && s.winners[winning{no, round}] == 0:
			s.winners[winning{no, round}] = uid
			s.call(no, i, uid, round)
		case err == nil && pass && s.winners[winning{no, round}] != uid:
			s.wrongs++ // invariant 2
		case err != nil && s.scenario.rude && errors.Is(err, ticket.ErrTaken):
			_ = s.serving().Answer(s.ctx, app, no, uid, round, pass) // insists after the rescind
		}
		s.match()
	})
	if s.world.chance(0.02, "devices", int(uid)) {
		s.after(after+s.world.exp(0.2, "second device", i, int(uid)), func() {
			_ = s.serving().Answer(s.ctx, app, no, uid, round, pass) // says what the first one said
		})
	}
}

// winning is a round of an ask.
type winning struct {
	no    string
	round int
}

// call is what follows a winning pass.
func (s *sim) call(no string, i int, peer ticket.UID, round int) {
	id, uid := fmt.Sprint(no, "-", round), s.asker(i)
	if s.scenario.rude {
		s.misbehave(no, i, peer, round, id)
	}
	c := s.world.call(uid, i, peer)
	if !c.connects {
		return // T_connect finds it
	}
	s.after(c.told, func() {
		_ = s.serving().CallStarted(s.ctx, app, no, ticket.CallSeen{Round: round, CallID: id, Users: []ticket.UID{peer}}) // too late is no news
	})
	s.after(c.setup+c.preview, func() {
		err := s.serving().Decide(s.ctx, app, no, ticket.Confirm{UID: uid, Round: round, Peer: peer, CallID: id, Like: c.likes})
		if err == nil && c.likes {
			s.after(c.talk, func() {
				_ = s.serving().CallOver(s.ctx, app, no, ticket.CallEnded{Round: round, CallID: id}) // over already is fine
			})
		}
		s.match()
	})
}

// rudeAsk lets the asker of i do one of the things that clients should not, at any
// time of the ask.
func (s *sim) rudeAsk(no string, i int) {
	uid, when := s.asker(i), s.world.exp(30, "rude when", i)
	switch int(s.world.unit("rude ask", i) * 12) {
	case 0: // a double tap
		_, _ = s.serving().Ask(s.ctx, app, pairing.DefaultScene, uid)
	case 1: // in whatever state they are
		s.after(when, func() { _ = s.serving().Cancel(s.ctx, app, no, uid) })
	case 2: // the app crashes, and is back or not
		_, _ = s.serving().SetAvailability(s.ctx, app, uid, false) // only asks
		s.presence(uid, true, s.at.Add(time.Hour))
		s.after(when, func() { s.presence(uid, false, s.at) })
		s.after(when+s.world.exp(10, "rude back", i), func() {
			s.presence(uid, true, s.at.Add(time.Hour))
			s.after(5*time.Minute, func() { s.presence(uid, false, s.at) })
		})
	}
}

// misbehave lets those in a call do one of the things that clients should not.
// The service has to bear them; the run's conservation check would show if not.
func (s *sim) misbehave(no string, i int, peer ticket.UID, round int, call string) {
	ctx, svc, uid := s.ctx, s.serving(), s.asker(i)
	switch int(s.world.unit("rude", i, int(peer)) * 12) {
	case 0: // asks while the own call comes about
		_, _ = svc.Ask(ctx, app, pairing.DefaultScene, uid)
	case 1: // an old round
		_ = svc.Decide(ctx, app, no, ticket.Confirm{UID: uid, Round: round - 1, Peer: peer, CallID: call, Like: true})
	case 2: // somewhere in between
		s.after(s.world.exp(5, "cancel", i, int(peer)), func() { _ = s.serving().Cancel(ctx, app, no, uid) })
	case 3: // an answer to nothing
		_ = svc.Answer(ctx, app, no, peer+1, round, true)
	case 4: // the line drops and is back
		s.dropOut(peer, time.Second)
	case 5: // the same answer twice, and another one late
		_ = svc.Answer(ctx, app, no, peer, round, true)
		s.after(15*time.Second, func() { _ = s.serving().Answer(ctx, app, no, peer, round, false) })
	case 6: // the candidate's app crashes
		s.dropOut(peer, 5*time.Second+s.world.exp(20, "crash", i, int(peer)))
	}
}

// dropOut ends a candidate's presence for a while, if the session lasts so long.
func (s *sim) dropOut(uid ticket.UID, d time.Duration) {
	s.presence(uid, false, s.at)
	shifts := s.online[uid]
	until := shifts[len(shifts)-1].to
	if s.at.Add(d) < until {
		s.after(d, func() { s.presence(uid, true, until) })
	}
}
