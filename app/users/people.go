package users

import (
	"context"

	"switchboard/vendors"
)

// ask makes a call about one user at the first account of the tokens route that can.
func ask[A comparable, R any](ctx context.Context, s *Service, app, user, ability string, effect vendors.Effect, pick func(*vendors.Vendor) A, call func(context.Context, A) (R, error)) (out R, account string, err error) {
	q := vendors.Request{Capability: vendors.CapTokens, Effect: effect, User: app + "/" + user}
	out, err = vendors.ViaAble(ctx, s.routes, q, ability, pick, func(ctx context.Context, v *vendors.Vendor, able A) (R, error) {
		account = v.Name
		return call(ctx, able)
	})
	return out, account, err
}

func blacklists(v *vendors.Vendor) vendors.Blacklist { return v.Blacklist }

// AddToBlacklist keeps what others say from user.
func (s *Service) AddToBlacklist(ctx context.Context, app, user string, others []string) ([]Fate, error) {
	rows, account, err := ask(ctx, s, app, user, "blacklist", vendors.Write, blacklists, func(ctx context.Context, able vendors.Blacklist) ([]vendors.MemberResult, error) {
		return able.AddToBlacklist(ctx, user, others)
	})
	fates, err := s.fates(others, account, rows, err)
	if some := changed(fates); len(some) > 0 {
		ctx, cancel := recorded(ctx)
		defer cancel()
		if kept := s.kept.Restrain(ctx, blockOf(app, user), blacklisted, some, 0); kept != nil {
			return fates, unrecorded(account, vendors.OpBlacklist, kept)
		}
	}
	return fates, err
}

// RemoveFromBlacklist undoes AddToBlacklist.
func (s *Service) RemoveFromBlacklist(ctx context.Context, app, user string, others []string) ([]Fate, error) {
	rows, account, err := ask(ctx, s, app, user, "blacklist", vendors.Write, blacklists, func(ctx context.Context, able vendors.Blacklist) ([]vendors.MemberResult, error) {
		return able.RemoveFromBlacklist(ctx, user, others)
	})
	fates, err := s.fates(others, account, rows, err)
	var gone []string
	for _, f := range fates {
		if f.Err == nil {
			gone = append(gone, f.ID)
		}
	}
	if len(gone) > 0 {
		ctx, cancel := recorded(ctx)
		defer cancel()
		if kept := s.kept.Free(ctx, blockOf(app, user), blacklisted, gone); kept != nil {
			return fates, unrecorded(account, vendors.OpBlacklist, kept)
		}
	}
	return fates, err
}

// changed are those of whom something was, or may have been, changed.
func changed(fates []Fate) (out []string) {
	for _, f := range fates {
		if f.Err == nil || f.State == vendors.MemberUnknown {
			out = append(out, f.ID)
		}
	}
	return out
}

// fates are the rows of one call; of a call that failed as a whole each row has the
// error, if an account was asked.
func (s *Service) fates(ids []string, account string, rows []vendors.MemberResult, err error) ([]Fate, error) {
	if len(rows) == 0 && account == "" {
		return nil, err
	}
	out := make([]Fate, len(ids))
	for i, id := range ids {
		out[i] = Fate{ID: id, Account: account, State: vendors.MemberAccepted}
		switch {
		case i < len(rows):
			out[i].State, out[i].Err = rows[i].State, rows[i].Err
		case err != nil:
			out[i].fail(err)
		}
	}
	return out, nil
}

// Blacklisted lists whom a user does not want to hear and who sorts behind, as it was
// asked for here: what a client's SDK changes is not among them.
func (s *Service) Blacklisted(ctx context.Context, app, user, behind string, limit int) ([]string, error) {
	kept, err := s.kept.Restrained(ctx, blockOf(app, user), blacklisted, behind, limit)
	out := make([]string, len(kept))
	for i, k := range kept {
		out[i] = k.User
	}
	return out, err
}

// Push notifies users' devices, in portions that the vendor takes; the fates are those of
// users.
func (s *Service) Push(ctx context.Context, app string, p vendors.Push) ([]Fate, error) {
	size := len(p.Users)
	for _, v := range s.routes.RouteFor(app, vendors.CapTokens) {
		if most := v.Limits[vendors.OpPush].Targets; v.Pushes != nil && most > 0 {
			size = min(size, most)
		}
	}
	var out []Fate
	for left := p.Users; len(left) > 0; {
		some := p
		some.Users = left[:min(size, len(left))]
		left = left[len(some.Users):]
		_, account, err := ask(ctx, s, app, some.Users[0], "users.push", vendors.Write, func(v *vendors.Vendor) vendors.Pushes { return v.Pushes },
			func(ctx context.Context, able vendors.Pushes) (string, error) { return able.Push(ctx, some) })
		fates, err := s.fates(some.Users, account, nil, err)
		if err != nil {
			return out, err
		}
		out = append(out, fates...)
	}
	return out, nil
}

// SetRemarks gives others the names by which user knows them; an empty one is taken back.
func (s *Service) SetRemarks(ctx context.Context, app, user string, names []vendors.Remark) ([]Fate, error) {
	var ids []string
	for _, n := range names {
		ids = append(ids, n.User)
	}
	_, account, err := ask(ctx, s, app, user, "users.remarks", vendors.Write, func(v *vendors.Vendor) vendors.Remarks { return v.Remarks },
		func(ctx context.Context, able vendors.Remarks) (struct{}, error) {
			return struct{}{}, able.SetRemarks(ctx, user, names)
		})
	return s.fates(ids, account, nil, err)
}

// RemoveRemark takes the name back by which user knows another.
func (s *Service) RemoveRemark(ctx context.Context, app, user, of string) ([]Fate, error) {
	_, account, err := ask(ctx, s, app, user, "users.remarks", vendors.Write, func(v *vendors.Vendor) vendors.Remarks { return v.Remarks },
		func(ctx context.Context, able vendors.Remarks) (struct{}, error) {
			return struct{}{}, able.RemoveRemark(ctx, user, of)
		})
	return s.fates([]string{of}, account, nil, err)
}

func notices(v *vendors.Vendor) vendors.Notices { return v.Notices }

// SetNotice says which messages of a conversation notify its user.
func (s *Service) SetNotice(ctx context.Context, app string, c vendors.Conversation, level vendors.NoticeLevel) ([]Fate, error) {
	_, account, err := ask(ctx, s, app, c.User, "conversations.notices", vendors.Write, notices,
		func(ctx context.Context, able vendors.Notices) (struct{}, error) {
			return struct{}{}, able.SetNotice(ctx, c, level)
		})
	return s.fates([]string{c.Target}, account, nil, err)
}

// Notice reads it.
func (s *Service) Notice(ctx context.Context, app string, c vendors.Conversation) (vendors.NoticeLevel, string, error) {
	return ask(ctx, s, app, c.User, "conversations.notices", vendors.Read, notices,
		func(ctx context.Context, able vendors.Notices) (vendors.NoticeLevel, error) {
			return able.Notice(ctx, c)
		})
}

// Statuses asks the presence route how users can be reached.
func (s *Service) Statuses(ctx context.Context, app string, ids []string) ([]vendors.Status, string, error) {
	account := ""
	out, err := vendors.Via(ctx, s.routes, vendors.Request{Capability: vendors.CapPresence, User: app + "/"}, func(ctx context.Context, v *vendors.Vendor) ([]vendors.Status, error) {
		account = v.Name
		return v.Statuses(ctx, ids)
	})
	return out, account, err
}
