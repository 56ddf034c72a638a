// Package groups keeps groups and chat rooms at vendors. One that is made follows the
// route; from then on it belongs to the account that made it (app/owners), and every
// call about it goes there, whatever the route says now. Apps do not see each other's.
package groups

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"switchboard/app/owners"
	"switchboard/app/problem"
	"switchboard/vendors"
)

// What a request can be refused for. Test with errors.Is.
var (
	ErrAccountGone = problem.New(problem.Unavailable, "the vendor account that has it is not configured now")
	ErrNoPerson    = problem.New(problem.Invalid, "by: it is not known whose group this is: name who asks")
)

// Service keeps groups and chat rooms. It is safe for concurrent use.
type Service struct {
	routes *vendors.Router
	owners *owners.Service
	bars   owners.Restraints
	timer  *owners.Timer
	wishes *owners.Wishes
	log    *slog.Logger
	open   atomic.Int64 // what Sweep left in doubt
}

// InDoubt is how many groups and chat rooms may have been made or not, as of the last
// look at their vendors.
func (s *Service) InDoubt() int { return int(s.open.Load()) }

// New makes the service over the routes.
func New(routes *vendors.Router, kept *owners.Service, bars owners.Restraints, timer *owners.Timer, wishes *owners.Wishes, log *slog.Logger) *Service {
	return &Service{routes: routes, owners: kept, bars: bars, timer: timer, wishes: wishes, log: log.With("component", "groups")}
}

// capabilities are the routes that new ones follow.
var capabilities = map[owners.Kind]vendors.Capability{owners.Group: vendors.CapGroups, owners.ChatRoom: vendors.CapChatRooms}

// Place returns where k is: the record, or one without a version for what was not made
// here. That is taken to be at the first account of the route, by our id, as long as no
// other app shares the account: else it is owners.ErrUnknown, since it may be theirs.
func (s *Service) Place(ctx context.Context, k owners.Key) (owners.Record, error) {
	r, found, err := s.owners.Known(ctx, k)
	switch {
	case err != nil:
		return r, err
	case found && r.Fresh():
		return r, owners.ErrBusy // it is not settled yet which account gets it
	case found && s.routes.Live(r.Account) == nil:
		return r, ErrAccountGone
	case found:
		return r, nil
	}
	return s.elsewhere(ctx, k)
}

// elsewhere is for what was made by somebody else, such as before this table was.
func (s *Service) elsewhere(ctx context.Context, k owners.Key) (owners.Record, error) {
	r := owners.Record{Key: k, VendorID: k.ID}
	route := s.routes.RouteFor(k.App, capabilities[k.Kind])
	if len(route) == 0 {
		return r, s.routes.CheckAble(ctx, vendors.Request{Capability: capabilities[k.Kind]}, string(capabilities[k.Kind]))
	}
	r.Account = route[0].Name
	if !s.routes.Alone(k.App, r.Account) {
		return r, owners.ErrUnknown
	}
	_, named, err := s.owners.ByVendor(ctx, r.Account, k.Kind, k.ID)
	if err == nil && named {
		err = owners.ErrUnknown // the account calls something else so
	}
	return r, err
}

// Account is the account that a write about k goes to, for the ledger; "" when that is
// not known before.
func (s *Service) Account(ctx context.Context, k owners.Key) string {
	r, err := s.Place(ctx, k)
	if err != nil {
		return ""
	}
	return r.Account
}

// ask calls an ability of the account that has r.
func ask[A comparable, R any](ctx context.Context, s *Service, r owners.Record, ability string, effect vendors.Effect,
	pick func(*vendors.Vendor) A, call func(context.Context, A) (R, error),
) (R, error) {
	q := vendors.Request{Capability: capabilities[r.Kind], Effect: effect, Account: r.Account}
	return vendors.ViaAble(ctx, s.routes, q, ability, pick, func(ctx context.Context, _ *vendors.Vendor, able A) (R, error) {
		return call(ctx, able)
	})
}

// do is ask for a write with nothing to tell.
func do[A comparable](ctx context.Context, s *Service, r owners.Record, ability string, pick func(*vendors.Vendor) A, call func(context.Context, A) error) error {
	_, err := ask(ctx, s, r, ability, vendors.Write, pick, func(ctx context.Context, able A) (struct{}, error) {
		return struct{}{}, call(ctx, able)
	})
	return err
}

// begin returns where c goes, and notes there that a write about it begins. doubted is
// to be called when it ends in doubt: it notes that c was the last write to begin, if it
// was. A write in doubt that is not seen later was not made, unless another one came
// behind it.
func (s *Service) begin(ctx context.Context, app string, c Change) (r owners.Record, doubted func(), err error) {
	r, err = s.Place(ctx, c.Key(app))
	if err != nil || r.Version == 0 {
		return r, func() {}, err
	}
	this := rand.Text()
	err = s.owners.Update(ctx, r.Key, func(r *owners.Record) { r.LastWrite = this })
	return r, func() {
		ctx, cancel := afterwards(ctx)
		defer cancel()
		err := s.owners.Update(ctx, r.Key, func(r *owners.Record) {
			if r.LastWrite == this {
				r.LastWrite = c.digest()
			}
		})
		if err != nil {
			s.log.Warn("doubt not noted: it ends as unknown unless it is seen", "key", r.Key.String(), "error", err)
		}
	}, err
}

// keptFor is how long what a vendor has done may take to be written down, though its
// caller's time is over.
const keptFor = 10 * time.Second

// afterwards is a context for writing down what was done.
func afterwards(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), keptFor)
}

// unwritten is the error of a write that was made and could not be recorded.
func unwritten(r owners.Record, op string, err error) error {
	return &vendors.Error{Vendor: r.Account, Op: op, Outcome: vendors.Ambiguous, Effect: vendors.Write, Sent: true, Err: err}
}

// byWhom is who asks the vendor: the one named, or whose it is. Vendors ask for nobody
// where members change, nor about chat rooms.
func byWhom(r owners.Record, c Change) (string, error) {
	switch {
	case c.By != "":
		return c.By, nil
	case r.Person != "":
		return r.Person, nil
	case r.Kind == owners.ChatRoom || c.Action == Add || c.Action == Remove:
		return "", nil
	}
	return "", ErrNoPerson
}

// notThere reports whether the vendor says that there is no such thing.
func notThere(err error) bool { return errors.Is(err, vendors.ErrNotFound) }
