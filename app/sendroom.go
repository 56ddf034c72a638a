package main

import (
	"sync/atomic"
	"time"

	"switchboard/vendors"
)

// sendRoom is how many messages the vendors of the messages route would let out
// now. It is looked up at intervals: the matcher asks for every offer.
type sendRoom struct {
	routes *vendors.Router
	seen   atomic.Pointer[roomSeen]
}

type roomSeen struct {
	units float64
	until time.Time
}

const roomLookUp = 50 * time.Millisecond

// now is negative where no limit is known.
func (r *sendRoom) now() float64 {
	now := time.Now()
	if s := r.seen.Load(); s != nil && now.Before(s.until) {
		return s.units
	}
	s := &roomSeen{units: r.look(), until: now.Add(roomLookUp)}
	r.seen.Store(s)
	return s.units
}

func (r *sendRoom) look() float64 {
	sum := 0.0
	for _, v := range r.routes.Route(vendors.CapMessages) {
		if v.Connection == nil {
			return -1
		}
		if !v.Connection.Healthy("write") {
			continue
		}
		room := -1.0 // an operation that was never called has its whole limit
		for _, o := range v.Connection.Health().Ops {
			if o.Op == vendors.OpSendUser {
				room = o.HeadRoom
			}
		}
		if room < 0 {
			return -1
		}
		sum += room
	}
	return sum
}
