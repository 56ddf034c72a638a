package simulator

import (
	"math/rand/v2"
	"time"

	"switchboard/app/pairing"
	"switchboard/app/pairing/ticket"
)

// oracle is the strategy that knows who will pass in time, and asks the fastest of
// them: the bound of what choosing well can come to.
type oracle struct {
	sim *sim
	cfg *ticket.Config
}

// Key implements pairing.Strategy.
func (oracle) Key(m *pairing.Member, _ ticket.Instant) int64 { return int64(m.IdleSince) }

// Sample implements pairing.Strategy.
func (o oracle) Sample() int { return o.cfg.ScanLimit }

// Choose implements pairing.Strategy.
func (o oracle) Choose(asker ticket.UID, eligible []*pairing.Member, _ *rand.Rand) (best *pairing.Member) {
	var least time.Duration
	for _, m := range eligible {
		after, pass, silent := o.sim.world.answer(asker, o.sim.index[asker], m.UID, o.sim.at)
		if pass && !silent && after < answerTimeout && (best == nil || after < least) {
			best, least = m, after
		}
	}
	return best
}
