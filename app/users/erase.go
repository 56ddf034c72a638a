package users

import (
	"context"
	"errors"
	"slices"
	"time"

	"switchboard/app/problem"
	"switchboard/vendors"
)

// ErrStays says what no vendor's API that is spoken here can take away.
var ErrStays = problem.New(problem.Unsupported, "the user stays known at the vendor: it has to be deleted there by the vendor's own means")

// ErrGroups says that a user is in more groups than Forget leaves.
var ErrGroups = problem.New(problem.Unsupported, "the user is in more groups at the vendor than were left")

// What Forget asks for, beside Connections and Credentials.
const (
	Profile = "profile"
	Blocked = "block"
	Account = "account"
	Groups  = "groups"
)

// Forget asks the app's accounts, whatever the routes say by now, to end what a user has
// there: sessions and credentials, blocks, blacklist, memberships of groups, and the name
// and portrait, in whose place pseudonym stands. Write names it among the wishes. The fates' ids are what was asked for.
func (s *Service) Forget(ctx context.Context, app, user, write, pseudonym string, now time.Time) ([]Fate, error) {
	done, left, err := s.EndSessions(ctx, app, user, write, now)
	if err != nil {
		return done, err
	}
	for i := range left {
		left[i].fail(vendors.ErrUnsupported)
	}
	out := append(done, left...)
	held, err := s.Blocks(ctx, app, user)
	if err != nil {
		return out, err
	}
	if len(held) > 0 {
		freed, err := s.Unblock(ctx, app, user, write)
		if err != nil {
			freed = []Fate{{Account: held[0].Account}}
			freed[0].fail(err)
		}
		out = append(out, named(Blocked, freed)...)
	}
	unheard, err := s.Blacklisted(ctx, app, user, "", maxAccounts)
	if err != nil {
		return out, err
	}
	heard, err := s.hearAll(ctx, app, user, write, unheard)
	if out = append(out, heard...); err != nil {
		return out, err
	}
	out = append(out, s.leaveGroups(ctx, app, user)...)
	return append(out, s.forgetProfile(ctx, app, user, pseudonym)...), nil
}

// heardAtOnce is how many of a blacklist every vendor takes in one call.
const heardAtOnce = 20

// hearAll takes a blacklist back at the account that serves now, as the user would, and at
// those that may have served before: which of them was asked for it is not kept.
func (s *Service) hearAll(ctx context.Context, app, user, write string, unheard []string) (out []Fate, err error) {
	var now []Fate
	for some := range slices.Chunk(unheard, heardAtOnce) {
		fates, err := s.RemoveFromBlacklist(ctx, app, user, write, some)
		if unable := new(vendors.UnableError); err != nil && !errors.As(err, &unable) {
			return now, err
		}
		now = append(now, fates...)
	}
	asked := ""
	if len(now) > 0 {
		asked = now[0].Account
		f, _ := worst(string(blacklisted), asked, nil, now)
		out = append(out, f)
	}
	for _, v := range s.issuers(app) {
		if v.Blacklist == nil || v.Name == asked || !s.routes.Alone(app, v.Name) {
			continue
		}
		var fates []Fate
		for some := range slices.Chunk(unheard, heardAtOnce) {
			f := Fate{Account: v.Name, State: vendors.MemberAccepted}
			f.row(at(ctx, s, v.Name, vendors.Write, func(ctx context.Context, v *vendors.Vendor) error {
				_, err := v.Blacklist.RemoveFromBlacklist(ctx, user, some)
				return err
			}))
			fates = append(fates, f)
		}
		if f, any := worst(string(blacklisted), v.Name, nil, fates); any {
			out = append(out, f)
		}
	}
	return out, nil
}

// Delete has one account delete the user. Who is not there counts as deleted before;
// vendors.MemberPending: the vendor does it later.
func (s *Service) Delete(ctx context.Context, user, account string) (vendors.MemberState, error) {
	state := vendors.MemberAccepted
	err := at(ctx, s, account, vendors.Write, func(ctx context.Context, v *vendors.Vendor) error {
		if v.Deletions == nil {
			return vendors.Refuse(account, vendors.OpUserDelete, vendors.ErrUnsupported, "the vendor deletes nobody")
		}
		rows, err := v.Deletions.DeleteUsers(ctx, []string{user})
		if len(rows) == 1 {
			state = rows[0].State
		}
		return oneRow(rows, err)
	})
	if errors.Is(err, vendors.ErrNotFound) {
		return vendors.MemberAlready, nil
	}
	return state, err
}

// MayDelete says whether an account of the app's may be asked to delete users: ErrStays,
// ErrShared.
func (s *Service) MayDelete(app string, v *vendors.Vendor) error {
	switch {
	case v.Deletions == nil:
		return ErrStays
	case !s.routes.Alone(app, v.Name):
		return ErrShared
	}
	return nil
}

// maxLeft bounds how many groups of a user are left at one account.
const maxLeft = 500

// leaveGroups takes the user out of the groups that accounts know them in.
func (s *Service) leaveGroups(ctx context.Context, app, user string) (out []Fate) {
	for _, v := range s.Accounts(app) {
		if v.GroupLists == nil || v.Groups == nil || !s.routes.Alone(app, v.Name) {
			continue
		}
		list, err := vendors.ViaAccount(ctx, s.routes, v.Name, vendors.Read, func(ctx context.Context, v *vendors.Vendor) ([]vendors.GroupName, error) {
			return v.GroupLists.UserGroups(ctx, user)
		})
		if err == nil && len(list) > maxLeft {
			list, err = list[:maxLeft], ErrGroups
		}
		left, _ := atOnce(list, func(g vendors.GroupName) (Fate, error) {
			f := Fate{ID: Groups, Account: v.Name, State: vendors.MemberAccepted}
			f.row(at(ctx, s, v.Name, vendors.Write, func(ctx context.Context, v *vendors.Vendor) error {
				return oneRow(v.Groups.ChangeGroup(ctx, g.ID, nil, []string{user}))
			}))
			return f, nil
		})
		if fate, any := worst(Groups, v.Name, err, left); any {
			out = append(out, fate)
		}
	}
	return out
}

// worst is one fate for several of the same at an account: the first that failed. Any is
// false where there was nothing to do. Who is not there has left.
func worst(what, account string, err error, fates []Fate) (f Fate, any bool) {
	f = Fate{ID: what, Account: account, State: vendors.MemberAccepted}
	f.row(err)
	for _, one := range fates {
		if f.Err == nil && one.Err != nil && !errors.Is(one.Err, vendors.ErrNotFound) {
			f = one
			f.ID = what
		}
	}
	return f, len(fates) > 0 || f.Err != nil && !errors.Is(f.Err, vendors.ErrNotFound)
}

func named(what string, fates []Fate) []Fate {
	for i := range fates {
		fates[i].ID = what
	}
	return fates
}

func (s *Service) forgetProfile(ctx context.Context, app, user, pseudonym string) (out []Fate) {
	for _, v := range s.issuers(app) {
		f := Fate{ID: Profile, Account: v.Name, State: vendors.MemberAccepted}
		switch {
		case v.Profiles == nil:
			f.fail(vendors.ErrUnsupported)
		case !s.routes.Alone(app, v.Name):
			f.fail(ErrShared)
		default:
			f.row(at(ctx, s, v.Name, vendors.Write, func(ctx context.Context, v *vendors.Vendor) error {
				return v.Profiles.RefreshProfile(ctx, vendors.User{ID: user, Name: pseudonym})
			}))
		}
		out = append(out, f)
	}
	return out
}
