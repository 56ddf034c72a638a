package pairing

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math"
	"slices"
	"time"
)

// simWorld holds every hidden fact as a function of the seed and the names of
// those concerned, so that all strategies meet the same world.
type simWorld struct{ seed uint64 }

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
// whether he passes; away people, three parts in ten of the time, are silent.
func (w simWorld) answer(i int, uid UID, at Instant) (after time.Duration, pass, silent bool) {
	after = w.lognormal(3*time.Second, 0.6, "answer", i, int(uid))
	return after, w.chance(w.accept(uid), "pass", i, int(uid)), w.away(uid, at)
}

// People alternate between away and here in slots, with a start of their own.
const (
	awaySlot = 10 * 60 * 1000 // ms
	awayPart = awaySlot * 3 / 10
)

func (w simWorld) inSlot(uid UID, at Instant) int64 {
	return (int64(at) + int64(w.unit("phase", int(uid))*awaySlot)) % awaySlot
}

func (w simWorld) away(uid UID, at Instant) bool { return w.inSlot(uid, at) < awayPart }

// back is when uid's next away time ends, not before at.
func (w simWorld) back(uid UID, at Instant) Instant {
	in := w.inSlot(uid, at)
	if in <= awayPart {
		return at + Instant(awayPart-in)
	}
	return at + Instant(awaySlot-in+awayPart)
}

// deliver plays the vendor's wire and what people do once they hear.
func (s *sim) deliver(t *Ticket, entries []int64) {
	cfg, err := s.svc.config(context.Background(), t.ConfigID)
	if err != nil {
		return
	}
	for _, id := range entries {
		e := t.entry(id)
		if e == nil {
			continue
		}
		j := job{t, e, cfg}
		if e.Kind != ToClient {
			s.after(0, func() { s.svc.finish(context.Background(), j, TellDone) })
			continue
		}
		i := int(t.Asker - firstAsker)
		took := s.world.lognormal(120*time.Millisecond, 0.5, "wire", i, int(e.To), int(e.ID), e.Attempts)
		how, lost := TellDone, s.world.chance(0.002, "lost", i, int(e.To), int(e.ID))
		if s.world.chance(0.005, "fails", i, int(e.To), int(e.ID), e.Attempts) {
			how = TellRetry
		}
		switch e.Name {
		case CommandDispatch:
			s.dispatches++
			s.offers[e.To]++
		case CommandRescind:
			s.rescinds++
		}
		s.after(took, func() {
			s.svc.finish(context.Background(), j, how)
			if e.Name == CommandDispatch && how == TellDone && !lost {
				s.ring(t.AskNo, i, e.To, e.Round)
			}
		})
	}
}

// ring is the offer at the candidate's device.
func (s *sim) ring(no string, i int, uid UID, round int) {
	after, pass, silent := s.world.answer(i, uid, s.at)
	if silent {
		return
	}
	s.after(after, func() {
		err := s.svc.Answer(context.Background(), simApp, no, uid, round, pass)
		if err == nil && pass {
			s.passes++
			s.call(no, i, uid, round)
		}
		s.match()
	})
}

// call is what follows a winning pass.
func (s *sim) call(no string, i int, peer UID, round int) {
	ctx, id := context.Background(), fmt.Sprint(no, "-", round)
	if !s.world.chance(0.95, "connects", i, round) {
		return // T_connect finds it
	}
	s.after(time.Second+s.world.exp(1, "setup", i, round), func() {
		if s.svc.CallStarted(ctx, simApp, no, CallSeen{Round: round, CallID: id, Users: []UID{peer}}) != nil {
			return
		}
		s.calls++
		if _, known := s.called[i]; !known {
			s.called[i] = s.at
		}
		s.after(5*time.Second+s.world.exp(15, "preview", i, round), func() {
			like := s.world.chance(0.3, "likes", i, round)
			err := s.svc.Decide(ctx, simApp, no, Confirm{UID: asksAs(i), Round: round, Peer: peer, CallID: id, Like: like})
			if err == nil && like {
				s.liked++
				s.after(time.Minute+s.world.exp(180, "talk", i, round), func() {
					_ = s.svc.CallOver(ctx, simApp, no, CallEnded{Round: round, CallID: id}) // over already is fine
				})
			}
			s.match()
		})
	})
}

// foresee is the oracle's eye: who would pass in time, and how fast.
func (s *sim) foresee(asker, uid UID) (rank int64, ok bool) {
	after, pass, silent := s.world.answer(int(asker-firstAsker), uid, s.at)
	return int64(after), pass && !silent && after < 10*time.Second
}

func (s *sim) result(name string) SimResult {
	r := SimResult{Name: name, Asks: len(s.asked), Dispatches: s.dispatches}
	var waits []time.Duration
	for i, at := range s.called {
		waits = append(waits, at.Sub(s.asked[i]))
	}
	slices.Sort(waits)
	if n := len(waits); n > 0 {
		r.P50, r.P99 = waits[n/2], waits[n*99/100]
		r.Connected, r.Liked = float64(n)/float64(r.Asks), float64(s.liked)/float64(r.Asks)
		r.PerCall, r.Rescinds = float64(s.dispatches)/float64(s.calls), float64(s.rescinds)/float64(s.calls)
		r.Waste = 1 - float64(s.passes)/float64(s.dispatches)
	}
	var rates []float64
	for uid, d := range s.online {
		if d > 10*time.Minute { // of a shorter time a rate says nothing
			rates = append(rates, float64(s.offers[uid])/d.Hours())
		}
	}
	r.Gini = gini(rates)
	return r
}

// gini is 0 when all have the same and near 1 when one has all (3.6).
func gini(x []float64) float64 {
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

// simBound is what no sequential strategy without foresight can beat on average
// when it picks at random.
type simBound struct {
	dispatches float64
	wait       time.Duration
}

// simFloor is the structural floor of 3.6 from the world's own draws: one over
// the chance of a pass in time, and the time that the failures before it take.
func simFloor(seed uint64) simBound {
	w, const10 := simWorld{seed}, 10*time.Second
	var accepted, refused, silent int
	var acceptTime, refuseTime time.Duration
	const draws = 20000
	for i := range draws {
		after, pass, away := w.answer(i, UID(1+i%997), Instant(i*7919))
		switch {
		case away || after >= const10:
			silent++
		case pass:
			accepted++
			acceptTime += after
		default:
			refused++
			refuseTime += after
		}
	}
	waste := refuseTime + time.Duration(silent)*const10
	return simBound{
		dispatches: float64(draws) / float64(accepted),
		wait:       waste/time.Duration(accepted) + acceptTime/time.Duration(accepted),
	}
}

// simEvent is something that happens at a time; seq keeps the order of equals.
type simEvent struct {
	at  Instant
	seq int
	do  func()
}

type simQueue []simEvent

func (q simQueue) Len() int      { return len(q) }
func (q simQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q simQueue) Less(i, j int) bool {
	return q[i].at < q[j].at || q[i].at == q[j].at && q[i].seq < q[j].seq
}

// Push implements heap.Interface.
func (q *simQueue) Push(x any) { *q = append(*q, x.(simEvent)) }

// Pop implements heap.Interface.
func (q *simQueue) Pop() any {
	old := *q
	e := old[len(old)-1]
	*q = old[:len(old)-1]
	return e
}
