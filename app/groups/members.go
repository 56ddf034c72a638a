package groups

import (
	"context"
	"fmt"
	"slices"
	"time"

	"switchboard/app/owners"
	"switchboard/app/problem"
	"switchboard/vendors"
)

// ErrTooMany: one request names more users than MaxUsers.
var ErrTooMany = problem.New(problem.Invalid, "too many users in one request")

// MaxUsers is how many users one request may name.
const MaxUsers = 1000

func tooMany(n int) error { return fmt.Errorf("%w: %d, at most %d", ErrTooMany, n, MaxUsers) }

// portions makes a change that names many users in calls of as many as the vendor takes.
// A user whose id it does not take has a row of its own, so that the others' calls are
// made. A failure that says nothing of the users ends the change: those behind it are
// refused, since no call was made for them. When one call was all of it, the error is
// that call's and there are no rows.
func (s *Service) portions(ctx context.Context, r owners.Record, c Change) ([]vendors.MemberResult, error) {
	op, limit, of := c.Op(), s.limit(r.Account, c.Op()), map[string]vendors.MemberResult{}
	keep := func(rows []vendors.MemberResult) {
		for _, row := range rows {
			of[row.User] = row
		}
	}
	fit := slices.DeleteFunc(slices.Clone(c.Users), func(user string) bool {
		if limit.TakesID(user) {
			return false
		}
		keep(vendors.MembersFailed([]string{user}, vendors.Refuse(r.Account, op, vendors.ErrInvalid, "an id that the vendor does not take")))
		return true
	})
	size := max(1, len(fit))
	if limit.Targets > 0 {
		size = min(size, limit.Targets)
	}
	var ended error
	for some := range slices.Chunk(fit, size) {
		if ended != nil {
			keep(vendors.MembersFailed(some, ended))
			continue
		}
		rows, err := s.portion(ctx, r, c, some)
		if err != nil && len(rows) == 0 {
			if len(some) == len(c.Users) {
				return nil, err
			}
			rows = vendors.MembersFailed(some, err)
		}
		keep(rows)
		if err != nil && vendors.OutcomeOf(err) != vendors.DefiniteNo {
			ended = &vendors.Error{Vendor: r.Account, Op: op, Outcome: vendors.NotSent, Effect: vendors.Write, Err: vendors.ErrUntried}
		}
	}
	out := make([]vendors.MemberResult, len(c.Users))
	for i, user := range c.Users {
		out[i] = of[user]
	}
	return out, nil
}

// portion makes one call.
func (s *Service) portion(ctx context.Context, r owners.Record, c Change, some []string) ([]vendors.MemberResult, error) {
	if !c.Action.remade() {
		return s.callFor(ctx, r, c, some)
	}
	return s.wished(ctx, r, c, some, func() ([]vendors.MemberResult, error) { return s.callFor(ctx, r, c, some) })
}

func (s *Service) callFor(ctx context.Context, r owners.Record, c Change, some []string) ([]vendors.MemberResult, error) {
	switch {
	case c.Action == Add || c.Action == Remove:
		return ask(ctx, s, r, "groups", vendors.Write, groupsOf, func(ctx context.Context, v vendors.Groups) ([]vendors.MemberResult, error) {
			if c.Action == Add {
				return v.ChangeGroup(ctx, r.VendorID, some, nil)
			}
			return v.ChangeGroup(ctx, r.VendorID, nil, some)
		})
	case c.Kind == owners.Group:
		return s.held(ctx, r, c, some, owners.Mute, func(d time.Duration) ([]vendors.MemberResult, error) {
			return ask(ctx, s, r, "groups.mute_members", vendors.Write, func(v *vendors.Vendor) vendors.MemberMutes { return v.MemberMutes },
				func(ctx context.Context, v vendors.MemberMutes) ([]vendors.MemberResult, error) {
					m := vendors.MemberMute{Group: r.VendorID, By: c.By, Users: some}
					if c.Action == Unmute {
						return v.UnmuteMembers(ctx, m)
					}
					m.For = d
					return v.MuteMembers(ctx, m)
				})
		})
	case c.Action == Mute || c.Action == Unmute:
		return s.held(ctx, r, c, some, owners.Mute, func(d time.Duration) ([]vendors.MemberResult, error) {
			return ask(ctx, s, r, "chatrooms.mute", vendors.Write, func(v *vendors.Vendor) vendors.ChatRoomMutes { return v.ChatRoomMutes },
				func(ctx context.Context, v vendors.ChatRoomMutes) ([]vendors.MemberResult, error) {
					if c.Action == Unmute {
						return v.UnmuteInChatRoom(ctx, r.VendorID, some)
					}
					return v.MuteInChatRoom(ctx, r.VendorID, some, d)
				})
		})
	}
	return s.held(ctx, r, c, some, owners.Bar, func(d time.Duration) ([]vendors.MemberResult, error) {
		return ask(ctx, s, r, "chatrooms.block", vendors.Write, func(v *vendors.Vendor) vendors.ChatRoomBlocks { return v.ChatRoomBlocks },
			func(ctx context.Context, v vendors.ChatRoomBlocks) ([]vendors.MemberResult, error) {
				if c.Action == Unblock {
					return v.UnblockFromChatRoom(ctx, r.VendorID, some)
				}
				return v.BlockFromChatRoom(ctx, r.VendorID, some, d)
			})
	})
}

