package pairing

import (
	"slices"

	"switchboard/app/pairing/ticket"
)

// suits applies every filter of docs/pairing.md#candidates that is still on at w's age.
func (p *pool) suits(w *waiter, m *Member) bool {
	if w.t.Excludes(m.UID) || !p.hasAnswerRole(m) {
		return false
	}
	language, region, recent := w.filters(p.now)
	if recent && slices.Contains(w.recentPeers, m.UID) {
		return false
	}
	if !p.profiled {
		return true
	}
	asker := &p.member(w.t.Asker).profile
	differ := func(a, b string) bool { return a != "" && b != "" && a != b }
	return !asker.blocks(m.UID) && !m.profile.blocks(w.t.Asker) &&
		!(language && differ(asker.Language, m.profile.Language)) && !(region && differ(asker.Region, m.profile.Region))
}

// suitsNow repeats the filters for a pick.
func (p *pool) suitsNow(askNo string, uid ticket.UID) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	w := p.waiters[askNo]
	return w != nil && p.suits(w, p.member(uid))
}
