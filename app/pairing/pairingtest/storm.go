package pairingtest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"switchboard/app/pairing"
	"switchboard/app/pairing/ticket"
)

// errCrash is what a replica's store says once the replica has died.
var errCrash = errors.New("this replica is dead")

// mortal is a store connection that dies after some commits: the last one may
// have been written, and nobody hears of it.
type mortal struct {
	pairing.Store
	left atomic.Int64
}

// Commit implements pairing.Tickets.
func (m *mortal) Commit(ctx context.Context, b pairing.Batch) error {
	left := m.left.Add(-1)
	if left < 0 {
		return errCrash
	}
	err := m.Store.Commit(ctx, b)
	if left == 0 {
		return errCrash // written, and the replica died before it could act on it
	}
	return err
}

// storm is people, replicas that die and come back, and what they were told.
type storm struct {
	t      *testing.T
	store  pairing.Store
	people int

	mu     sync.Mutex // guards what follows
	asks   map[string]bool
	passed map[string]map[ticket.UID]bool // by ask and round: who was told to have won
	bills  map[string]int
}

// Storm lets replicas of one store live and die under load, then checks that
// what is left is whole: one winner a round, nobody claimed, every bill once.
func Storm(t *testing.T, store pairing.Store, replicas, people int, d time.Duration) {
	s := &storm{t: t, store: store, people: people, asks: map[string]bool{}, passed: map[string]map[ticket.UID]bool{}, bills: map[string]int{}}
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	var wg sync.WaitGroup
	for range replicas {
		wg.Go(func() {
			for ctx.Err() == nil {
				s.life(ctx)
			}
		})
	}
	wg.Wait()
	s.settle()
	s.check()
}

func settings() map[string]string {
	return map[string]string{
		"pair.ask_ttl": "1s", "pair.round_timeout": "500ms", "pair.answer_timeout": "150ms", "pair.answer_grace": "20ms",
		"pair.send_timeout": "200ms", "pair.connect_timeout": "300ms", "pair.confirm_timeout": "300ms", "pair.call_max": "400ms",
		"pair.call_watchdog": "200ms", "pair.wrap_up": "0s", "pair.refuse_cooldown": "0s", "pair.rna_cooldown": "0s", "pair.max_rna": "1000000",
		"pair.fanout": "2", "pair.max_rounds": "3", "pair.exclude_last": "0", "pair.ask_rate": "0", "pair.send_rate": "0", "pair.price": "1",
	}
}

func (s *storm) replica(store pairing.Store) *pairing.Service {
	return pairing.New(pairing.Options{
		Store: store, Shared: true, Apps: []string{app},
		Configs: &pairing.Configs{Source: pairing.Everywhere(settings()), Refresh: time.Hour},
		Send:    func(context.Context, pairing.Command) error { return nil },
		Charge: func(_ context.Context, c pairing.Charge) error {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.bills[c.Key]++ // the wallet takes a key once; how often it is shown is not counted
			return nil
		},
	})
}

// life is one replica from its start to its death, with people who use it.
func (s *storm) life(ctx context.Context) {
	store := &mortal{Store: s.store}
	store.left.Store(20 + rand.Int64N(200))
	svc := s.replica(store)
	ctx, die := context.WithCancel(ctx)
	defer die()
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := svc.Run(ctx); err != nil && ctx.Err() == nil {
			s.t.Errorf("run: %v", err)
		}
	})
	for range 4 {
		wg.Go(func() {
			for ctx.Err() == nil && store.left.Load() > 0 {
				s.act(ctx, svc)
				time.Sleep(time.Duration(rand.IntN(2000)) * time.Microsecond) // a person is not a loop
			}
			die()
		})
	}
	wg.Wait()
}

// act is one thing that some person does.
func (s *storm) act(ctx context.Context, svc *pairing.Service) {
	uid := ticket.UID(1 + rand.IntN(s.people))
	switch rand.IntN(4) {
	case 0:
		_ = svc.RecordSocket(ctx, app, uid, "s", true) // a dying store's errors are what this is about
	case 1:
		if ask, err := svc.Ask(ctx, app, 1, uid); err == nil {
			s.mu.Lock()
			s.asks[ask] = true
			s.mu.Unlock()
		}
	default:
		s.goOn(ctx, svc)
	}
}

