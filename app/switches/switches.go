// Package switches is what operators turn at run time: routes, and the mode of
// breakers. What was switched is in the store, with who did it and why; every
// replica follows the store's version and applies what is new.
package switches

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"time"

	"switchboard/app/periodic"
	"switchboard/app/problem"
	"switchboard/vendors"
)

// What a switch can be refused for. Test with errors.Is.
var (
	ErrChanged = problem.New(problem.Conflict, "somebody else switched meanwhile: read the routes again")
	ErrInvalid = problem.New(problem.Refused, "this cannot be switched")
)

// State is everything that was switched, of routes, breakers and the log. A capability that Routes leaves out
// goes where configuration says; a breaker that Breakers leaves out is on auto.
type State struct {
	Routes   map[vendors.Capability]vendors.Route            `json:"routes"`
	Apps     map[string]map[vendors.Capability]vendors.Route `json:"apps,omitempty"`      // app, over its own and the general routes
	Breakers map[string]map[string]string                    `json:"breakers"`            // account, class, mode
	LogLevel *slog.Level                                     `json:"log_level,omitempty"` // nil: configuration's
}

// Change is one version of the state and who made it.
type Change struct {
	Version int64
	At      time.Time
	Actor   string
	Reason  string
	Body    []byte // State as JSON
}

// Store keeps every version.
type Store interface {
	// Version is the latest; 0: nothing was ever switched.
	Version(ctx context.Context) (int64, error)
	// Load returns the latest changes, newest first.
	Load(ctx context.Context, limit int) ([]Change, error)
	// Save makes c the version after c.Version; false: there is a later one.
	Save(ctx context.Context, c Change) (bool, error)
}

// Deps is what a Service works with.
type Deps struct {
	Store  Store
	Router *vendors.Router
	Base   vendors.Plan // what configuration says
	Log    *slog.Logger
	Level  *slog.LevelVar // of the log; holds configuration's level
}

// Service applies the store's state to the router of this process.
type Service struct {
	deps  Deps
	level slog.Level // configuration's

	mu      sync.Mutex // guards all below; held while a state is applied, never across I/O
	version int64
	state   State
}

// New makes a service. Its owner calls Run.
func New(deps Deps) *Service {
	deps.Log = deps.Log.With("component", "switches")
	return &Service{deps: deps, level: deps.Level.Level()}
}

// Current returns the state that this process has applied, and its version.
// Read only.
func (s *Service) Current() (State, int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state, s.version
}

// SetRoutes replaces all switched routes, and those of the apps unless they are nil.
// version is the one that the operator saw; negative: whatever it is now.
func (s *Service) SetRoutes(ctx context.Context, routes map[vendors.Capability]vendors.Route, apps map[string]map[vendors.Capability]vendors.Route, version int64, actor, reason string) error {
	next, _ := s.Current()
	if next.Routes = routes; apps != nil {
		next.Apps = apps
	}
	for app := range apps {
		if _, known := s.deps.Base.Tenants[app]; !known {
			return fmt.Errorf("%w: no app %q is configured", ErrInvalid, app)
		}
	}
	if err := s.deps.Router.CheckPlan(s.over(next)); err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return s.change(ctx, version, actor, reason, func(st *State) {
		if st.Routes = routes; apps != nil {
			st.Apps = apps
		}
	})
}

// SetBreaker sets the mode of one class's breakers of an account, "" for all.
func (s *Service) SetBreaker(ctx context.Context, account, class string, mode vendors.BreakerMode, actor, reason string) error {
	live := s.deps.Router.Live(account)
	if live == nil || live[0].Connection == nil {
		return fmt.Errorf("%w: no vendor named %q is configured", ErrInvalid, account)
	}
	var classes []string
	for _, b := range live[0].Connection.Health().Breakers {
		if class == "" || class == b.Class {
			classes = append(classes, b.Class)
		}
	}
	if len(classes) == 0 {
		return fmt.Errorf("%w: %s has no breaker class %q", ErrInvalid, account, class)
	}
	return s.change(ctx, -1, actor, reason, func(st *State) {
		modes := maps.Clone(st.Breakers[account])
		if modes == nil {
			modes = map[string]string{}
		}
		for _, c := range classes {
			modes[c] = mode.String()
		}
		st.Breakers = maps.Clone(st.Breakers)
		if st.Breakers == nil {
			st.Breakers = map[string]map[string]string{}
		}
		st.Breakers[account] = modes
	})
}

