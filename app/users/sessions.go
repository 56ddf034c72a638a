package users

import (
	"context"
	"sync"
	"time"

	"switchboard/app/owners"
	"switchboard/app/problem"
	"switchboard/vendors"
)

// What EndSessions ends.
const (
	Connections = "connections" // that clients have now
	Credentials = "credentials" // with which they could come back
)

// ErrUntold says that a vendor tells nobody who is connected.
var ErrUntold = problem.New(problem.Unsupported, "the vendor lists no sessions")

// EndSessions ends a user's connections at the accounts that issue credentials and voids
// what was issued until now, as far as each can: also off the tokens route, since what was
// issued before the route moved on is good. What an account lacks is left out of the fates
// and named by left.
func (s *Service) EndSessions(ctx context.Context, app, user, write string, now time.Time) (done, left []Fate, err error) {
	for _, v := range s.issuers(app) {
		for _, what := range []struct {
			name string
			can  bool
			call func() error
		}{
			{Credentials, v.Revoker != nil, func() error {
				of := wish(app, user, ThingCredentials, v.Name, write, asked{Do: doRevoke, Moment: now})
				return s.wishes.MakeOne(ctx, of, func() error { return s.revoke(ctx, v.Name, user, now) })
			}},
			{Connections, v.Sessions != nil, func() error {
				return at(ctx, s, v.Name, vendors.Write, func(ctx context.Context, v *vendors.Vendor) error { return v.Sessions.EndSessions(ctx, user, "") })
			}},
		} {
			f := Fate{ID: what.name, Account: v.Name, State: vendors.MemberAccepted}
			switch {
			case !what.can:
				left = append(left, f)
				continue
			case !s.routes.Alone(app, v.Name):
				f.fail(ErrShared)
			default:
				f.row(what.call())
			}
			done = append(done, f)
		}
	}
	return done, left, nil
}

// Listed is what an account tells of a user's connections.
type Listed struct {
	Account  string
	Sessions []vendors.Session
	Err      error // none are told
}

// ListSessions asks the accounts of EndSessions for a user's connections, at once: one that
// hangs takes the time of no other.
func (s *Service) ListSessions(ctx context.Context, app, user string) []Listed {
	accounts := s.issuers(app)
	out := make([]Listed, len(accounts))
	var wg sync.WaitGroup
	for i, v := range accounts {
		wg.Go(func() { out[i] = s.listAt(ctx, app, user, v) })
	}
	wg.Wait()
	return out
}

func (s *Service) listAt(ctx context.Context, app, user string, v *vendors.Vendor) Listed {
	l := Listed{Account: v.Name}
	switch {
	case v.Sessions == nil:
		l.Err = ErrUntold
	case !s.routes.Alone(app, v.Name):
		l.Err = ErrShared
	default:
		l.Sessions, l.Err = vendors.ViaAccount(ctx, s.routes, v.Name, vendors.Read, func(ctx context.Context, v *vendors.Vendor) ([]vendors.Session, error) {
			return v.Sessions.ListSessions(ctx, user)
		})
	}
	return l
}

// EndDevice ends a user's connections of one device at the accounts of EndSessions that
// can end those alone. The others are named by left, and so are credentials, which
// are of no device.
func (s *Service) EndDevice(ctx context.Context, app, user, device string) (done, left []Fate) {
	for _, v := range s.issuers(app) {
		left = append(left, Fate{ID: Credentials, Account: v.Name, State: vendors.MemberAccepted})
		f := Fate{ID: Connections, Account: v.Name, State: vendors.MemberAccepted}
		switch {
		case v.Traits.Sessions != vendors.SessionsDevice:
			left = append(left, f)
			continue
		case !s.routes.Alone(app, v.Name):
			f.fail(ErrShared)
		default:
			f.row(at(ctx, s, v.Name, vendors.Write, func(ctx context.Context, v *vendors.Vendor) error { return v.Sessions.EndSessions(ctx, user, device) }))
		}
		done = append(done, f)
	}
	return done, left
}