// held makes a mute or a block for as long as c says, or ends it.
func (s *Service) held(ctx context.Context, r owners.Record, c Change, some []string, what owners.What, call func(time.Duration) ([]vendors.MemberResult, error)) ([]vendors.MemberResult, error) {
	of := owners.Lift{Key: r.Key, What: what, Account: r.Account, VendorID: r.VendorID, By: c.By}
	if c.Action == Unmute || c.Action == Unblock {
		rows, err := call(0)
		return rows, s.timer.Freed(ctx, of, some, rows, err)
	}
	live := s.routes.Live(r.Account)
	if len(live) == 0 {
		return call(c.span())
	}
	return s.timer.Hold(ctx, live[0], of, some, c.span(), call)
}

// emulated reports whether a mute or block is ended by us, since the vendor knows no time.
func (s *Service) emulated(r owners.Record, c Change) bool {
	what, live := owners.Mute, s.routes.Live(r.Account)
	if c.Action == Block {
		what = owners.Bar
	}
	return len(live) > 0 && (c.Action == Mute || c.Action == Block) && owners.Emulates(live[0], c.Kind, what, c.span())
}

// limit is what the account's vendor takes.
func (s *Service) limit(account, op string) vendors.Limit {
	live := s.routes.Live(account)
	if len(live) == 0 {
		return vendors.Limit{}
	}
	return live[0].Limits[op]
}

// muteAll keeps everybody in a group from talking, or lets them again.
func (s *Service) muteAll(ctx context.Context, r owners.Record, c Change) error {
	_, err := s.wished(ctx, r, c, []string{""}, func() ([]vendors.MemberResult, error) { return nil, s.muteEverybody(ctx, r, c) })
	return err
}

func (s *Service) muteEverybody(ctx context.Context, r owners.Record, c Change) error {
	err := do(ctx, s, r, "groups.mute", func(v *vendors.Vendor) vendors.GroupMutes { return v.GroupMutes }, func(ctx context.Context, v vendors.GroupMutes) error {
		if c.Action == MuteAll {
			return v.MuteGroup(ctx, r.VendorID, c.By)
		}
		return v.UnmuteGroup(ctx, r.VendorID, c.By)
	})
	if err == nil {
		s.note(ctx, r, c, []string{""})
	}
	return err
}

// noteRows keeps whom the vendor restrains now, or no more.
func (s *Service) noteRows(ctx context.Context, r owners.Record, c Change, rows []vendors.MemberResult) {
	var done []string
	for _, row := range rows {
		if row.Err == nil {
			done = append(done, row.User)
		}
	}
	s.note(ctx, r, c, done)
}

// note keeps the list of the restrained. It is our own record: when it cannot be
// written, the write was still made.
func (s *Service) note(ctx context.Context, r owners.Record, c Change, users []string) {
	if len(users) == 0 {
		return
	}
	ctx, cancel := afterwards(ctx)
	defer cancel()
	var err error
	switch c.Action {
	case Mute, MuteAll:
		err = s.bars.Restrain(ctx, r.Key, owners.Mute, users, c.span())
	case Unmute, UnmuteAll:
		err = s.bars.Free(ctx, r.Key, owners.Mute, users)
	case Block:
		err = s.bars.Restrain(ctx, r.Key, owners.Bar, users, c.span())
	case Unblock:
		err = s.bars.Free(ctx, r.Key, owners.Bar, users)
	}
	if err != nil {
		s.log.Warn("restraint not recorded", "key", r.Key.String(), "users", len(users), "error", err)
	}
}