// SetLogLevel sets from which level on lines are logged; nil: as configuration says.
func (s *Service) SetLogLevel(ctx context.Context, level *slog.Level, actor, reason string) error {
	return s.change(ctx, -1, actor, reason, func(st *State) { st.LogLevel = level })
}

// Note puts into the audit what changed beside the switches.
func (s *Service) Note(ctx context.Context, actor, what string) error {
	return s.change(ctx, -1, actor, what, func(*State) {})
}

const tries = 5 // against others who switch at the same time

func (s *Service) change(ctx context.Context, want int64, actor, reason string, edit func(*State)) error {
	for range tries {
		st, version, err := s.latest(ctx)
		if err != nil {
			return err
		}
		if want >= 0 && want != version {
			return ErrChanged
		}
		edit(&st)
		body, err := json.Marshal(st)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrInvalid, err)
		}
		saved, err := s.deps.Store.Save(ctx, Change{Version: version, Actor: actor, Reason: reason, Body: body})
		if err != nil {
			return err
		}
		if saved {
			return s.apply(st, version+1)
		}
	}
	return ErrChanged
}

func (s *Service) latest(ctx context.Context) (st State, version int64, err error) {
	changes, err := s.deps.Store.Load(ctx, 1)
	if err != nil || len(changes) == 0 {
		return st, 0, err
	}
	if err := json.Unmarshal(changes[0].Body, &st); err != nil {
		return st, 0, fmt.Errorf("switches: version %d is not readable: %w", changes[0].Version, err)
	}
	return st, changes[0].Version, nil
}

// over is configuration with what was switched.
func (s *Service) over(st State) vendors.Plan {
	base := s.deps.Base
	p := vendors.Plan{Routes: joined(base.Routes, st.Routes), Tenants: make(map[string]vendors.Tenant, len(base.Tenants))}
	for app, t := range base.Tenants {
		p.Tenants[app] = vendors.Tenant{Accounts: t.Accounts, Routes: joined(t.Routes, st.Apps[app])}
	}
	return p
}

func joined(routes, over map[vendors.Capability]vendors.Route) map[vendors.Capability]vendors.Route {
	out := map[vendors.Capability]vendors.Route{}
	maps.Copy(out, routes)
	maps.Copy(out, over)
	return out
}

// apply makes st what this process does, unless it knows a later version. A
// route that names an account which this replica does not have changes nothing.
func (s *Service) apply(st State, version int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if version <= s.version {
		return nil
	}
	s.version = version
	if err := s.deps.Router.ApplyPlan(s.over(st)); err != nil {
		return err
	}
	s.state = st
	level := s.level
	if st.LogLevel != nil {
		level = *st.LogLevel
	}
	s.deps.Level.Set(level)
	for _, a := range s.deps.Router.All() {
		for _, v := range s.deps.Router.Live(a.Name) {
			if v.Connection != nil {
				setBreakers(v.Connection, st.Breakers[v.Name])
			}
		}
	}
	return nil
}

// setBreakers puts what modes leaves out on auto, and leaves alone what is as it
// should be. Modes were checked when they were switched.
func setBreakers(l vendors.Connection, modes map[string]string) {
	for _, b := range l.Health().Breakers {
		mode, err := vendors.ParseBreakerMode(modes[b.Class])
		if err != nil {
			mode = vendors.BreakerAuto
		}
		if mode != b.Mode {
			_ = l.SetBreaker(b.Class, mode) // the class is the link's own
		}
	}
}

// Again applies the store's state once more, after accounts came or changed keys.
func (s *Service) Again(ctx context.Context) error {
	s.mu.Lock()
	s.version = 0
	s.mu.Unlock()
	return s.Follow(ctx)
}

// followEvery is how late a replica is at most, with some room within a second.
const followEvery = 400 * time.Millisecond

// Follow applies what is in the store when it is newer. Run does it for ever.
func (s *Service) Follow(ctx context.Context) error {
	version, err := s.deps.Store.Version(ctx)
	if err != nil {
		return err
	}
	if _, have := s.Current(); version <= have {
		return nil
	}
	st, version, err := s.latest(ctx)
	if err != nil {
		return err
	}
	return s.apply(st, version)
}

// Run follows the store until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	periodic.Run(ctx, followEvery, func(ctx context.Context) {
		if err := s.Follow(ctx); err != nil && ctx.Err() == nil {
			s.deps.Log.Warn("switches not followed", "error", err)
		}
	})
	return nil
}
