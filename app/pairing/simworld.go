package pairing

import (
	"encoding/binary"
	"hash/fnv"
	"math"
	"slices"
	"time"
)

// simWorld holds every hidden fact as a function of the seed and the names of
// those concerned, so that all strategies meet the same world.
type simWorld struct {
	seed uint64
	gone float64 // part of the time that a candidate does not look; 0: three tenths
}

// unit is a number in (0, 1) for what and ids.
func (w simWorld) unit(what string, ids ...int) float64 {
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

func (w simWorld) chance(p float64, what string, ids ...int) bool { return w.unit(what, ids...) < p }

// exp is exponential with the mean in seconds.
func (w simWorld) exp(mean float64, what string, ids ...int) time.Duration {
	return time.Duration(-mean * math.Log(w.unit(what, ids...)) * float64(time.Second))
}

func (w simWorld) lognormal(median time.Duration, sigma float64, what string, ids ...int) time.Duration {
	u, v := w.unit(what, ids...), w.unit(what+"'", ids...)
	z := math.Sqrt(-2*math.Log(u)) * math.Cos(2*math.Pi*v)
	return time.Duration(float64(median) * math.Exp(sigma*z))
}

// accept is a candidate's own rate: the third smallest of four uniforms is Beta(3, 2).
func (w simWorld) accept(uid UID) float64 {
	u := []float64{w.unit("p0", int(uid)), w.unit("p1", int(uid)), w.unit("p2", int(uid)), w.unit("p3", int(uid))}
	slices.Sort(u)
	return u[2]
}

// answer is what uid would make of an offer of ask i: after how long, and
// whether he passes; away people are silent.
func (w simWorld) answer(i int, uid UID, at Instant) (after time.Duration, pass, silent bool) {
	after = w.lognormal(3*time.Second, 0.6, "answer", i, int(uid))
	return after, w.chance(w.accept(uid), "pass", i, int(uid)), w.away(uid, at)
}

// People alternate between away and here in slots, with a start of their own.
const awaySlot = 10 * 60 * 1000 // ms

func (w simWorld) awayPart() int64 {
	if w.gone == 0 {
		return awaySlot * 3 / 10
	}
	return int64(awaySlot * w.gone)
}

func (w simWorld) inSlot(uid UID, at Instant) int64 {
	return (int64(at) + int64(w.unit("phase", int(uid))*awaySlot)) % awaySlot
}

func (w simWorld) away(uid UID, at Instant) bool { return w.inSlot(uid, at) < w.awayPart() }

// credit is how long the asker's coins last: Pareto, a minute at least.
func (w simWorld) credit(i int) time.Duration {
	return time.Duration(float64(time.Minute) / math.Pow(w.unit("credit", i), 1/1.2))
}

// back is when uid's next away time ends, not before at.
func (w simWorld) back(uid UID, at Instant) Instant {
	in := w.inSlot(uid, at)
	if in <= w.awayPart() {
		return at + Instant(w.awayPart()-in)
	}
	return at + Instant(awaySlot-in+w.awayPart())
}
