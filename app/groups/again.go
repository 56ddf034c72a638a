package groups

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"switchboard/app/owners"
	"switchboard/vendors"
)

// asked is what it takes to make a write again that puts something as it is to be.
type asked struct {
	VendorID string    `json:"vendor_id"` // of the group or room that it was about
	By       string    `json:"by,omitempty"`
	Until    time.Time `json:"until,omitzero"` // the end of a mute or a block; zero: until it is ended
}

// remade reports whether a write of the action is settled by making it again: none of
// these can be seen at a vendor, and twice is as good as once.
func (a Action) remade() bool {
	switch a {
	case Mute, Unmute, MuteAll, UnmuteAll, Block, Unblock, Transfer:
		return true
	}
	return false
}

// ByUser reports whether users in doubt are settled each by themselves.
func (a Action) ByUser() bool {
	return a == Mute || a == Unmute || a == Block || a == Unblock
}

// thing is what the write is about, of a group or a room and maybe of a user.
func (c Change) thing(user string) string {
	switch c.Action {
	case Transfer:
		return "owner"
	case Block, Unblock:
		return "bar/" + user
	}
	return "mute/" + user
}

// wish is that of the write about a user, "" for everybody.
func (c Change) wish(r owners.Record, user string) owners.Wish {
	a := asked{VendorID: r.VendorID, By: c.By}
	if d := c.span(); d > 0 {
		a.Until = time.Now().Add(d)
	}
	want, _ := json.Marshal(a) // of texts and a time
	return owners.Wish{Key: r.Key, Thing: c.thing(user), Account: r.Account, Write: c.write, Want: want}
}

// wished makes a call about users with their wishes noted.
func (s *Service) wished(ctx context.Context, r owners.Record, c Change, users []string, call func() ([]vendors.MemberResult, error)) (rows []vendors.MemberResult, err error) {
	wishes := make([]owners.Wish, len(users))
	for i, user := range users {
		wishes[i] = c.wish(r, user)
	}
	unmade := s.wishes.Make(ctx, wishes, func() []error {
		rows, err = call()
		errs := make([]error, len(users))
		for i := range errs {
			if errs[i] = err; i < len(rows) {
				errs[i] = rows[i].Err
			}
		}
		return errs
	})
	if unmade != nil {
		return nil, &vendors.Error{Vendor: r.Account, Op: c.Op(), Outcome: vendors.Cancelled, Effect: vendors.Write, Err: unmade}
	}
	return rows, err
}

// settleAgain makes a write in doubt again for users, none where the write names none,
// unless a later one about the same began. A refusal says nothing of the first try.
func (s *Service) settleAgain(ctx context.Context, r owners.Record, c Change, users []string) (Done, error) {
	if r.State == owners.Gone {
		return Done{}, errUnsettled
	}
	named := users
	if c.Action == Transfer || c.Action == MuteAll || c.Action == UnmuteAll {
		named = []string{""}
	}
	out, claimed := Done{Record: r}, make([]owners.Wish, len(named))
	for i, user := range named {
		var err error
		claimed[i], err = s.wishes.Again(ctx, owners.Wish{Key: r.Key, Thing: c.thing(user), Account: r.Account, Write: c.digest()}, func(want json.RawMessage) error {
			var a asked
			if err := json.Unmarshal(want, &a); err != nil {
				return err
			}
			return s.again(ctx, &out, c, a, user)
		})
		if err != nil {
			return Done{}, fmt.Errorf("%w: %v", errUnsettled, err)
		}
	}
	s.wishes.End(ctx, claimed, nil)
	out.Rows, _ = vendors.AllMembers(users, nil)
	out.Emulated = s.emulated(r, c)
	return out, nil
}

// again makes one write again, for the time that is left of it.
func (s *Service) again(ctx context.Context, out *Done, c Change, a asked, user string) (err error) {
	r := out.Record
	if a.VendorID != r.VendorID {
		return errUnsettled // it was ended and made anew since
	}
	c.By = a.By
	if !a.Until.IsZero() {
		left := time.Until(a.Until)
		if left <= 0 {
			return errUnsettled // it would be over by now
		}
		c.Seconds = int64((left + time.Second - 1) / time.Second)
	}
	switch c.Action {
	case Transfer:
		out.Record, err = s.handOver(ctx, r, c)
	case MuteAll, UnmuteAll:
		err = s.muteEverybody(ctx, r, c)
	default:
		var rows []vendors.MemberResult
		if rows, err = s.callFor(ctx, r, c, []string{user}); len(rows) == 1 && rows[0].Err != nil {
			err = rows[0].Err
		}
		if err == nil {
			s.note(ctx, r, c, []string{user})
		}
	}
	return err
}
