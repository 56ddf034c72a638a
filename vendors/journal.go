package vendors

import (
	"context"
	"sync"
	"time"
)

// Step is one thing that happened while a request looked for its vendor: an
// attempt, or a candidate passed over.
type Step struct {
	At      time.Time
	Vendor  string
	Op      string
	Took    time.Duration
	Outcome Outcome
	Code    string // the vendor's own code, raw
	Note    string // why the candidate was skipped, or what went wrong, redacted
	Skipped bool   // nothing was sent to this candidate
	Trace   string // the span that it is part of, as Trace.Parent; empty when nothing was traced
}

// maxSteps bounds a journal: a request that fans out keeps its first steps.
const maxSteps = 64

// Journal collects the steps of one request. It is safe for concurrent use, and
// a nil one takes and holds nothing.
type Journal struct {
	mu    sync.Mutex // guards steps
	steps []Step
}

// Add appends s.
func (j *Journal) Add(s Step) {
	if j == nil {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.steps == nil {
		j.steps = make([]Step, 0, 2) // mostly all that is needed: the candidates, and one attempt
	}
	if len(j.steps) < maxSteps {
		j.steps = append(j.steps, s)
	}
}

// Steps returns a copy of what was collected, oldest first.
func (j *Journal) Steps() []Step {
	if j == nil {
		return nil
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	return append([]Step(nil), j.steps...)
}

type journalKey struct{}

// WithJournal makes every vendor call under the context write into j.
func WithJournal(ctx context.Context, j *Journal) context.Context {
	return context.WithValue(ctx, journalKey{}, j)
}

// JournalOf returns the context's journal, nil when it has none.
func JournalOf(ctx context.Context) *Journal {
	j, _ := ctx.Value(journalKey{}).(*Journal)
	return j
}

func (j *Journal) len() int {
	if j == nil {
		return 0
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.steps)
}
