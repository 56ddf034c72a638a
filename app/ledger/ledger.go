// Package ledger remembers every write that is made at a vendor: whose it is,
// what was tried, and what became of it. A request that is repeated with its key
// is given its first answer. A write whose outcome nobody knows is never sent
// again blindly: the vendor is asked by a recipe until it is known.
//
//	           +-> done      executed, once
//	           +-> refused   the vendor said no
//	open ------+-> failed    surely not executed: the key may be used again (-> open)
//	 |         |
//	 |         +-> doubt ----+-> done, refused
//	 +---------^  (lease     |
//	      over)              +-> unknown   nobody found out in time
package ledger

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"switchboard/vendors"
)

// What a request can be refused for. Test with errors.Is.
var (
	ErrKeyReused  = errors.New("the idempotency key was used for a different request")
	ErrInProgress = errors.New("the same request is being served now")
	ErrKey        = errors.New("the idempotency key is longer than 128 bytes")
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
	Payload   any    // what the recipe needs; the same key wants the same payload. No secrets
}

// Answer is what a write ended as, and what its caller was told.
type Answer struct {
	Outcome vendors.Outcome
	Status  int // of the HTTP answer
	Body    []byte
}

// Entry is one write in the ledger.
type Entry struct {
	ID        string
	App       string
	Key       string // the caller's, or ID when it gave none
	RequestID string
	Op        string
	Vendor    string // the account that may have executed it; empty: none was asked
	State     State
	Answer    Answer
	Payload   []byte // JSON
	Digest    []byte // of operation and payload
	Steps     []vendors.Step
	Checks    int       // how often the vendor was asked what became of it
	Version   int       // rises with every change
	Created   time.Time // by the store's clock, but for what was archived after its end
	Updated   time.Time
}

// Store keeps entries. Due times are given as a span from the store's own clock,
// which all replicas share; zero means never.
type Store interface {
	// Insert adds e, or returns the entry that has its app, operation and key.
	Insert(ctx context.Context, e Entry, dueIn time.Duration) (there Entry, taken bool, err error)
	// Save changes the entry of e.ID from e.Version to the next; false: another
	// process changed it before, and nothing was written.
	Save(ctx context.Context, e Entry, dueIn time.Duration) (bool, error)
	// Due returns entries whose time has come, the latest last.
	Due(ctx context.Context, limit int) ([]Entry, error)
}

// Archive keeps entries that have ended.
type Archive interface {
	// Add keeps entries that ended without ever being open in the store.
	Add(ctx context.Context, ended []Entry) error
	// Prune forgets at most limit entries that ended longer ago than older, and
	// returns how many: their keys are free again.
	Prune(ctx context.Context, older time.Duration, limit int) (int, error)
}

// Ledger keeps the rules over a store. It is safe for concurrent use. The
// exported fields are set before the first Do.
type Ledger struct {
	Recipes map[string]Recipe // by operation
	// Observe is told of every change of state, for metrics. Nil: nobody listens.
	Observe func(op string, s State)

	cfg     Config
	store   Store
	archive Archive
	ended   chan Entry // what Run has to archive
	behind  []Entry    // Run's own: taken from ended and not archived yet
}

// Config says how doubts are looked into.
type Config struct {
	FirstCheck time.Duration `split_words:"true" default:"2s" desc:"when a vendor is first asked what became of a write in doubt; each further wait is twice as long, up to a minute"`
	GiveUp     time.Duration `split_words:"true" default:"15m" desc:"how long a write in doubt is looked into; then its outcome is unknown for good"`
}

// Check refuses spans that cannot be.
func (c Config) Check() error {
	if c.FirstCheck <= 0 || c.GiveUp <= 0 {
		return errors.New("the first check and the giving up must be above 0")
	}
	return nil
}

// New makes a ledger over its two halves of one store. Its owner calls Run.
func New(cfg Config, store Store, archive Archive) *Ledger {
	return &Ledger{cfg: cfg, store: store, archive: archive, ended: make(chan Entry, archiveQueue)}
}

// Do makes w by run, once for each key, and returns its answer; replayed says
// that it is the first answer to this key and run was not called. An error means
// that run was not called, except one whose outcome is ambiguous.
func (l *Ledger) Do(ctx context.Context, w Write, run func(context.Context) Answer) (a Answer, replayed bool, err error) {
	if w.Key == "" {
		a, err := l.keyless(ctx, w, run)
		return a, false, err
	}
	e, a, replayed, err := l.begin(ctx, w)
	if err != nil || replayed {
		return a, replayed, err
	}
	e.make(ctx, run)
	kept, cancel := context.WithTimeout(context.WithoutCancel(ctx), lease/4)
	defer cancel()
	if ok, err := l.save(kept, e, l.cfg.FirstCheck); err != nil || !ok {
		return a, false, unwritten(e, err)
	}
	return e.Answer, false, nil
}

