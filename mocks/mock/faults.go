package mock

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// What a fault does. Unless noted the operation is not executed; with
// Action.After it is executed first, and what the action says follows.
const (
	Delay       = "delay"        // wait Action.Wait, then go on as if nothing was
	Hang        = "hang"         // no answer until the client leaves; then the connection closes
	Drop        = "drop"         // the connection closes without an answer
	Reset       = "reset"        // the connection ends with a TCP reset
	Truncate    = "truncate"     // executes; half of the true body, then the connection closes
	Garbage     = "garbage"      // status 200 and bytes that are nothing
	HTML        = "html"         // a proxy's error page, status 200 unless Action.Status says otherwise
	ContentType = "content_type" // executes; the true answer under Action.Type
	Status      = "status"       // HTTP Action.Status with an empty body
	Code        = "code"         // the vendor's error answer with its code Action.Code
	Throttle    = "throttle"     // what the vendor answers to a caller who is too fast
	Duplicate   = "duplicate"    // callbacks only: deliver twice
	Reorder     = "reorder"      // callbacks only: deliver after the next one
)

var kinds = []string{Delay, Hang, Drop, Reset, Truncate, Garbage, HTML, ContentType, Status, Code, Throttle, Duplicate, Reorder}

// Action is what goes wrong.
type Action struct {
	Kind   string        `json:"kind"`
	After  bool          `json:"after,omitempty"`  // execute first
	Wait   time.Duration `json:"wait,omitempty"`   // before anything else, whatever the kind
	Status int           `json:"status,omitempty"` // for Status and HTML
	Code   string        `json:"code,omitempty"`   // for Code
	Type   string        `json:"type,omitempty"`   // for ContentType; empty: text/plain
}

// Match says which calls a rule is for. A rule counts every call that its Op
// and User match, whether or not an earlier rule took it, and Nth and Every
// read that count.
type Match struct {
	Op          string  `json:"op,omitempty"`          // exact, or a prefix that ends in "*"; empty: any but callbacks
	User        string  `json:"user,omitempty"`        // empty: any
	Nth         int     `json:"nth,omitempty"`         // only the n-th call, from 1
	Every       int     `json:"every,omitempty"`       // every n-th call
	Probability float64 `json:"probability,omitempty"` // 0: always
	Times       int     `json:"times,omitempty"`       // fire at most so often; 0: no bound
}

// Rule is one entry of the ordered list: the first rule that fires for a call wins.
type Rule struct {
	ID     string `json:"id"`
	Match  Match  `json:"match"`
	Action Action `json:"action"`
	Seen   int    `json:"seen"`  // calls counted
	Fired  int    `json:"fired"` // calls spoilt
}

// Faults is the ordered list of rules of one namespace.
type Faults struct {
	random *Random
	known  names      // that a rule may be for
	mu     sync.Mutex // guards rules and next
	rules  []*Rule
	next   int
}

// Add appends a rule and returns its id. The error says what is wrong with it: a
// rule for an operation that there is not is wrong too.
func (f *Faults) Add(m Match, a Action) (string, error) {
	if err := f.known.check(m.Op); err != nil {
		return "", err
	}
	switch {
	case !slices.Contains(kinds, a.Kind):
		return "", fmt.Errorf("unknown kind %q; one of %v", a.Kind, kinds)
	case a.Kind == Status && (a.Status < 200 || a.Status > 599):
		return "", fmt.Errorf("status must be 200 to 599, not %d", a.Status)
	case a.Kind == HTML && a.Status != 0 && (a.Status < 200 || a.Status > 599):
		return "", fmt.Errorf("status must be 200 to 599, not %d", a.Status)
	case a.Kind == Code && a.Code == "":
		return "", fmt.Errorf("code is missing")
	case a.Wait < 0 || m.Nth < 0 || m.Every < 0 || m.Times < 0:
		return "", fmt.Errorf("wait, nth, every and times cannot be negative")
	case m.Probability < 0 || m.Probability > 1:
		return "", fmt.Errorf("probability must be 0 to 1")
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.next++
	id := strconv.Itoa(f.next)
	f.rules = append(f.rules, &Rule{ID: id, Match: m, Action: a})
	return id, nil
}

// Next spoils the next n calls of op ("" any) with a. It panics on an action
// that Add refuses: that is a mistake in the test.
func (f *Faults) Next(op string, n int, a Action) {
	if _, err := f.Add(Match{Op: op, Times: n}, a); err != nil {
		panic("mock: " + err.Error())
	}
}

// Remove takes a rule away and reports whether it was there.
func (f *Faults) Remove(id string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := len(f.rules)
	f.rules = slices.DeleteFunc(f.rules, func(r *Rule) bool { return r.ID == id })
	return len(f.rules) < n
}

// Clear takes all rules away.
func (f *Faults) Clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rules = nil
}

