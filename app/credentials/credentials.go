// Package credentials hands out what clients' SDKs need to connect to a vendor. One
// that was issued is given again as long as it is good, so that a login storm does not
// meet the vendor's limit, and whatever makes it void makes it forgotten at once.
package credentials

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"switchboard/vendors"
)

// Config is how long credentials are given again. They are in memory alone.
type Config struct {
	Life time.Duration `default:"1h" desc:"how long a credential of a vendor's client SDK is given again to its user, at most nine tenths of the life that the vendor tells; have it shorter than a life that is set in the vendor's console alone; 0: every request asks the vendor"`
	Size int           `default:"50000" desc:"how many credentials are kept in memory, of about 1 KB each; at least 2"`
}

// Validate returns every mistake; each begins with the variable's name.
func (c Config) Validate() error {
	var errs []error
	if c.Life < 0 {
		errs = append(errs, errors.New("LIFE: must not be negative"))
	}
	if c.Size < 2 {
		errs = append(errs, errors.New("SIZE: must be at least 2"))
	}
	return errors.Join(errs...)
}

// Issued is a credential with the profile under which its user was registered.
type Issued struct {
	vendors.Credential
	name, portrait string
}

// Good is how long i may be given again.
func (c Config) Good(i Issued) time.Duration {
	if i.ExpiresAt.IsZero() {
		return c.Life
	}
	return min(c.Life, time.Until(i.ExpiresAt)*9/10)
}

// News is what is void, for every replica. An empty account is any; without a user all
// of the account's are.
type News struct {
	Account string `json:"account,omitempty"`
	App     string `json:"app,omitempty"`
	User    string `json:"user,omitempty"`
}

// Deps are what a Service works with.
type Deps struct {
	Routes *vendors.Router
	// Get returns what is kept under a key, or asks for it once however many want it.
	Get func(ctx context.Context, key string, ask func(context.Context) (Issued, error)) (Issued, error)
	// Forget drops a key. What is being asked for it now is not kept.
	Forget func(key string)
	// Publish tells the other replicas, may lose what it is told, and must not block.
	Publish func(News)
	// Observe is told whether a request was answered by what was kept; nil: nobody listens.
	Observe func(kept bool)
	// Registered is told of a user whom an account took with a name or a portrait; nil:
	// nobody listens.
	Registered func(ctx context.Context, app, account string, u vendors.User)
	// Wait is for how long a request may wait for its turn at the vendor.
	Wait time.Duration
}

// Service issues credentials. It is safe for concurrent use.
type Service struct {
	deps Deps

	mu          sync.Mutex // guards what follows
	generations map[string]int
	lines       map[string]*line
}

// line is who waits for one account. Fewer ask at once than the account has slots, so
// that others find one.
type line struct {
	slots *semaphore.Weighted
	busy  atomic.Int64 // who asks or waits
}

const atOnce = 32

// New makes the service.
func New(deps Deps) *Service {
	return &Service{deps: deps, generations: map[string]int{}, lines: map[string]*line{}}
}

// Issue returns a credential of u, from the first account of the tokens route that has
// one or serves. It counts as a read for failover: another credential voids none.
func (s *Service) Issue(ctx context.Context, app string, u vendors.User) (vendors.Credential, error) {
	return vendors.Via(ctx, s.deps.Routes, vendors.Request{Capability: vendors.CapTokens, User: app + "/" + u.ID},
		func(ctx context.Context, v *vendors.Vendor) (vendors.Credential, error) {
			got, err := s.at(ctx, app, u, v)
			return got.Credential, err
		})
}

