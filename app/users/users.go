// Package users tells vendor accounts what an app's back end wants of its users there:
// that they are shut out, that their sessions end, how they are shown, whom they do not
// want to hear. What a user is shut out of, and from whom they hear nothing, is
// remembered here, since vendors do not list it.
package users

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"switchboard/app/owners"
	"switchboard/app/problem"
	"switchboard/vendors"
)

// ErrShared says that an account has users of other apps by the same ids.
var ErrShared = problem.New(problem.Forbidden, "other apps have users of this id at the vendor")

// LongestBlock is the longest that vendors take which take no block for good
// (docs/vendors/rongcloud.md#blocks).
const LongestBlock = 30 * 24 * time.Hour

// blacklisted is whom a user does not want to hear, as owners.Restraints keep it.
const blacklisted owners.What = "blacklist"

// Fate is what became of one thing at one account.
type Fate struct {
	ID      string // the user, or what was done: a session, a credential
	Account string
	State   vendors.MemberState
	Until   time.Time // of a block; zero: until it is ended
	// Emulated: the vendor blocks until it is told otherwise, and is told at Until.
	Emulated bool
	Err      error
}

// Service asks vendors. It is safe for concurrent use.
type Service struct {
	routes *vendors.Router
	kept   owners.Restraints
	timer  *owners.Timer
	wishes *owners.Wishes
	shown  ShownStore
}

// New makes the service over the routes, what remembers, and what ends blocks at vendors
// that know no time.
//
// A write names itself by the argument write: Settle finds by it what is in doubt.
func New(routes *vendors.Router, kept owners.Restraints, timer *owners.Timer, wishes *owners.Wishes, shown ShownStore) *Service {
	return &Service{routes, kept, timer, wishes, shown}
}

// Accounts are those that may serve the app, each once, those that some route names
// first. A user may be at one that no route names any more: with a credential from before,
// in a group, by a name.
func (s *Service) Accounts(app string) []*vendors.Vendor { return s.andOthers(app, s.routed(app)) }

// routed are the accounts that some route of the app names, each once.
func (s *Service) routed(app string) (out []*vendors.Vendor) {
	for _, capability := range vendors.Capabilities() {
		for _, v := range s.routes.RouteFor(app, capability) {
			if !isAmong(out, v.Name) {
				out = append(out, v)
			}
		}
	}
	return out
}

// issuers are the accounts that give credentials to the app's users, or gave them before
// the tokens route moved on; those of the route first, in its order.
func (s *Service) issuers(app string) []*vendors.Vendor {
	all := s.andOthers(app, s.routes.RouteFor(app, vendors.CapTokens))
	return slices.DeleteFunc(all, func(v *vendors.Vendor) bool { return v.Tokens == nil })
}

// andOthers are the first, and after them the app's other accounts.
func (s *Service) andOthers(app string, first []*vendors.Vendor) []*vendors.Vendor {
	out := slices.Clone(first)
	for _, account := range s.routes.AccountsFor(app) {
		if live := s.routes.Live(account); len(live) > 0 && !isAmong(first, account) {
			out = append(out, live[0])
		}
	}
	return out
}

func isAmong(list []*vendors.Vendor, account string) bool {
	return slices.ContainsFunc(list, func(v *vendors.Vendor) bool { return v.Name == account })
}

// unable is the refusal of what no routed account can.
func (s *Service) unable(app, ability string) error {
	refusal := &vendors.UnableError{Ability: ability}
	for _, v := range s.routed(app) {
		refusal.Unable = append(refusal.Unable, v.Name)
	}
	mine := s.routes.AccountsFor(app)
	for _, v := range s.routes.All() {
		if slices.Contains(mine, v.Name) && v.HasAbility(ability) {
			refusal.Able = append(refusal.Able, v.Name)
		}
	}
	return refusal
}

// at makes one call at an account, by whichever of its keys serves.
func at(ctx context.Context, s *Service, account string, effect vendors.Effect, call func(context.Context, *vendors.Vendor) error) error {
	_, err := vendors.ViaAccount(ctx, s.routes, account, effect, func(ctx context.Context, v *vendors.Vendor) (struct{}, error) {
		return struct{}{}, call(ctx, v)
	})
	return err
}

