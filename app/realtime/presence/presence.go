// Package presence tells the product who holds a session of this process: pair
// matching, and the app's own server as events. A user is online while any
// process holds a session of theirs, which the store keeps.
package presence

import (
	"context"
	"crypto/rand"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"switchboard/app/periodic"
	"switchboard/app/realtime"
	"switchboard/vendors"
)

// Change is a user who became online or offline, at the store's time.
type Change struct {
	User   realtime.User
	Online bool
	At     time.Time
}

// Store keeps which process (node) holds sessions of which user.
type Store interface {
	// Set keeps that the user has a session at the node, or none. It returns what
	// changed for the user: nil while another node has one.
	Set(ctx context.Context, u realtime.User, node string, here bool) (*Change, error)
	// Renew says that the node lives for another lease. New: its users have to be
	// set again, since it was not known or its lease was over.
	Renew(ctx context.Context, node string, lease time.Duration) (isNew bool, err error)
	// Sweep forgets the nodes whose lease is over, with their users, and returns
	// what changed; more may be left when it returns limit.
	Sweep(ctx context.Context, limit int) ([]Change, error)
}

const (
	storeTimeout = 5 * time.Second  // for one change to be kept or reported
	renewEvery   = 30 * time.Second // well inside pair.presence_ttl

	lease      = 3 * renewEvery // after which a silent process is taken for dead
	sweepLimit = 10_000         // users of dead processes reported at once
)

// Deps is what a Tracker works with.
type Deps struct {
	Store Store // nil: the app is not told who comes and goes
	Node  string
	Log   *slog.Logger
	// Publish takes an event for the app.
	Publish func(ctx context.Context, events []vendors.Event) error
	// Report tells pair matching that the user has a session here, or none.
	Report func(ctx context.Context, u realtime.User, open bool) error
}

// Tracker follows the sessions of this process. It is safe for concurrent use.
type Tracker struct {
	Deps

	mu      sync.Mutex // guards what follows
	open    map[realtime.User]bool
	pending map[realtime.User]bool // whose change the store has yet to take
}

// New makes a tracker; its owner calls Run.
func New(deps Deps) *Tracker {
	deps.Log = deps.Log.With("component", "presence")
	return &Tracker{Deps: deps, open: map[realtime.User]bool{}, pending: map[realtime.User]bool{}}
}

// Changed takes the hub's report of one user's sessions here.
func (t *Tracker) Changed(p realtime.Presence) {
	online := p.Devices > 0
	t.mu.Lock()
	was := t.open[p.User]
	if online {
		t.open[p.User] = true
	} else {
		delete(t.open, p.User)
	}
	t.mu.Unlock()
	if online != was {
		t.save(context.Background(), p.User)
	}
	t.report(context.Background(), p.User, online)
}

// save keeps for all processes whether the user has a session here, and publishes
// when that made them online or offline. Run makes up for what fails.
func (t *Tracker) save(ctx context.Context, u realtime.User) {
	if t.Store == nil {
		return
	}
	for here := t.holds(u); ; {
		limited, cancel := context.WithTimeout(ctx, storeTimeout)
		change, err := t.Store.Set(limited, u, t.Node, here)
		cancel()
		t.mu.Lock()
		if delete(t.pending, u); err != nil {
			t.pending[u] = true
		}
		now := t.open[u]
		t.mu.Unlock()
		if err != nil {
			t.Log.Warn("presence update failed", "user", u.ID, "error", err)
			return
		}
		if change != nil {
			t.publish(ctx, *change)
		}
		if now == here {
			return
		}
		here = now // it changed meanwhile, and that may have been saved first
	}
}

// publish makes an event of the change. Session names the process that saw it.
func (t *Tracker) publish(ctx context.Context, c Change) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	e := vendors.Event{
		ID: "presence-" + rand.Text(), Vendor: vendors.VendorSelf, App: c.User.App, Kind: vendors.EventPresence, Action: "offline",
		At: c.At, From: c.User.ID, Session: t.Node,
	}
	if c.Online {
		e.Action = "online"
	}
	if err := t.Publish(ctx, []vendors.Event{e}); err != nil {
		t.Log.Warn("presence event lost", "user", c.User.ID, "action", e.Action, "error", err)
	}
}

func (t *Tracker) report(ctx context.Context, u realtime.User, open bool) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	if err := t.Report(ctx, u, open); err != nil {
		t.Log.Warn("presence not reported to pair matching", "user", u.ID, "open", open, "error", err)
	}
}

// Run renews, until ctx ends, what this process says of its sessions: a process
// that dies stops renewing, and its users go offline when its lease is over.
func (t *Tracker) Run(ctx context.Context) error {
	t.renewLease(ctx)
	periodic.Run(ctx, renewEvery, func(ctx context.Context) {
		t.reportAgain(ctx)
		t.renewLease(ctx)
	})
	return nil
}

// renewLease makes up for what was not saved, and publishes the users of
// processes that died.
func (t *Tracker) renewLease(ctx context.Context) {
	if t.Store == nil {
		return
	}
	isNew, err := t.Store.Renew(ctx, t.Node, lease)
	t.mu.Lock()
	due := maps.Clone(t.pending)
	if isNew {
		maps.Copy(due, t.open)
	}
	t.mu.Unlock()
	for u := range due {
		t.save(ctx, u)
	}
	var gone []Change
	if err == nil {
		gone, err = t.Store.Sweep(ctx, sweepLimit)
	}
	for _, c := range gone {
		t.publish(ctx, c)
	}
	if err != nil && ctx.Err() == nil {
		t.Log.Warn("presence renewal failed", "error", err)
	}
}

// reportAgain repeats that sessions are open, before pair matching takes them for
// gone.
func (t *Tracker) reportAgain(ctx context.Context) {
	t.mu.Lock()
	open := slices.Collect(maps.Keys(t.open))
	t.mu.Unlock()
	for _, u := range open {
		if ctx.Err() != nil {
			return
		}
		if !t.holds(u) {
			continue
		}
		t.report(ctx, u, true)
		if !t.holds(u) {
			t.report(ctx, u, false) // it closed meanwhile, and that was reported first
		}
	}
}

func (t *Tracker) holds(u realtime.User) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.open[u]
}
