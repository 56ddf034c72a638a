package owners

import (
	"context"
	"log/slog"
	"time"

	"switchboard/app/periodic"
	"switchboard/vendors"
)

// Lift is a hold which this product ends in its vendor's place: the vendor holds until
// it is told otherwise, and the app asked for a time.
type Lift struct {
	Key             // what the user is kept from; of a Block it is the user
	What     What   // Mute or Bar
	User     string // who is held
	Account  string
	VendorID string // the account's name for the group or room; empty for a Block
	By       string // who asked for it, for vendors that want somebody to
	Tries    int    // to end it, this one included once it is claimed
}

// Lifts keeps them. Spans count from the store's own clock.
type Lifts interface {
	// Arrange makes lifts due in d. One that is arranged already gets the new time.
	Arrange(ctx context.Context, lifts []Lift, d time.Duration) error
	// Drop forgets lifts; one that there is not is no error.
	Drop(ctx context.Context, lifts []Lift) error
	// ClaimLifts returns up to limit that are due, counts a try at each, and makes them
	// due again after lease: whoever dies meanwhile has lost nothing.
	ClaimLifts(ctx context.Context, limit int, lease time.Duration) ([]Lift, error)
	// SettleLift ends a claim: due again after retry, or forgotten when that is zero.
	// False: it was arranged anew or dropped meanwhile, and stays as it is now.
	SettleLift(ctx context.Context, l Lift, retry time.Duration) (bool, error)
}

// Timer holds people for a time at vendors that know none. It is safe for concurrent
// use; what it has arranged survives a restart, and any replica ends it.
type Timer struct {
	store  Lifts
	routes *vendors.Router
	log    *slog.Logger
}

// NewTimer makes the timer over the routes.
func NewTimer(store Lifts, routes *vendors.Router, log *slog.Logger) *Timer {
	return &Timer{store, routes, log.With("component", "holds")}
}

const (
	liftEvery = 2 * time.Second // between looks for what is due
	liftLease = time.Minute     // of a try to end a hold
	liftMost  = 100             // in one look
	liftRetry = 10 * time.Minute
)

// trait is how a vendor holds somebody so.
func trait(t vendors.Traits, k Kind, w What) vendors.Hold {
	switch {
	case k == Block:
		return t.Block
	case k == Group:
		return t.MemberMute
	case k == ChatRoom && w == Mute:
		return t.ChatRoomMute
	case k == ChatRoom:
		return t.ChatRoomBlock
	}
	return 0
}

// Emulates reports whether a hold of d at v is one that Hold ends: v holds until it is
// told otherwise alone.
func Emulates(v *vendors.Vendor, k Kind, w What, d time.Duration) bool {
	h := trait(v.Traits, k, w)
	return d > 0 && !h.Takes(d) && h&vendors.HoldOpen != 0 && h&vendors.HoldLifted != 0
}

// Hold makes a hold of users for d; zero: until it is ended. of says which, less its
// User. call makes it at v for as long as it is given: for d where v takes that, else
// for no time, and then its end was written down before.
func (t *Timer) Hold(ctx context.Context, v *vendors.Vendor, of Lift, users []string, d time.Duration, call func(time.Duration) ([]vendors.MemberResult, error)) ([]vendors.MemberResult, error) {
	if !Emulates(v, of.Kind, of.What, d) {
		rows, err := call(d)
		return rows, t.after(ctx, of, succeeded(users, rows, err), err)
	}
	if err := t.store.Arrange(ctx, of.each(users), d); err != nil {
		return nil, err
	}
	rows, err := call(0)
	return rows, t.after(ctx, of, surelyNot(users, rows, err), err)
}

// Freed forgets the ends of holds that were ended.
func (t *Timer) Freed(ctx context.Context, of Lift, users []string, rows []vendors.MemberResult, err error) error {
	return t.after(ctx, of, succeeded(users, rows, err), err)
}

// after drops lifts that are not needed. That it could not is logged: the hold then ends
// once more, which changes nothing.
func (t *Timer) after(ctx context.Context, of Lift, users []string, err error) error {
	if len(users) > 0 {
		ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), liftLease)
		defer stop()
		if failed := t.store.Drop(ctx, of.each(users)); failed != nil {
			t.log.Warn("end of a hold not forgotten", "key", of.Key.String(), "users", len(users), "error", failed)
		}
	}
	return err
}

func (l Lift) each(users []string) []Lift {
	out := make([]Lift, len(users))
	for i, user := range users {
		out[i] = l
		out[i].User = user
	}
	return out
}

