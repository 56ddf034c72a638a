package pairing

import (
	"math/rand/v2"

	"switchboard/app/pairing/ticket"
)

// Strategy ranks the idle candidates of one pool (docs/pairing.md#strategies). It is
// called under the pool's lock and must not block.
type Strategy interface {
	// Key is where m stands among the idle, the lowest first. It is set when m
	// becomes idle and holds until m is taken.
	Key(m *Member, now ticket.Instant) int64
	// Sample is how many eligible people Choose is shown at most.
	Sample() int
	// Choose picks one of eligible, who are at least one and stand in Key's order,
	// for asker; nil: none, and they stay idle.
	Choose(asker ticket.UID, eligible []*Member, chance *rand.Rand) *Member
}

// keys orders idle candidates by the configured strategy. score takes idle time as
// its start, which orders all alike as time goes by.
var keys = map[string]func(m *Member, now ticket.Instant) int64{
	ticket.LongestIdle: func(m *Member, _ ticket.Instant) int64 { return int64(m.IdleSince) },
	ticket.Random:      func(*Member, ticket.Instant) int64 { return 0 },
	ticket.RoundRobin:  func(m *Member, _ ticket.Instant) int64 { return m.Turn },
	ticket.Fewest:      fewestKey,
	ticket.Score:       scoreKey,
}

// configured is the strategy that cfg names.
func configured(cfg *ticket.Config) Strategy {
	r := ranking{key: keys[cfg.Strategy], sample: cfg.TopM, top: cfg.TopM}
	if cfg.Strategy == ticket.Score {
		r.sample, r.explore = cfg.ScanLimit, exploreShare
	}
	return r
}

// ranking picks one of the first top_m by a key, so that two replicas seldom fight
// for one head, and a share explore of the time one of all that it is shown.
type ranking struct {
	key         func(*Member, ticket.Instant) int64
	sample, top int
	explore     float64
}

// Key implements Strategy.
func (r ranking) Key(m *Member, now ticket.Instant) int64 { return r.key(m, now) }

// Sample implements Strategy.
func (r ranking) Sample() int { return r.sample }

// Choose implements Strategy.
func (r ranking) Choose(_ ticket.UID, eligible []*Member, chance *rand.Rand) *Member {
	if r.explore > 0 && chance.Float64() < r.explore {
		return eligible[chance.IntN(len(eligible))]
	}
	return eligible[chance.IntN(min(r.top, len(eligible)))]
}

// fewestKey is offers an online hour, in millionths; a newcomer is taken to have
// been online for an hour, so that a first offer does not count double.
func fewestKey(m *Member, now ticket.Instant) int64 {
	hours := 1.0
	if m.OnlineAt != 0 {
		hours += now.Sub(m.OnlineAt).Hours()
	}
	return int64(float64(m.Card.Offers) / hours * 1e6)
}

const (
	weightAccept = 0.6
	weightSpeed  = 0.2
	weightIdle   = 0.2
	idleUnit     = 300e3 // ms of idling that are worth weightIdle
	slowAnswer   = 10e3  // ms; an answer as slow as that is worth nothing
	exploreShare = 0.05  // of picks, made among all that were scanned
)

// scoreKey ranks by acceptance, answer speed and idle time.
func scoreKey(m *Member, _ ticket.Instant) int64 {
	return int64(-1e6*expectedAcceptance(&m.Card) + 1e6*weightIdle*float64(m.IdleSince)/idleUnit)
}

// expectedAcceptance is what a candidate's record promises, 0 to 0.8.
func expectedAcceptance(c *ticket.Card) float64 {
	accept, speed := 0.5, 0.5
	if c.Offers > 0 {
		accept = c.Accept
	}
	if c.AnswerMS > 0 {
		speed = max(0, 1-c.AnswerMS/slowAnswer)
	}
	return weightAccept*accept + weightSpeed*speed
}