// unwritten is the error of a write that was made and could not be written down.
func unwritten(e Entry, err error) error {
	return &vendors.Error{Vendor: e.Vendor, Op: e.Op, Outcome: vendors.Ambiguous, Effect: vendors.Write, Sent: true, Err: err}
}

// make makes the write.
func (e *Entry) make(ctx context.Context, run func(context.Context) Answer) {
	journal := &vendors.Journal{}
	e.Answer = run(vendors.WithJournal(ctx, journal))
	e.add(journal.Steps())
	e.State = stateOf(e.Answer.Outcome)
}

// keyless makes a write that nobody can repeat, so that nothing has to be known
// of it beforehand. How it ended is archived soon after; a doubt at once.
func (l *Ledger) keyless(ctx context.Context, w Write, run func(context.Context) Answer) (Answer, error) {
	e, err := entry(w)
	if err != nil {
		return Answer{}, err
	}
	e.make(ctx, run)
	l.observe(e)
	if e.State != Doubt {
		select {
		case l.ended <- e:
			return e.Answer, nil
		default: // the archive is behind: this caller waits for his own
		}
	}
	kept, cancel := context.WithTimeout(context.WithoutCancel(ctx), lease/4)
	defer cancel()
	dueIn := l.cfg.FirstCheck
	if e.State != Doubt {
		dueIn = 0
	}
	if _, _, err := l.store.Insert(kept, e, dueIn); err != nil {
		return Answer{}, unwritten(e, err)
	}
	return e.Answer, nil
}

// entry is w before anything is known of it.
func entry(w Write) (e Entry, err error) {
	payload, err := json.Marshal(w.Payload)
	if err != nil {
		return e, fmt.Errorf("ledger: payload of %s: %w", w.Op, err)
	}
	digest := sha256.Sum256(append([]byte(w.Op+"\n"), payload...))
	e = Entry{
		ID: uuid.NewString(), App: w.App, Key: w.Key, RequestID: w.RequestID, Op: w.Op, Vendor: w.Vendor,
		State: Open, Payload: payload, Digest: digest[:], Created: time.Now(),
	}
	if e.Key == "" {
		e.Key = e.ID
	}
	return e, nil
}

// begin returns a fresh open entry, or the first answer to the key.
func (l *Ledger) begin(ctx context.Context, w Write) (e Entry, a Answer, replayed bool, err error) {
	if len(w.Key) > maxKey {
		return e, a, false, ErrKey
	}
	if e, err = entry(w); err != nil {
		return e, a, false, err
	}
	there, taken, err := l.store.Insert(ctx, e, lease)
	if err != nil {
		return e, a, false, err
	}
	if !taken {
		l.observe(e)
		return e, a, false, nil
	}
	return l.again(ctx, there, w, e.Digest)
}

// again is a request whose key the ledger has.
func (l *Ledger) again(ctx context.Context, e Entry, w Write, digest []byte) (Entry, Answer, bool, error) {
	switch {
	case !bytes.Equal(e.Digest, digest):
		return e, Answer{}, false, ErrKeyReused
	case e.State == Open:
		return e, Answer{}, false, ErrInProgress
	case e.State != Failed:
		return e, e.Answer, true, nil
	}
	e.State, e.RequestID, e.Vendor = Open, w.RequestID, w.Vendor
	ok, err := l.save(ctx, e, lease)
	e.Version++
	if err == nil && !ok {
		err = ErrInProgress
	}
	return e, Answer{}, false, err
}

// save needs the due time of an entry that is not ended; one that is has none.
func (l *Ledger) save(ctx context.Context, e Entry, dueIn time.Duration) (bool, error) {
	if e.State != Open && e.State != Doubt {
		dueIn = 0
	}
	ok, err := l.store.Save(ctx, e, dueIn)
	if ok && err == nil {
		l.observe(e)
	}
	return ok, err
}

func (l *Ledger) observe(e Entry) {
	if l.Observe != nil {
		l.Observe(e.Op, e.State)
	}
}

// maxSteps bounds what an entry tells: its first steps.
const maxSteps = 200

// add appends what was tried; the account of the last attempt may have executed it.
func (e *Entry) add(steps []vendors.Step) {
	e.Steps = append(e.Steps, steps[:min(len(steps), max(0, maxSteps-len(e.Steps)))]...)
	for _, s := range steps {
		if !s.Skipped {
			e.Vendor = s.Vendor
		}
	}
}

// stateOf is where an outcome leads. A caller who left before anything was sent
// has failed; one who left later is given to Do as ambiguous.
func stateOf(o vendors.Outcome) State {
	switch o {
	case vendors.OK:
		return Done
	case vendors.DefiniteNo:
		return Refused
	case vendors.Ambiguous:
		return Doubt
	default:
		return Failed
	}
}
