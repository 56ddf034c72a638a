package pairing

import (
	"math/rand/v2"
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

func (p *pool) member(uid ticket.UID) *Member {
	m := p.members[uid]
	if m == nil {
		p.offersMade++
		m = &Member{Candidate: ticket.Candidate{App: p.app, UID: uid}, Turn: p.offersMade}
		p.members[uid] = m
	}
	return m
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

func (p *pool) config() *ticket.Config {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cfg
}

// takesOffers reports whether m may be offered anything under the pool's mode (docs/pairing.md#candidates).
func (p *pool) takesOffers(m *Member) bool {
	return m.TakesOffers(p.cfg.PoolMode, p.now) && (p.cfg.PoolMode != ticket.PoolList || p.hosts[m.UID])
}

// hasAnswerRole reports whether m may be offered something by their role; who is not
// known yet may.
func (p *pool) hasAnswerRole(m *Member) bool {
	r := p.cfg.PoolAnswerRole
	return r == "" || m.profile.Role == r || p.profiled && !m.known
}

func (p *pool) listWaiter(w *waiter) {
	w.since = p.now
	p.beginWait(w)
	w.listed, w.at = true, ordered.Place{Key: int64(w.t.CreatedAt), Tie: askKey(w.t.AskNo)}
	p.waiting.Put(w.at, w)
}

func (p *pool) unlistWaiter(w *waiter) {
	if w.listed {
		p.waiting.Remove(w.at)
		w.listed = false
		p.endWait(w)
	}
}

// beginWait and unqueue note that w begins and ceases to wait for its first offer.
func (p *pool) beginWait(w *waiter) {
	p.estimator.advance(p.now)
	if w.counted = awaitsFirstOffer(w.t); w.counted {
		p.estimator.waiting++
	}
}

func (p *pool) endWait(w *waiter) {
	p.estimator.advance(p.now)
	if w.counted {
		p.estimator.waiting--
	}
}

// load is what an ask would meet: tickets under way, those of them that wait for
// their first offer, and the time to its own. Somebody idle may be for this ask, at the
// latest when the filters are given up; save where the strategy passes over who is.
func (p *pool) load(now ticket.Instant) (live, waiting int, wait time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now = now
	if p.idle.Len() > 0 && !p.passedOver {
		return len(p.waiters), 0, 0
	}
	return len(p.waiters), p.estimator.waiting, p.estimator.wait(now)
}
