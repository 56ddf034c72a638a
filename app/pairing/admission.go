package pairing

import (
	"math"
	"time"

	"switchboard/app/pairing/ticket"
)

// A3 refuses an ask whose first offer would come so late that little of its life
// were left to be refused in, and asked about again. Without it a queue at overload
// grows until everybody is served just before giving up.

const (
	paceWindow = 120e3       // ms; what happened longer ago counts for little
	paceEnough = 5           // first offers that tell how fast the next ones come
	prompt     = time.Second // an ask offered within it did not wait
	fewWaiting = 4           // fewer who wait are chance, not overload
)

// pace is how many wait for their first offer, and how fast these come while
// somebody waits: in calm times they come as asks do, which tells nothing of what
// the candidates could bear.
type pace struct {
	waiting int
	served  float64        // first offers to asks that waited
	crowded float64        // ms in which somebody waited
	at      ticket.Instant // until which both were counted
}

// turn counts the time up to now.
func (q *pace) turn(now ticket.Instant) {
	if now <= q.at {
		return // also where the clock was set back
	}
	past := float64(now - q.at)
	fade := math.Exp(-past / paceWindow)
	q.served *= fade
	q.crowded *= fade
	if q.waiting > 0 {
		q.crowded += paceWindow * (1 - fade)
	}
	q.at = now
}

// wait is the time to the first offer of an ask made now; 0: nobody waits, or too
// few were served to tell.
func (q *pace) wait(now ticket.Instant) time.Duration {
	q.turn(now)
	if q.served < paceEnough {
		return 0
	}
	return time.Duration(float64(q.waiting) * q.crowded / q.served * float64(time.Millisecond))
}

// queue and unqueue note that w begins and ceases to wait for its first offer.
func (p *pool) queue(w *waiter) {
	p.pace.turn(p.now)
	if w.unoffered = unoffered(w.t); w.unoffered {
		p.pace.waiting++
	}
}

func (p *pool) unqueue(w *waiter) {
	p.pace.turn(p.now)
	if w.unoffered {
		p.pace.waiting--
	}
}

// pacing notes a first offer, whichever replica made it: w becomes t.
func (p *pool) pacing(w *waiter, t *ticket.Ticket) {
	if unoffered(w.t) && !unoffered(t) && p.now.Sub(t.CreatedAt) > prompt {
		p.pace.turn(p.now)
		p.pace.served++
	}
}

// unoffered: nobody was offered the ask yet, nor did its asker take another one.
func unoffered(t *ticket.Ticket) bool {
	return len(t.Offers) == 0 && t.EndReason != ticket.ReasonMerged
}

// load is what an ask would meet: tickets under way, those of them that wait for
// their first offer, and the time to its own. Somebody idle may be for this ask, at the
// latest when the filters are given up; save where the strategy passes over who is.
func (p *pool) load(now ticket.Instant) (live, waiting int, wait time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now = now
	if p.idle.Len() > 0 && !p.passedOver {
		return len(p.waiters), 0, 0
	}
	return len(p.waiters), p.pace.waiting, p.pace.wait(now)
}

// full reports whether p takes no ask now (A3, Y2), and when to try again.
func (s *Service) full(p *pool, cfg *ticket.Config) (after time.Duration, full bool) {
	live, waiting, wait := p.load(s.now())
	late := wait - cfg.LongestWait()
	if s.closing.Load() || !cfg.Enabled || live >= cfg.MaxLive || cfg.Admission && waiting >= fewWaiting && late > 0 {
		return max(time.Second, min(late, time.Minute)), true
	}
	return 0, false
}
