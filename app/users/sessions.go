package users

import (
	"context"
	"time"

	"switchboard/vendors"
)

// What EndSessions ends.
const (
	Connections = "connections" // that clients have now
	Credentials = "credentials" // with which they could come back
)

// EndSessions ends a user's connections at the accounts of the tokens route and voids
// what was issued until now, as far as each can. What an account lacks is left out of
// the fates and named by left.
func (s *Service) EndSessions(ctx context.Context, app, user string, now time.Time) (done, left []Fate, err error) {
	for _, v := range s.routes.RouteFor(app, vendors.CapTokens) {
		for _, what := range []struct {
			name string
			can  bool
			call func(context.Context, *vendors.Vendor) error
		}{
			{Credentials, v.Revoker != nil, func(ctx context.Context, v *vendors.Vendor) error {
				return oneRow(v.Revoker.Revoke(ctx, []string{user}, now))
			}},
			{Connections, v.Sessions != nil, func(ctx context.Context, v *vendors.Vendor) error { return v.Sessions.EndSessions(ctx, user, "") }},
		} {
			f := Fate{ID: what.name, Account: v.Name, State: vendors.MemberAccepted}
			switch {
			case !what.can:
				left = append(left, f)
				continue
			case !s.routes.Alone(app, v.Name):
				f.fail(ErrShared)
			default:
				f.row(at(ctx, s, v.Name, vendors.Write, what.call))
			}
			done = append(done, f)
		}
	}
	return done, left, nil
}

// Profiles registers users, or changes how they are shown, at the accounts of the tokens
// route that can.
func (s *Service) Profiles(ctx context.Context, app string, list []vendors.User) ([]Fate, error) {
	var out []Fate
	able := false
	for _, v := range s.routes.RouteFor(app, vendors.CapTokens) {
		switch {
		case v.UserImport != nil:
			out = append(out, s.register(ctx, v, list)...)
		case v.Profiles != nil:
			for _, u := range list {
				f := Fate{ID: u.ID, Account: v.Name, State: vendors.MemberAccepted}
				f.row(at(ctx, s, v.Name, vendors.Write, func(ctx context.Context, v *vendors.Vendor) error { return v.Profiles.RefreshProfile(ctx, u) }))
				out = append(out, f)
			}
		default:
			continue
		}
		able = true
	}
	if !able {
		return nil, s.routes.CheckAble(ctx, vendors.Request{Capability: vendors.CapTokens}, "users.profile")
	}
	return out, nil
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
