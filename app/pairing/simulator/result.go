package simulator

import (
	"maps"
	"slices"
	"time"

	"switchboard/app/pairing"
	"switchboard/app/pairing/ticket"
)

// Result is what one strategy made of the world.
type Result struct {
	Name      string
	Asks      int     // accepted or not
	Connected float64 // share of asks that reached a call
	Liked     float64
	GaveUp    float64 // share that their askers let expire or cancelled before any call

	Shed       float64 // share that admission refused (A3)
	TurnedAway float64 // share that was refused for another reason

	FirstOffer time.Duration // median, from the ask
	P50, P99   time.Duration // from the ask to its first call
	ToLike     time.Duration // median, from the ask
	Throughput float64       // calls a minute

	Dispatches int
	PerCall    float64                       // dispatches per call
	Waste      float64                       // share of dispatches that did not lead to a winning pass
	Lost       map[ticket.OfferState]float64 // the same by how they ended
	Rescinds   float64                       // per call
	Messages   float64                       // vendor messages per call
	PerLike    float64                       // connected rounds per like

	Gini, Jain float64 // of offers per online hour
	WonGini    float64 // of calls per online hour
	WonJain    float64
	Gap        time.Duration // the longest that somebody online was neither offered anything nor busy
	Online     time.Duration // of all candidates together
	Busy       float64       // share of the online time in offers and calls
	Missed     int           // opportunities (invariant 14)
	Conflicts  int           // lost claims
	Ends       map[ticket.Reason]int
	Coins      int64 // that liked calls were charged
	Unsound    int   // what must not be: asks, offers and claims left open, two winners, a charge without coins or call (invariants 1 to 8)
}

// interval is a time somebody spent on something.
type interval struct{ from, to ticket.Instant }

// result reads the run's outcome off the tickets that it left.
func (s *sim) result(name string) Result {
	r := Result{Name: name, Asks: s.asks, Lost: map[ticket.OfferState]float64{}, Ends: map[ticket.Reason]int{},
		Missed: s.counts["missed_opportunity"], Conflicts: s.counts["claim_conflicts"]}
	var first, called, liked []time.Duration
	offers, won, busy := map[ticket.UID]int{}, map[ticket.UID]int{}, map[ticket.UID][]interval{}
	calls, passes, gaveUp := 0, 0, 0
	var price int64
	for t := range s.store.All() {
		r.Ends[t.EndReason]++
		if t.State != ticket.Ended || t.OpenOffers() > 0 {
			r.Unsound++
		}
		for i := range t.Offers {
			o := &t.Offers[i]
			offers[o.UID]++
			r.Dispatches++
			r.Lost[o.State]++
			if o.State == ticket.OfferPassed {
				passes++
			}
			busy[o.UID] = append(busy[o.UID], interval{o.OfferedAt, o.ClosedAt})
		}
		if len(t.Offers) > 0 {
			first = append(first, t.Offers[0].OfferedAt.Sub(t.CreatedAt))
		}
		connected := false
		for _, n := range t.Rounds {
			if n.ConnectedAt == 0 {
				continue
			}
			if calls++; !connected {
				called = append(called, n.ConnectedAt.Sub(t.CreatedAt))
			}
			connected = true
			won[n.Peer]++
			busy[n.Peer] = append(busy[n.Peer], interval{n.ConnectedAt, n.EndAt})
			if n.LikedAt != 0 {
				liked = append(liked, n.LikedAt.Sub(t.CreatedAt))
				price += (n.EndAt.Sub(n.LikedAt).Milliseconds() + 59_999) / 60_000
			}
		}
		if !connected && (t.EndReason == ticket.ReasonExpired || t.EndReason == ticket.ReasonCancelled) {
			gaveUp++
		}
	}
	r.Unsound += s.store.Claims() + s.wrongs + *s.wallet.wrongs
	if r.Coins = *s.wallet.taken; r.Coins > price || r.Coins < int64(len(liked)) { // a call that ends late is not charged for that
		r.Unsound++
	}
	r.Connected, r.Liked, r.GaveUp = share(len(called), s.asks), share(len(liked), s.asks), share(gaveUp, s.asks)
	r.Shed, r.TurnedAway = share(s.shed, s.asks), share(s.turnedAway, s.asks)
	r.FirstOffer, r.P50, r.P99, r.ToLike = quantile(first, 0.5), quantile(called, 0.5), quantile(called, 0.99), quantile(liked, 0.5)
	r.Throughput = float64(calls) / s.cfg.Horizon.Minutes()
	r.PerCall, r.Rescinds, r.Messages = share(r.Dispatches, calls), share(s.rescinds, calls), share(s.messages, calls)
	r.Waste, r.PerLike = 1-share(passes, r.Dispatches), share(calls, len(liked))
	for state := range r.Lost {
		r.Lost[state] /= float64(max(1, r.Dispatches))
	}
	s.spread(&r, offers, won, busy)
	if s.foresight {
		r.Missed = 0 // it passes over who would not take the call
	}
	return r
}

func share(n, of int) float64 { return float64(n) / float64(max(1, of)) }

func quantile(d []time.Duration, q float64) time.Duration {
	if len(d) == 0 {
		return 0
	}
	slices.Sort(d)
	return d[min(len(d)-1, int(float64(len(d))*q))]
}

// spread measures how evenly the candidates fared, by their time online: else
// it would be the length of their shifts.
func (s *sim) spread(r *Result, offers, won map[ticket.UID]int, busy map[ticket.UID][]interval) {
	var rates, wins []float64
	var online, taken time.Duration
	for _, uid := range slices.Sorted(maps.Keys(s.online)) {
		var here time.Duration
		for _, shift := range s.online[uid] {
			here += shift.to.Sub(shift.from)
			worked, gap := within(shift, busy[uid])
			taken += worked
			r.Gap = max(r.Gap, gap)
		}
		online += here
		if here > 10*time.Minute { // of a shorter time a rate says nothing
			rates = append(rates, float64(offers[uid])/here.Hours())
			wins = append(wins, float64(won[uid])/here.Hours())
		}
	}
	r.Gini, r.Jain, r.WonGini, r.WonJain = pairing.Gini(rates), jain(rates), pairing.Gini(wins), jain(wins)
	r.Online = online
	r.Busy = taken.Seconds() / max(1, online.Seconds())
}

// within says how much of a shift was busy, and its longest stretch that was not.
func within(shift interval, busy []interval) (worked, gap time.Duration) {
	slices.SortFunc(busy, func(a, b interval) int { return int(a.from - b.from) })
	at := shift.from
	for _, b := range busy {
		from, to := max(b.from, shift.from), min(b.to, shift.to)
		if from >= to {
			continue
		}
		gap = max(gap, from.Sub(at))
		worked += to.Sub(max(at, from))
		at = max(at, to)
	}
	return worked, max(gap, shift.to.Sub(at))
}

// jain is 1 when all have the same and 1/n when one has all.
func jain(x []float64) float64 {
	sum, squares := 0.0, 0.0
	for _, v := range x {
		sum += v
		squares += v * v
	}
	if squares == 0 {
		return 1
	}
	return sum * sum / (float64(len(x)) * squares)
}
