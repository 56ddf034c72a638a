package users

import (
	"context"
	"time"

	"switchboard/app/problem"
	"switchboard/vendors"
)

// ErrStays says what no vendor's API that is spoken here can take away.
var ErrStays = problem.New(problem.Unsupported, "the user stays known at the vendor: it has to be deleted there by the vendor's own means")

// What Forget asks for, beside Connections and Credentials.
const (
	Profile = "profile"
	Blocked = "block"
	Account = "account"
)

// Forget asks the accounts of the tokens route to end what a user has there: sessions and
// credentials, blocks, blacklist, and the name and portrait, in whose place pseudonym
// stands. Write names it among the wishes. The fates' ids are what was asked for.
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
	if len(unheard) > 0 {
		fates, err := s.RemoveFromBlacklist(ctx, app, user, write, unheard)
		if err != nil {
			return out, err
		}
		out = append(out, named(string(blacklisted), fates[:min(len(fates), 1)])...)
	}
	return append(out, s.forgetProfile(ctx, app, user, pseudonym)...), nil
}

func named(what string, fates []Fate) []Fate {
	for i := range fates {
		fates[i].ID = what
	}
	return fates
}

func (s *Service) forgetProfile(ctx context.Context, app, user, pseudonym string) (out []Fate) {
	for _, v := range s.routes.RouteFor(app, vendors.CapTokens) {
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
		stays := Fate{ID: Account, Account: v.Name}
		stays.fail(ErrStays)
		out = append(out, f, stays)
	}
	return out
}