// at asks anew when the caller is to be shown otherwise than when the kept one was
// issued, since that is what registers them.
func (s *Service) at(ctx context.Context, app string, u vendors.User, v *vendors.Vendor) (Issued, error) {
	key := s.key(v.Name, app, u.ID)
	var asked atomic.Bool
	defer func() { s.observe(!asked.Load()) }()
	ask := func(ctx context.Context) (Issued, error) {
		asked.Store(true)
		c, err := s.ask(ctx, u, v)
		if err == nil && s.deps.Registered != nil && (u.Name != "" || u.Portrait != "") {
			s.deps.Registered(ctx, app, v.Name, u)
		}
		return Issued{c, u.Name, u.Portrait}, err
	}
	got, err := s.deps.Get(ctx, key, ask)
	if err != nil || (u.Name == "" || u.Name == got.name) && (u.Portrait == "" || u.Portrait == got.portrait) {
		return got, err
	}
	s.deps.Forget(key)
	return s.deps.Get(ctx, key, ask)
}

func (s *Service) observe(kept bool) {
	if s.deps.Observe != nil {
		s.deps.Observe(kept)
	}
}

// ask waits for the vendor's pace, as long as Deps.Wait allows.
func (s *Service) ask(ctx context.Context, u vendors.User, v *vendors.Vendor) (vendors.Credential, error) {
	ctx, cancel := context.WithTimeout(ctx, s.deps.Wait) // the one who asks first may have left
	defer cancel()
	l := s.line(v.Name)
	busy := l.busy.Add(1)
	defer l.busy.Add(-1)
	if l.slots.Acquire(ctx, 1) != nil {
		return vendors.Credential{}, throttled(v, busy)
	}
	defer l.slots.Release(1)
	for {
		c, err := v.Tokens.Issue(ctx, u)
		if err != nil && ctx.Err() != nil && vendors.OutcomeOf(err) == vendors.NotSent {
			return c, throttled(v, busy) // its turn did not come in time
		}
		var e *vendors.Error
		if !errors.As(err, &e) || e.Outcome != vendors.Throttled || e.RetryAfter <= 0 || !sleep(ctx, e.RetryAfter) {
			return c, err
		}
	}
}

// throttled says when there may be a turn, by the vendor's pace and those before.
func throttled(v *vendors.Vendor, before int64) error {
	after := time.Second
	if _, perSecond := v.Limits[vendors.OpTokenIssue].Pace(); perSecond > 0 {
		after = time.Duration(float64(before) / perSecond * float64(time.Second))
	}
	return &vendors.Error{
		Vendor: v.Name, Op: vendors.OpTokenIssue, Outcome: vendors.Throttled, Err: vendors.ErrThrottled,
		RetryAfter: min(max(after, time.Second), time.Minute),
	}
}

// sleep waits, unless the deadline comes first.
func sleep(ctx context.Context, d time.Duration) bool {
	if end, bounded := ctx.Deadline(); bounded && d >= time.Until(end) {
		return false
	}
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

func (s *Service) line(account string) *line {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lines[account] == nil {
		s.lines[account] = &line{slots: semaphore.NewWeighted(atOnce)}
	}
	return s.lines[account]
}

// key holds the account's generation, so that all of its credentials are void at once.
func (s *Service) key(account, app, user string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return fmt.Sprintf("%s\x00%d\x00%s\x00%s", account, s.generations[account], app, user)
}

// VoidUser forgets the user's credentials here and at every replica: they were revoked,
// or the user was banned.
func (s *Service) VoidUser(app, user string) { s.tell(News{App: app, User: user}) }

// VoidAccount forgets all of an account's: its keys are others now, or it was refused.
func (s *Service) VoidAccount(account string) { s.tell(News{Account: account}) }

func (s *Service) tell(n News) {
	s.Apply(n)
	if s.deps.Publish != nil {
		s.deps.Publish(n)
	}
}

// Apply forgets what another replica says is void; the zero News is everything.
func (s *Service) Apply(n News) {
	for _, v := range s.deps.Routes.All() {
		switch {
		case n.Account != "" && n.Account != v.Name:
		case n.User != "":
			s.deps.Forget(s.key(v.Name, n.App, n.User))
		default:
			s.mu.Lock()
			s.generations[v.Name]++
			s.mu.Unlock()
		}
	}
}
