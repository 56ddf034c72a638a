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
