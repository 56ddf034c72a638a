package pairing

import (
	"slices"
	"time"

	"switchboard/app/pairing/ticket"
)

// count adds one to a counter. The label is one of a few that this package knows.
func (s *Service) count(name, label string) {
	if s.Count != nil {
		s.Count(name, label)
	}
}

func (s *Service) measure(name string, value float64) {
	if s.Measure != nil {
		s.Measure(name, value)
	}
}

func (s *Service) mark(marks []ticket.Mark) {
	for _, m := range marks {
		if m.Timed {
			s.measure(m.Name, m.Value)
		} else {
			s.count(m.Name, m.Label)
		}
	}
}

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

// ClockOffset is how far the store's clock is ahead of ours (Y6).
func (s *Service) ClockOffset() time.Duration {
	return time.Duration(s.offset.Load()) * time.Millisecond
}

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

// tally counts offers per person over about the last five minutes.
type tally struct {
	minute int64
	counts [5]map[ticket.UID]int // by minute
}

// advance forgets the minutes that are over.
func (t *tally) advance(now ticket.Instant) {
	minute := int64(now) / 60_000
	for t.minute = max(t.minute, minute-int64(len(t.counts))); t.minute < minute; {
		t.minute++
		t.counts[t.minute%int64(len(t.counts))] = nil
	}
}

func (t *tally) add(uid ticket.UID, now ticket.Instant) {
	t.advance(now)
	at := &t.counts[t.minute%int64(len(t.counts))]
	if *at == nil {
		*at = map[ticket.UID]int{}
	}
	(*at)[uid]++
}

func (t *tally) since(now ticket.Instant) map[ticket.UID]int {
	t.advance(now)
	all := map[ticket.UID]int{}
	for _, counts := range t.counts {
		for uid, n := range counts {
			all[uid] += n
		}
	}
	return all
}

// overdueAfter is how long an ask and somebody for it are at most both free while
// the matcher works (invariant 14).
const overdueAfter = 2 * safetyTickMS * time.Millisecond

// overdue reports whether w and m could have been brought together before: both
// were free, nothing held offers back, and the filters were as wide.
func (p *pool) overdue(w *waiter, m *Member) bool {
	both := max(w.since, m.since, p.blockedAt).Add(overdueAfter)
	if both >= p.now || p.cfg.Window > 0 {
		return false
	}
	now := p.now
	defer func() { p.now = now }()
	p.now = both
	return p.suits(w, m)
}

// blockOffers notes that nothing could be offered at now.
func (p *pool) blockOffers(now ticket.Instant) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.blockedAt = now
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
