// Package ledger remembers every write that is made at a vendor: whose it is,
// what was tried, and what became of it. A request that is repeated with its key
// is given its first answer. A write whose outcome nobody knows is never sent
// again blindly: the vendor is asked by a recipe until it is known.
//
//	           +-> done      executed, once
//	           +-> refused   the vendor said no
//	open ------+-> failed    surely not executed: the key may be used again (-> open)
//	 |         |
//	 |         +-> doubt ----+-> done, refused, failed
//	 +---------^  (lease     |
//	      over)              +-> unknown   nobody found out in time; a repeat
//	                                       may ask once more (-> doubt)
package ledger

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"switchboard/app/problem"
	"switchboard/vendors"
)

// What a request can be refused for. Test with errors.Is.
var (
	ErrKeyReused  = problem.New(problem.Conflict, "the idempotency key was used for a different request")
	ErrInProgress = problem.Passing(problem.Conflict, "the same request is being served now", time.Second)
	ErrKey        = problem.New(problem.Invalid, "the idempotency key is not text of at most 128 bytes")

	// ErrLooking and ErrGivenUp are what Deps.Describe is asked for when a write is
	// repeated whose outcome is not known: somebody can still find it out, or nobody can.
	ErrLooking = problem.New(problem.InDoubt, "the outcome is not known yet: the vendor is asked again; repeat the request later")
	ErrGivenUp = problem.New(problem.Lost, "the outcome is unknown for good: it may have been done, and the vendor is not asked any more")
)

// State is what is known of a write.
type State string

// The states, as the store and operators see them.
const (
	Open    State = "open"
	Done    State = "done"
	Refused State = "refused"
	Failed  State = "failed"
	Doubt   State = "doubt"
	Unknown State = "unknown"
)

const (
	maxKey = 128 // bytes
	// lease is how long a write may be open: far longer than any request may
	// take. An older one belongs to a process that died.
	lease = time.Minute
)

// Write is one write about to be made.
type Write struct {
	App       string // whose it is; keys of two apps never meet
	Key       string // the caller's idempotency key; empty: it gave none
	RequestID string
	Op        string // vendors.Op...
	Vendor    string // the only account that may execute it, if that is known before
	Payload   any    // what the recipe needs, encoded when it is written down; the same key wants the same payload. No secrets
}

// Entry is one write in the ledger.
type Entry struct {
	ID        string // rises with time
	App       string
	Key       string // the caller's, or ID when it gave none; unique with App and Op
	RequestID string
	Op        string
	Vendor    string // the account that may have executed it; empty: none was asked
	State     State
	Result    Result
	Payload   []byte // JSON, while a recipe may need it
	Digest    []byte // of operation and payload, when there is a caller's key
	Steps     []vendors.Step
	Checks    int       // how often the vendor was asked what became of it
	Version   int       // rises with every change
	Created   time.Time // by the store's clock, but for what was archived after its end
	Updated   time.Time
}

// Store keeps entries. Due times are given as a span from the store's own clock,
// which all replicas share. An entry that has not ended is then looked into, one
// that has is forgotten.
type Store interface {
	// Insert adds e, or returns the entry that has its app, operation and key.
	Insert(ctx context.Context, e Entry, dueIn time.Duration) (there Entry, taken bool, err error)
	// Save changes the entry from e.Version to the next; false: another
	// process changed it before, and nothing was written.
	Save(ctx context.Context, e Entry, dueIn time.Duration) (bool, error)
	// Due returns entries that have not ended and whose time has come, the latest last.
	Due(ctx context.Context, limit int) ([]Entry, error)
	// Prune forgets a portion of the ended entries whose time has come, archived
	// ones too, and tells whether there may be more: their keys are free again.
	Prune(ctx context.Context) (more bool, err error)
}

// Archive keeps entries that ended without ever being open in the store, for the
// span keep. The same entries added again are kept once.
type Archive interface {
	Add(ctx context.Context, ended []Entry, keep time.Duration) error
}

// Ledger keeps the rules over a store. It is safe for concurrent use.
type Ledger struct {
	cfg        Config
	deps       Deps
	queue      chan *Entry // what Run has to archive
	unarchived []Entry     // Run's own: taken from the queue and not archived yet
}

// Deps are what a ledger works with.
type Deps struct {
	Store    Store
	Archive  Archive // the other half of the same store
	Describe Describe
	Recipes  map[string]Recipe              // by operation
	Tells    func(op, account string) bool  // whether the account's vendor can be asked by the operation's recipe; nil: every one
	Keep     func(app string) time.Duration // how long an ended entry of the app's is remembered; nil: 30 days
	Observe  func(op string, now State)     // told of every change of state, for metrics; nil: nobody listens
	Log      *slog.Logger
	Spans    vendors.Spans // of looks into doubts; nil: nothing is traced
}

