package users

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"switchboard/app/owners"
	"switchboard/vendors"
)

// Things of a user that an account is asked to have so, as wishes name them. Every change
// about one puts the whole of it as it is to be, so that it can be made again.
const (
	ThingProfile     = "profile"
	ThingBlock       = "block"
	ThingCredentials = "credentials"
)

// ThingBlacklist is whether the user hears another.
func ThingBlacklist(other string) string { return "blacklist/" + other }

// ThingRemark is the name by which the user knows another.
func ThingRemark(other string) string { return "remark/" + other }

// ThingNotice is which messages of a conversation notify the user.
func ThingNotice(kind vendors.TargetKind, target string) string {
	return "notice/" + string(kind) + "/" + target
}

// asked is what a write asks for, and what it takes to make it again.
type asked struct {
	Do     string              `json:"do"`
	Name   string              `json:"name,omitempty"` // of a profile or a remark
	Image  string              `json:"image,omitempty"`
	Other  string              `json:"other,omitempty"`
	Kind   vendors.TargetKind  `json:"kind,omitempty"`
	Level  vendors.NoticeLevel `json:"level,omitempty"`
	Moment time.Time           `json:"moment,omitzero"` // the end of a block, or before when a credential was issued that is void
}

// What asked.Do says.
const (
	doProfile  = "profile"
	doBlock    = "block"
	doUnblock  = "unblock"
	doRevoke   = "revoke"
	doRefuse   = "refuse" // to hear another
	doHear     = "hear"
	doRemark   = "remark"
	doUnremark = "unremark"
	doNotice   = "notice"
)

// wish is that of a write about a user.
func wish(app, user, thing, account, write string, a asked) owners.Wish {
	want, _ := json.Marshal(a) // of texts and a time
	return owners.Wish{Key: blockOf(app, user), Thing: thing, Account: account, Write: write, Want: want}
}

// unbegun is the error of a write that was not made since its wish could not be noted:
// no other account is asked either.
func unbegun(account, op string, err error) error {
	return &vendors.Error{Vendor: account, Op: op, Outcome: vendors.Cancelled, Effect: vendors.Write, Err: err}
}

// Doubt is one row of a write whose outcome is not known.
type Doubt struct {
	User    string
	Thing   string
	Account string
}

// errUnsettled says that the write cannot be made again, or that it was not known to the
// end what became of it then either.
var errUnsettled = errors.New("users: the write stays in doubt")

const remakers = 8 // at once

// Settle makes what is in doubt of a write again, at the accounts that were asked. All of
// it puts something as it is to be, so that twice is as good as once, and none of it is
// made where a later write about the same began. The fates are those of the rows. An error
// says that nothing is settled; a refusal is one, since it says nothing of the first try.
func (s *Service) Settle(ctx context.Context, app, write string, rows []Doubt) ([]Fate, error) {
	fates, claimed := make([]Fate, len(rows)), make([]owners.Wish, len(rows))
	var group errgroup.Group
	group.SetLimit(remakers)
	for i, d := range rows {
		group.Go(func() (err error) {
			of := owners.Wish{Key: blockOf(app, d.User), Thing: d.Thing, Account: d.Account, Write: write}
			claimed[i], err = s.wishes.Again(ctx, of, func(want json.RawMessage) error {
				var a asked
				if err := json.Unmarshal(want, &a); err != nil {
					return err
				}
				fates[i], err = s.again(ctx, app, d.User, d.Account, a)
				return errors.Join(err, fates[i].Err)
			})
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, fmt.Errorf("%w: %v", errUnsettled, err)
	}
	s.wishes.End(ctx, claimed, nil)
	return fates, nil
}

// again makes one write again at the account.
func (s *Service) again(ctx context.Context, app, user, account string, a asked) (Fate, error) {
	live := s.routes.Live(account)
	if len(live) == 0 {
		return Fate{}, errUnsettled
	}
	v := live[0]
	f := Fate{ID: user, Account: account, State: vendors.MemberAccepted}
	switch a.Do {
	case doProfile:
		u := vendors.User{ID: user, Name: a.Name, Portrait: a.Image}
		fates := s.profile(ctx, v, []vendors.User{u})
		return fates[0], s.show(ctx, app, account, []vendors.User{u}, fates)
	case doBlock:
		left := time.Until(a.Moment)
		if a.Moment.IsZero() {
			left = 0
		} else if left <= 0 {
			return f, errUnsettled // it would be over by now
		}
		f.Until = a.Moment
		err := s.hold(ctx, app, user, v, left, &f)
		return f, err
	case doUnblock:
		err := s.free(ctx, app, user, account, &f)
		return f, err
	case doRevoke:
		if v.Revoker == nil || v.Traits.Revoke != vendors.RevokeBefore {
			return f, errUnsettled // what was issued since would be void too
		}
		f.ID = Credentials
		f.row(s.revoke(ctx, account, user, a.Moment))
		return f, nil
	}
	f.ID = a.Other
	f.row(at(ctx, s, account, vendors.Write, func(ctx context.Context, v *vendors.Vendor) error { return towards(ctx, v, user, a) }))
	if f.Err == nil && (a.Do == doRefuse || a.Do == doHear) {
		return f, s.noteBlacklist(ctx, app, user, account, a.Do == doRefuse, []string{a.Other})
	}
	return f, nil
}

// towards makes a write about a user and another, or a conversation.
func towards(ctx context.Context, v *vendors.Vendor, user string, a asked) error {
	others := []string{a.Other}
	switch {
	case a.Do == doRefuse && v.Blacklist != nil:
		return oneRow(v.Blacklist.AddToBlacklist(ctx, user, others))
	case a.Do == doHear && v.Blacklist != nil:
		return oneRow(v.Blacklist.RemoveFromBlacklist(ctx, user, others))
	case a.Do == doRemark && v.Remarks != nil:
		return v.Remarks.SetRemarks(ctx, user, []vendors.Remark{{User: a.Other, Name: a.Name}})
	case a.Do == doUnremark && v.Remarks != nil:
		return v.Remarks.RemoveRemark(ctx, user, a.Other)
	case a.Do == doNotice && v.Notices != nil:
		return v.Notices.SetNotice(ctx, vendors.Conversation{User: user, Kind: a.Kind, Target: a.Other}, a.Level)
	}
	return errUnsettled
}
