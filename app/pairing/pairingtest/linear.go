package pairingtest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"switchboard/app/pairing"
	"switchboard/app/pairing/ticket"
)

const (
	claimants = 6 // replicas at once, each with a ticket of its own
	claimed   = 3 // people whom they all want
	claimOps  = 60
)

// claimOp is one batch as a replica wanted it: people given back, people taken,
// all or nothing; neither: somebody is looked up.
type claimOp struct {
	drop, take []ticket.Claim
	look       ticket.UID
}

// claimEnd is what the replica was told.
type claimEnd struct {
	refused bool
	holder  owner // of look
}

// owner is who holds a person; the zero one is nobody.
type owner struct {
	ask   string
	epoch int64
}

// claimModel is what claims are by the specification: unique per person, dropped
// by their ask and epoch only, each batch at once (docs/pairing.md#objects).
var claimModel = porcupine.Model{
	Init: func() any { return [claimed]owner{} },
	Step: func(state, input, output any) (bool, any) {
		held, op, end := state.([claimed]owner), input.(claimOp), output.(claimEnd)
		if op.look != 0 {
			return held[op.look-1] == end.holder, held
		}
		after := held
		for _, c := range op.drop {
			if o := &after[c.UID-1]; *o == (owner{c.AskNo, c.Epoch}) {
				*o = owner{}
			}
		}
		free := true
		for _, c := range op.take {
			free = free && after[c.UID-1] == owner{}
			after[c.UID-1] = owner{c.AskNo, c.Epoch}
		}
		if end.refused {
			return !free, held
		}
		return free, after
	},
	DescribeOperation: func(input, output any) string { return fmt.Sprintf("%+v -> %+v", input, output) },
}

// Linearizable lets replicas claim the same people at once and holds what they
// were told to the model: there is an order of all batches that explains it.
func Linearizable(t *testing.T, store pairing.Store) {
	if history := claims(t, store); !porcupine.CheckOperations(claimModel, history) {
		t.Errorf("no order of %d claims explains what the replicas were told", len(history))
	}
}

// LinearizableFindsMutants holds the check itself to two faults of docs/pairing.md#invariants that a
// store can have.
func LinearizableFindsMutants(t *testing.T, open func(t *testing.T) pairing.Store) {
	for name, mutant := range map[string]func(pairing.Store) pairing.Store{
		"release without epoch": fenceless, "claim without uniqueness": sharing,
	} {
		t.Run(name, func(t *testing.T) {
			for range 5 {
				if !porcupine.CheckOperations(claimModel, claims(t, mutant(open(t)))) {
					return
				}
			}
			t.Error("it survives")
		})
	}
}

func claims(t *testing.T, store pairing.Store) []porcupine.Operation {
	var mu sync.Mutex
	var history []porcupine.Operation
	var wg sync.WaitGroup
	start := time.Now()
	for i := range claimants {
		tk := open(t, store, fmt.Sprint("linear-", i), ticket.UID(100+i))
		wg.Go(func() {
			c := claimant{store: store, tk: tk, own: map[ticket.UID]int64{}}
			for range claimOps {
				op := c.next()
				call := time.Since(start)
				end, err := c.do(op)
				if err != nil {
					t.Errorf("%+v: %v", op, err)
					return
				}
				mu.Lock()
				history = append(history, porcupine.Operation{ClientId: i, Input: op, Call: call.Nanoseconds(), Output: end, Return: time.Since(start).Nanoseconds()})
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return history
}

// claimant is one replica: a ticket, and whom it holds under which epoch.
type claimant struct {
	store pairing.Store
	tk    *ticket.Ticket
	own   map[ticket.UID]int64
}

// next is a look, or a batch that gives back some and takes some; now and then
// it gives back what it does not hold any more, or under an old epoch.
func (c *claimant) next() (op claimOp) {
	if rand.IntN(4) == 0 {
		op.look = ticket.UID(1 + rand.IntN(claimed))
		return op
	}
	for i := range claimed {
		uid := ticket.UID(1 + i)
		claim := ticket.Claim{App: app, UID: uid, AskNo: c.tk.AskNo, Epoch: c.own[uid], Role: ticket.RoleCandidate}
		switch epoch, has := c.own[uid]; {
		case has && rand.IntN(2) == 0:
			op.drop = append(op.drop, claim)
		case rand.IntN(6) == 0:
			claim.Epoch = epoch - 1 // stale
			op.drop = append(op.drop, claim)
		}
		if rand.IntN(3) == 0 {
			claim.Epoch = c.tk.Version + 1
			op.take = append(op.take, claim)
		}
	}
	return op
}

func (c *claimant) do(op claimOp) (claimEnd, error) {
	if op.look != 0 {
		held, ok, err := c.store.Holder(ctx(), app, op.look)
		if !ok {
			return claimEnd{}, err
		}
		return claimEnd{holder: owner{held.AskNo, held.Epoch}}, err
	}
	next := again(c.tk)
	b := pairing.Batch{Writes: []pairing.Write{{Ticket: next, Prev: c.tk.Version}}, Take: op.take}
	for _, d := range op.drop {
		b.Drop = append(b.Drop, ticket.Release{Claim: d})
	}
	err := c.store.Commit(ctx(), b)
	var taken *pairing.ClaimedError
	if errors.As(err, &taken) {
		return claimEnd{refused: true}, nil
	}
	if err != nil {
		return claimEnd{}, err
	}
	c.tk = next
	for _, d := range op.drop {
		if c.own[d.UID] == d.Epoch {
			delete(c.own, d.UID)
		}
	}
	for _, t := range op.take {
		c.own[t.UID] = t.Epoch
	}
	return claimEnd{}, nil
}

// fenceless is a store with the mutant "release without epoch": it drops
// whatever claim a person has.
func fenceless(s pairing.Store) pairing.Store {
	return mutantStore{s, func(b *pairing.Batch) error {
		b.Drop = slices.Clone(b.Drop)
		for i := range b.Drop {
			held, ok, err := s.Holder(ctx(), app, b.Drop[i].Claim.UID)
			if err != nil {
				return err
			}
			if ok {
				b.Drop[i].Claim = held
			}
		}
		return nil
	}}
}

// sharing is a store with the mutant "claim without uniqueness": who takes a
// person has them, whoever had them before.
func sharing(s pairing.Store) pairing.Store {
	return mutantStore{s, func(b *pairing.Batch) error {
		b.Drop = slices.Clone(b.Drop)
		for _, c := range b.Take {
			held, ok, err := s.Holder(ctx(), app, c.UID)
			if err != nil {
				return err
			}
			if ok {
				b.Drop = append(b.Drop, ticket.Release{Claim: held})
			}
		}
		return nil
	}}
}

type mutantStore struct {
	pairing.Store
	change func(*pairing.Batch) error
}

// Commit implements pairing.Tickets.
func (s mutantStore) Commit(ctx context.Context, b pairing.Batch) error {
	if err := s.change(&b); err != nil {
		return err
	}
	return s.Store.Commit(ctx, b)
}