// Config says how doubts are looked into.
type Config struct {
	FirstCheck time.Duration `split_words:"true" default:"2s" desc:"when a vendor is first asked what became of a write in doubt; each further wait is twice as long, up to a minute"`
	GiveUp     time.Duration `split_words:"true" default:"15m" desc:"how long a write in doubt is looked into; then its outcome is unknown"`
	AskAgain   time.Duration `split_words:"true" default:"24h" desc:"how long after a write of unknown outcome a repeat of its request asks the vendor once more; not longer than the vendor keeps request ids, at most 720h; 0: never"`
}

// Validate returns every mistake; each begins with the variable's name.
func (c Config) Validate() error {
	var errs []error
	if c.FirstCheck <= 0 {
		errs = append(errs, errors.New("FIRST_CHECK: must be more than 0"))
	}
	if c.GiveUp <= 0 {
		errs = append(errs, errors.New("GIVE_UP: must be more than 0"))
	}
	if c.AskAgain < 0 || c.AskAgain > keepFor {
		errs = append(errs, errors.New("ASK_AGAIN: must be 0 to 720h"))
	}
	return errors.Join(errs...)
}

// New makes a ledger. Its owner calls Run.
func New(cfg Config, deps Deps) *Ledger {
	deps.Log = deps.Log.With("component", "ledger")
	if deps.Keep == nil {
		deps.Keep = func(string) time.Duration { return keepFor }
	}
	return &Ledger{cfg: cfg, deps: deps, queue: make(chan *Entry, archiveQueueSize)}
}

// Run makes a write and returns what its caller is told beside the error, if any.
type Run func(context.Context) (data any, err error)

// Do makes w by run, once for each key, and returns what became of it; replayed
// says that it is what became of an earlier request of this key and run was not
// called. An error means that run was not called, except one whose outcome is
// ambiguous.
func (l *Ledger) Do(ctx context.Context, w Write, run Run) (r Result, replayed bool, err error) {
	if w.Key == "" {
		r, err := l.keyless(ctx, w, run)
		return r, false, err
	}
	e, replayed, err := l.begin(ctx, w)
	if err != nil || replayed {
		return l.told(e), replayed, err
	}
	l.execute(ctx, &e, run)
	kept, cancel := context.WithTimeout(context.WithoutCancel(ctx), lease/4)
	defer cancel()
	if ok, err := l.save(kept, e, l.cfg.FirstCheck); err != nil || !ok {
		return Result{}, false, unwritten(e, err)
	}
	r = e.Result
	if e.State == Doubt && l.known(e) {
		r.Again = l.cfg.FirstCheck
	}
	return r, false, nil
}

// unwritten is the error of a write that was made and could not be recorded.
func unwritten(e Entry, err error) error {
	return &vendors.Error{Vendor: e.Vendor, Op: e.Op, Outcome: vendors.Ambiguous, Effect: vendors.Write, Sent: true, Err: err}
}

// execute runs the write and keeps its result and its steps in e.
func (l *Ledger) execute(ctx context.Context, e *Entry, run Run) {
	journal := &vendors.Journal{}
	data, err := run(vendors.WithJournal(ctx, journal))
	e.Result = l.result(data, err)
	e.addSteps(journal.Steps())
	e.State = stateOf(e.Result.Outcome, err)
	if part := partly(nil); e.State == Doubt && errors.As(err, &part) {
		e.Result.Outcome = vendors.Partial // its rows say of which nobody knows
	}
}

// keyless makes a write that nobody can repeat, so that nothing has to be known
// of it beforehand. How it ended is archived soon after; a doubt at once.
func (l *Ledger) keyless(ctx context.Context, w Write, run Run) (Result, error) {
	e := entry(w)
	l.execute(ctx, &e, run)
	l.observe(e)
	told := e.Result
	if e.State != Doubt {
		e.Result.Data, e.Result.Text = nil, "" // nobody can ask for it again
		select {
		case l.queue <- &e:
			return told, nil
		default: // the archive is behind: this caller waits for its own entry
		}
	} else if err := e.keepPayload(w.Payload); err != nil {
		return Result{}, unwritten(e, err)
	}
	kept, cancel := context.WithTimeout(context.WithoutCancel(ctx), lease/4)
	defer cancel()
	if _, _, err := l.deps.Store.Insert(kept, e, l.dueIn(e, l.cfg.FirstCheck)); err != nil {
		return Result{}, unwritten(e, err)
	}
	return told, nil
}

