// Package messages sends one message to many through the messages route, in
// batches that the vendor takes, and tells what became of each target.
package messages

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"switchboard/app/owners"
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
type Service struct {
	routes *vendors.Router
	locate Locate // nil: nothing has an owner
	wishes *owners.Wishes

	introduced *introduced
}

// New makes the service over the routes, and what knows which edits may be made again; nil
// for a service that sends alone.
func New(routes *vendors.Router, wishes *owners.Wishes) *Service {
	return &Service{routes: routes, wishes: wishes, introduced: &introduced{}}
}

// Send publishes m to all of m.To, however many batches that takes, at the pace that
// the vendor allows and for as long as the deadline allows. The receipt has one entry
// for each distinct target, in order of first appearance. The error is ErrUndelivered
// when only some targets failed, and the first target's own when all of them did. Of
// by only User, Sticky and Account count.
func (s *Service) Send(ctx context.Context, by vendors.Request, m vendors.Message) (vendors.Receipt, error) {
	m.To = distinct(m.To)
	to := m.To
	by.SameKey = !m.Key.IsZero()
	if m.Kind == vendors.ToSystem {
		if err := s.checkSystem(vendors.AppOf(ctx)); err != nil {
			return vendors.Receipt{}, err
		}
	}
	if s.owned(m.Kind) && len(to) > 0 && len(to) <= MaxTargets {
		return s.sendOwned(ctx, by, m)
	}
	return s.sendAll(ctx, by, vendors.OpSend(m.Kind), to, func(ctx context.Context, v *vendors.Vendor, some []int) (vendors.Receipt, error) {
		m := m
		m.To = pick(to, some)
		return s.sendTo(ctx, v, m)
	})
}

// checkSystem is a vendors.UnableError when no routed account has system messages: those
// that have them have a limit for them.
func (s *Service) checkSystem(app string) error {
	refusal := &vendors.UnableError{Ability: "messages"}
	for _, v := range s.routes.RouteFor(app, vendors.CapMessages) {
		if _, has := v.Limits[vendors.OpSendSystem]; has {
			return nil
		}
		refusal.Unable = append(refusal.Unable, v.Name)
	}
	mine := s.routes.AccountsFor(app)
	for _, v := range s.routes.All() {
		if _, has := v.Limits[vendors.OpSendSystem]; has && slices.Contains(mine, v.Name) {
			refusal.Able = append(refusal.Able, v.Name)
		}
	}
	return refusal
}

// publish makes one call at a vendor, for some of all targets by their places.
type publish func(ctx context.Context, v *vendors.Vendor, some []int) (vendors.Receipt, error)

func pick[T any](all []T, some []int) []T {
	out := make([]T, len(some))
	for i, at := range some {
		out[i] = all[at]
	}
	return out
}

// sendAll is Send for whatever one call of op takes.
func (s *Service) sendAll(ctx context.Context, by vendors.Request, op string, to []string, call publish) (vendors.Receipt, error) {
	switch {
	case len(to) == 0:
		return vendors.Receipt{}, ErrNoTargets
	case len(to) > MaxTargets:
		return vendors.Receipt{}, fmt.Errorf("%w: %d, at most %d", ErrTooMany, len(to), MaxTargets)
	}
	by.Capability, by.Effect = vendors.CapMessages, vendors.Write
	out := vendors.Receipt{Targets: make([]vendors.TargetResult, len(to))}
	for i, t := range to {
		out.Targets[i].Target = t
	}
	p := s.plan(ctx, by.Account, op)
	batches := p.batches(to)
	if len(batches) == 1 { // most are: no need of another goroutine, whose stack would have to grow
		s.deliver(ctx, by, p, batches[0], out.Targets, call)
		return out, failureOf(out)
	}
	var group errgroup.Group
	group.SetLimit(maxParallel)
	for _, some := range batches {
		group.Go(func() error { s.deliver(ctx, by, p, some, out.Targets, call); return nil })
	}
	_ = group.Wait() // failures are in the receipt
	return out, failureOf(out)
}

