// Package erasure takes one user's data away: by a job that is a row, in small steps, each
// of which may be made again, so that it goes on after a crash at any replica. What stays
// carries a pseudonym in the place of the user's id.
//
//	running -> done
package erasure

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	"switchboard/app/periodic"
	"switchboard/app/problem"
)

// ErrUnknown says that there is no such erasure of the app's.
var ErrUnknown = problem.New(problem.NotFound, "there is no such erasure")

// ErrLater is a step that cannot be made yet; it is tried again.
var ErrLater = errors.New("erasure: not yet")

// State is how far a job is.
type State string

// The states.
const (
	Running  State = "running"
	Done     State = "done"
	Exported State = "exported" // no erasure: somebody took a copy of the user's data
)

// Subject is whose data goes, and what stands in the place of the id where something
// stays.
type Subject struct {
	App, User, Pseudonym string
	Job                  string
	Began                time.Time
}

// Fate is what became of the user at one vendor account.
type Fate struct {
	Vendor string `json:"vendor"`
	What   string `json:"what"`
	State  string `json:"state"` // done, asked (the vendor does it later), cannot, doubt
	Reason string `json:"reason,omitempty"`
}

// Job is one erasure. It is the audit's entry too: at its end the user's id is gone, and
// who asked, when, why and what was taken stays.
type Job struct {
	ID        string         `json:"-"`
	App       string         `json:"-"`
	User      string         `json:"-"` // empty once it is done
	State     State          `json:"-"`
	Began     time.Time      `json:"-"`
	Pseudonym string         `json:"pseudonym"`
	By        string         `json:"by"`
	Reason    string         `json:"reason,omitempty"`
	Request   string         `json:"request,omitempty"`
	Part      string         `json:"part,omitempty"` // that is at work, or waits
	Cursor    string         `json:"cursor,omitempty"`
	Waits     string         `json:"waits,omitempty"` // for what it waits, or what failed last
	Counts    map[string]int `json:"counts"`
	Vendors   []Fate         `json:"vendors,omitempty"`
	Ended     time.Time      `json:"ended,omitzero"`
	Tries     int            `json:"tries,omitempty"` // of the step, without success
}

func (j Job) subject() Subject { return Subject{j.App, j.User, j.Pseudonym, j.ID, j.Began} }

// Part is one place where a user leaves data.
type Part struct {
	Name string
	// Step takes some of it away, from cursor on, which is empty at first, and returns where
	// to go on, empty when nothing is left, and how much it took. It may be made again.
	// ErrLater: something has to end first.
	Step func(ctx context.Context, who Subject, cursor string) (next string, n int, err error)
	// Tell stands in the place of Step where vendors are asked: it returns what became of it
	// at each, also beside an error, after which it is called again. Once the job is older
	// than a day, what it returned last stands, and the job goes on.
	Tell func(ctx context.Context, who Subject) ([]Fate, error)
}

// Store keeps jobs.
type Store interface {
	// Add keeps j, unless one with its key, or a running one of its user, is there: that
	// one is returned.
	Add(ctx context.Context, j Job, key string) (Job, error)
	// Get: ErrUnknown.
	Get(ctx context.Context, app, id string) (Job, error)
	// List returns jobs, the newest first; app empty: of all apps.
	List(ctx context.Context, app string, limit int) ([]Job, error)
	// Claim returns a running job whose time has come, and puts it off by lease; false:
	// there is none.
	Claim(ctx context.Context, lease time.Duration) (Job, bool, error)
	// Save keeps how far a running job is, and puts it off by next. One that is done is not
	// claimed again, and its user's id is forgotten.
	Save(ctx context.Context, j Job, next time.Duration) error
}

// Deps is what a Service works with.
type Deps struct {
	Store Store
	Parts []Part // in order: who can come in first, the user's own row last
	Log   *slog.Logger
}

// Service runs erasures. It is safe for concurrent use.
type Service struct {
	deps Deps
	wake chan struct{}
}

// New makes the service. Its owner calls Run.
func New(deps Deps) *Service {
	deps.Log = deps.Log.With("component", "erasure")
	return &Service{deps: deps, wake: make(chan struct{}, 1)}
}

// Request is a wish to erase.
type Request struct {
	App, User string
	Key       string // the caller's idempotency key; empty: none
	By        string
	Reason    string
	RequestID string
}

// Begin notes that a user's data is to go, and returns the job. The same key for the same
// user, and a user whose erasure runs, get the job that is there.
func (s *Service) Begin(ctx context.Context, r Request) (Job, error) {
	j := Job{
		ID: strings.ToLower(rand.Text()), App: r.App, User: r.User, State: Running, Pseudonym: "erased" + strings.ToLower(rand.Text()[:16]),
		By: r.By, Reason: r.Reason, Request: r.RequestID, Counts: map[string]int{},
	}
	key := ""
	if r.Key != "" {
		sum := sha256.Sum256([]byte(r.App + "\x00" + r.User + "\x00" + r.Key))
		key = hex.EncodeToString(sum[:])
	}
	j, err := s.deps.Store.Add(ctx, j, key)
	if err == nil {
		s.deps.Log.Info("erasure asked for", "erasure", j.ID, "app", j.App, "by", j.By, "request_id", r.RequestID)
		s.nudge()
	}
	return j, err
}

func (s *Service) nudge() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Get returns one job of an app's: ErrUnknown.
func (s *Service) Get(ctx context.Context, app, id string) (Job, error) {
	return s.deps.Store.Get(ctx, app, id)
}

// List returns the latest jobs, of one app or of all.
func (s *Service) List(ctx context.Context, app string, limit int) ([]Job, error) {
	return s.deps.Store.List(ctx, app, limit)
}

const (
	lookEvery = 2 * time.Second
	lease     = 2 * time.Minute // of a process that works at a job
	stepTime  = 30 * time.Second
	minRest   = 20 * time.Millisecond // after a step
	waitMost  = time.Minute           // between two tries of a step
)

// Run works at jobs until ctx ends; every replica may run one.
func (s *Service) Run(ctx context.Context) error {
	var all sync.WaitGroup
	defer all.Wait()
	all.Go(func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-s.wake:
				s.work(ctx)
			}
		}
	})
	periodic.RunNow(ctx, lookEvery, func(context.Context) { s.nudge() })
	return nil
}

// work goes on with every job whose time has come.
func (s *Service) work(ctx context.Context) {
	for ctx.Err() == nil {
		j, found, err := s.deps.Store.Claim(ctx, lease)
		if err != nil {
			if ctx.Err() == nil {
				s.deps.Log.Warn("erasures not read", "error", err)
			}
			return
		}
		if !found {
			return
		}
		s.goOn(ctx, j)
	}
}
