package erasure

import (
	"context"
	"errors"
	"time"
)

// vendorsPart is the part that tells vendors, after the first, which shuts the user out.
const vendorsPart = "vendors"

// parts are all of them in order.
func (s *Service) parts() []Part {
	if s.deps.Tell == nil {
		return s.deps.Parts
	}
	out := []Part{s.deps.Parts[0], {Name: vendorsPart}}
	return append(out, s.deps.Parts[1:]...)
}

// goOn makes steps of a job until it is done, waits for something, or ctx ends.
func (s *Service) goOn(ctx context.Context, j Job) {
	parts := s.parts()
	at := 0
	for i, p := range parts {
		if p.Name == j.Part {
			at = i
		}
	}
	for at < len(parts) {
		began := time.Now()
		j.Part = parts[at].Name
		next, err := s.step(ctx, &j, parts[at])
		if ctx.Err() != nil {
			return // the lease ends, and another process goes on from the last step that was kept
		}
		if err != nil {
			s.putOff(ctx, j, err)
			return
		}
		j.Tries, j.Waits = 0, ""
		if j.Cursor = next; next == "" {
			at++
		}
		if at < len(parts) {
			j.Part = parts[at].Name
			if err := s.deps.Store.Save(ctx, j, lease); err != nil {
				s.deps.Log.Warn("erasure not noted, will be gone on with", "erasure", j.ID, "error", err)
				return
			}
		}
		rest(ctx, time.Since(began))
	}
	s.finish(ctx, j)
}

// step makes one step and counts what it took.
func (s *Service) step(ctx context.Context, j *Job, p Part) (next string, err error) {
	ctx, cancel := context.WithTimeout(ctx, stepTime)
	defer cancel()
	if p.Name == vendorsPart {
		fates, err := s.deps.Tell(ctx, j.subject())
		if err == nil {
			j.Vendors = fates
		}
		return "", err
	}
	next, n, err := p.Step(ctx, j.subject(), j.Cursor)
	if n > 0 {
		j.Counts[p.Name] += n
	}
	return next, err
}

// putOff keeps a job for a later try.
func (s *Service) putOff(ctx context.Context, j Job, cause error) {
	j.Tries++
	wait := min(waitMost, time.Second<<min(j.Tries, 10))
	j.Waits = "a part failed and is tried again"
	if errors.Is(cause, ErrLater) {
		j.Waits, wait, j.Cursor = "something has to end first", min(wait, 5*time.Second), "" // the part begins anew
	} else {
		s.deps.Log.Warn("erasure step failed, will try again", "erasure", j.ID, "part", j.Part, "error", cause)
	}
	if err := s.deps.Store.Save(ctx, j, wait); err != nil && ctx.Err() == nil {
		s.deps.Log.Warn("erasure not noted, will be gone on with", "erasure", j.ID, "error", err)
	}
}

// finish forgets whose job it was.
func (s *Service) finish(ctx context.Context, j Job) {
	j.State, j.User, j.Part, j.Cursor, j.Ended = Done, "", "", "", time.Now().UTC()
	if err := s.deps.Store.Save(ctx, j, 0); err != nil {
		s.deps.Log.Warn("end of an erasure not noted", "erasure", j.ID, "error", err)
		return
	}
	s.deps.Log.Info("erasure done", "erasure", j.ID, "app", j.App, "by", j.By, "counts", j.Counts)
}

// rest leaves the store to others for longer than the step took.
func rest(ctx context.Context, took time.Duration) {
	t := time.NewTimer(max(minRest, 4*min(took, time.Second)))
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
