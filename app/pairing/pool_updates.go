package pairing

import (
	"time"

	"switchboard/app/pairing/ticket"
)

// stepped is a ticket with the configuration that it goes by.
type stepped struct {
	t   *ticket.Ticket
	cfg *ticket.Config
	fx  ticket.Effects
}

// updateCandidate takes over what a report says of a person.
func (p *pool) updateCandidate(c ticket.Candidate, now ticket.Instant) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now = now
	m := p.member(c.UID)
	if m.IdleSince > c.IdleSince { // read before the last release
		c.ReadyAt, c.IdleSince, c.Card, c.Paused = m.ReadyAt, m.IdleSince, m.Card, m.Paused
	}
	wasIdle, since := m.list == &p.idle, m.since
	m.Candidate = c
	p.list(m)
	if wasIdle {
		m.since = since
	}
	p.wakeMatcher()
	if e, present := c.BestEvidence(now); present && e.Proof == ticket.ProofSocket {
		p.sockets.Store(c.UID, e.Until)
	} else {
		p.sockets.Delete(c.UID)
	}
}

// claimTrust is how long a claim of ours outweighs what the store was read
// to say of it.
const claimTrust = time.Second

// applyClaims takes over who is claimed, as read from the store.
func (p *pool) applyClaims(c ticket.Candidate, now ticket.Instant) {
	p.mu.Lock()
	defer p.mu.Unlock()
	m := p.member(c.UID)
	switch {
	case m.planned:
	case c.Claimed && m.taken.AskNo == "":
		p.unlist(m)
		m.taken, m.takenAt = ticket.Claim{AskNo: elsewhere, UID: c.UID}, now
	case !c.Claimed && m.taken.AskNo != "" && (m.taken.AskNo == elsewhere || now.Sub(m.takenAt) > claimTrust):
		m.taken = ticket.Claim{}
		p.list(m)
		p.wakeMatcher()
	}
}

// elsewhere stands for an ask that another replica serves.
const elsewhere = "elsewhere"

// committed takes over who was taken and freed and, in its own pool, the ticket;
// false: that one wants offers, and nothing is known of its asker yet.
func (p *pool) committed(d *stepped, now ticket.Instant) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now = now
	here := d.t.Scene == p.scene
	for _, c := range d.fx.Take {
		p.take(c, here)
	}
	for _, r := range d.fx.Drop {
		p.release(r)
	}
	return !here || p.update(d.t, d.cfg)
}

// take notes a committed claim; here: of an ask of this pool.
func (p *pool) take(c ticket.Claim, here bool) {
	m := p.member(c.UID)
	if here && c.Role == ticket.RoleCandidate {
		p.tally.add(c.UID, p.now)
	}
	m.planned = false
	if !c.Same(m.dropped) {
		m.taken, m.takenAt = c, p.now
	}
	p.list(m)
}

// release notes a committed drop.
func (p *pool) release(d ticket.Release) {
	m := p.member(d.Claim.UID)
	m.dropped = d.Claim
	if m.taken.AskNo != "" && m.taken.AskNo != elsewhere && !d.Claim.Same(m.taken) {
		return // the person is somebody else's by now
	}
	m.taken = ticket.Claim{}
	m.ReadyAt, m.IdleSince = d.ReadyAt, p.now
	m.Paused = m.Paused || d.Paused
	if d.Card != nil {
		m.Card = *d.Card
	}
	p.list(m)
	p.wakeMatcher()
}

// free reports that uid's last claim was seen dropped and none is on its way.
func (p *pool) free(uid ticket.UID) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	m := p.members[uid]
	return m != nil && m.dropped.AskNo != "" && m.taken.AskNo == "" && !m.planned
}

// presentFor reports whether uid's evidence holds for another d.
func (p *pool) presentFor(uid ticket.UID, now ticket.Instant, d time.Duration) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	m := p.members[uid]
	if m == nil {
		return false
	}
	_, present := m.BestEvidence(now.Add(d))
	return present
}