// revoke voids what an account issued to the user before t.
func (s *Service) revoke(ctx context.Context, account, user string, t time.Time) error {
	return at(ctx, s, account, vendors.Write, func(ctx context.Context, v *vendors.Vendor) error {
		return oneRow(v.Revoker.Revoke(ctx, []string{user}, t))
	})
}

// Profiles registers users, or changes how they are shown, at the accounts of the tokens
// route that can.
func (s *Service) Profiles(ctx context.Context, app, write string, list []vendors.User) ([]Fate, error) {
	var out []Fate
	able := false
	for _, v := range s.routes.RouteFor(app, vendors.CapTokens) {
		if v.UserImport == nil && v.Profiles == nil {
			continue
		}
		able = true
		fates, err := s.profilesAt(ctx, app, write, v, list)
		if out = append(out, fates...); err != nil {
			return out, err
		}
	}
	if !able {
		return nil, s.routes.CheckAble(ctx, vendors.Request{Capability: vendors.CapTokens}, "users.profile")
	}
	return out, nil
}

func (s *Service) profilesAt(ctx context.Context, app, write string, v *vendors.Vendor, list []vendors.User) (fates []Fate, unkept error) {
	wishes := make([]owners.Wish, len(list))
	for i, u := range list {
		wishes[i] = wish(app, u.ID, ThingProfile, v.Name, write, asked{Do: doProfile, Name: u.Name, Image: u.Portrait})
	}
	err := s.wishes.Make(ctx, wishes, func() []error {
		fates = s.profile(ctx, v, list)
		unkept = s.show(ctx, app, v.Name, list, fates)
		return errorsOf(fates)
	})
	if err == nil {
		return fates, unkept
	}
	for _, u := range list { // the wishes could not be noted
		f := Fate{ID: u.ID, Account: v.Name}
		f.fail(err)
		fates = append(fates, f)
	}
	return fates, nil
}

func errorsOf(fates []Fate) []error {
	errs := make([]error, len(fates))
	for i, f := range fates {
		errs[i] = f.Err
	}
	return errs
}

// profile registers users at an account, or changes how it shows them.
func (s *Service) profile(ctx context.Context, v *vendors.Vendor, list []vendors.User) []Fate {
	if v.UserImport != nil {
		return s.register(ctx, v, list)
	}
	return s.refresh(ctx, v, list)
}

// refresh makes one call for each user.
func (s *Service) refresh(ctx context.Context, v *vendors.Vendor, list []vendors.User) []Fate {
	out := make([]Fate, len(list))
	for i, u := range list {
		out[i] = Fate{ID: u.ID, Account: v.Name, State: vendors.MemberAccepted}
		out[i].row(at(ctx, s, v.Name, vendors.Write, func(ctx context.Context, v *vendors.Vendor) error { return v.Profiles.RefreshProfile(ctx, u) }))
	}
	return out
}

// register imports users in portions that the account takes.
func (s *Service) register(ctx context.Context, v *vendors.Vendor, list []vendors.User) (out []Fate) {
	size := v.Limits[vendors.OpUserImport].Targets
	if size <= 0 {
		size = len(list)
	}
	for len(list) > 0 {
		some := list[:min(size, len(list))]
		list = list[len(some):]
		rows, err := vendors.ViaAccount(ctx, s.routes, v.Name, vendors.Write, func(ctx context.Context, v *vendors.Vendor) ([]vendors.MemberResult, error) {
			return v.UserImport.ImportUsers(ctx, some)
		})
		for i, u := range some {
			f := Fate{ID: u.ID, Account: v.Name, State: vendors.MemberAccepted}
			switch {
			case i < len(rows):
				f.State, f.Err = rows[i].State, rows[i].Err
			case err != nil:
				f.fail(err)
			}
			out = append(out, f)
		}
	}
	return out
}
