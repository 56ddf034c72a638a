package pairing

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"switchboard/app/pairing/ticket"
)

const app = "app"

// world is pairing with a virtual clock, one thread and deliveries that happen
// when the test says so: every crash and every order of news can be played.
type world struct {
	tb         fataler
	at         ticket.Instant
	store      *Memory
	audit      *audit
	svc        *Service   // the replica that serves now
	others     []*Service // the other ones on the same store
	values     map[string]string
	pending    []flight
	between    func()     // runs once between a read and its write: a rival on another replica
	hasty      bool       // mutant: a delivery is noted before it is made
	keyless    bool       // mutant: a charge has no key of its own
	anyRound   bool       // mutant: an answer counts for the current round, whatever it names
	flattering bool       // mutant: who lost is told to have won
	destitute  bool       // mutant: a balance that cannot be read is taken for none
	uncounted  string     // mutant: a label that is not counted
	late       ticket.UID // mutant: whose answer is under way, too late or not
	alone      bool       // one replica, which need not ask the store
	wire       []Command  // what reached devices, in order
	bills      map[string][]Charge
	coins      map[ticket.UID]int64
	balance    error
	wrap       func(Store) Store
	skews      [2]time.Duration // of each replica's clock
	unmeasured bool             // mutant: clocks are wrong and nobody knows
	jumpy      bool             // clocks jump between two measurements: only what needs no clock holds
	channel    bool

	profiles  map[ticket.UID]Profile // nil: there is no profile hook
	strangers map[ticket.UID]error   // of the profile hook
	blind     bool                   // mutant: the hook does not tell who is blocked

	busy    int // commits tried since the clock last moved
	busyAt  ticket.Instant
	acting  *Service                      // the replica that commits
	short   map[ticket.UID]bool           // whose balance was positively said to be short
	winners map[dispatchKey]ticket.UID    // by ask and round: who was told to have won
	lost    map[string]ticket.Instant     // when an ask last lost a race
	turn    map[ticket.UID]ticket.Instant // when somebody's profile was last read
	counts  map[string]int                // what the counters of all replicas add up to
	cross   func(kind string, do func())  // around every commit and every effect; nil: just do
}

// flight is a delivery under way and the replica that makes it.
type flight struct {
	Outgoing
	by *Service
}

type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

func newWorld(tb fataler, values map[string]string) *world {
	w := &world{tb: tb, at: 1_700_000_000_000, values: map[string]string{}, bills: map[string][]Charge{}, coins: map[ticket.UID]int64{}, channel: true,
		short: map[ticket.UID]bool{}, winners: map[dispatchKey]ticket.UID{}, counts: map[string]int{}, lost: map[string]ticket.Instant{}, turn: map[ticket.UID]ticket.Instant{}}
	w.values["pair.activity_ttl"] = "24h" // who asks or answers here stays present until the test says otherwise
	for k, v := range values {
		w.values[k] = v
	}
	w.store = NewMemory(func() ticket.Instant { return w.at })
	w.audit = newAudit(w)
	w.restart()
	return w
}

// restart is a crash: pools, acknowledgements and deliveries under way are gone.
func (w *world) restart() {
	w.pending, w.others = nil, nil
	if w.svc = w.replica(0); !w.alone {
		w.others = append(w.others, w.replica(1))
	}
}

func (w *world) nextReplica() {
	if !w.alone {
		w.svc, w.others[0] = w.others[0], w.svc
	}
}

// rivalStore lets a rival in between a read and its write.
type rivalStore struct {
	Store
	w  *world
	by *Service
}

// Commit implements Tickets.
func (s *rivalStore) Commit(ctx context.Context, b Batch) (err error) {
	if rival := s.w.between; rival != nil {
		s.w.between = nil
		rival()
	}
	s.w.acting = s.by
	if s.w.busy++; s.w.busyAt != s.w.at {
		s.w.busy, s.w.busyAt = 0, s.w.at
	} else if s.w.busy > 2000 {
		s.w.tb.Fatalf("invariant 5: work without end: %+v", b)
	}
	s.w.around("commit", func() { err = s.Store.Commit(ctx, b) })
	if err != nil {
		for _, l := range b.Writes {
			s.w.lost[l.Ticket.AskNo] = s.w.at
		}
	}
	return err
}

func (w *world) around(kind string, do func()) {
	if w.cross == nil {
		do()
		return
	}
	w.cross(kind, do)
}