// Block shuts a user out at every account of the app's that can, for d or, with zero, for
// as long as each takes. One that no route names is asked too: a client with a credential
// from before may be there, and the route may come back. The accounts are asked at once:
// one that hangs takes the time of no other.
func (s *Service) Block(ctx context.Context, app, user, write string, d time.Duration) ([]Fate, error) {
	var able []*vendors.Vendor
	for _, v := range s.Accounts(app) {
		if v.Users != nil {
			able = append(able, v)
		}
	}
	if able == nil {
		return nil, s.unable(app, "users.block")
	}
	return atOnce(able, func(v *vendors.Vendor) (Fate, error) { return s.blockAt(ctx, app, user, write, v, d) })
}

// atOnce has a fate of each of what is listed, in its order, and the first error.
func atOnce[T any](list []T, do func(T) (Fate, error)) ([]Fate, error) {
	out, errs := make([]Fate, len(list)), make([]error, len(list))
	var wg sync.WaitGroup
	for i, one := range list {
		wg.Go(func() { out[i], errs[i] = do(one) })
	}
	wg.Wait()
	return out, errors.Join(errs...)
}

func (s *Service) blockAt(ctx context.Context, app, user, write string, v *vendors.Vendor, d time.Duration) (f Fate, unkept error) {
	f = Fate{ID: user, Account: v.Name, State: vendors.MemberAccepted}
	if !s.routes.Alone(app, v.Name) {
		f.fail(ErrShared)
		return f, nil
	}
	held := d
	if d == 0 && !v.Traits.Block.Takes(0) {
		held = LongestBlock
	}
	if held > 0 {
		f.Until = time.Now().Add(held)
	}
	err := s.wishes.MakeOne(ctx, wish(app, user, ThingBlock, v.Name, write, asked{Do: doBlock, Moment: f.Until}), func() error {
		unkept = s.hold(ctx, app, user, v, held, &f)
		return errors.Join(f.Err, unkept)
	})
	if err != nil && f.Err == nil && unkept == nil {
		f.fail(err) // the wish could not be noted
	}
	return f, unkept
}

// hold makes a block at an account and notes it. f tells what became of it, the error
// that it could not be noted.
func (s *Service) hold(ctx context.Context, app, user string, v *vendors.Vendor, held time.Duration, f *Fate) error {
	f.row(at(ctx, s, v.Name, vendors.Write, func(ctx context.Context, v *vendors.Vendor) error {
		f.Emulated = owners.Emulates(v, owners.Block, owners.Bar, held)
		if err := v.Traits.Block.Refuse(v.Name, vendors.OpUserBlock, held); err != nil && !f.Emulated {
			return err
		}
		return oneRow(s.timer.Hold(ctx, v, liftOf(app, user, v.Name), []string{user}, held, func(d time.Duration) ([]vendors.MemberResult, error) {
			return v.Users.Block(ctx, []string{user}, d)
		}))
	}))
	if f.Err != nil && f.State != vendors.MemberUnknown {
		return nil
	}
	kept, cancel := recorded(ctx)
	defer cancel()
	if err := s.kept.Restrain(kept, blockOf(app, user), owners.Bar, []string{v.Name}, held); err != nil {
		return unrecorded(v.Name, vendors.OpUserBlock, err)
	}
	return nil
}

// recorded is for writing down what a vendor did, also when the request's time is over.
func recorded(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
}

// unrecorded is the error of a write that a vendor took and that could not be written
// down: it may be made again.
func unrecorded(account, op string, err error) error {
	return &vendors.Error{Vendor: account, Op: op, Outcome: vendors.Ambiguous, Effect: vendors.Write, Sent: true, Err: err}
}

// liftOf is the end of a user's block at an account.
func liftOf(app, user, account string) owners.Lift {
	return owners.Lift{Key: blockOf(app, user), What: owners.Bar, User: user, Account: account}
}

