// Package owners remembers which vendor account has what an app made at vendors: a
// group, a chat room, a room, a block of a user. Such a thing is not failed over:
// calls about it go to the account that has it, whatever the route says now; new
// ones follow the route. It also keeps the vendor's id, where that is not ours.
//
//	            +-> (forgotten)  surely not made
//	reserved ---+-> made ---------> gone     its id is free, the vendor's is used up
//	 ^   |      +-> doubt --+-> made
//	 |   +-----> (lease     +-> (forgotten)
//	 |            over: as doubt)
//	(nothing, or gone)
package owners

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"switchboard/app/problem"
	"switchboard/vendors"
)

// What can be wrong with a thing. Test with errors.Is.
var (
	ErrUnknown = problem.New(problem.NotFound, "there is no such group or room")
	ErrExists  = problem.New(problem.Conflict, "it exists already")
	ErrBusy    = problem.New(problem.Conflict, "it is being made by another request now")
	ErrTaken   = problem.New(problem.Conflict, "the vendor's id belongs to something else")
	ErrChanged = problem.New(problem.Conflict, "it was changed meanwhile: read it again")
)

// Kind is what is owned.
type Kind string

// The kinds.
const (
	Group    Kind = "group"
	ChatRoom Kind = "chatroom"
	Room     Kind = "room"  // an RTC room
	Block    Kind = "block" // of a user, whose id it has
)

// Kinds lists them.
func Kinds() []Kind { return []Kind{Group, ChatRoom, Room, Block} }

// State is what is known of a thing.
type State string

// The states.
const (
	Reserved State = "reserved" // it is being made; nobody knows when its process died
	Made     State = "made"
	Doubt    State = "doubt" // the vendor may have made it
	Gone     State = "gone"  // it was made once, and ended
)

// States lists them.
func States() []State { return []State{Reserved, Made, Doubt, Gone} }

// Key names a thing by our id.
type Key struct {
	App  string
	Kind Kind
	ID   string
}

// String is the key as operators and logs see it.
func (k Key) String() string { return k.App + "/" + string(k.Kind) + "/" + k.ID }

// Record is one thing and where it is.
type Record struct {
	Key
	Account  string
	VendorID string // the account's own name for it
	Uses     int    // how often the id was free again, so that a vendor's id never names two things
	State    State
	Name     string // as people see it; empty: it has none
	Person   string // whose it is among the app's users; empty: nobody's
	// LastWrite names the last write about it that began, in at most 64 bytes: one in
	// doubt finds out by it whether another came behind it.
	LastWrite string
	Version   int64 // rises with every change, from 1
	Made      time.Time
	Changed   time.Time
}

// Move is one change of an owner by an operator.
type Move struct {
	Key
	At     time.Time
	Actor  string
	Reason string
	From   Place
	To     Place
}

// Place is where a thing is.
type Place struct {
	Account  string `json:"account"`
	VendorID string `json:"vendor_id"`
	State    State  `json:"state"`
}

// Place is where the record says that it is.
func (r Record) Place() Place { return Place{r.Account, r.VendorID, r.State} }

// Filter is what a list is of; what is empty does not count.
type Filter struct {
	App     string
	Kind    Kind
	Account string
	State   State
	There   bool // no state but gone
}

// Store keeps records and moves.
type Store interface {
	Get(ctx context.Context, k Key) (r Record, found bool, err error)
	ByVendor(ctx context.Context, account string, kind Kind, vendorID string) (r Record, found bool, err error)
	// Save writes r as the version after r.Version, 0 for a new one; false: another
	// version is there. ErrTaken when the account has something else of the kind by
	// that id. m, unless nil, is kept with it.
	Save(ctx context.Context, r Record, m *Move) (saved bool, err error)
	// Delete forgets r; false: another version is there.
	Delete(ctx context.Context, r Record) (deleted bool, err error)
	// List returns records behind a key, the zero Key for the first, in the order of keys.
	List(ctx context.Context, f Filter, behind Key, limit int) ([]Record, error)
	// Accounts are those that have something of the app's, other than gone.
	Accounts(ctx context.Context, app string, kind Kind) ([]string, error)
	// Moves returns the latest moves, newest first.
	Moves(ctx context.Context, limit int) ([]Move, error)
}

// Service keeps the rules over a store. It is safe for concurrent use.
type Service struct {
	store Store
	log   *slog.Logger
}

// New makes the service.
func New(store Store, log *slog.Logger) *Service {
	return &Service{store, log.With("component", "owners")}
}

// Find returns what is there, in whatever state; false: it was never made here, or it
// is gone.
func (s *Service) Find(ctx context.Context, k Key) (Record, bool, error) {
	r, found, err := s.store.Get(ctx, k)
	return r, found && r.State != Gone, err
}

// Known is Find for what has been made or may have been; ErrUnknown for what is gone.
// found is false, and the error nil, for what was never made here.
func (s *Service) Known(ctx context.Context, k Key) (r Record, found bool, err error) {
	r, found, err = s.store.Get(ctx, k)
	if err == nil && found && r.State == Gone {
		return r, false, ErrUnknown
	}
	return r, found, err
}

// Get returns the record whatever its state.
func (s *Service) Get(ctx context.Context, k Key) (Record, bool, error) { return s.store.Get(ctx, k) }

// Ended notes that r's account has it no more, unless it was made anew or moved since.
func (s *Service) Ended(ctx context.Context, r Record) error {
	return s.Update(ctx, r.Key, func(now *Record) {
		if now.Account == r.Account && now.VendorID == r.VendorID {
			now.State = Gone
		}
	})
}

