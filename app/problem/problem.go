// Package problem gives errors a kind, which says what the caller can do about
// them. Every domain's sentinel carries its own, so whoever answers a request
// needs no list of all domains' errors.
package problem

import "time"

// Kind is a class of failures. The zero Kind is a fault of this program.
type Kind int

// The kinds.
const (
	Internal        Kind = iota // nothing that the caller can mend
	Invalid                     // the request cannot be understood
	Unauthenticated             // the caller is not known
	Forbidden                   // the caller is known and may not
	NotFound                    // what was named does not exist
	Conflict                    // the state does not allow it now; another request may
	TooLarge                    // the request is larger than it may be
	Refused                     // the request is understood and against a rule
	Exhausted                   // a limit or a balance is used up
	Unsupported                 // nothing here can do that
	Unavailable                 // it can work later
	InDoubt                     // it may have been done, and nobody knows
	Lost                        // it may have been done, and nobody will know
)

// kinded is a sentinel with its kind.
type kinded struct {
	kind   Kind
	text   string
	public string // what callers are told; empty: the whole error's text
	again  time.Duration
}

func (e *kinded) Error() string { return e.text }

// New makes a sentinel whose text, and the text of whatever wraps it, is shown to
// callers.
func New(kind Kind, text string) error { return &kinded{kind: kind, text: text} }

// Passing is New for what passes by itself: the same request may come again after again.
func Passing(kind Kind, text string, again time.Duration) error {
	return &kinded{kind: kind, text: text, again: again}
}

// Masked makes a sentinel of which callers are told public alone: what wraps it
// may name addresses, or says more than is theirs to know.
func Masked(kind Kind, text, public string) error {
	return &kinded{kind: kind, text: text, public: public}
}

// Of returns the kind of err and what its caller may be told. That a write may
// have been done counts more than any other kind; else the first one counts that
// err wraps. An error without a kind is Internal and has no text.
func Of(err error) (Kind, string) {
	found := find(err, nil)
	switch {
	case found == nil:
		return Internal, ""
	case found.public != "":
		return found.kind, found.public
	}
	return found.kind, err.Error()
}

// Again is when the request of err may come again, as Passing has it; 0: nothing is said.
func Again(err error) time.Duration {
	if found := find(err, nil); found != nil {
		return found.again
	}
	return 0
}

// find walks what err wraps in the order of errors.Is.
func find(err error, found *kinded) *kinded {
	if e, ok := err.(*kinded); ok && (found == nil || e.kind == InDoubt) {
		return e
	}
	switch wrap := err.(type) {
	case interface{ Unwrap() error }:
		return find(wrap.Unwrap(), found)
	case interface{ Unwrap() []error }:
		for _, e := range wrap.Unwrap() {
			found = find(e, found)
		}
	}
	return found
}