// List returns the rules in order, with their counts.
func (f *Faults) List() []Rule {
	f.mu.Lock()
	defer f.mu.Unlock()
	list := make([]Rule, len(f.rules))
	for i, r := range f.rules {
		list[i] = *r
	}
	return list
}

// Unfired returns the rules that never fired, in order: at the end of a test that
// is what it believes to have tested and has not.
func (f *Faults) Unfired() []Rule {
	return slices.DeleteFunc(f.List(), func(r Rule) bool { return r.Fired > 0 })
}

// pick counts the call in every rule that is for it and returns the action of
// the first that fires. An op of "" is a path that the vendor does not have.
func (f *Faults) pick(op, user string) (Action, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var hit *Rule
	for _, r := range f.rules {
		if !r.isFor(op, user) {
			continue
		}
		r.Seen++
		if hit == nil && r.fires(f.random) {
			hit = r
		}
	}
	if hit == nil {
		return Action{}, false
	}
	hit.Fired++
	return hit.Action, true
}

const callbackPrefix = "callback." // of the names of all callbacks

// isFor keeps the rules for operations and for callbacks apart: a callback can
// only be late, lost, doubled or out of order, and an operation is not the
// latter two.
func (r *Rule) isFor(op, user string) bool {
	callback := strings.HasPrefix(op, callbackPrefix)
	switch r.Action.Kind {
	case Delay, Drop:
	case Duplicate, Reorder:
		if !callback {
			return false
		}
	default:
		if callback {
			return false
		}
	}
	return matchName(r.Match.Op, op) && (r.Match.User == "" || r.Match.User == user) && !(callback && r.Match.Op == "")
}

func (r *Rule) fires(random *Random) bool {
	m := r.Match
	return (m.Times == 0 || r.Fired < m.Times) && (m.Nth == 0 || r.Seen == m.Nth) &&
		(m.Every == 0 || r.Seen%m.Every == 0) && (m.Probability == 0 || random.Chance(m.Probability))
}

// executes reports whether the operation runs in spite of the action.
func (a Action) executes() bool {
	switch a.Kind {
	case "", Delay, Truncate, ContentType, Duplicate, Reorder:
		return true
	}
	return a.After
}

type actionAlias Action

type actionJSON struct {
	actionAlias
	Wait string `json:"wait,omitempty"`
}

// MarshalJSON writes Wait as text: "250ms".
func (a Action) MarshalJSON() ([]byte, error) {
	out := actionJSON{actionAlias: actionAlias(a)}
	if a.Wait != 0 {
		out.Wait = a.Wait.String()
	}
	return json.Marshal(out)
}

// UnmarshalJSON reads Wait as text: "250ms".
func (a *Action) UnmarshalJSON(b []byte) error {
	var in actionJSON
	if err := json.Unmarshal(b, &in); err != nil {
		return err
	}
	*a = Action(in.actionAlias)
	if in.Wait == "" {
		return nil
	}
	d, err := time.ParseDuration(in.Wait)
	a.Wait = d
	return err
}
