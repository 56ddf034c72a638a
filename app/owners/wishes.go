package owners

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"time"

	"switchboard/app/periodic"
	"switchboard/app/problem"
	"switchboard/vendors"
)

// What a wish can be refused for. Test with errors.Is.
var (
	ErrSettling = problem.Passing(problem.Conflict, "a write about the same thing is in doubt and is being made again: repeat later", time.Second)
	ErrNoWish   = errors.New("owners: the wish is not known, or a later one took its place")
)

// Message is the kind of key that a message has, whose ID is its sender.
const Message Kind = "message"

// Wish is a state that an account is asked for, known from before the call until it is
// known what became of it. While it stands, no other write about the same began later,
// so that a write in doubt may be made again.
type Wish struct {
	Key            // what it is about; of a Block it is the user
	Thing   string // of that, in at most 128 bytes: "remark/bob"
	Account string
	Write   string          // names the write that asks, in at most 64 bytes
	Want    json.RawMessage // what it takes to make it again

	Token  string // of this wish alone, once it is begun
	Before *Wish  // whose place it took; nil: none's
}

// WishStore keeps wishes. Spans count from the store's own clock.
type WishStore interface {
	// Begin keeps wishes in the place of those about the same things, and tells which
	// those were. It is ErrSettling, and none is kept, while one of those is claimed.
	Begin(ctx context.Context, wishes []Wish) ([]Wish, error)
	// End forgets those that are done, and puts those back in whose place came what was
	// surely not. Wishes whose place was taken since stay out of it.
	End(ctx context.Context, done, undone []Wish) error
	// Claim returns the wish about of's thing, if it is of the same write, and keeps
	// others from taking its place for the lease. ErrNoWish where there is none.
	Claim(ctx context.Context, of Wish, lease time.Duration) (Wish, error)
	// Release ends a claim.
	Release(ctx context.Context, w Wish) error
	// PruneWishes forgets those that began longer ago than old.
	PruneWishes(ctx context.Context, old time.Duration) error
}

// Wishes keeps the rules over a store. It is safe for concurrent use.
type Wishes struct {
	store WishStore
	log   *slog.Logger
}

// NewWishes makes it. Its owner calls Run.
func NewWishes(store WishStore, log *slog.Logger) *Wishes {
	return &Wishes{store, log.With("component", "wishes")}
}

const (
	wishLease = 20 * time.Second // of a claim: longer than the ledger lets a recipe take
	wishLook  = 100 * time.Millisecond
	wishKept  = 31 * 24 * time.Hour // longer than the ledger keeps what is in doubt
	wishPrune = time.Hour
)

// Make makes a write that asks for wishes: call answers an error, or nil, for each of
// them. Where it is not known what became of one, it stands. An error says that call was
// not made. It waits while a write about the same is made again.
func (w *Wishes) Make(ctx context.Context, wishes []Wish, call func() []error) error {
	begun, err := w.begin(ctx, wishes)
	if err != nil {
		return err
	}
	var done, undone []Wish
	for i, err := range call() {
		switch {
		case err == nil:
			done = append(done, begun[i])
		case !inDoubt(err):
			undone = append(undone, begun[i])
		}
	}
	w.End(ctx, done, undone)
	return nil
}

// MakeOne is Make for one wish; the error may be call's.
func (w *Wishes) MakeOne(ctx context.Context, wish Wish, call func() error) error {
	var made error
	if err := w.Make(ctx, []Wish{wish}, func() []error { made = call(); return []error{made} }); err != nil {
		return err
	}
	return made
}

// inDoubt counts what its caller left after it was sent.
func inDoubt(err error) bool {
	var e *vendors.Error
	if errors.As(err, &e) && e.Outcome == vendors.Cancelled && e.Sent {
		return true
	}
	return vendors.OutcomeOf(err) == vendors.Ambiguous
}

func (w *Wishes) begin(ctx context.Context, wishes []Wish) ([]Wish, error) {
	for {
		begun, err := w.store.Begin(ctx, wishes)
		if !errors.Is(err, ErrSettling) {
			return begun, err
		}
		select {
		case <-time.After(wishLook):
		case <-ctx.Done():
			return nil, err
		}
	}
}

// End forgets wishes that are done, and takes back those that surely are not. One that
// cannot be ended stands: it may be made again only by who has that write in doubt.
func (w *Wishes) End(ctx context.Context, done, undone []Wish) {
	if len(done)+len(undone) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := w.store.End(ctx, done, undone); err != nil {
		w.log.Warn("wishes not ended: they stand", "wishes", len(done)+len(undone), "error", err)
	}
}

// Again has call make a write in doubt again, unless a later one about the same began. The
// wish stands behind it as well: whoever settles the write ends it.
func (w *Wishes) Again(ctx context.Context, of Wish, call func(want json.RawMessage) error) (Wish, error) {
	claimed, err := w.store.Claim(ctx, of, wishLease)
	if err != nil {
		return claimed, err
	}
	err = call(claimed.Want)
	after, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if failed := w.store.Release(after, claimed); failed != nil {
		w.log.Warn("a claim is not released before its time", "key", of.Key.String(), "error", failed)
	}
	return claimed, err
}

// Run forgets what is old until ctx ends.
func (w *Wishes) Run(ctx context.Context) error {
	periodic.Run(ctx, wishPrune, func(ctx context.Context) {
		if err := w.store.PruneWishes(ctx, wishKept); err != nil && ctx.Err() == nil {
			w.log.Warn("old wishes not forgotten", "error", err)
		}
	})
	return nil
}
