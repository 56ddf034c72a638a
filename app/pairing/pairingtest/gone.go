package pairingtest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"pgregory.net/rapid"

	"switchboard/app/pairing"
	"switchboard/app/pairing/ticket"
)

// The configuration of people who come and go: every span is another one.
const (
	goneSocket   = 40 * time.Second
	goneActivity = 20 * time.Second
	goneAsker    = 7 * time.Second
	gonePeer     = 6 * time.Second
	goneWatchdog = 5 * time.Second
	// poolLag is how old a replica's knowledge of people of another one may be: the
	// pools of one are read by the other every half second.
	poolLag = time.Second
	// noteDelay is how late a call to the API is noted.
	noteDelay = 100 * time.Millisecond
)

func goneSettings() map[string]string {
	return map[string]string{
		"pair.presence_ttl": goneSocket.String(), "pair.activity_ttl": goneActivity.String(), "pair.asker_gone_grace": goneAsker.String(),
		"pair.peer_gone_grace": gonePeer.String(), "pair.call_watchdog": goneWatchdog.String(), "pair.offer_gone_grace": "3s",
		"pair.ask_ttl": "1h", "pair.round_timeout": "1h", "pair.connect_timeout": "5m", "pair.confirm_timeout": "5m", "pair.call_max": "10h",
		"pair.wrap_up": "0s", "pair.refuse_cooldown": "0s", "pair.rna_cooldown": "0s", "pair.max_rna": "1000000", "pair.max_rounds": "1000",
		"pair.exclude_last": "0", "pair.ask_rate": "0", "pair.send_rate": "0", "pair.cross_ask": "off", "pair.admission": "false", "pair.price": "1",
	}
}

// goneWorld is a few people who come and go by every kind of sign, two replicas that
// die, and a clock of its own. What it holds the service to is a second reading of
// docs/pairing.md#candidates, made of what was told and nothing that the service says.
type goneWorld struct {
	t       *rapid.T
	store   pairing.Store
	fault   goneFault
	at      ticket.Instant
	svc     [2]*pairing.Service
	flights [2][]pairing.Outgoing
	late    [2][]lateNote
	people  map[ticket.UID]*shown
	asks    []string
	before  map[string]*ticket.Ticket // each ask as it was when it was last looked at
	moved   map[string]ticket.Instant // when an ask last changed its state or round
	settled map[string]int64          // seconds that each ask was billed
	acted   bool                      // the step is somebody's doing that may end a call
	wrong   string                    // the first thing that is not as it should be
	begin   ticket.Instant
}

// lateNote is a call to the API that a replica has yet to note.
type lateNote struct {
	uid ticket.UID
	at  ticket.Instant
}

func newGoneWorld(t *rapid.T, store pairing.Store, fault goneFault) *goneWorld {
	w := &goneWorld{t: t, store: store, fault: fault, people: map[ticket.UID]*shown{}, before: map[string]*ticket.Ticket{},
		moved: map[string]ticket.Instant{}, settled: map[string]int64{}, at: ticket.At(time.Now())}
	w.begin = w.at
	for uid := ticket.UID(1); uid <= 3; uid++ {
		w.people[uid] = &shown{newest: map[string]ticket.Instant{}}
	}
	for slot := range w.svc {
		w.start(slot)
	}
	return w
}

// start begins a replica's life; what an earlier one had under way is lost.
func (w *goneWorld) start(slot int) {
	w.flights[slot], w.late[slot] = nil, nil
	var store pairing.Store = worldsClock{w.store, w}
	if w.fault.plant != nil {
		store = w.fault.plant(w, slot, store)
	}
	now := func() time.Time { return w.at.Time() }
	w.svc[slot] = pairing.New(pairing.Options{
		Store: store, Shared: true, Workers: 1, Now: now, Transport: departures{w, slot},
		Configs: &pairing.Configs{Source: pairing.Everywhere(goneSettings()), Now: now},
		Send:    func(context.Context, pairing.Command) error { return nil },
	})
	w.svc[slot].MatchOnce(ctx())
}

// worldsClock lets a store that has a clock of its own, as a database has, tell of
// all changes.
type worldsClock struct {
	pairing.Store
	w *goneWorld
}

func (s worldsClock) Clock(context.Context) (ticket.Instant, error) { return s.w.at, nil }

func (s worldsClock) Changes(ctx context.Context, app string, _ ticket.Instant) (pairing.Changes, error) {
	return s.Store.Changes(ctx, app, 0)
}

// departures keeps a replica's deliveries until the world makes them.
type departures struct {
	w    *goneWorld
	slot int
}

func (d departures) Take(out []pairing.Outgoing) {
	for _, o := range out {
		if o.Entry.Kind == ticket.ToWallet && o.Entry.Name == ticket.ChargeSettle {
			d.w.settled[o.Ticket.AskNo] = o.Entry.Seconds
		}
	}
	d.w.flights[d.slot] = append(d.w.flights[d.slot], out...)
}

func (w *goneWorld) fail(format string, args ...any) {
	if w.wrong == "" {
		w.wrong = fmt.Sprintf(format, args...)
	}
}

// tell says in the log of a failure what happened, and when.
func (w *goneWorld) tell(format string, args ...any) {
	w.t.Logf("%s: %s", w.at.Sub(w.begin), fmt.Sprintf(format, args...))
}

// must is for what no sequence may make fail.
func (w *goneWorld) must(err error) {
	if err != nil {
		w.fail("%v", err)
	}
}

// deliver makes every delivery that is under way.
func (w *goneWorld) deliver() {
	for slot, s := range w.svc {
		for _, o := range slices.Clone(w.flights[slot]) {
			s.Delivered(ctx(), o, ticket.Delivered)
		}
		w.flights[slot] = nil
		s.AckOnce(ctx())
	}
}

// pass lets time go by. Both replicas do what they do all the time, calls are noted soon.
func (w *goneWorld) pass(d time.Duration) {
	if d > noteDelay {
		w.pass(noteDelay)
		d -= noteDelay
	}
	w.at = w.at.Add(d)
	for slot := range w.svc {
		w.note(slot)
	}
	for _, s := range w.svc {
		s.SweepOnce(ctx())
	}
	w.judge()
	for _, s := range w.svc {
		s.MatchOnce(ctx())
	}
}

// note notes the calls that a replica has heard of.
func (w *goneWorld) note(slot int) {
	for _, n := range w.late[slot] {
		w.must(w.svc[slot].RecordActivity(ctx(), app, n.uid, n.at.Time()))
		w.people[n.uid].noted(w.at, n.at)
		w.tell("%d notes %d's call of %s", slot, n.uid, n.at.Sub(w.begin))
	}
	w.late[slot] = nil
}

// call is an authenticated call of uid's to the API at one replica, which notes it now or
// with the next look.
func (w *goneWorld) call(slot int, uid ticket.UID) {
	w.people[uid].see(ticket.ProofActivity, "activity", w.at, w.at, w.at.Add(goneActivity))
	w.late[slot] = append(w.late[slot], lateNote{uid, w.at})
	if rapid.Bool().Draw(w.t, "noted at once") {
		w.note(slot)
	}
}

// newest is the ask that was made last and has not ended; nil: there is none.
func (w *goneWorld) newest() *ticket.Ticket {
	for _, no := range slices.Backward(w.asks) {
		if t := w.load(no); t != nil && t.State != ticket.Ended {
			return t
		}
	}
	return nil
}

func (w *goneWorld) load(no string) *ticket.Ticket {
	t, err := w.store.Load(ctx(), no)
	w.must(err)
	return t
}
