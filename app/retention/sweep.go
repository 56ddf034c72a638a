package retention

import (
	"context"
	"time"

	"switchboard/app/periodic"
)

const (
	stepRows  = 200                   // taken away by one write
	minRest   = 50 * time.Millisecond // after a step
	leaseTime = 2 * time.Minute       // of a process that sweeps; one that dies is followed after it
	stepTime  = 30 * time.Second      // for one step at most
)

// Run sweeps until ctx ends; every replica runs one, of which one sweeps.
func (s *Sweeper) Run(ctx context.Context) error {
	periodic.Run(ctx, s.every, s.Sweep)
	return nil
}

// Sweep takes away all that is old enough now, unless another process is at it. A part
// that fails is left to the next time, and the others go on.
func (s *Sweeper) Sweep(ctx context.Context) {
	lease := &held{of: s.deps.Lease, node: s.deps.Node}
	if mine, err := lease.keep(ctx); err != nil || !mine {
		if err != nil && ctx.Err() == nil {
			s.deps.Log.Warn("retention not swept: no lease", "error", err)
		}
		return
	}
	for _, app := range s.deps.Apps {
		days := s.deps.Days(app)
		for _, p := range s.deps.Parts {
			if days[p.Name] == 0 {
				continue
			}
			if mine := s.part(ctx, lease, app, p, days[p.Name]); !mine || ctx.Err() != nil {
				return
			}
		}
	}
	if err := s.deps.Lease.Ended(ctx, s.deps.Node); err != nil && ctx.Err() == nil {
		s.deps.Log.Warn("end of a sweep not noted", "error", err)
	}
	standings, err := s.Standings(ctx)
	if err != nil {
		if ctx.Err() == nil {
			s.deps.Log.Warn("what is left to sweep is not known", "error", err)
		}
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.behind, s.ended = standings, time.Now()
}

// part sweeps one part of an app, and says whether the lease is still this process's.
func (s *Sweeper) part(ctx context.Context, lease *held, app string, p Part, days int) (mine bool) {
	log, began, all := s.deps.Log.With("part", p.Name, "app", app), time.Now(), 0
	defer func() {
		if all > 0 {
			log.Info("old data swept", "rows", all, "days", days, "took_ms", time.Since(began).Milliseconds())
		}
	}()
	now, err := s.deps.Lease.Now(ctx)
	for err == nil {
		var n int
		step := time.Now()
		bounded, cancel := context.WithTimeout(ctx, stepTime)
		n, err = p.Sweep(bounded, app, horizon(now, days), stepRows)
		cancel()
		all += n
		s.deps.Swept(p.Name, app, n)
		if err != nil || n < stepRows {
			break
		}
		if !sleep(ctx, rest(time.Since(step))) {
			return true
		}
		if mine, err = lease.keep(ctx); err == nil && !mine {
			return false
		}
	}
	if err != nil && ctx.Err() == nil {
		log.Warn("old data not swept, will try again", "error", err)
	}
	return true
}

// held is a lease that is asked for again before it is over.
type held struct {
	of    Lease
	node  string
	until time.Time
}

func (h *held) keep(ctx context.Context) (bool, error) {
	if time.Until(h.until) > leaseTime/2 {
		return true, nil
	}
	asked := time.Now()
	mine, err := h.of.Hold(ctx, h.node, leaseTime)
	if mine && err == nil {
		h.until = asked.Add(leaseTime)
	}
	return mine, err
}

// sleep waits for d, or less when ctx ends: false.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