// succeeded are the users for whom a write was done.
func succeeded(users []string, rows []vendors.MemberResult, err error) (out []string) {
	if err != nil && len(rows) == 0 {
		return nil
	}
	for _, r := range rows {
		if r.Err == nil {
			out = append(out, r.User)
		}
	}
	return out
}

// surelyNot are the users for whom a write was surely not done.
func surelyNot(users []string, rows []vendors.MemberResult, err error) (out []string) {
	if len(rows) == 0 && err != nil && vendors.OutcomeOf(err) != vendors.Ambiguous && vendors.OutcomeOf(err) != vendors.Cancelled {
		return users
	}
	for _, r := range rows {
		if r.State == vendors.MemberRefused {
			out = append(out, r.User)
		}
	}
	return out
}

// Run ends what is due until ctx ends.
func (t *Timer) Run(ctx context.Context) error {
	periodic.RunNow(ctx, liftEvery, t.Sweep)
	return nil
}

// Sweep ends what is due now.
func (t *Timer) Sweep(ctx context.Context) {
	due, err := t.store.ClaimLifts(ctx, liftMost, liftLease)
	if err != nil {
		if ctx.Err() == nil {
			t.log.Warn("ends of holds could not be read", "error", err)
		}
		return
	}
	for _, l := range due {
		if ctx.Err() != nil {
			return
		}
		t.end(ctx, l)
	}
}

// end ends one hold. A vendor that refuses it for good, since the user or the group is
// gone, is not asked again.
func (t *Timer) end(ctx context.Context, l Lift) {
	ctx, stop := context.WithTimeout(ctx, liftLease/2)
	defer stop()
	err := t.at(ctx, l, false)
	retry := time.Duration(0)
	switch o := vendors.OutcomeOf(err); {
	case err == nil:
	case o == vendors.DefiniteNo:
		t.log.Warn("a hold cannot be ended", "key", l.Key.String(), "vendor", l.Account, "user", l.User, "error", err)
	default:
		retry = min(liftRetry, time.Second<<min(l.Tries, 10))
		t.log.Warn("a hold is not ended yet", "key", l.Key.String(), "vendor", l.Account, "user", l.User, "error", err)
	}
	mine, settled := t.store.SettleLift(context.WithoutCancel(ctx), l, retry)
	switch {
	case settled != nil:
		t.log.Warn("end of a hold not recorded", "key", l.Key.String(), "error", settled)
	case !mine && err == nil: // somebody held the user anew while this one was ended
		if err := t.at(ctx, l, true); err != nil {
			t.log.Warn("a hold that was made anew may have been ended", "key", l.Key.String(), "vendor", l.Account, "user", l.User, "error", err)
		}
	}
}

// at makes a hold without a time, or ends it, at the vendor that has it.
func (t *Timer) at(ctx context.Context, l Lift, hold bool) error {
	_, err := vendors.ViaAccount(ctx, t.routes, l.Account, vendors.Write, func(ctx context.Context, v *vendors.Vendor) ([]vendors.MemberResult, error) {
		users, mute := []string{l.User}, vendors.MemberMute{Group: l.VendorID, By: l.By, Users: []string{l.User}}
		switch {
		case l.Kind == Block && v.Users != nil && hold:
			return v.Users.Block(ctx, users, 0)
		case l.Kind == Block && v.Users != nil:
			return v.Users.Unblock(ctx, users)
		case l.Kind == Group && v.MemberMutes != nil && hold:
			return v.MemberMutes.MuteMembers(ctx, mute)
		case l.Kind == Group && v.MemberMutes != nil:
			return v.MemberMutes.UnmuteMembers(ctx, mute)
		case l.What == Mute && v.ChatRoomMutes != nil && hold:
			return v.ChatRoomMutes.MuteInChatRoom(ctx, l.VendorID, users, 0)
		case l.What == Mute && v.ChatRoomMutes != nil:
			return v.ChatRoomMutes.UnmuteInChatRoom(ctx, l.VendorID, users)
		case l.What == Bar && v.ChatRoomBlocks != nil && hold:
			return v.ChatRoomBlocks.BlockFromChatRoom(ctx, l.VendorID, users, 0)
		case l.What == Bar && v.ChatRoomBlocks != nil:
			return v.ChatRoomBlocks.UnblockFromChatRoom(ctx, l.VendorID, users)
		}
		return nil, vendors.Refuse(v.Name, string(l.Kind), vendors.ErrUnsupported, "the account can hold nobody so any more")
	})
	return err
}
