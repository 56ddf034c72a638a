// Package mock is what every mock vendor stands on: the way of a request from
// fault to journal, namespaces, clock, faults, callbacks and the admin API. A
// vendor's package brings its table of operations, its signature rule, its
// error shapes and its state.
package mock

import (
	"net/http"
	"net/url"
	"time"
)

// Vendor is what differs from vendor to vendor.
type Vendor[S State] struct {
	Name       string
	Spec       []byte // the vendor's openapi yaml; every path of it is served
	Operations []Operation[S]
	// SignFirst checks the signature of a request to an unknown path, too, before it
	// is refused for the path.
	SignFirst bool
	// Lenient takes JSON whose numbers and truth values came as texts, and null or
	// "" for what was left out.
	Lenient bool
	// Callbacks names what the vendor sends: "callback.message".
	Callbacks []string
	// Keys names the credentials that choose the namespace. A value must be
	// unique among namespaces.
	Keys []string
	// Fill adds the credentials that the maker of a namespace left out.
	Fill func(given map[string]string, r *Random)
	// Open makes the state of a new namespace.
	Open func(*Namespace) S
	// Read finds in a request the credential that chooses the namespace
	// (Call.Key) and the user whom it is about (Call.User). It may also put
	// Call.Values and Call.JSON right where the vendor is known to forgive.
	Read func(*Call)
	// Verify checks the signature. It runs inside Namespace.Do.
	Verify func(S, *Call) Verdict
	// Refuse is the vendor's answer to whatever is wrong, in its own shape for
	// the operation at hand.
	Refuse func(*Call, Problem) Answer
	// Encode gives an answer that was checked the encoding that its caller asked for.
	// Nil: there is one alone.
	Encode func(*Call, Answer) Answer
	// Sign signs a callback, once per attempt. Nil: the vendor does not sign.
	Sign func(n *Namespace, r *http.Request, body []byte)
	// Schedule is the vendor's waits before each further attempt at a callback.
	Schedule []time.Duration
	// Trigger serves the admin API's demand for a named callback, or for what
	// the vendor's clients do and its server API cannot. It runs inside
	// Namespace.Do. Nil: there is none of either.
	Trigger func(s S, name string, body []byte) error
	// Show is one part of the state for GET /_mock/state/{part}, as something
	// that JSON can hold; nil for a part that there is not. It runs inside
	// Namespace.Do. A nil Show shows none.
	Show func(s S, part string, query url.Values) any
}

// Operation is one call that the vendor takes.
type Operation[S State] struct {
	Name    string   // as in journal and fault rules: "wallet.adjust"
	Methods []string // empty: POST
	Path    string   // "/user/getToken.json", or with segments like "{appId}"
	Spec    string   // the openapi's path when it is another one
	// When tells operations apart that share method and path: the first whose
	// When is nil or true serves. It sees Values, not JSON.
	When  func(*Call) bool
	Serve func(S, *Call) Answer // runs inside Namespace.Do
}

func (o Operation[S]) methods() []string {
	if len(o.Methods) == 0 {
		return []string{http.MethodPost}
	}
	return o.Methods
}

// Call is one request on its way through the mock.
type Call struct {
	Namespace *Namespace
	Op        string        // Operation.Name; empty: no such path
	Request   *http.Request // its body is read already
	Path      string        // without double slashes, unescaped
	Params    map[string]string
	Query     url.Values
	Form      url.Values // the body's
	Values    url.Values // both, the form's values first
	Body      []byte
	JSON      map[string]any // nil unless the operation takes JSON and got an object
	Key       string
	User      string
	Now       time.Time // by the namespace's clock
}

// Get returns the first value of a form or query field.
func (c *Call) Get(name string) string { return c.Values.Get(name) }

// Header returns a header, whatever its case.
func (c *Call) Header(name string) string { return c.Request.Header.Get(name) }

// Answer is what a vendor says.
type Answer struct {
	Status int    // 0: 200
	Type   string // empty: application/json; charset=utf-8
	Body   any    // []byte and string as they are, anything else as JSON
	Code   string // the vendor's own code, for the journal
	Header http.Header
}

// ProblemKind says why the vendor refuses.
type ProblemKind uint8

// The kinds of problem.
const (
	UnknownPath   ProblemKind = iota // no operation there
	WrongMethod                      // there is one, but not for this method
	TooLarge                         // the body is over 4 MiB
	BadSignature                     // Problem.Code is the verdict's
	Invalid                          // Problem.Violation says how
	Internal                         // the mock itself failed
	Coded                            // answer with Problem.Code, by a fault rule
	TooFast                          // throttled, by a fault rule
	UnknownSender                    // the credentials choose no namespace
)

// Problem is what the vendor has to refuse.
type Problem struct {
	Kind      ProblemKind
	Code      string
	Violation Violation
}