// plan is what the messages route, or the one account that is asked, takes for one kind of target.
type plan struct {
	size   int // targets in one call that every vendor takes, so that a batch can fail over whole
	pace   int // targets that every vendor takes in somewhat less than a second
	limits []vendors.Limit
}

func (s *Service) plan(ctx context.Context, account, op string) plan {
	p := plan{size: MaxTargets, pace: MaxTargets}
	asked := s.routes.RouteFor(vendors.AppOf(ctx), vendors.CapMessages)
	if live := s.routes.Live(account); len(live) > 0 {
		asked = live[:1]
	}
	for _, v := range asked {
		limit := v.Limits[op]
		if op == vendors.OpSendTemplate && v.Templates == nil { // each text is a call of its own
			limit = v.Limits[vendors.OpSendUser]
			limit.Targets = separately
		}
		p.limits = append(p.limits, limit)
		if limit.Targets > 0 {
			p.size = min(p.size, limit.Targets)
		}
		if _, perSecond := limit.Pace(); perSecond > 0 {
			p.pace = min(p.pace, max(1, int(perSecond*9/10)))
		}
	}
	return p
}

// batches is the targets, by their place, in portions of one call each.
func (p plan) batches(to []string) (batches [][]int) {
	for _, alike := range p.alike(to) {
		batches = slices.AppendSeq(batches, slices.Chunk(alike, p.size))
	}
	return batches
}

// alike groups targets, by their place, by which vendors take their ids: one that a
// vendor does not take fails or moves alone.
func (p plan) alike(to []string) (groups [][]int) {
	of := map[string]int{}
	for at, id := range to {
		takes := make([]byte, len(p.limits))
		for i, limit := range p.limits {
			if limit.TakesID(id) {
				takes[i] = 1
			}
		}
		i, known := of[string(takes)]
		if !known {
			i, groups = len(groups), append(groups, nil)
			of[string(takes)] = i
		}
		groups[i] = append(groups[i], at)
	}
	return groups
}

// deliver publishes to the targets at the places of some and fills in their fates. What
// would have to wait goes out in portions of the vendor's pace, each in its turn. What
// the deadline leaves no time for was not sent.
func (s *Service) deliver(ctx context.Context, by vendors.Request, p plan, some []int, fates []vendors.TargetResult, call publish) {
	size := p.size
	for len(some) > 0 {
		portion := some[:min(len(some), size)]
		err := s.publish(ctx, by, portion, fates, call)
		wait := pause(err)
		switch {
		case wait == 0:
			some = some[len(portion):]
		case len(portion) > p.pace:
			size = p.pace
		case !sleep(ctx, wait):
			for _, at := range some {
				fates[at].Err = err
			}
			return
		}
	}
}

// pause is how long to wait before what err kept from being sent may be sent; 0: err
// is no such error.
func pause(err error) time.Duration {
	var e *vendors.Error
	if errors.As(err, &e) && e.Outcome == vendors.Throttled {
		return e.RetryAfter
	}
	return 0
}

// sleep waits, unless the deadline comes first or there is none.
func sleep(ctx context.Context, d time.Duration) bool {
	end, bounded := ctx.Deadline()
	if !bounded || d >= time.Until(end) {
		return false
	}
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

// publish makes one call. Its error is also that of every target.
func (s *Service) publish(ctx context.Context, by vendors.Request, some []int, fates []vendors.TargetResult, call publish) error {
	served := ""
	receipt, err := vendors.Via(ctx, s.routes, by, func(ctx context.Context, v *vendors.Vendor) (vendors.Receipt, error) {
		served = v.Name
		return call(ctx, v, some)
	})
	for i, at := range some {
		switch {
		case err != nil:
			fates[at].Err = err
		case len(receipt.Targets) == len(some):
			fates[at] = receipt.Targets[i]
			fallthrough
		default:
			fates[at].Vendor = served
		}
	}
	return err
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
