// Package ratelimit counts how often users, apps and addresses call, and refuses who
// calls too often. Replicas count together where they share a Redis; a process
// alone, or one whose Redis is away, counts for itself.
package ratelimit

import (
	"context"
	"log/slog"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/gomodule/redigo/redis"

	"switchboard/app/problem"
)

// ErrTooOften is what every refusal here wraps. Test with errors.Is.
var ErrTooOften = problem.New(problem.Exhausted, "too many requests; try again later")

// Refused is a use that was one too many.
type Refused struct {
	Scope Scope
	After time.Duration // until the next one may pass
}

// Error is ErrTooOften's.
func (r *Refused) Error() string { return ErrTooOften.Error() }

// Unwrap returns ErrTooOften.
func (r *Refused) Unwrap() error { return ErrTooOften }

// Scope is what a rate counts by.
type Scope string

// The scopes.
const (
	User     Scope = "user"
	App      Scope = "app"
	Peer     Scope = "address"
	Failures Scope = "failures"
)

// Deps is what a Limiter works with.
type Deps struct {
	Shared  *redis.Pool // counts for all replicas; nil: each counts for itself
	Observe func(Scope) // told of every refusal
	Log     *slog.Logger
}

// Limiter is safe for concurrent use.
type Limiter struct {
	cfg   Config
	deps  Deps
	local buckets
	// until is when a key that was refused may come again: what is refused
	// anyway asks nobody.
	until  recent[time.Time]
	shared atomic.Int64 // unix nanoseconds from when on Redis is asked again; 0: it answers
}

// New makes a limiter.
func New(cfg Config, deps Deps) *Limiter {
	deps.Log = deps.Log.With("component", "ratelimit")
	return &Limiter{cfg: cfg, deps: deps}
}

// use is one request that counts against a rate.
type use struct {
	scope Scope
	key   string
	rate  Rate
}

func (u use) name() string { return string(u.scope) + ":" + u.key }

// Caller counts a request of user, or of the app's back end when user is empty:
// *Refused.
func (l *Limiter) Caller(ctx context.Context, app, user string) error {
	whole := use{App, app, l.cfg.App}
	if user == "" {
		return l.take(ctx, whole)
	}
	return l.take(ctx, use{User, app + "/" + user, l.cfg.User}, whole)
}

// Peer counts a request of an address that shows neither key nor token: *Refused.
func (l *Limiter) Peer(ctx context.Context, addr netip.Addr) error {
	return l.take(ctx, use{Peer, network(addr), l.cfg.Peer})
}

// Failed counts a token, key or signature of the address that was refused: *Refused
// when there were too many.
func (l *Limiter) Failed(ctx context.Context, addr netip.Addr) error {
	return l.take(ctx, use{Failures, network(addr), l.cfg.Failures})
}

// Barred is *Refused while too many of the address's keys were refused: no other is
// to be looked at. Each replica bars for itself, once its own count was refused.
func (l *Limiter) Barred(addr netip.Addr) error {
	return l.refused(use{Failures, network(addr), l.cfg.Failures}, time.Now())
}

// network is whose address it is: an IPv6 host has a whole /64 to choose from.
func network(addr netip.Addr) string {
	if addr.Is6() {
		if whole, err := addr.WithZone("").Prefix(64); err == nil {
			return whole.String()
		}
	}
	return addr.String()
}

// take counts all uses, or none when one of them is refused.
func (l *Limiter) take(ctx context.Context, uses ...use) error {
	limited := uses[:0]
	now := time.Now()
	for _, u := range uses {
		if u.rate.N == 0 {
			continue
		}
		if err := l.refused(u, now); err != nil {
			return err
		}
		limited = append(limited, u)
	}
	if len(limited) == 0 {
		return nil
	}
	over, wait := l.count(ctx, now, limited)
	if wait <= 0 {
		return nil
	}
	l.until.put(over.name(), now.Add(wait), now)
	l.deps.Observe(over.scope)
	return &Refused{over.scope, wait}
}

// refused is *Refused for a use that was refused before and comes too early again.
func (l *Limiter) refused(u use, now time.Time) error {
	until, _ := l.until.get(u.name(), now)
	if wait := until.Sub(now); wait > 0 {
		l.deps.Observe(u.scope)
		return &Refused{u.scope, wait}
	}
	return nil
}

// count returns the first use that is over its rate, and when it may come again.
func (l *Limiter) count(ctx context.Context, now time.Time, uses []use) (use, time.Duration) {
	if l.deps.Shared != nil && now.UnixNano() >= l.shared.Load() {
		over, wait, err := countShared(ctx, l.deps.Shared, uses)
		if err == nil {
			if l.shared.Swap(0) != 0 {
				l.deps.Log.Info("rates are counted for all replicas again")
			}
			return over, wait
		}
		if ctx.Err() == nil && l.shared.Swap(now.Add(sharedPause).UnixNano()) == 0 {
			l.deps.Log.Warn("redis away, rates are counted by each replica for itself", "error", err)
		}
	}
	return l.local.count(now, uses)
}
