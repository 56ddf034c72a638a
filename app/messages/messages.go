// Package messages sends one message to many through the messages route, in
// batches that the vendor takes, and tells what became of each target.
package messages

import (
	"context"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"switchboard/app/problem"
	"switchboard/vendors"
)

// What a request can be refused for before any vendor is called.
var (
	ErrNoTargets   = problem.New(problem.Invalid, "targets: at least one is required")
	ErrTooMany     = problem.New(problem.Invalid, "too many targets in one request")
	ErrUndelivered = problem.New(problem.Refused, "some targets were not reached")
)

// MaxTargets is how many targets one request may name.
const MaxTargets = 10_000

const maxParallel = 4 // batches under way for one request

// Service sends messages through the messages route.
type Service struct{ routes *vendors.Router }

// New makes the service over the routes.
func New(routes *vendors.Router) *Service { return &Service{routes} }

// Send publishes m to all of m.To, however many batches that takes. The receipt
// has one entry for each distinct target, in order of first appearance. The
// error is ErrUndelivered when only some targets failed, and the first target's
// own when all of them did. Of by only User, Sticky and Account count.
func (s *Service) Send(ctx context.Context, by vendors.Request, m vendors.Message) (vendors.Receipt, error) {
	m.To = distinct(m.To)
	switch {
	case len(m.To) == 0:
		return vendors.Receipt{}, ErrNoTargets
	case len(m.To) > MaxTargets:
		return vendors.Receipt{}, fmt.Errorf("%w: %d, at most %d", ErrTooMany, len(m.To), MaxTargets)
	}
	by.Capability, by.Effect = vendors.CapMessages, vendors.Write
	out := vendors.Receipt{Targets: make([]vendors.TargetResult, len(m.To))}
	if size := s.batch(m.Kind); len(m.To) <= size {
		s.publish(ctx, by, m, m.To, out.Targets)
	} else {
		s.publishAll(ctx, by, m, size, out.Targets)
	}
	return out, failureOf(out)
}

func (s *Service) publishAll(ctx context.Context, by vendors.Request, m vendors.Message, size int, slots []vendors.TargetResult) {
	var group errgroup.Group
	group.SetLimit(maxParallel)
	at := 0
	for batch := range slices.Chunk(m.To, size) {
		mine := slots[at : at+len(batch)]
		at += len(batch)
		group.Go(func() error {
			s.publish(ctx, by, m, batch, mine)
			return nil
		})
	}
	_ = group.Wait() // failures are in the slots
}

// batch is what the least of the route's vendors takes in one call, so that a
// batch can fail over whole.
func (s *Service) batch(kind vendors.TargetKind) int {
	size := MaxTargets
	for _, v := range s.routes.Route(vendors.CapMessages) {
		if n := v.Limits[vendors.OpSend(kind)].Targets; n > 0 {
			size = min(size, n)
		}
	}
	return size
}

func (s *Service) publish(ctx context.Context, by vendors.Request, m vendors.Message, batch []string, slots []vendors.TargetResult) {
	m.To = batch
	receipt, err := vendors.Via(ctx, s.routes, by, func(ctx context.Context, v *vendors.Vendor) (vendors.Receipt, error) {
		return v.Messages.Send(ctx, m)
	})
	if err == nil && len(receipt.Targets) == len(batch) {
		copy(slots, receipt.Targets)
		return
	}
	for i, target := range batch {
		slots[i] = vendors.TargetResult{Target: target, Err: err}
	}
}

// undelivered is an ErrUndelivered. It unwraps to the failure that says most
// about what may have been done, and shows none of it: its text is for callers.
type undelivered struct {
	failed, all int
	worst       error
}

func (e *undelivered) Error() string {
	return fmt.Sprintf("%v: %d of %d", ErrUndelivered, e.failed, e.all)
}

// Outcome tells the ledger that the message was sent: some targets have it.
func (e *undelivered) Outcome() vendors.Outcome { return vendors.OK }

func (e *undelivered) Unwrap() []error { return []error{ErrUndelivered, e.worst} }

// failureOf prefers a failure in doubt: a target that may have been reached is
// what the whole request has to answer for.
func failureOf(r vendors.Receipt) error {
	var failed int
	var worst error
	for _, t := range r.Targets {
		if t.Err == nil {
			continue
		}
		failed++
		if worst == nil || vendors.OutcomeOf(worst) != vendors.Ambiguous && vendors.OutcomeOf(t.Err) == vendors.Ambiguous {
			worst = t.Err
		}
	}
	switch {
	case failed == 0:
		return nil
	case failed == len(r.Targets):
		return worst
	}
	return &undelivered{failed, len(r.Targets), worst}
}

func distinct(targets []string) []string {
	seen := make(map[string]bool, len(targets))
	out := make([]string, 0, len(targets))
	for _, t := range targets {
		if !seen[t] {
			seen[t] = true
			out = append(out, t)
		}
	}
	return out
}
