package groups

import (
	"context"
	"errors"
	"slices"

	"switchboard/app/owners"
	"switchboard/vendors"
)

// create makes a group or a chat room of the app's with our id. It is owners.ErrExists
// when there is one. The error may be a *vendors.PartialError beside what was made. One
// whose create is in doubt is made again at the same account alone.
func (s *Service) create(ctx context.Context, app string, c Change) (Done, error) {
	if c.Kind == owners.ChatRoom {
		r, err := s.createChatRoom(ctx, app, c)
		return Done{Record: r}, err
	}
	members := distinct(append([]string{c.By}, c.Users...))
	var had bool
	r, err := s.make(ctx, making{
		key: c.Key(app), name: c.Name, person: c.By, ability: "groups", op: c.Op(),
		has: func(v *vendors.Vendor) bool { return v.Groups != nil },
		call: func(ctx context.Context, v *vendors.Vendor, id string) (vendors.GroupRef, error) {
			return v.Groups.CreateGroup(ctx, vendors.Group{ID: id, Name: c.Name, Creator: c.By, Members: members})
		},
		had: &had,
	})
	out := Done{Record: r}
	part, partly := vendors.PartialOf(err)
	switch {
	case err == nil && had: // of those who were added by the call before, some may have left since
		seen, err := s.members(ctx, r)
		if err != nil {
			return out, unwritten(r, c.Op(), err)
		}
		out.Rows = rowsSeen(r.Account, members, seen, true)
	case err == nil:
		out.Rows, _ = vendors.AllMembers(members, nil)
	case partly:
		out.Rows = rowsOf(members, part)
	}
	return out, err
}

// rowsOf puts the rows of a create that ended half done in the order of members; the
// creator, who made it, is one.
func rowsOf(members []string, part *vendors.PartialError) []vendors.MemberResult {
	rows, _ := vendors.AllMembers(members, nil)
	for i, user := range members {
		at := slices.IndexFunc(part.Left, func(r vendors.MemberResult) bool { return r.User == user })
		if at >= 0 {
			rows[i] = part.Left[at]
		}
	}
	return rows
}

// createChatRoom makes one anew that its vendor has ended by itself since.
func (s *Service) createChatRoom(ctx context.Context, app string, c Change) (owners.Record, error) {
	plan := making{
		key: c.Key(app), name: c.Name, ability: "chatrooms", op: c.Op(),
		has: func(v *vendors.Vendor) bool { return v.ChatRooms != nil },
		call: func(ctx context.Context, v *vendors.Vendor, id string) (vendors.GroupRef, error) {
			return v.ChatRooms.CreateChatRoom(ctx, id, c.Name)
		},
	}
	r, err := s.make(ctx, plan)
	if errors.Is(err, owners.ErrExists) && r.State == owners.Made && s.ended(ctx, r) {
		return s.make(ctx, plan)
	}
	return r, err
}

// ended reports whether the vendor has ended a chat room by itself, and notes it.
func (s *Service) ended(ctx context.Context, r owners.Record) bool {
	if there, err := s.look(ctx, r); err != nil || there {
		return false
	}
	return s.noteGone(ctx, r) == nil
}

// making is one thing to be made.
type making struct {
	key                       owners.Key
	name, person, ability, op string
	has                       func(*vendors.Vendor) bool
	call                      func(ctx context.Context, v *vendors.Vendor, id string) (vendors.GroupRef, error)
	had                       *bool // set when the vendor had it since a call before; may be nil
}

// make reserves, calls and confirms. What an account surely did not make goes to the
// next one of the route.
func (s *Service) make(ctx context.Context, m making) (owners.Record, error) {
	r, err := s.owners.Begin(ctx, m.key)
	if err != nil {
		return r, err
	}
	again := r.Account != "" // in doubt there
	if again && s.routes.Live(r.Account) == nil {
		return r, ErrAccountGone
	}
	q := vendors.Request{Capability: capabilities[m.key.Kind], Effect: vendors.Write, User: m.key.App + "/" + m.person, Account: r.Account}
	var ref vendors.GroupRef
	tried := false
	_, err = vendors.ViaAble(ctx, s.routes, q, m.ability, m.has, func(ctx context.Context, v *vendors.Vendor, _ bool) (struct{}, error) {
		next := r
		next.Account, next.Name, next.Person = v.Name, m.name, m.person
		if !again {
			next.LastWrite = ""
			next.VendorID = next.Alias(s.routes.Alone(m.key.App, v.Name), v.Limits[m.op])
		}
		reserved, err := s.owners.Reserve(ctx, next)
		if err != nil {
			return struct{}{}, &vendors.Error{Vendor: v.Name, Op: m.op, Outcome: vendors.Cancelled, Effect: vendors.Write, Err: err} // nobody else is asked either
		}
		r, tried = reserved, true
		ref, err = m.call(ctx, v, r.VendorID)
		return struct{}{}, err
	})
	if !tried {
		return r, err
	}
	return s.settleMade(ctx, r, m, ref, again, err)
}

// settleMade writes down what came of the call: made, in doubt, or surely not made.
func (s *Service) settleMade(ctx context.Context, r owners.Record, m making, ref vendors.GroupRef, again bool, err error) (owners.Record, error) {
	ctx, cancel := afterwards(ctx)
	defer cancel()
	_, partly := vendors.PartialOf(err)
	switch o := outcomeOf(err); {
	case o == vendors.OK || partly:
		r.State = owners.Made
		if !ref.Own && ref.ID != "" {
			r.VendorID = ref.ID
		}
	case again && o == vendors.DefiniteNo && s.seen(ctx, r): // it is there since the call before
		if r.State, err = owners.Made, nil; m.had != nil {
			*m.had = true
		}
	case again || o == vendors.Ambiguous:
		r.State = owners.Doubt
	default:
		if failed := s.owners.Release(ctx, r); failed != nil {
			s.log.Warn("reservation not released: it is looked into later", "key", r.Key.String(), "error", failed)
		}
		return r, err
	}
	saved, failed := s.owners.Set(ctx, r)
	if failed != nil && r.State == owners.Made {
		return r, unwritten(r, m.op, failed)
	}
	if failed != nil {
		s.log.Warn("doubt not written down: the reservation stands for it", "key", r.Key.String(), "error", failed)
	}
	return saved, err
}

// outcomeOf counts what its caller left after it was sent as in doubt.
func outcomeOf(err error) vendors.Outcome {
	var e *vendors.Error
	if errors.As(err, &e) && e.Outcome == vendors.Cancelled && e.Sent {
		return vendors.Ambiguous
	}
	return vendors.OutcomeOf(err)
}

// seen is look for who takes a failure for a no.
func (s *Service) seen(ctx context.Context, r owners.Record) bool {
	there, err := s.look(ctx, r)
	return there && err == nil
}

func distinct(users []string) []string {
	out := make([]string, 0, len(users))
	seen := make(map[string]bool, len(users))
	for _, u := range users {
		if u != "" && !seen[u] {
			seen[u] = true
			out = append(out, u)
		}
	}
	return out
}