// ByVendor returns what the account calls by the vendor's id, whosever it is.
func (s *Service) ByVendor(ctx context.Context, account string, kind Kind, vendorID string) (Record, bool, error) {
	return s.store.ByVendor(ctx, account, kind, vendorID)
}

// lease is how long a create is left alone: far longer than any request may take.
const lease = time.Minute

// Fresh reports whether r is being made now, as far as anybody knows.
func (r Record) Fresh() bool { return r.State == Reserved && time.Since(r.Changed) < lease }

// Begin says whether k may be made now. What it returns is to be reserved; when its
// account is set, the create before is in doubt, and may only be repeated there.
func (s *Service) Begin(ctx context.Context, k Key) (Record, error) {
	r, found, err := s.store.Get(ctx, k)
	switch {
	case err != nil:
		return r, err
	case !found:
		return Record{Key: k}, nil
	case r.State == Gone:
		r.Account, r.Uses = "", r.Uses+1
		return r, nil
	case r.State == Made:
		return r, ErrExists
	case r.Fresh():
		return r, ErrBusy
	}
	return r, nil
}

// Reserve writes down that r is about to be made at r.Account as r.VendorID, and
// returns it as it stands now.
func (s *Service) Reserve(ctx context.Context, r Record) (Record, error) {
	r.State = Reserved
	return s.save(ctx, r, ErrBusy)
}

// Set writes r's state, name and person.
func (s *Service) Set(ctx context.Context, r Record) (Record, error) {
	return s.save(ctx, r, ErrChanged)
}

func (s *Service) save(ctx context.Context, r Record, changed error) (Record, error) {
	saved, err := s.store.Save(ctx, r, nil)
	if err == nil && !saved {
		err = changed
	}
	if err != nil {
		return r, err
	}
	r.Version++
	if r.Changed = time.Now(); r.State == Reserved {
		r.Made = r.Changed // as the store has it, but for the difference of the clocks
	}
	return r, nil
}

// Update makes an edit whatever else was changed meanwhile.
func (s *Service) Update(ctx context.Context, k Key, edit func(*Record)) error {
	for {
		r, found, err := s.store.Get(ctx, k)
		if err != nil || !found {
			return err
		}
		edit(&r)
		if saved, err := s.store.Save(ctx, r, nil); err != nil || saved {
			return err
		}
	}
}

// Release forgets a reservation of what was surely not made. It is ErrChanged when
// somebody else is making it again.
func (s *Service) Release(ctx context.Context, r Record) error {
	released, err := false, error(nil)
	if r.Uses > 0 {
		r.State = Gone
		released, err = s.store.Save(ctx, r, nil)
	} else {
		released, err = s.store.Delete(ctx, r)
	}
	if err == nil && !released {
		err = ErrChanged
	}
	return err
}

// List returns records behind a key in the order of keys.
func (s *Service) List(ctx context.Context, f Filter, behind Key, limit int) ([]Record, error) {
	return s.store.List(ctx, f, behind, limit)
}

// Accounts are those that have something of the kind of the app's.
func (s *Service) Accounts(ctx context.Context, app string, kind Kind) ([]string, error) {
	return s.store.Accounts(ctx, app, kind)
}

// Moves returns the latest moves, newest first.
func (s *Service) Moves(ctx context.Context, limit int) ([]Move, error) {
	return s.store.Moves(ctx, limit)
}

// Move says, for an operator, that k is somewhere else than its record has it, or in
// another state. It asks no vendor: the operator has seen to it.
func (s *Service) Move(ctx context.Context, k Key, to Place, actor, reason string) (Record, error) {
	r, found, err := s.store.Get(ctx, k)
	if err == nil && !found {
		err = ErrUnknown
	}
	if err != nil {
		return r, err
	}
	m := Move{Key: k, Actor: actor, Reason: reason, From: r.Place()}
	r.Account, r.VendorID, r.State = to.Account, to.VendorID, to.State
	if to.VendorID == "" {
		r.VendorID = m.From.VendorID
	}
	if to.State == "" {
		r.State = m.From.State
	}
	m.To = r.Place()
	saved, err := s.store.Save(ctx, r, &m)
	switch {
	case err != nil:
		return r, err
	case !saved:
		return r, ErrChanged
	}
	s.log.Warn("owner moved", "key", k.String(), "from", m.From.Account, "to", m.To.Account, "by", actor, "reason", reason)
	r.Version++
	return r, nil
}

// Alias is the name that r gets at an account. It is our id where the account is the
// app's alone, its vendor takes such an id, and the id was not used before; so most
// clients need not learn another one. Else it is 32 letters and digits made of app,
// kind and id, which no other app's can meet.
func (r Record) Alias(alone bool, limit vendors.Limit) string {
	if alone && r.Uses == 0 && limit.TakesID(r.ID) {
		return r.ID
	}
	sum := sha256.Sum256([]byte(strings.Join([]string{r.App, string(r.Kind), r.ID, strconv.Itoa(r.Uses)}, "\x00")))
	return hex.EncodeToString(sum[:16])
}

// ParseKind reads a kind as operators write it.
func ParseKind(text string) (Kind, error) {
	for _, k := range Kinds() {
		if string(k) == text {
			return k, nil
		}
	}
	return "", fmt.Errorf("no kind %q: one of %v", text, Kinds())
}

// ParseState reads a state as operators write it.
func ParseState(text string) (State, error) {
	for _, st := range States() {
		if string(st) == text {
			return st, nil
		}
	}
	return "", errors.New("no such state: reserved, made, doubt or gone")
}
