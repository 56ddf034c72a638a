// Package retention sweeps away what is kept for a time only: messages, files and
// pairing records, each for as many days as their app says. One process sweeps at a
// time, in small steps with pauses, so that no write waits for it.
package retention

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"
)

// Config is how long what no app says otherwise about is kept.
type Config struct {
	Messages int           `default:"0" desc:"days for which the messages of conversations are kept, where an app says nothing else; 0: for ever"`
	Uploads  int           `default:"0" desc:"days for which uploaded files are kept, where an app says nothing else; 0: for ever"`
	Pairing  int           `default:"0" desc:"days for which the records of pair matching are kept, where an app says nothing else; 0: for ever"`
	Ledger   int           `default:"30" desc:"days for which the ledger remembers an ended write, and so its idempotency key, where an app says nothing else; at least SWITCHBOARD_LEDGER_ASK_AGAIN"`
	Every    time.Duration `default:"10m" desc:"how often one of the replicas sweeps away what is older; at least 1s"`
}

// What is kept for a time.
const (
	Messages = "messages"
	Uploads  = "uploads"
	Pairing  = "pairing"
	Ledger   = "ledger"
	Events   = "events"
)

// Days is for how many days each of what is kept for a time is kept; 0: for ever.
type Days map[string]int

const (
	minMessages = 2    // a relay tries to deliver a message for about a day
	maxDays     = 3650 // of any
)

// limits are the fewest days of each that may be 0 or more.
var limits = map[string]int{Messages: minMessages, Uploads: 1, Pairing: 1, Ledger: 1, Events: 1}

// remembered is what is never kept for ever: its keys tell repetitions, and are no data.
func remembered(what string) bool { return what == Ledger || what == Events }

// Check refuses days that are out of range; the error begins with their name.
func (d Days) Check() error {
	var errs []error
	for _, what := range slices.Sorted(maps.Keys(d)) {
		least, known := limits[what]
		switch days := d[what]; {
		case !known:
			errs = append(errs, fmt.Errorf("%s: one of messages, uploads, pairing, ledger, events", what))
		case days == 0 && !remembered(what):
		case days < least || days > maxDays:
			errs = append(errs, fmt.Errorf("%s: must be from %d to %d days%s", what, least, maxDays, orForEver(what)))
		}
	}
	return errors.Join(errs...)
}

func orForEver(what string) string {
	if remembered(what) {
		return ""
	}
	return ", or 0 for ever"
}

// Days are those of the process.
func (c Config) Days() Days {
	return Days{Messages: c.Messages, Uploads: c.Uploads, Pairing: c.Pairing, Ledger: c.Ledger}
}

// Part is one sort of what is kept, as the sweeper takes it away.
type Part struct {
	Name string
	// Sweep takes at most limit of the app's that are older than before, the oldest first,
	// and returns how many it took: fewer than limit when no more is left.
	Sweep func(ctx context.Context, app string, before time.Time, limit int) (int, error)
	// Oldest is when the app's oldest was made; zero: there is none.
	Oldest func(ctx context.Context, app string) (time.Time, error)
}

// Lease says which process sweeps. Times are by the store's clock.
type Lease interface {
	// Hold takes the lease for node, or keeps it, for d; false: another process has it.
	Hold(ctx context.Context, node string, d time.Duration) (held bool, err error)
	// Ended notes that node is through.
	Ended(ctx context.Context, node string) error
	// Last is when a process was through last; zero: never.
	Last(ctx context.Context) (time.Time, error)
	Now(ctx context.Context) (time.Time, error)
}

// Deps is what a Sweeper works with.
type Deps struct {
	Lease Lease
	Parts []Part
	Apps  []string
	Days  func(app string) Days
	Node  string
	Log   *slog.Logger
	Swept func(part, app string, n int) // told of each step, for metrics; nil: nobody counts
}

// Sweeper takes away what is old enough.
type Sweeper struct {
	every time.Duration
	deps  Deps

	mu     sync.Mutex // guards the rest
	behind []Standing // as of the last sweep here
	ended  time.Time
}

// New makes a sweeper. Its owner calls Run.
func New(every time.Duration, deps Deps) *Sweeper {
	deps.Log = deps.Log.With("component", "retention")
	if deps.Swept == nil {
		deps.Swept = func(string, string, int) {}
	}
	return &Sweeper{every: every, deps: deps}
}

// Standing is how an app's part stands.
type Standing struct {
	App, Part string
	Days      int
	Oldest    time.Time     // zero: there is none
	Behind    time.Duration // by which the oldest is older than it should be; 0 where nothing is swept
}

// Standings are how all apps' parts stand now.
func (s *Sweeper) Standings(ctx context.Context) ([]Standing, error) {
	now, err := s.deps.Lease.Now(ctx)
	if err != nil {
		return nil, err
	}
	var out []Standing
	for _, app := range s.deps.Apps {
		days := s.deps.Days(app)
		for _, p := range s.deps.Parts {
			oldest, err := p.Oldest(ctx, app)
			if err != nil {
				return nil, fmt.Errorf("retention: oldest of %s of %s: %w", p.Name, app, err)
			}
			st := Standing{App: app, Part: p.Name, Days: days[p.Name], Oldest: oldest}
			if st.Days > 0 && !oldest.IsZero() {
				st.Behind = max(0, horizon(now, st.Days).Sub(oldest))
			}
			out = append(out, st)
		}
	}
	return out, nil
}

// Last is when any replica was through last.
func (s *Sweeper) Last(ctx context.Context) (time.Time, error) { return s.deps.Lease.Last(ctx) }

// Seen is what this process's last sweep left behind, and when it ended; zero: it has
// not swept.
func (s *Sweeper) Seen() ([]Standing, time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.behind, s.ended
}

func horizon(now time.Time, days int) time.Time { return now.AddDate(0, 0, -days) }

// DaysOf is app's own where it says something, else the process's.
func DaysOf(process, app Days) Days {
	out := maps.Clone(process)
	maps.Copy(out, app)
	return out
}

// Validate returns every mistake; each begins with the variable's name.
func (c Config) Validate() error {
	var errs []error
	for _, v := range []struct {
		name, what string
		days       int
	}{{"MESSAGES", Messages, c.Messages}, {"UPLOADS", Uploads, c.Uploads}, {"PAIRING", Pairing, c.Pairing}, {"LEDGER", Ledger, c.Ledger}} {
		if (Days{v.what: v.days}).Check() != nil {
			errs = append(errs, fmt.Errorf("%s: must be from %d to %d days%s", v.name, limits[v.what], maxDays, orForEver(v.what)))
		}
	}
	if c.Every < time.Second {
		errs = append(errs, errors.New("EVERY: must be at least 1s"))
	}
	return errors.Join(errs...)
}

// rest is how long the sweeper pauses after a step that took so long: it works a tenth of
// the time at most.
func rest(took time.Duration) time.Duration { return max(9*took, minRest) }
