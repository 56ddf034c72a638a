package vendors

import (
	"context"
	"crypto/subtle"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Silence says what becomes of a message that a vendor asks about when nobody answers in
// time.
type Silence string

// What silence means.
const (
	SilenceUntold   Silence = "" // the vendor asks about no message, or does not say
	SilenceDelivers Silence = "delivers"
	SilenceBlocks   Silence = "blocks"
)

// CallbackTerms are how a vendor calls: Traits.Callbacks. Zero: nothing is known.
type CallbackTerms struct {
	Deadline time.Duration // an answer after it is silence; zero: not told
	Silence  Silence
	Retries  int  // deliveries of what was not acknowledged, beyond the first
	Ordered  bool // the events of one object come in their order
	Lossy    bool // some events may never come: see Reconciler
	// Unsigned: nothing in a call proves who makes it. It is believed only with one of
	// Vendor.CallbackSecrets in its address.
	Unsigned bool
}

// String lists the terms as operators see them.
func (t CallbackTerms) String() string {
	var terms []string
	say := func(is bool, what string) {
		if is {
			terms = append(terms, what)
		}
	}
	say(t.Deadline > 0, "answer within "+t.Deadline.String())
	say(t.Silence != SilenceUntold, "silence "+string(t.Silence))
	say(true, strconv.Itoa(t.Retries)+" retries")
	say(t.Ordered, "in order")
	say(t.Lossy, "may be lost")
	say(t.Unsigned, "unsigned")
	return strings.Join(terms, ", ")
}

// BelievesAddress reports whether a call may be believed for its address: always where
// the vendor signs. The secret stands in the query, which is never logged. Any of several
// is good, so that it can be changed without a gap.
func (v *Vendor) BelievesAddress(r *http.Request) bool {
	if !v.Traits.Callbacks.Unsigned {
		return true
	}
	given, good := r.URL.Query().Get(CallbackSecretParam), 0
	for _, s := range v.CallbackSecrets {
		if s != "" { // an empty one would believe everybody
			good |= subtle.ConstantTimeCompare([]byte(given), []byte(s.Reveal()))
		}
	}
	return good == 1
}

// CallbackSecretParam is the query parameter of the secret in a callback's address.
const CallbackSecretParam = "secret"

// RoomSnapshot is one RTC room as it is now.
type RoomSnapshot struct {
	ID      string
	Session string // of this life of the room
	Users   []string
}

// Reconciler tells what there is now, for a vendor whose callbacks may be lost.
type Reconciler interface {
	// Snapshot lists the account's RTC rooms that exist now.
	Snapshot(ctx context.Context) ([]RoomSnapshot, error)
}
