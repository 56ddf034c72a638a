package vendortest

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"
	"time"
)

// Result is what a check said.
type Result string

// The results. Absent and Unchecked say nothing against the vendor: it does not
// have the capability, or its far end does not show what the check needs.
const (
	Passed    Result = "passed"
	Failed    Result = "failed"
	Absent    Result = "absent"
	Unchecked Result = "unchecked"
)

// CaseReport is one check's result.
type CaseReport struct {
	Case   string        `json:"case"`
	Result Result        `json:"result"`
	Took   time.Duration `json:"took_ns"`
	Detail []string      `json:"detail,omitempty"` // failures, or why nothing was checked
}

// Report is one run of the suite. Two runs of one vendor can be compared.
type Report struct {
	Vendor  string        `json:"vendor"`
	Target  string        `json:"target"` // "mock" or the host
	Started time.Time     `json:"started"`
	Took    time.Duration `json:"took_ns"`
	Cases   []CaseReport  `json:"cases"`
}

// Certify runs the checks that only accepts, all for nil, outside go test. open
// is called once for every check. It stops early when ctx ends; checks that did
// not run are left out.
func Certify(ctx context.Context, vendor, target string, only func(name string) bool, open func(T) Fixture) Report {
	out := Report{Vendor: vendor, Target: target, Started: time.Now().UTC()}
	for _, c := range checks() {
		if ctx.Err() != nil {
			break
		}
		if only != nil && !only(c.name) {
			continue
		}
		out.Cases = append(out.Cases, certify(ctx, c, open))
	}
	out.Took = time.Since(out.Started)
	return out
}

func certify(ctx context.Context, c check, open func(T) Fixture) CaseReport {
	ctx, cancel := context.WithCancel(ctx)
	r := &recorder{ctx: ctx}
	start := time.Now()
	done := make(chan struct{})
	var why string
	go func() { // of its own, since Fatalf ends the goroutine
		defer close(done)
		defer r.cleanup()
		defer r.recovered()
		defer cancel()
		why = c.against(r, open(r))
	}()
	<-done
	out := CaseReport{Case: c.name, Result: Passed, Took: time.Since(start), Detail: r.failures}
	switch {
	case len(r.failures) > 0:
		out.Result = Failed
	case strings.HasPrefix(why, string(Absent)):
		out.Result, out.Detail = Absent, []string{why}
	case why != "":
		out.Result, out.Detail = Unchecked, []string{why}
	}
	return out
}

// Count is how many checks had result r.
func (r Report) Count(want Result) int {
	n := 0
	for _, c := range r.Cases {
		if c.Result == want {
			n++
		}
	}
	return n
}

// OK reports whether nothing failed and something was checked.
func (r Report) OK() bool { return r.Count(Failed) == 0 && r.Count(Passed) > 0 }

// WriteText writes the report for people.
func (r Report) WriteText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s against %s, %s: %d passed, %d failed, %d absent, %d unchecked in %s\n", r.Vendor, r.Target,
		r.Started.Format(time.RFC3339), r.Count(Passed), r.Count(Failed), r.Count(Absent), r.Count(Unchecked), r.Took.Round(time.Millisecond))
	for _, c := range r.Cases {
		fmt.Fprintf(&b, "%-9s  %s (%s)\n", c.Result, c.Case, c.Took.Round(time.Millisecond))
		for _, d := range c.Detail {
			fmt.Fprintf(&b, "           %s\n", strings.ReplaceAll(d, "\n", "\n           "))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Diff names the checks whose result differs between two runs, as one line
// each: "Case: passed -> failed".
func (r Report) Diff(later Report) []string {
	before := make(map[string]Result)
	for _, c := range r.Cases {
		before[c.Case] = c.Result
	}
	var out []string
	for _, c := range later.Cases {
		was, ran := before[c.Case]
		delete(before, c.Case)
		switch {
		case !ran:
			out = append(out, fmt.Sprintf("%s: not run -> %s", c.Case, c.Result))
		case was != c.Result:
			out = append(out, fmt.Sprintf("%s: %s -> %s", c.Case, was, c.Result))
		}
	}
	for _, c := range r.Cases {
		if was, gone := before[c.Case]; gone {
			out = append(out, fmt.Sprintf("%s: %s -> not run", c.Case, was))
		}
	}
	return out
}

// recorder is a T that keeps what is said to it.
type recorder struct {
	ctx context.Context

	mu       sync.Mutex // guards what follows
	failures []string
	cleanups []func()
}

func (r *recorder) Helper()                   {}
func (r *recorder) Context() context.Context  { return r.ctx }
func (r *recorder) Logf(string, ...any)       {}
func (r *recorder) Errorf(f string, a ...any) { r.fail(fmt.Sprintf(f, a...)) }
func (r *recorder) Fatalf(f string, a ...any) {
	r.fail(fmt.Sprintf(f, a...))
	runtime.Goexit()
}

func (r *recorder) fail(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failures = append(r.failures, text)
}

func (r *recorder) Cleanup(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cleanups = append(r.cleanups, f)
}

// recovered turns a panic of the adapter into a failure of the check.
func (r *recorder) recovered() {
	if p := recover(); p != nil {
		r.fail(fmt.Sprintf("panic: %v", p))
	}
}

// cleanup runs what Cleanup was given, last first.
func (r *recorder) cleanup() {
	for i := len(r.cleanups) - 1; i >= 0; i-- {
		r.cleanups[i]()
	}
}