// goOn does what comes next in some ask.
func (s *storm) goOn(ctx context.Context, svc *pairing.Service) {
	ask := s.anyAsk()
	t, err := s.store.Load(ctx, ask)
	if ask == "" || err != nil {
		return
	}
	round, call := t.RoundNo(), fmt.Sprint(ask, "-", t.RoundNo())
	switch t.State {
	case ticket.Offered:
		for _, o := range t.Offers {
			if o.State == ticket.OfferOpen {
				pass := rand.IntN(4) > 0
				if err := svc.Answer(ctx, app, ask, o.UID, o.Round, pass); err == nil && pass {
					s.won(ask, o.Round, o.UID)
				}
			}
		}
	case ticket.Connecting:
		_ = svc.CallStarted(ctx, app, ask, ticket.CallSeen{Round: round, CallID: call})
	case ticket.Preview:
		_ = svc.Decide(ctx, app, ask, ticket.Confirm{UID: t.Asker, Round: round, Peer: t.Round().Peer, CallID: call, Like: rand.IntN(2) == 0})
	case ticket.Liked:
		_ = svc.CallOver(ctx, app, ask, ticket.CallEnded{Round: round, CallID: call})
	case ticket.Ended:
		s.mu.Lock()
		defer s.mu.Unlock()
		if len(s.asks) > 64 {
			delete(s.asks, ask)
		}
	default:
		if rand.IntN(20) == 0 {
			_ = svc.Cancel(ctx, app, ask, t.Asker)
		}
	}
}

func (s *storm) anyAsk() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for ask := range s.asks {
		return ask
	}
	return ""
}

func (s *storm) won(ask string, round int, uid ticket.UID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := fmt.Sprint(ask, ":", round)
	if s.passed[k] == nil {
		s.passed[k] = map[ticket.UID]bool{}
	}
	s.passed[k][uid] = true
}

// settle gives one healthy replica the time to bring everything to its end.
func (s *storm) settle() {
	svc := s.replica(s.store)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- svc.Run(ctx) }()
	svc.Close()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline) && !s.quiet(); {
		time.Sleep(50 * time.Millisecond)
	}
	stop()
	if err := <-done; err != nil {
		s.t.Error(err)
	}
}

func (s *storm) quiet() bool {
	for uid := range s.people {
		if _, held, err := s.store.Holder(context.Background(), app, ticket.UID(uid+1)); err != nil || held {
			return false
		}
	}
	for _, k := range s.keys() {
		if t, err := s.store.Load(context.Background(), k); err != nil || t.State != ticket.Ended || len(t.Outbox) > 0 {
			return false
		}
	}
	return true
}

// keys lists every ask that somebody won a round of.
func (s *storm) keys() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for k := range s.passed {
		out = append(out, k[:len(k)-2]) // rounds have one digit here
	}
	return out
}

func (s *storm) check() {
	for uid := range s.people {
		if c, held, err := s.store.Holder(context.Background(), app, ticket.UID(uid+1)); err != nil || held {
			s.t.Errorf("invariant 1: claim %+v is left: %v", c, err)
		}
	}
	for k, winners := range s.passed {
		if len(winners) > 1 {
			s.t.Errorf("invariant 2: %s was won by %v", k, winners)
		}
	}
	liked := 0
	for _, ask := range s.keys() {
		t, err := s.store.Load(context.Background(), ask)
		if err != nil {
			s.t.Error(err)
			continue
		}
		if t.State != ticket.Ended || len(t.Outbox) > 0 {
			s.t.Errorf("invariant 5: %s is %v with %d to tell", ask, t.State, len(t.Outbox))
		}
		for _, r := range t.Rounds {
			start, settle := s.bills[fmt.Sprintf("%s:%d:start", ask, r.No)], s.bills[fmt.Sprintf("%s:%d:settle", ask, r.No)]
			if r.LikedAt != 0 {
				liked++
			}
			if (r.LikedAt != 0) != (start > 0) || (start > 0) != (settle > 0) {
				s.t.Errorf("invariant 8: round %d of %s liked %v, started %d, settled %d", r.No, ask, r.LikedAt != 0, start, settle)
			}
		}
	}
	s.t.Logf("%d rounds won, %d liked", len(s.passed), liked)
	if len(s.passed) == 0 {
		s.t.Error("nothing happened")
	}
}
