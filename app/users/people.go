package users

import (
	"context"

	"switchboard/app/owners"
	"switchboard/vendors"
)

// ask makes a call about one user at the first account of the tokens route that can.
func ask[A comparable, R any](ctx context.Context, s *Service, app, user, ability string, effect vendors.Effect, pick func(*vendors.Vendor) A, call func(context.Context, *vendors.Vendor, A) (R, error)) (out R, account string, err error) {
	q := vendors.Request{Capability: vendors.CapTokens, Effect: effect, User: app + "/" + user}
	out, err = vendors.ViaAble(ctx, s.routes, q, ability, pick, func(ctx context.Context, v *vendors.Vendor, able A) (R, error) {
		account = v.Name
		return call(ctx, v, able)
	})
	return out, account, err
}

// put makes a write about one user at the first account of the tokens route that can, with
// a wish for each of its things, and answers the fates of ids.
func put[A comparable](ctx context.Context, s *Service, about owners.Wish, ids []string, things func(id string) (string, asked), op, ability string, pick func(*vendors.Vendor) A,
	call func(context.Context, A) ([]vendors.MemberResult, error),
) ([]Fate, string, error) {
	rows, account, err := ask(ctx, s, about.App, about.ID, ability, vendors.Write, pick, func(ctx context.Context, v *vendors.Vendor, able A) (rows []vendors.MemberResult, err error) {
		wishes := make([]owners.Wish, len(ids))
		for i, id := range ids {
			thing, a := things(id)
			wishes[i] = wish(about.App, about.ID, thing, v.Name, about.Write, a)
		}
		unmade := s.wishes.Make(ctx, wishes, func() []error {
			rows, err = call(ctx, able)
			return rowErrors(len(ids), rows, err)
		})
		if unmade != nil {
			err = unbegun(v.Name, op, unmade)
		}
		return rows, err
	})
	fates, err := s.fates(ids, account, rows, err)
	return fates, account, err
}

// rowErrors are the errors of n rows of one call.
func rowErrors(n int, rows []vendors.MemberResult, err error) []error {
	errs := make([]error, n)
	for i := range errs {
		if errs[i] = err; i < len(rows) {
			errs[i] = rows[i].Err
		}
	}
	return errs
}

func about(app, user, write string) owners.Wish {
	return owners.Wish{Key: blockOf(app, user), Write: write}
}

func blacklists(v *vendors.Vendor) vendors.Blacklist { return v.Blacklist }

// AddToBlacklist keeps what others say from user.
func (s *Service) AddToBlacklist(ctx context.Context, app, user, write string, others []string) ([]Fate, error) {
	return s.blacklist(ctx, about(app, user, write), doRefuse, others)
}

// RemoveFromBlacklist undoes AddToBlacklist.
func (s *Service) RemoveFromBlacklist(ctx context.Context, app, user, write string, others []string) ([]Fate, error) {
	return s.blacklist(ctx, about(app, user, write), doHear, others)
}

func (s *Service) blacklist(ctx context.Context, of owners.Wish, do string, others []string) ([]Fate, error) {
	things := func(other string) (string, asked) { return ThingBlacklist(other), asked{Do: do, Other: other} }
	fates, account, err := put(ctx, s, of, others, things, vendors.OpBlacklist, "blacklist", blacklists, func(ctx context.Context, able vendors.Blacklist) ([]vendors.MemberResult, error) {
		if do == doHear {
			return able.RemoveFromBlacklist(ctx, of.ID, others)
		}
		return able.AddToBlacklist(ctx, of.ID, others)
	})
	var some []string
	for _, f := range fates {
		if f.Err == nil || f.State == vendors.MemberUnknown && do == doRefuse {
			some = append(some, f.ID)
		}
	}
	if kept := s.noteBlacklist(ctx, of.App, of.ID, account, do == doRefuse, some); kept != nil {
		return fates, kept
	}
	return fates, err
}

// noteBlacklist keeps whom a user does not want to hear from now on, or wants to.
func (s *Service) noteBlacklist(ctx context.Context, app, user, account string, refused bool, others []string) (err error) {
	if len(others) == 0 {
		return nil
	}
	ctx, cancel := recorded(ctx)
	defer cancel()
	if refused {
		err = s.kept.Restrain(ctx, blockOf(app, user), blacklisted, others, 0)
	} else {
		err = s.kept.Free(ctx, blockOf(app, user), blacklisted, others)
	}
	if err != nil {
		return unrecorded(account, vendors.OpBlacklist, err)
	}
	return nil
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
			func(ctx context.Context, _ *vendors.Vendor, able vendors.Pushes) (string, error) {
				return able.Push(ctx, some)
			})
		fates, err := s.fates(some.Users, account, nil, err)
		if err != nil {
			return out, err
		}
		out = append(out, fates...)
	}
	return out, nil
}

func remarks(v *vendors.Vendor) vendors.Remarks { return v.Remarks }

// SetRemarks gives others the names by which user knows them. Of two names of one the
// latter counts.
func (s *Service) SetRemarks(ctx context.Context, app, user, write string, names []vendors.Remark) ([]Fate, error) {
	var ids []string
	name := map[string]string{}
	for _, n := range names {
		ids = append(ids, n.User)
		name[n.User] = n.Name
	}
	things := func(id string) (string, asked) {
		return ThingRemark(id), asked{Do: doRemark, Other: id, Name: name[id]}
	}
	fates, _, err := put(ctx, s, about(app, user, write), ids, things, vendors.OpRemark, "users.remarks", remarks, func(ctx context.Context, able vendors.Remarks) ([]vendors.MemberResult, error) {
		return nil, able.SetRemarks(ctx, user, names)
	})
	return fates, err
}

// RemoveRemark takes the name back by which user knows another.
func (s *Service) RemoveRemark(ctx context.Context, app, user, write, of string) ([]Fate, error) {
	things := func(id string) (string, asked) { return ThingRemark(id), asked{Do: doUnremark, Other: id} }
	fates, _, err := put(ctx, s, about(app, user, write), []string{of}, things, vendors.OpRemark, "users.remarks", remarks, func(ctx context.Context, able vendors.Remarks) ([]vendors.MemberResult, error) {
		return nil, able.RemoveRemark(ctx, user, of)
	})
	return fates, err
}

func notices(v *vendors.Vendor) vendors.Notices { return v.Notices }

// SetNotice says which messages of a conversation notify its user.
func (s *Service) SetNotice(ctx context.Context, app, write string, c vendors.Conversation, level vendors.NoticeLevel) ([]Fate, error) {
	things := func(id string) (string, asked) {
		return ThingNotice(c.Kind, id), asked{Do: doNotice, Other: id, Kind: c.Kind, Level: level}
	}
	fates, _, err := put(ctx, s, about(app, c.User, write), []string{c.Target}, things, vendors.OpNoticeSet, "conversations.notices", notices,
		func(ctx context.Context, able vendors.Notices) ([]vendors.MemberResult, error) {
			return nil, able.SetNotice(ctx, c, level)
		})
	return fates, err
}

// Notice reads it.
func (s *Service) Notice(ctx context.Context, app string, c vendors.Conversation) (vendors.NoticeLevel, string, error) {
	return ask(ctx, s, app, c.User, "conversations.notices", vendors.Read, notices,
		func(ctx context.Context, _ *vendors.Vendor, able vendors.Notices) (vendors.NoticeLevel, error) {
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