// updateTicket takes over a ticket's newest state; false: it wants offers, and nothing is
// known of its asker yet.
func (p *pool) updateTicket(t *ticket.Ticket, cfg *ticket.Config, now ticket.Instant) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now = now
	return p.update(t, cfg)
}

func (p *pool) update(t *ticket.Ticket, cfg *ticket.Config) bool {
	w := p.waiters[t.AskNo]
	wants := wantsOffers(t, cfg)
	switch {
	case w == nil:
		return !wants
	case w.t.Version > t.Version:
		return true
	case w.t.Version == t.Version && w.listed: // it waits already
		w.updatedAt = p.now
		return true
	}
	p.recordFirstOffer(w, t)
	w.t, w.cfg, w.updatedAt = t, cfg, p.now
	p.unlistWaiter(w)
	if !wants {
		if t.State == ticket.Ended {
			delete(p.waiters, t.AskNo)
		}
		return true
	}
	if !w.busy {
		p.listWaiter(w)
		p.wakeMatcher()
	}
	return true
}

// recordFirstOffer notes a first offer, whichever replica made it: w becomes t.
func (p *pool) recordFirstOffer(w *waiter, t *ticket.Ticket) {
	if awaitsFirstOffer(w.t) && !awaitsFirstOffer(t) && p.now.Sub(t.CreatedAt) > promptWait {
		p.estimator.advance(p.now)
		p.estimator.served++
	}
}

// version is the state of an ask that the pool knows, 0 for none.
func (p *pool) version(askNo string) int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	if w := p.waiters[askNo]; w != nil {
		return w.t.Version
	}
	return 0
}

// addWaiter adds what matching needs of an asker beside the ticket,
// which put lists.
func (p *pool) addWaiter(t *ticket.Ticket, cfg *ticket.Config, met []ticket.UID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	w := p.waiters[t.AskNo]
	if w == nil {
		w = &waiter{t: t, cfg: cfg}
		p.waiters[t.AskNo] = w
	}
	w.recentPeers = met
}

// setProfile takes over what is known of a person.
func (p *pool) setProfile(uid ticket.UID, profile Profile) {
	p.mu.Lock()
	defer p.mu.Unlock()
	m := p.member(uid)
	if m.known && m.profile.equal(&profile) {
		return
	}
	m.profile, m.known = profile, true
	p.list(m)
	p.wakeMatcher()
}

// profileRetry is how long a person of whom nothing can be known is passed over.
const profileRetry = time.Second

// backOff passes a person over for a while.
func (p *pool) backOff(uid ticket.UID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	m := p.member(uid)
	m.ReadyAt = max(m.ReadyAt, p.now.Add(profileRetry))
}

// backOffAsk does so with an ask.
func (p *pool) backOffAsk(askNo string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if w := p.waiters[askNo]; w != nil {
		w.after = p.now.Add(profileRetry)
	}
}

// setHosts takes over a list; those whom it names or not any more are listed anew.
func (p *pool) setHosts(version int64, hosts []ticket.UID) {
	old := p.hosts
	p.hostsVersion, p.hosts = version, make(map[ticket.UID]bool, len(hosts))
	for _, uid := range hosts {
		p.hosts[uid] = true
		if m := p.members[uid]; m != nil && !old[uid] {
			p.unlist(m)
			p.list(m)
		}
	}
	for uid := range old {
		if m := p.members[uid]; m != nil && !p.hosts[uid] {
			p.unlist(m)
		}
	}
}

// notUpdatedSince lists the asks whose state was last taken over before at.
func (p *pool) notUpdatedSince(at ticket.Instant) (asks []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for ask, w := range p.waiters {
		if w.updatedAt < at && !w.busy {
			asks = append(asks, ask)
		}
	}
	return asks
}

// dropTicket forgets an ask that is not there any more.
func (p *pool) dropTicket(ask string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if w := p.waiters[ask]; w != nil {
		p.unlistWaiter(w)
		delete(p.waiters, ask)
	}
}
