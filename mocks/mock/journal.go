package mock

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"
)

const (
	journalSize = 2000    // entries kept per namespace
	bodyKept    = 4 << 10 // bytes of a body that an entry keeps
)

// Verdict is what the vendor's signature check found.
type Verdict struct {
	OK        bool   `json:"ok"`
	Reason    string `json:"reason,omitempty"`    // why not: "timestamp 412 s old"
	Canonical string `json:"canonical,omitempty"` // what was to be signed, "<secret>" in place of the secret
	Code      string `json:"code,omitempty"`      // the vendor's code of the refusal
}

// Entry is one request that the mock got, or one callback that it sent: then
// Op is the callback's name and Path its URL.
type Entry struct {
	Seq       int64      `json:"seq"` // rises by one; never used again, not after Clear either
	At        time.Time  `json:"at"`  // by the namespace's clock
	Op        string     `json:"op"`  // empty when the vendor has no such path
	Method    string     `json:"method"`
	Path      string     `json:"path"`
	User      string     `json:"user,omitempty"`
	Query     url.Values `json:"query,omitempty"`
	Request   string     `json:"request,omitempty"` // the body, at most 4 KiB
	Signature Verdict    `json:"signature"`
	Refused   string     `json:"refused,omitempty"` // why the request was not executed
	Fault     string     `json:"fault,omitempty"`   // the rule's action
	Executed  bool       `json:"executed"`
	Status    int        `json:"status"`           // 0: no answer was written
	Code      string     `json:"code,omitempty"`   // the vendor's own code
	Answer    string     `json:"answer,omitempty"` // the body, at most 4 KiB
	Breach    string     `json:"breach,omitempty"` // how the answer breaks the vendor's openapi
}

// Filter chooses entries. Empty fields match anything.
type Filter struct {
	Op    string // exact, or a prefix that ends in "*"
	User  string
	Code  string
	Text  string // part of the request's body, path or query
	Since int64  // Seq greater than this
	Fault string // the rule's action; "*" any fault
}

func (f Filter) match(e Entry) bool {
	return matchName(f.Op, e.Op) && (f.User == "" || f.User == e.User) && (f.Code == "" || f.Code == e.Code) &&
		e.Seq > f.Since && (f.Fault == "" || f.Fault == e.Fault || f.Fault == "*" && e.Fault != "") &&
		(f.Text == "" || strings.Contains(e.Request, f.Text) || strings.Contains(e.Path, f.Text) ||
			strings.Contains(e.Query.Encode(), f.Text))
}

// matchName matches a name against a pattern: empty matches anything, a final
// "*" any rest.
func matchName(pattern, name string) bool {
	if prefix, ok := strings.CutSuffix(pattern, "*"); ok {
		return strings.HasPrefix(name, prefix)
	}
	return pattern == "" || pattern == name
}

// Journal is the bounded record of one namespace.
type Journal struct {
	known   names      // that an entry may have as its Op
	mu      sync.Mutex // guards all below
	entries []Entry    // a ring once full
	seq     int64
	dropped int64         // entries pushed out by newer ones since Clear
	news    chan struct{} // closed and replaced at every entry
}

func newJournal(known names) *Journal { return &Journal{known: known, news: make(chan struct{})} }

func (j *Journal) add(e Entry) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.seq++
	e.Seq = j.seq
	e.Request, e.Answer = bound(e.Request), bound(e.Answer)
	if len(j.entries) == journalSize {
		j.entries = append(j.entries[:0], j.entries[journalSize/4:]...)
		j.dropped += journalSize / 4
	}
	j.entries = append(j.entries, e)
	close(j.news)
	j.news = make(chan struct{})
}

func bound(s string) string {
	if len(s) > bodyKept {
		return strings.ToValidUTF8(s[:bodyKept], "")
	}
	return s
}

// Find returns the entries that match, oldest first.
func (j *Journal) Find(f Filter) []Entry {
	j.mu.Lock()
	defer j.mu.Unlock()
	var found []Entry
	for _, e := range j.entries {
		if f.match(e) {
			found = append(found, e)
		}
	}
	return found
}

// Count is how many entries match.
func (j *Journal) Count(f Filter) int { return len(j.Find(f)) }

// Last returns the newest entry that matches.
func (j *Journal) Last(f Filter) (Entry, bool) {
	found := j.Find(f)
	if len(found) == 0 {
		return Entry{}, false
	}
	return found[len(found)-1], true
}

// Clear forgets all entries.
func (j *Journal) Clear() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.entries, j.dropped = nil, 0
}

// Expect is nil when exactly n entries match; otherwise the error lists what
// there was. A filter for an operation that there is not is an error, whatever n.
func (j *Journal) Expect(f Filter, n int) error {
	if err := j.known.check(f.Op); err != nil {
		return err
	}
	found := j.Find(f)
	if len(found) == n {
		return nil
	}
	var b strings.Builder
	for _, e := range found {
		fmt.Fprintf(&b, "\n  %d %s user=%q code=%q fault=%q %s", e.Seq, e.Op, e.User, e.Code, e.Fault, e.Refused)
	}
	j.mu.Lock()
	dropped := j.dropped
	j.mu.Unlock()
	return fmt.Errorf("journal: %d entries match %+v, not %d (%d older ones are forgotten)%s", len(found), f, n, dropped, b.String())
}

// Breaches is an error naming every answer that broke the vendor's openapi; it
// sees only what Config.CheckAnswers let the engine check.
func (j *Journal) Breaches() error {
	for _, e := range j.Find(Filter{}) {
		if e.Breach != "" {
			return fmt.Errorf("journal: answer %d to %s: %s: %s", e.Seq, e.Op, e.Breach, e.Answer)
		}
	}
	return nil
}

// ExpectSoon is Expect for senders that take their time: nil once exactly n entries
// match, and Expect's error as soon as more do or ctx ends. With n = 0 it waits for
// ctx to end, to see that none comes.
func (j *Journal) ExpectSoon(ctx context.Context, f Filter, n int) error {
	if err := j.known.check(f.Op); err != nil {
		return err
	}
	enough := n
	if n <= 0 {
		enough = 1
	}
	_ = j.Wait(ctx, f, enough) // Expect says what is missing
	return j.Expect(f, n)
}

// Wait returns once at least n entries match, or with Expect's error when ctx ends.
func (j *Journal) Wait(ctx context.Context, f Filter, n int) error {
	for {
		j.mu.Lock()
		news := j.news
		j.mu.Unlock()
		if j.Count(f) >= n {
			return nil
		}
		select {
		case <-news:
		case <-ctx.Done():
			return j.Expect(f, n)
		}
	}
}
