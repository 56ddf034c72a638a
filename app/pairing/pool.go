package pairing

import (
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"switchboard/app/pairing/ordered"
	"switchboard/app/pairing/ticket"
)

// pool is one app and scene as this replica sees it: who waits, who is idle.
// The store's claims decide; the pool only has to be right most of the time.
type pool struct {
	app      string
	scene    int
	profiled bool           // there is somebody to ask for profiles
	capacity func() float64 // what the vendor would let out now; nil or negative: no limit known
	wake     chan struct{}  // something may be matched; capacity 1

	strategyOf func(*ticket.Config) Strategy

	sockets      sync.Map    // of UID to the Instant until which they hold a socket of ours
	unconfigured atomic.Bool // the source failed when it was last asked

	mu           sync.Mutex     // guards what follows
	now          ticket.Instant // of the last call
	cfg          *ticket.Config
	strategy     Strategy
	passedOver   bool // somebody idle was left to nobody when the strategy last chose
	members      map[ticket.UID]*Member
	idle         ordered.Set[*Member] // in the strategy's order
	cooling      ordered.Set[*Member] // by the end of the cooldown
	waiters      map[string]*waiter
	waiting      ordered.Set[*waiter] // the oldest first
	offersMade   int64                // round robin's counter
	budget       *rate.Limiter
	resumeAfter  *waiter        // where the last round of fruitless tries stopped
	syncedAt     ticket.Instant // when the store was last read; 0: not yet
	hosts        map[ticket.UID]bool
	hostsAt      ticket.Instant // when the list of hosts was last looked at; 0: look now
	hostsVersion int64
	estimator    admissionEstimator
	tally        tally
	blockedAt    ticket.Instant // when nothing could be offered last
	rand         *rand.Rand
}

// Member is a person as a candidate of a pool.
type Member struct {
	ticket.Candidate
	Turn int64 // rises with every offer of the pool; the person's is that of the last one

	profile Profile
	known   bool         // profile was read
	taken   ticket.Claim // AskNo empty: free
	takenAt ticket.Instant
	planned bool                  // chosen, not yet committed
	dropped ticket.Claim          // last claim seen dropped: news may come in the wrong order
	since   ticket.Instant        // idle from
	list    *ordered.Set[*Member] // the pool's idle or cooling, where the person stands at; nil: in neither
	at      ordered.Place
}

func newPool(app string, scene int, cfg *ticket.Config, o Options) *pool {
	p := &pool{app: app, scene: scene, profiled: o.Profile != nil, capacity: o.SendCapacity, wake: make(chan struct{}, 1), strategyOf: o.Strategy,
		members: map[ticket.UID]*Member{}, idle: ordered.NewSet[*Member](), cooling: ordered.NewSet[*Member](),
		waiters: map[string]*waiter{}, waiting: ordered.NewSet[*waiter]()}
	if p.strategyOf == nil {
		p.strategyOf = configured
	}
	if o.Rand == nil {
		p.rand = rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	} else {
		p.rand = o.Rand()
	}
	p.configure(cfg)
	return p
}

// configure takes a new configuration; another order or another choice of
// candidates lists them afresh.
func (p *pool) configure(cfg *ticket.Config) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cfg == cfg {
		return
	}
	resort := p.cfg != nil && (p.cfg.Strategy != cfg.Strategy || p.cfg.PoolMode != cfg.PoolMode || p.cfg.PoolAnswerRole != cfg.PoolAnswerRole)
	if p.cfg == nil || p.cfg.SendRate != cfg.SendRate || p.cfg.SendBurst != cfg.SendBurst {
		p.budget = rate.NewLimiter(rate.Inf, 1)
		if cfg.SendRate > 0 {
			p.budget = rate.NewLimiter(rate.Limit(cfg.SendRate), cfg.SendBurst)
		}
	}
	p.cfg, p.strategy = cfg, p.strategyOf(cfg)
	if resort {
		for _, m := range p.members {
			p.list(m)
		}
	}
}

func (p *pool) wakeMatcher() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
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

func (p *pool) member(uid ticket.UID) *Member {
	m := p.members[uid]
	if m == nil {
		p.offersMade++
		m = &Member{Candidate: ticket.Candidate{App: p.app, UID: uid}, Turn: p.offersMade}
		p.members[uid] = m
	}
	return m
}

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

// list puts a person where they belong now: among the idle, the cooling or neither.
func (p *pool) list(m *Member) {
	p.unlist(m)
	if m.taken.AskNo != "" || m.planned || !p.takesOffers(m) || !p.hasAnswerRole(m) {
		return
	}
	if _, present := m.BestEvidence(p.now); !present {
		return
	}
	if m.ReadyAt > p.now {
		m.list, m.at = &p.cooling, ordered.Place{Key: int64(m.ReadyAt), Tie: uint64(m.UID)}
	} else {
		m.since = p.now
		m.list, m.at = &p.idle, ordered.Place{Key: p.strategy.Key(m, p.now), Tie: p.rand.Uint64()}
	}
	m.list.Put(m.at, m)
}

func (p *pool) unlist(m *Member) {
	if m.list != nil {
		m.list.Remove(m.at)
		m.list = nil
	}
}

// planDone takes a planned ticket back after its dispatch was committed or not;
// those in taken turned out to be somebody else's.
func (p *pool) planDone(pl plan, taken []ticket.UID, now ticket.Instant) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now = now
	p.putBack(pl, taken)
	for _, ask := range pl.asks() {
		if w := p.waiters[ask]; w != nil {
			w.busy = false
			p.unlistWaiter(w)
			if wantsOffers(w.t, w.cfg) {
				p.listWaiter(w)
			}
		}
	}
	p.wakeMatcher()
}

// putBack lists the picks that were not taken after all.
func (p *pool) putBack(pl plan, taken []ticket.UID) {
	for _, pick := range pl.picks {
		m := p.members[pick.UID]
		if m == nil || !m.planned {
			continue
		}
		m.planned = false
		if slices.Contains(taken, pick.UID) {
			m.taken, m.takenAt = ticket.Claim{AskNo: elsewhere, UID: pick.UID}, p.now // until the store says otherwise
			continue
		}
		p.list(m)
	}
}

// releaseCooled moves those whose cooldown is over to the idle.
func (p *pool) releaseCooled() {
	for {
		at, m, some := p.cooling.Min()
		if !some || at.Key > int64(p.now) {
			return
		}
		p.list(m)
	}
}

// free reports that uid's last claim was seen dropped and none is on its way.
func (p *pool) free(uid ticket.UID) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	m := p.members[uid]
	return m != nil && m.dropped.AskNo != "" && m.taken.AskNo == "" && !m.planned
}
