package pairing

import (
	"slices"
	"time"

	"switchboard/app/pairing/ticket"
)

// Stats is one pool as this replica sees it.
type Stats struct {
	App        string
	Scene      int
	Tickets    map[string]int // under way, by state
	Candidates map[string]int // known, by state (invariant 16); askers are among them
	Gini       float64        // of the offers of the last five minutes, among who is present; 0: all alike
	Wait       time.Duration  // to the first offer of an ask made now; 0: none, or not known
}

// The states of a candidate. Elsewhere is taken by an ask that another replica serves.
const (
	candidateOffline   = "offline"
	candidateAway      = "away"
	candidateCooling   = "cooling"
	candidateIdle      = "idle"
	candidateAsking    = "asking"
	candidateOffered   = "offered"
	candidateInCall    = "in_call"
	candidateElsewhere = "elsewhere"
)

var candidateStates = [...]string{candidateOffline, candidateAway, candidateCooling, candidateIdle, candidateAsking, candidateOffered, candidateInCall, candidateElsewhere}

// Stats looks at every pool.
func (s *Service) Stats() []Stats {
	var out []Stats
	for _, p := range s.pools.all() {
		out = append(out, p.stats(s.now()))
	}
	return out
}

// statsAtOnce bounds the people looked at under one lock: matching goes on between.
const statsAtOnce = 4096

func (p *pool) stats(now ticket.Instant) Stats {
	out := Stats{App: p.app, Scene: p.scene, Tickets: map[string]int{}, Candidates: map[string]int{}}
	for _, state := range ticket.LiveStates {
		out.Tickets[state.String()] = 0
	}
	for _, state := range candidateStates {
		out.Candidates[state] = 0
	}
	_, _, out.Wait = p.load(now)
	p.mu.Lock()
	for _, w := range p.waiters {
		out.Tickets[w.t.State.String()]++
	}
	offers := p.tally.since(now)
	members := make([]*Member, 0, len(p.members))
	for _, m := range p.members {
		members = append(members, m)
	}
	p.mu.Unlock()
	present := 0
	for part := range slices.Chunk(members, statsAtOnce) {
		p.mu.Lock()
		for _, m := range part {
			state := p.stateOf(m, now)
			out.Candidates[state]++
			if state != candidateOffline || offers[m.UID] > 0 {
				present++
			}
		}
		p.mu.Unlock()
	}
	counts := make([]float64, 0, present)
	for _, n := range offers {
		counts = append(counts, float64(n))
	}
	out.Gini = Gini(append(counts, make([]float64, present-len(counts))...))
	return out
}

// stateOf is the one state that a person is in.
func (p *pool) stateOf(m *Member, now ticket.Instant) string {
	if m.taken.AskNo == elsewhere {
		return candidateElsewhere
	}
	if m.taken.AskNo != "" {
		w := p.waiters[m.taken.AskNo]
		switch {
		case w != nil && w.t.State.InCall():
			return candidateInCall
		case m.taken.Role == ticket.RoleAsker:
			return candidateAsking
		default:
			return candidateOffered
		}
	}
	_, present := m.BestEvidence(now)
	switch {
	case !present:
		return candidateOffline
	case !p.takesOffers(m) || !p.hasAnswerRole(m):
		return candidateAway
	case m.ReadyAt > now:
		return candidateCooling
	default:
		return candidateIdle
	}
}

// Gini is 0 when all have the same and near 1 when one has all. It sorts x.
func Gini(x []float64) float64 {
	slices.Sort(x)
	n, sum, weighted := float64(len(x)), 0.0, 0.0
	for i, v := range x {
		sum += v
		weighted += float64(i+1) * v
	}
	if sum == 0 {
		return 0
	}
	return 2*weighted/(n*sum) - (n+1)/n
}