// entry is w before anything is known of it.
func entry(w Write) Entry {
	id := uuid.Must(uuid.NewV7()).String() // it fails only where there is no randomness
	return Entry{
		ID: id, App: w.App, Key: cmp.Or(w.Key, id), RequestID: w.RequestID, Op: w.Op, Vendor: w.Vendor,
		State: Open, Created: time.Now(),
	}
}

// keepPayload encodes what the recipe needs.
func (e *Entry) keepPayload(payload any) (err error) {
	if e.Payload, err = json.Marshal(payload); err != nil {
		return fmt.Errorf("ledger: payload of %s: %w", e.Op, err)
	}
	return nil
}

// dueIn is when an entry is looked into, or forgotten when it has ended.
func (l *Ledger) dueIn(e Entry, look time.Duration) time.Duration {
	if e.ended() {
		return l.deps.Keep(e.App)
	}
	return look
}

func (e Entry) ended() bool { return e.State != Open && e.State != Doubt }

// begin returns a fresh open entry, or the one that has the key and its result.
func (l *Ledger) begin(ctx context.Context, w Write) (e Entry, replayed bool, err error) {
	if len(w.Key) > maxKey || !utf8.ValidString(w.Key) || strings.ContainsRune(w.Key, 0) {
		return e, false, ErrKey
	}
	e = entry(w)
	if err := e.keepPayload(w.Payload); err != nil {
		return e, false, err
	}
	digest := sha256.Sum256(append([]byte(w.Op+"\n"), e.Payload...))
	e.Digest = digest[:]
	there, taken, err := l.deps.Store.Insert(ctx, e, lease)
	if err != nil {
		return e, false, err
	}
	if !taken {
		l.observe(e)
		return e, false, nil
	}
	return l.repeat(ctx, there, e)
}

// repeat is for a request whose key the ledger has.
func (l *Ledger) repeat(ctx context.Context, e, anew Entry) (Entry, bool, error) {
	switch {
	case !bytes.Equal(e.Digest, anew.Digest):
		return e, false, ErrKeyReused
	case e.State == Open:
		return e, false, ErrInProgress
	case e.State == Unknown && l.askable(e):
		e, err := l.askAgain(ctx, e)
		return e, true, err
	case e.State != Failed:
		return e, true, nil
	}
	e.State, e.RequestID, e.Vendor, e.Payload = Open, anew.RequestID, anew.Vendor, anew.Payload
	ok, err := l.save(ctx, e, lease)
	e.Version++
	if err == nil && !ok {
		err = ErrInProgress
	}
	return e, false, err
}

// save keeps an entry that is to be looked into after the span, unless it has ended.
func (l *Ledger) save(ctx context.Context, e Entry, look time.Duration) (bool, error) {
	if e.ended() && !(e.State == Unknown && l.known(e)) {
		e.Payload = nil // no recipe needs it any more
	}
	ok, err := l.deps.Store.Save(ctx, e, l.dueIn(e, look))
	if ok && err == nil {
		l.observe(e)
	}
	return ok, err
}

func (l *Ledger) observe(e Entry) {
	if l.deps.Observe != nil {
		l.deps.Observe(e.Op, e.State)
	}
}

// maxSteps bounds what an entry tells: its first steps.
const maxSteps = 200

// addSteps appends what was tried; the account of the last attempt may have executed it.
func (e *Entry) addSteps(steps []vendors.Step) {
	kept := steps[:min(len(steps), max(0, maxSteps-len(e.Steps)))]
	if len(e.Steps) == 0 {
		e.Steps = kept // steps are a copy of the journal's
	} else {
		e.Steps = append(e.Steps, kept...)
	}
	for _, s := range steps {
		if !s.Skipped {
			e.Vendor = s.Vendor
		}
	}
}

// stateOf is where an outcome leads. A caller who left before anything was sent
// has failed; one who left later is given to Do as ambiguous. A vendor that has too
// few coins for a request id has not used it up: it takes the same one again after
// a top-up (docs/vendors/linkv.md#coins). What was done in part is not to be done again
// as a whole: a repeat gets the same answer, which says what is left.
func stateOf(o vendors.Outcome, err error) State {
	switch {
	case o == vendors.OK || o == vendors.Partial:
		return Done
	case o == vendors.DefiniteNo && !errors.Is(err, vendors.ErrInsufficient):
		return Refused
	case o == vendors.Ambiguous:
		return Doubt
	default:
		return Failed
	}
}
