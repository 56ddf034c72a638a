package simulator

import (
	"encoding/binary"
	"hash/fnv"
	"math"
	"slices"
	"time"

	"switchboard/app/pairing/ticket"
)

// world holds every hidden fact as a function of the seed and the names of
// those concerned, so that all strategies meet the same world.
type world struct {
	seed     uint64
	start    ticket.Instant
	gone     float64              // part of the time that a candidate does not look
	affinity float64              // spread of what pairs make of each other, in logits; 0: none
	spells   map[ticket.UID]spell // the last ones asked for
}

const (
	startAt   ticket.Instant = 1_700_000_000_000
	goneShare float64        = 0.3
)

// newWorld is the world of cfg's seed as its scenario changes it.
func newWorld(cfg Config) world {
	w := world{seed: cfg.Seed, start: startAt, gone: goneShare, affinity: cfg.Affinity, spells: map[ticket.UID]spell{}}
	if away := scenarios[cfg.Scenario].away; away > 0 {
		w.gone = away
	}
	return w
}

// unit is a number in (0, 1) for what and ids.
func (w world) unit(what string, ids ...int) float64 {
	h := fnv.New64a()
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], w.seed)
	_, _ = h.Write(b[:]) // never fails
	_, _ = h.Write([]byte(what))
	for _, id := range ids {
		binary.LittleEndian.PutUint64(b[:], uint64(id))
		_, _ = h.Write(b[:])
	}
	x := h.Sum64()
	x ^= x >> 33 // FNV alone is uneven in its high bits
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	x ^= x >> 33
	return (float64(x>>11) + 0.5) / (1 << 53)
}

func (w world) chance(p float64, what string, ids ...int) bool { return w.unit(what, ids...) < p }

// exp is exponential with the mean in seconds.
func (w world) exp(mean float64, what string, ids ...int) time.Duration {
	return time.Duration(-mean * math.Log(w.unit(what, ids...)) * float64(time.Second))
}

// normal has the mean 0 and the spread 1.
func (w world) normal(what string, ids ...int) float64 {
	u, v := w.unit(what, ids...), w.unit(what+"'", ids...)
	return math.Sqrt(-2*math.Log(u)) * math.Cos(2*math.Pi*v)
}

func (w world) lognormal(median time.Duration, sigma float64, what string, ids ...int) time.Duration {
	return time.Duration(float64(median) * math.Exp(sigma*w.normal(what, ids...)))
}

// accept is a candidate's own rate: the third smallest of four uniforms is Beta(3, 2).
func (w world) accept(uid ticket.UID) float64 {
	u := []float64{w.unit("p0", int(uid)), w.unit("p1", int(uid)), w.unit("p2", int(uid)), w.unit("p3", int(uid))}
	slices.Sort(u)
	return u[2]
}

// between is the chance p for this pair: affinity moves its logit, whose middle is
// stretched so that p stays the mean over pairs (a logistic of a normal is nearly
// the logistic of its mean, divided by the root of 1 + pi/8 of its variance).
func (w world) between(p float64, asker, uid ticket.UID) float64 {
	if w.affinity == 0 {
		return p
	}
	stretch := math.Sqrt(1 + math.Pi/8*w.affinity*w.affinity)
	logit := stretch*math.Log(p/(1-p)) + w.affinity*w.normal("affinity", int(asker), int(uid))
	return 1 / (1 + math.Exp(-logit))
}

// answer is what uid would make of an offer of asker's ask i: after how long, which
// is the pair's own, and whether the candidate passes; away people are silent.
func (w world) answer(asker ticket.UID, i int, uid ticket.UID, at ticket.Instant) (after time.Duration, pass, silent bool) {
	after = w.lognormal(3*time.Second, 0.6, "answer", int(asker), int(uid))
	return after, w.chance(w.between(w.accept(uid), asker, uid), "pass", i, int(uid)), w.spell(uid, at).away
}

// call is what would come of a pass.
type call struct {
	connects             bool
	setup, told, preview time.Duration // told: until the vendor's callback
	likes                bool
	talk                 time.Duration
}

func (w world) call(asker ticket.UID, i int, peer ticket.UID) call {
	ids := []int{i, int(peer)}
	c := call{
		connects: w.chance(0.95, "connects", ids...),
		setup:    time.Second + time.Duration(w.unit("setup", ids...)*float64(2*time.Second)),
		preview:  5*time.Second + w.exp(15, "preview", ids...),
		likes:    w.chance(w.between(0.3, asker, peer), "likes", ids...),
		talk:     time.Minute + w.exp(180, "talk", ids...),
	}
	c.told = c.setup
	if w.chance(0.01, "slow webhook", ids...) {
		c.told += min(5*time.Minute, w.exp(60, "webhook", ids...))
	}
	return c
}

// credit is the minutes that the asker of i can pay: Pareto, one at least.
func (w world) credit(i int) int64 {
	return int64(math.Pow(w.unit("credit", i), -1/1.2))
}

// spell is a time in which somebody looks at the device all along, or does not.
type spell struct {
	n           int
	from, until ticket.Instant
	away        bool
}

const spellPair = 600 // seconds that a spell of looking and one of not looking take on average

// spell is uid's at a time.
func (w world) spell(uid ticket.UID, at ticket.Instant) spell {
	sp, known := w.spells[uid]
	if !known || at < sp.from {
		sp = w.next(uid, spell{n: -1, until: w.start, away: !w.chance(w.gone, "attention", int(uid))})
	}
	for sp.until <= at {
		sp = w.next(uid, sp)
	}
	w.spells[uid] = sp
	return sp
}

func (w world) next(uid ticket.UID, sp spell) spell {
	next := spell{n: sp.n + 1, from: sp.until, away: !sp.away}
	mean := spellPair * w.gone
	if !next.away {
		mean = spellPair * (1 - w.gone)
	}
	next.until = next.from.Add(w.exp(mean, "spell", int(uid), next.n))
	return next
}

// back is when uid looks again after the next time away, or this one.
func (w world) back(uid ticket.UID, at ticket.Instant) ticket.Instant {
	sp := w.spell(uid, at)
	if !sp.away {
		sp = w.next(uid, sp)
	}
	return sp.until
}
