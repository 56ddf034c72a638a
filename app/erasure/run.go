package erasure

import (
	"context"
	"errors"
	"slices"
	"time"
)

// tellFor is how long vendors that cannot be reached are asked again.
const tellFor = 24 * time.Hour

// goOn makes steps of a job until it is done, waits for something, or ctx ends.
func (s *Service) goOn(ctx context.Context, j Job) {
	parts, at := s.deps.Parts, 0
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
	if p.Tell != nil {
		fates, err := p.Tell(ctx, j.subject())
		j.tell(fates)
		if err != nil && time.Since(j.Began) > tellFor {
			s.deps.Log.Warn("vendors not told, erasure goes on", "erasure", j.ID, "part", p.Name, "error", err)
			return "", nil
		}
		return "", err
	}
	next, n, err := p.Step(ctx, j.subject(), j.Cursor)
	if n > 0 {
		j.Counts[p.Name] += n
	}
	return next, err
}

// tell notes what became of the user at vendors, in the place of what was known before.
func (j *Job) tell(fates []Fate) {
	for _, f := range fates {
		same := func(known Fate) bool { return known.Vendor == f.Vendor && known.What == f.What }
		if i := slices.IndexFunc(j.Vendors, same); i >= 0 {
			j.Vendors[i] = f
		} else {
			j.Vendors = append(j.Vendors, f)
		}
	}
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
