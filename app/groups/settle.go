package groups

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"switchboard/app/owners"
	"switchboard/app/periodic"
	"switchboard/vendors"
)

// errUnsettled says that what is seen at the vendor does not tell whether the write
// was made.
var errUnsettled = errors.New("groups: what the vendor shows does not settle the write")

// settledAfter is how old a write in doubt has to be before its absence counts: far
// longer than a vendor may take to do what it was sent.
const settledAfter = time.Minute

// Settle is the ledger's recipe for writes about groups and chat rooms. What is seen at
// the vendor was made. What is not seen a minute later was not made, a
// vendors.ErrNotDone, as long as no other write about the thing began behind it. An end
// is made once more: the vendor's id is used for one thing only, so it can end nothing
// else. Mutes, blocks and who owns a group cannot be seen: those are made again, for the
// time that is left and for those of the users whom doubtful names, nil for all. What a
// later write about the same took the place of is not made again.
func (s *Service) Settle(ctx context.Context, app, account string, since time.Time, payload []byte, doubtful []string) (Action, Done, error) {
	var c Change
	if err := json.Unmarshal(payload, &c); err != nil {
		return "", Done{}, fmt.Errorf("groups: a change in the ledger is not readable: %w", err)
	}
	c.Users = distinct(c.Users)
	if doubtful == nil {
		doubtful = c.Users
	}
	done, err := s.settle(ctx, app, account, time.Since(since) > settledAfter, c, doubtful)
	return c.Action, done, err
}

func (s *Service) settle(ctx context.Context, app, account string, old bool, c Change, doubtful []string) (Done, error) {
	r, found, err := s.owners.Get(ctx, c.Key(app))
	switch {
	case err != nil:
		return Done{}, fmt.Errorf("%w: %v", errUnsettled, err)
	case !found && c.Action == Create:
		return Done{}, vendors.ErrNotDone // its reservation was released
	case !found && !s.routes.Alone(app, account):
		return Done{}, errUnsettled // it was forgotten since; another app may have that id
	case !found:
		r = owners.Record{Key: c.Key(app), Account: account, VendorID: c.ID, State: owners.Made}
	case c.Action != Create && r.Account != account:
		return Done{}, errUnsettled // it was moved since
	}
	last := r.Version > 0 && r.LastWrite == c.digest() // or one just like it, which wanted the same
	switch c.Action {
	case Create:
		return s.settleCreate(ctx, r, c, old)
	case Add, Remove:
		return s.settleMembers(ctx, r, c, old && last)
	case Rename:
		return s.settleRename(ctx, r, c, old && last)
	case End:
		return s.settleEnd(ctx, r, c)
	}
	return s.settleAgain(ctx, r, c, doubtful)
}

func (s *Service) settleCreate(ctx context.Context, r owners.Record, c Change, old bool) (Done, error) {
	if r.State == owners.Reserved || r.State == owners.Doubt {
		var err error
		if r, err = s.settleDoubt(ctx, r, old); err != nil {
			return Done{}, err
		}
	}
	f := Done{Record: r}
	if c.Kind == owners.ChatRoom || r.State == owners.Gone {
		return f, nil
	}
	members, err := s.members(ctx, r)
	if err != nil {
		return Done{}, fmt.Errorf("%w: %v", errUnsettled, err)
	}
	f.Rows = rowsSeen(r.Account, distinct(append([]string{c.By}, c.Users...)), members, true)
	return f, nil
}

// settleDoubt looks at the vendor for what may have been made, and writes down what it
// finds. The record is forgotten when it was not made.
func (s *Service) settleDoubt(ctx context.Context, r owners.Record, old bool) (owners.Record, error) {
	there, err := s.look(ctx, r)
	switch {
	case err != nil:
		return r, fmt.Errorf("%w: %v", errUnsettled, err) // a refusal to be asked says nothing of the write
	case there:
		r.State = owners.Made
		return s.owners.Set(ctx, r)
	case !old:
		return r, errUnsettled
	case r.LastWrite != "": // what came behind it may have ended it
		r.State = owners.Gone
		if _, err := s.owners.Set(ctx, r); err != nil {
			return r, fmt.Errorf("%w: %v", errUnsettled, err)
		}
		return r, errUnsettled
	}
	if err := s.owners.Release(ctx, r); err != nil {
		return r, fmt.Errorf("%w: %v", errUnsettled, err)
	}
	return r, vendors.ErrNotDone
}

