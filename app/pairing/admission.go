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
	estimateWindow = 120e3       // ms; what happened longer ago counts for little
	minServed      = 5           // first offers that show how fast the next ones come
	promptWait     = time.Second // an ask offered within it did not wait
	minWaiting     = 4           // fewer who wait are chance, not overload
)

// admissionEstimator is how many wait for their first offer, and how fast these come while
// somebody waits: in calm times they come as asks do, which tells nothing of what
// the candidates could bear.
type admissionEstimator struct {
	waiting int
	served  float64        // first offers to asks that waited
	busyMS  float64        // ms in which somebody waited
	at      ticket.Instant // until which both were counted
}

// advance counts the time up to now.
func (q *admissionEstimator) advance(now ticket.Instant) {
	if now <= q.at {
		return // also where the clock was set back
	}
	past := float64(now - q.at)
	fade := math.Exp(-past / estimateWindow)
	q.served *= fade
	q.busyMS *= fade
	if q.waiting > 0 {
		q.busyMS += estimateWindow * (1 - fade)
	}
	q.at = now
}

// wait is the time to the first offer of an ask made now; 0: nobody waits, or too
// few were served to say.
func (q *admissionEstimator) wait(now ticket.Instant) time.Duration {
	q.advance(now)
	if q.served < minServed {
		return 0
	}
	return time.Duration(float64(q.waiting) * q.busyMS / q.served * float64(time.Millisecond))
}

// beginWait and unqueue note that w begins and ceases to wait for its first offer.
func (p *pool) beginWait(w *waiter) {
	p.estimator.advance(p.now)
	if w.counted = awaitsFirstOffer(w.t); w.counted {
		p.estimator.waiting++
	}
}

func (p *pool) endWait(w *waiter) {
	p.estimator.advance(p.now)
	if w.counted {
		p.estimator.waiting--
	}
}

// recordFirstOffer notes a first offer, whichever replica made it: w becomes t.
func (p *pool) recordFirstOffer(w *waiter, t *ticket.Ticket) {
	if awaitsFirstOffer(w.t) && !awaitsFirstOffer(t) && p.now.Sub(t.CreatedAt) > promptWait {
		p.estimator.advance(p.now)
		p.estimator.served++
	}
}

// awaitsFirstOffer: nobody was offered the ask yet, nor did its asker take another one.
func awaitsFirstOffer(t *ticket.Ticket) bool {
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
	return len(p.waiters), p.estimator.waiting, p.estimator.wait(now)
}

// full reports whether p takes no ask now (A3, Y2), and when to try again.
func (s *Service) full(p *pool, cfg *ticket.Config) (after time.Duration, full bool) {
	live, waiting, wait := p.load(s.now())
	late := wait - cfg.LongestWait()
	if s.closing.Load() || !cfg.Enabled || live >= cfg.MaxLive || cfg.Admission && waiting >= minWaiting && late > 0 {
		return max(time.Second, min(late, time.Minute)), true
	}
	return 0, false
}