func (w *world) replica(slot int) *Service {
	var store Store = w.audit
	if w.wrap != nil {
		store = w.wrap(store)
	}
	rival := &rivalStore{Store: store, w: w}
	now := func() time.Time { return w.at.Time().Add(w.skews[slot]) }
	svc := New(Options{
		Store: rival, Now: now, Shared: !w.alone, Workers: 1,
		Transport: slowTransport{rival}, Log: slog.New(lostOffers{w}),
		Configs:   &Configs{Source: Everywhere(w.values), Now: now},
		ChannelUp: func() bool { return w.channel },
		Send:      func(context.Context, Command) error { return nil },
		Balance: func(_ context.Context, _ string, uid ticket.UID) (int64, error) {
			if w.destitute && w.balance != nil {
				return 0, nil
			}
			w.short[uid] = w.short[uid] || w.balance == nil && w.coins[uid] < mostNeeded
			return w.coins[uid], w.balance
		},
		Count: func(name, label string) {
			if label == "" || label != w.uncounted {
				w.counts[name+" "+label]++
			}
		},
	})
	rival.by = svc
	if w.profiles != nil {
		svc.Profile = func(_ context.Context, _ string, uid ticket.UID) (Profile, error) {
			w.turn[uid] = w.at
			p := w.profiles[uid]
			if w.blind {
				p.Blocked = nil
			}
			return p, w.strangers[uid]
		}
	}
	if w.unmeasured {
		return svc
	}
	// The clock's offset is measured as Run does it.
	if err := svc.measureClock(context.Background()); err != nil {
		w.tb.Fatalf("clock: %v", err)
	}
	return svc
}

// slowTransport keeps deliveries until the test makes them.
type slowTransport struct{ replica *rivalStore }

// Take implements Transport.
func (s slowTransport) Take(out []Outgoing) {
	w := s.replica.w
	for _, o := range out {
		w.pending = append(w.pending, flight{o, s.replica.by})
		if o.Entry.Name == ticket.CommandDispatch {
			w.audit.attempt(dispatchKey{o.Entry.To, o.Ticket.AskNo, o.Entry.Round})
		}
	}
}

// lostOffers notes the asks whose offers came to nothing as the log tells of them.
type lostOffers struct{ w *world }

// Enabled implements slog.Handler.
func (lostOffers) Enabled(context.Context, slog.Level) bool { return true }

// WithAttrs implements slog.Handler.
func (h lostOffers) WithAttrs([]slog.Attr) slog.Handler { return h }

// WithGroup implements slog.Handler.
func (h lostOffers) WithGroup(string) slog.Handler { return h }

// Handle implements slog.Handler.
func (h lostOffers) Handle(_ context.Context, r slog.Record) error {
	if r.Message != "offer lost" {
		return nil
	}
	r.Attrs(func(a slog.Attr) bool {
		if asks, ok := a.Value.Any().([]string); ok {
			for _, ask := range asks {
				h.w.lost[ask] = h.w.at
			}
		}
		return true
	})
	return nil
}

// told delivers pending[i] with the given end.
func (w *world) tell(i int, how ticket.DeliveryResult) {
	j := w.pending[i]
	w.pending = slices.Delete(w.pending, i, i+1)
	if j.Expired(j.by.now()) {
		return
	}
	if w.hasty {
		j.by.Delivered(context.Background(), j.Outgoing, how)
		j.by.AckOnce(context.Background())
	}
	w.around("tell "+j.Entry.Name, func() { w.arrive(j, how) })
	j.by.Delivered(context.Background(), j.Outgoing, how)
}

// arrive is the far end of a delivery.
func (w *world) arrive(j flight, how ticket.DeliveryResult) {
	if how == ticket.Delivered || how == ticket.DeliveryUnknown {
		w.audit.arrived[told{j.Ticket.AskNo, j.Entry.ID}]++
		switch j.Entry.Kind {
		case ticket.ToClient:
			w.wire = append(w.wire, j.Command())
		case ticket.ToWallet:
			c := j.charge()
			if w.keyless {
				c.Key += fmt.Sprint("#", j.Entry.Attempts, w.at)
			}
			w.bills[c.Key] = append(w.bills[c.Key], c)
		case ticket.FromWallet:
			if j.by.readPayerBalance(context.Background(), j.Outgoing) != nil {
				how = ticket.DeliveryRetry
			}
		}
	}
}

// tellDispatch ends the first dispatch that is on the wire.
func (w *world) tellDispatch(how ticket.DeliveryResult) {
	w.tb.Helper()
	i := slices.IndexFunc(w.pending, func(j flight) bool { return j.Entry.Name == ticket.CommandDispatch })
	if i < 0 {
		w.tb.Fatalf("no dispatch is on the wire: %+v", w.pending)
	}
	w.tell(i, how)
}

func (w *world) tellAll() {
	for n := 0; len(w.pending) > 0; n++ {
		if n > 10_000 {
			w.tb.Fatalf("deliveries never end")
		}
		w.tell(0, ticket.Delivered)
	}
}

// settle runs everything that is due now.
func (w *world) settle() {
	ctx := context.Background()
	w.svc.MatchOnce(ctx)
	w.tellAll()
	w.ackAll()
	w.svc.SweepOnce(ctx)
	w.svc.MatchOnce(ctx)
	w.tellAll()
	w.ackAll()
}