func (s *Service) settleMembers(ctx context.Context, r owners.Record, c Change, decided bool) (Done, error) {
	if r.State == owners.Gone {
		return Done{}, errUnsettled
	}
	members, err := s.members(ctx, r)
	if err != nil {
		return Done{}, fmt.Errorf("%w: %v", errUnsettled, err)
	}
	rows := rowsSeen(r.Account, c.Users, members, c.Action == Add)
	undone := 0
	for _, row := range rows {
		if row.Err != nil {
			undone++
		}
	}
	switch {
	case undone > 0 && !decided:
		return Done{}, errUnsettled
	case undone == len(rows):
		return Done{}, vendors.ErrNotDone
	}
	return Done{Record: r, Rows: rows}, nil
}

// rowsSeen are rows by who is seen in the group: those for whom that is not as it was
// asked for are refused.
func rowsSeen(account string, users, members []string, in bool) []vendors.MemberResult {
	rows, _ := vendors.AllMembers(distinct(users), nil)
	for i, row := range rows {
		if slices.Contains(members, row.User) != in {
			rows[i] = vendors.MembersFailed([]string{row.User}, &vendors.Error{Vendor: account, Op: vendors.OpGroup, Outcome: vendors.DefiniteFail, Effect: vendors.Write, Err: vendors.ErrUntried})[0]
		}
	}
	return rows
}

func (s *Service) settleRename(ctx context.Context, r owners.Record, c Change, decided bool) (Done, error) {
	if r.State == owners.Gone || r.Person == "" {
		return Done{}, errUnsettled
	}
	names, err := ask(ctx, s, r, "groups.list", vendors.Read, func(v *vendors.Vendor) vendors.GroupLists { return v.GroupLists },
		func(ctx context.Context, v vendors.GroupLists) ([]vendors.GroupName, error) {
			return v.UserGroups(ctx, r.Person)
		})
	if err != nil {
		return Done{}, fmt.Errorf("%w: %v", errUnsettled, err)
	}
	at := slices.IndexFunc(names, func(g vendors.GroupName) bool { return g.ID == r.VendorID })
	switch {
	case at < 0:
		return Done{}, errUnsettled
	case names[at].Name == c.Name:
		r.Name = c.Name
		return Done{Record: r}, s.noteMade(ctx, r, vendors.OpGroupRename, func(r *owners.Record) { r.Name = c.Name })
	case decided:
		return Done{}, vendors.ErrNotDone
	}
	return Done{}, errUnsettled
}

// settleEnd ends it once more.
func (s *Service) settleEnd(ctx context.Context, r owners.Record, c Change) (Done, error) {
	if r.State == owners.Gone {
		return Done{Record: r}, nil
	}
	if r.Version == 0 {
		return Done{}, errUnsettled // who made it elsewhere may have made another one of that id
	}
	var err error
	if c.By, err = byWhom(r, c); err == nil {
		err = s.end(ctx, r, c)
	}
	if err != nil && !notThere(err) {
		return Done{}, fmt.Errorf("%w: %v", errUnsettled, err)
	}
	return Done{Record: r}, nil
}

const (
	sweepEvery = 20 * time.Second
	sweepLimit = 100
)

// Run looks into what is in doubt, or was left behind by a process that died, until ctx
// ends: the ledger does the same for those whose request it has.
func (s *Service) Run(ctx context.Context) error {
	periodic.Run(ctx, sweepEvery, func(ctx context.Context) {
		if err := s.Sweep(ctx); err != nil && ctx.Err() == nil {
			s.log.Warn("doubts not looked into", "error", err)
		}
	})
	return nil
}

// Sweep looks once at the vendors for what may have been made.
func (s *Service) Sweep(ctx context.Context) error {
	var failed error
	left := 0
	for _, kind := range []owners.Kind{owners.Group, owners.ChatRoom} {
		for _, state := range []owners.State{owners.Reserved, owners.Doubt} {
			found, err := s.owners.List(ctx, owners.Filter{Kind: kind, State: state}, owners.Key{}, sweepLimit)
			failed = errors.Join(failed, err)
			for _, r := range found {
				if r.Fresh() {
					continue
				}
				left++
				if s.routes.Live(r.Account) == nil {
					continue
				}
				old := time.Since(r.Changed) > settledAfter
				if now, err := s.settleDoubt(ctx, r, old); err == nil || errors.Is(err, vendors.ErrNotDone) {
					left--
					s.log.Info("create in doubt settled", "key", r.Key.String(), "account", r.Account, "made", now.State == owners.Made && err == nil)
				}
			}
		}
	}
	s.open.Store(int64(left))
	return failed
}
