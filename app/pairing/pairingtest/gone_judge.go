package pairingtest

import (
	"time"

	"switchboard/app/pairing/ticket"
)

// judge looks at every ask: nobody who is gone holds one, nobody who is shown lost one,
// and what was billed ends when the first of the two was last shown.
func (w *goneWorld) judge() {
	for _, no := range w.asks {
		t, before := w.load(no), w.before[no]
		if t == nil || before != nil && before.State == ticket.Ended {
			continue
		}
		if before == nil || before.State != t.State || before.RoundNo() != t.RoundNo() {
			w.moved[no] = w.at
			w.tell("ask %s of %d is %v, round %+v", no, t.Asker, t.State, *t.Round())
		}
		if before != nil {
			w.judgeChange(before, t)
		}
		if t.State != ticket.Ended {
			w.judgeLive(t)
		}
		w.before[no] = t
	}
	w.acted = false
}

// judgeLive: who is in an ask that goes on was shown within their grace. A step of the
// ask gives them the grace anew.
func (w *goneWorld) judgeLive(t *ticket.Ticket) {
	asker, peer := goneAsker, gonePeer
	if t.State == ticket.Liked {
		asker, peer = goneWatchdog, goneWatchdog
	}
	w.judgeHere(t, t.Asker, asker)
	if t.State.InCall() {
		w.judgeHere(t, t.Round().Peer, peer)
	}
}

func (w *goneWorld) judgeHere(t *ticket.Ticket, uid ticket.UID, grace time.Duration) {
	most, _ := w.people[uid].last(w.at)
	if by := max(most, w.moved[t.AskNo]).Add(grace); w.at > by {
		w.fail("ask %s is %v, and %d was last shown %s ago", t.AskNo, t.State, uid, w.at.Sub(most))
	}
}

func (w *goneWorld) judgeChange(before, t *ticket.Ticket) {
	for _, o := range t.Offers[len(before.Offers):] {
		if most, _ := w.people[o.UID].last(o.OfferedAt); o.OfferedAt > most.Add(poolLag) {
			w.fail("ask %s was offered to %d, who was last shown %s before", t.AskNo, o.UID, o.OfferedAt.Sub(most))
		}
	}
	if t.State == ticket.Ended && t.EndReason == ticket.ReasonAskerGone {
		w.judgeGone(t, t.Asker, goneAsker)
	}
	for i := range before.Rounds {
		if r := t.Rounds[i]; before.Rounds[i].EndAt == 0 && r.EndReason == ticket.ReasonPeerGone {
			w.judgeGone(t, r.Peer, gonePeer)
		}
	}
	if t.State == ticket.Ended && before.State == ticket.Liked {
		w.judgeBill(t)
	}
}

// judgeGone: uid was taken for gone, and was.
func (w *goneWorld) judgeGone(t *ticket.Ticket, uid ticket.UID, grace time.Duration) {
	p := w.people[uid]
	_, known := p.last(w.at)
	if p.left {
		grace = 0
	}
	if w.at < known.Add(grace) || p.present(w.at) {
		w.fail("ask %s lost %d, who was shown %s ago", t.AskNo, uid, w.at.Sub(known))
	}
}

func (w *goneWorld) judgeBill(t *ticket.Ticket) {
	r := t.Round()
	if seconds, told := w.settled[t.AskNo]; !told || seconds != (r.EndAt.Sub(r.LikedAt).Milliseconds()+999)/1000 {
		w.fail("ask %s ran %s and was billed %d s (%v)", t.AskNo, r.EndAt.Sub(r.LikedAt), seconds, told)
	}
	asker, askerKnown := w.people[t.Asker].last(w.at)
	peer, peerKnown := w.people[r.Peer].last(w.at)
	most, known := max(r.LikedAt, min(asker, peer)), max(r.LikedAt, min(askerKnown, peerKnown))
	switch {
	case w.acted:
		if r.EndAt > most.Add(goneWatchdog) {
			w.fail("ask %s is billed up to %s after one of its people was last shown", t.AskNo, r.EndAt.Sub(most))
		}
	case r.EndAt > most:
		w.fail("ask %s is billed for %s after one of its people was last shown", t.AskNo, r.EndAt.Sub(most))
	case r.EndAt < known || w.at < min(askerKnown, peerKnown).Add(goneWatchdog):
		w.fail("ask %s ended at %s before both were gone, %s after they were shown", t.AskNo, known.Sub(r.EndAt), w.at.Sub(known))
	}
}