func (w *world) ackAll() {
	for _, s := range append([]*Service{w.svc}, w.others...) {
		s.AckOnce(context.Background())
	}
}

// pass lets time go by in small steps, everything due happening in time.
func (w *world) pass(d time.Duration) {
	end := w.at.Add(d)
	for w.at < end {
		w.at = min(end, w.at.Add(100*time.Millisecond))
		w.settle()
	}
}

func (w *world) online(uids ...ticket.UID) {
	w.tb.Helper()
	for _, uid := range uids {
		e := ticket.Evidence{Proof: ticket.ProofSocket, Online: true, At: w.at, Until: w.at.Add(time.Hour)}
		if err := w.svc.RecordPresence(context.Background(), app, uid, "s", e); err != nil {
			w.tb.Fatalf("online %d: %v", uid, err)
		}
	}
}

func (w *world) offline(uid ticket.UID) {
	w.tb.Helper()
	if err := w.svc.RecordPresence(context.Background(), app, uid, "s", ticket.Evidence{Proof: ticket.ProofSocket, At: w.at, Until: w.at}); err != nil {
		w.tb.Fatalf("offline %d: %v", uid, err)
	}
}

// leave is a person who logs out everywhere.
func (w *world) leave(uid ticket.UID) error {
	w.offline(uid)
	return w.svc.RecordLogout(context.Background(), app, uid, "phone", w.at)
}

func (w *world) ask(uid ticket.UID) string {
	w.tb.Helper()
	askNo, err := w.svc.Ask(context.Background(), app, 1, uid)
	if err != nil {
		w.tb.Fatalf("ask by %d: %v", uid, err)
	}
	return askNo
}

func (w *world) ticket(askNo string) *ticket.Ticket {
	w.tb.Helper()
	t, err := w.store.Load(context.Background(), askNo)
	if err != nil {
		w.tb.Fatalf("load %s: %v", askNo, err)
	}
	return t
}

func (w *world) answer(askNo string, uid ticket.UID, round int, pass bool) error {
	if w.anyRound {
		round = w.ticket(askNo).RoundNo()
	}
	if pass {
		w.late = uid
	}
	err := w.svc.Answer(context.Background(), app, askNo, uid, round, pass)
	w.late = 0
	if w.flattering && pass && errors.Is(err, ticket.ErrTaken) {
		err = nil
	}
	if err == nil && pass {
		k := dispatchKey{ask: askNo, round: round}
		if first, won := w.winners[k]; won && first != uid {
			w.audit.fail(2, "%d and %d were told that they won round %d of %s", first, uid, round, askNo)
		}
		w.winners[k] = uid
	}
	return err
}

func (w *world) confirm(askNo string, uid ticket.UID, round int, peer ticket.UID, call string, like bool) error {
	return w.svc.Decide(context.Background(), app, askNo, ticket.Confirm{UID: uid, Round: round, Peer: peer, CallID: call, Like: like})
}

func (w *world) cancel(askNo string, uid ticket.UID) error {
	return w.svc.Cancel(context.Background(), app, askNo, uid)
}

func (w *world) started(askNo string, round int, call string, users ...ticket.UID) error {
	return w.svc.CallStarted(context.Background(), app, askNo, ticket.CallSeen{Round: round, CallID: call, Users: users})
}

func (w *world) over(askNo string, round int, call string) error {
	return w.svc.CallOver(context.Background(), app, askNo, ticket.CallEnded{Round: round, CallID: call})
}

func (w *world) state(askNo string) ticket.State { return w.ticket(askNo).State }

// offered brings an ask by 1 to the point where 2 has an open offer.
func offered(t *testing.T, values map[string]string) (*world, string) {
	t.Helper()
	w := newWorld(t, values)
	w.online(1, 2)
	ask := w.ask(1)
	w.settle()
	w.wantState(ask, ticket.Offered)
	return w, ask
}

// talking brings it to the preview of a call named "c".
func talking(t *testing.T, values map[string]string) (*world, string) {
	t.Helper()
	w, ask := offered(t, values)
	must(t, w.answer(ask, 2, 1, true))
	w.settle()
	must(t, w.started(ask, 1, "c", 1, 2))
	w.settle()
	w.wantState(ask, ticket.Preview)
	return w, ask
}

// liking brings it to a billed call.
func likedCall(t *testing.T, values map[string]string) (*world, string) {
	t.Helper()
	w, ask := talking(t, values)
	must(t, w.confirm(ask, 1, 1, 2, "c", true))
	w.settle()
	w.wantState(ask, ticket.Liked)
	return w, ask
}

func (w *world) claims() map[ticket.UID]ticket.Claim {
	out := map[ticket.UID]ticket.Claim{}
	for p, c := range w.store.claims {
		out[p.uid] = c
	}
	return out
}

func (w *world) String() string { return fmt.Sprintf("world at %d", w.at) }

// mostNeeded is the coins that the dearest of the settings asks for.
const mostNeeded = 2
