package pairinglink

import (
	"sync/atomic"
	"time"

	"switchboard/vendors"
)

// sendCapacity is how many messages the vendors of the messages route would let out
// now. It is looked up at intervals: the matcher asks for every offer.
type sendCapacity struct {
	routes *vendors.Router
	seen   atomic.Pointer[capacitySeen]
}

type capacitySeen struct {
	units float64
	until time.Time
}

const capacityEvery = 50 * time.Millisecond

// now is negative where no limit is known.
func (r *sendCapacity) now() float64 {
	now := time.Now()
	if s := r.seen.Load(); s != nil && now.Before(s.until) {
		return s.units
	}
	s := &capacitySeen{units: r.look(), until: now.Add(capacityEvery)}
	r.seen.Store(s)
	return s.units
}

func (r *sendCapacity) look() float64 {
	sum := 0.0
	for _, v := range r.routes.Route(vendors.CapMessages) {
		if v.Connection == nil {
			return -1
		}
		if !v.Connection.Healthy("write") {
			continue
		}
		left := -1.0 // an operation that was never called has its whole limit
		for _, o := range v.Connection.Health().Ops {
			if o.Op == vendors.OpSendUser {
				left = o.HeadRoom
			}
		}
		if left < 0 {
			return -1
		}
		sum += left
	}
	return sum
}