func blockOf(app, user string) owners.Key { return owners.Key{App: app, Kind: owners.Block, ID: user} }

// Unblock lets a user in again, at every account that is known to keep them out and at
// the app's others that can.
func (s *Service) Unblock(ctx context.Context, app, user, write string) ([]Fate, error) {
	held, err := s.Blocks(ctx, app, user)
	if err != nil {
		return nil, err
	}
	accounts := []string{}
	for _, f := range held {
		accounts = append(accounts, f.Account)
	}
	var shared []Fate
	for _, v := range s.Accounts(app) {
		switch {
		case v.Users == nil || slices.Contains(accounts, v.Name):
		case s.routes.Alone(app, v.Name):
			accounts = append(accounts, v.Name)
		default:
			f := Fate{ID: user, Account: v.Name}
			f.fail(ErrShared)
			shared = append(shared, f)
		}
	}
	all, err := atOnce(accounts, func(account string) (Fate, error) { return s.unblockAt(ctx, app, user, write, account) })
	// Who was never blocked there, or whose block cannot end early, needs no telling.
	out := slices.DeleteFunc(all, func(f Fate) bool {
		return errors.Is(f.Err, vendors.ErrUnsupported) && !slices.ContainsFunc(held, func(h Fate) bool { return h.Account == f.Account })
	})
	if out = append(out, shared...); len(out) == 0 && err == nil {
		return nil, s.unable(app, "users.block")
	}
	return out, err
}

func (s *Service) unblockAt(ctx context.Context, app, user, write, account string) (f Fate, unkept error) {
	f = Fate{ID: user, Account: account, State: vendors.MemberAccepted}
	err := s.wishes.MakeOne(ctx, wish(app, user, ThingBlock, account, write, asked{Do: doUnblock}), func() error {
		unkept = s.free(ctx, app, user, account, &f)
		return errors.Join(f.Err, unkept)
	})
	if err != nil && f.Err == nil && unkept == nil {
		f.fail(err)
	}
	return f, unkept
}

// free ends a block at an account, as hold makes one.
func (s *Service) free(ctx context.Context, app, user, account string, f *Fate) error {
	f.row(at(ctx, s, account, vendors.Write, func(ctx context.Context, v *vendors.Vendor) error {
		if v.Users == nil || v.Traits.Block&vendors.HoldLifted == 0 {
			return vendors.Refuse(account, vendors.OpUserUnblock, vendors.ErrUnsupported, "a block ends by itself")
		}
		rows, err := v.Users.Unblock(ctx, []string{user})
		return oneRow(rows, s.timer.Freed(ctx, liftOf(app, user, account), []string{user}, rows, err))
	}))
	if f.Err != nil {
		return nil
	}
	kept, cancel := recorded(ctx)
	defer cancel()
	if err := s.kept.Free(kept, blockOf(app, user), owners.Bar, []string{account}); err != nil {
		return unrecorded(account, vendors.OpUserUnblock, err)
	}
	return nil
}

// Blocks are the accounts that are known to keep the user out, and until when.
func (s *Service) Blocks(ctx context.Context, app, user string) ([]Fate, error) {
	held, err := s.kept.Restrained(ctx, blockOf(app, user), owners.Bar, "", maxAccounts)
	var out []Fate
	for _, h := range held {
		out = append(out, Fate{ID: user, Account: h.User, State: vendors.MemberAccepted, Until: h.Until})
	}
	return out, err
}

const maxAccounts = 200

// oneRow is the error of a write about one user.
func oneRow(rows []vendors.MemberResult, err error) error {
	if len(rows) == 1 && rows[0].Err != nil {
		return rows[0].Err
	}
	return err
}

func (f *Fate) fail(err error) {
	f.State, f.Err = vendors.MemberRefused, err
	if vendors.OutcomeOf(err) == vendors.Ambiguous {
		f.State = vendors.MemberUnknown
	}
}

func (f *Fate) row(err error) {
	if err != nil {
		f.fail(err)
	}
}
