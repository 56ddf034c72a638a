package simulator

import (
	"time"

	"switchboard/app/pairing/ticket"
)

// scenario is how a world differs from a calm one (docs/pairing.md#simulator).
type scenario struct {
	load     float64           // new asks, over what calm candidates can bear
	values   map[string]string // configuration
	burst    bool              // five times the asks now and then
	alone    bool              // nobody for ten minutes, then one candidate
	away     float64           // part of the time that a candidate does not look; 0: three tenths
	cross    bool              // askers and candidates are the same people
	outage   time.Duration     // of the vendor, every ten minutes
	kill     time.Duration     // a replica dies so often; 0: never
	skew     time.Duration     // two replicas, one clock ahead and one behind by this
	rude     bool              // people and devices misbehave
	loss     float64           // of deliveries
	failures float64           // of deliveries, known to the sender
}

// capacityEach is the asks a second, for each candidate known, that a calm world's
// candidates can just bear: a third of them is online at a time, seven in ten of
// these look, a connected round keeps one busy for about a minute, and most wishes
// are asked more than once. It was measured, and a test holds it to the world.
const capacityEach = 0.00087

var scenarios = map[string]scenario{
	"slack":    {load: 0.25},
	"tight":    {load: 0.75},
	"overload": {load: 2},
	"burst":    {load: 0.4, burst: true},
	"empty":    {load: 0.25, alone: true},
	"away":     {load: 0.4, away: 0.6},
	"cross":    {load: 1.5, cross: true, values: map[string]string{"pair.cross_ask": ticket.CrossFallback}},
	"outage":   {load: 0.5, outage: 30 * time.Second},
	"kill":     {load: 0.5, kill: 20 * time.Second},
	"skew":     {load: 0.5, skew: 2 * time.Second},
	"rude":     {load: 0.5, rude: true},
	"lossy":    {load: 0.5, loss: 0.05, failures: 0.1},
}

const outageEvery = 10 * time.Minute // of outages

// vendorDown: at is within an outage; the first one comes after five minutes.
func (s *sim) vendorDown(at ticket.Instant) bool {
	return s.scenario.outage > 0 && (at.Sub(s.start)+outageEvery/2)%outageEvery < s.scenario.outage
}
