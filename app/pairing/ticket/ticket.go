// Package ticket is one ask as a pure state machine: Step says what an event
// makes of a ticket and what has to be written and sent with it; nothing here
// reads a clock, a store or a network. Row names such as A7, N13 or C6 in
// comments are rows of docs/pairing.md.
package ticket

import (
	"slices"
	"time"
)

// Ticket is one ask from its first second to its end, with its rounds, its
// offers and what is still to be told to others. It is written as a whole, by
// compare-and-set on Version.
type Ticket struct {
	AskNo    string
	App      string
	Scene    int
	Asker    UID
	ConfigID string // the configuration that this ticket lives by
	Trace    string // traceparent of the request that asked; empty: it was not traced
	Version  int64

	State  State
	Rounds []Round // Rounds[i] is round i+1; the last one is current
	Offers []Offer // every offer of this ask, oldest first
	Outbox []Entry // what is not yet delivered
	Seq    int64   // last Entry.ID

	CreatedAt Instant
	EndReason Reason

	AskBy         Instant       // T_ask; runs in Searching and Offered only
	AskLeft       time.Duration // what is left of T_ask while it stands still
	RoundBy       Instant       // T_round
	ConnectBy     Instant       // T_connect
	ConfirmBy     Instant       // T_confirm
	CallBy        Instant       // T_call_max
	AskerGoneBy   Instant       // T_gone of the asker; in Liked the watchdog (D4)
	PeerGoneBy    Instant       // the same of the winner
	PaidBy        Instant       // end of the time that the payer has coins for; 0: not known, or free
	CountBy       Instant       // when the payer's balance is read again
	LookAt        Instant       // when the people's presence is looked at next
	WatchBy       Instant       // watchdog of a call that one client called over
	WatchSince    Instant       // when it was first said to have ended
	EndReportedBy UID           // the client who said that the liked call ended

	AskerEpoch int64  // epoch of the asker's claim; 0: holds none
	HeldBy     string // the ask whose offer the asker holds, in Held
	MergedInto string
	LastStart  int64 // StartAt of the last record, unix seconds
}

// Decision is what the asker said about a round's peer.
type Decision uint8

// The decisions.
const (
	Undecided Decision = iota
	Like
	Dislike
)

// Round is one search for one peer.
type Round struct {
	No          int
	StartedAt   Instant
	Peer        UID
	CallID      string
	StartAt     int64 // key of the record, unix seconds; 0: no call was seen
	ConnectedAt Instant
	LikedAt     Instant
	EndAt       Instant
	EndReason   Reason
	Decision    Decision
}

// OfferState is where an offer stands. It leaves OfferOpen once.
type OfferState uint8

// The states of an offer.
const (
	OfferOpen OfferState = iota
	OfferPassed
	OfferRefused
	OfferTimedOut
	OfferRescinded
	OfferFailed
)

var offerNames = [...]string{"open", "passed", "refused", "timed_out", "rescinded", "failed"}

// String is the state as it stands in metrics and events.
func (s OfferState) String() string { return offerNames[s] }

// Offer is one candidate asked in one round.
type Offer struct {
	UID       UID
	Round     int
	State     OfferState
	Reason    Reason
	OfferedAt Instant
	SendBy    Instant // T_send
	SentAt    Instant // 0: not known to have left
	Deadline  Instant // T_offer, 0 until sent
	GoneBy    Instant // T_gone of the candidate
	ClosedAt  Instant
	Epoch     int64 // epoch of the candidate's claim
	Entry     int64 // outbox id of the dispatch
	HeldAsk   string
	Withdrawn bool // passed, then taken back before the call (N6)
	Short     bool // the pass met a payer who is short (N2)
	Card      Card // the candidate's record as it was at the pick
}

// Card is what is remembered of a candidate between offers. A claim owns it:
// nobody else changes it while the candidate is taken.
type Card struct {
	RNA      int     `json:"rna,omitzero"`    // offers in a row that rang without answer
	Offers   int     `json:"offers,omitzero"` // offers ever made to the person
	Passes   int     `json:"passes,omitzero"` // of those, taken
	Accept   float64 `json:"accept,omitzero"` // acceptance, exponentially weighted; 0.5 before the first
	AnswerMS float64 `json:"ms,omitzero"`     // answer time, exponentially weighted; 0 before the first
}

// Role is what a claim is held as.
type Role uint8

// The roles.
const (
	RoleAsker Role = iota
	RoleCandidate
)

// Claim binds a person to one ask: the only exclusivity there is. It is unique
// on app and uid, and dropped only by its ask and epoch.
type Claim struct {
	App        string
	UID        UID
	AskNo      string
	Role       Role
	Round      int
	Epoch      int64
	LeaseUntil Instant
}

// Same reports whether dropping c frees have: the same ask and epoch.
func (c Claim) Same(have Claim) bool { return c.AskNo == have.AskNo && c.Epoch == have.Epoch }

// Release drops a claim and says when its person may be offered something again.
type Release struct {
	Claim   Claim
	ReadyAt Instant
	Card    *Card // nil: unchanged
	Paused  bool  // rang out too often: away until they opt in again (N14)
}

// Record is one connected round as its two people may list and delete it.
type Record struct {
	App     string
	AskNo   string
	StartAt int64 // unix seconds, unique inside the ask
	Asker   UID
	Peer    UID
	Round   int
	CallID  string
	EndAt   int64 // unix seconds; 0 while the call runs
	Liked   bool
}

// Link is what a step asks of another ticket in the same commit (M15 to M17).
type Link struct {
	AskNo string
	Event Event
}

// Effects are what a step wants written and sent beside the ticket.
type Effects struct {
	Changed bool
	Take    []Claim
	Drop    []Release
	Records []Record
	Links   []Link
	Send    []int64 // ids of the entries to deliver now, after the commit
	Marks   []Mark
}

// clone is a ticket of its own, whose outbox is in room as far as that goes.
func (t *Ticket) clone(room []Entry) *Ticket {
	n := new(*t)
	n.Rounds = slices.Clone(t.Rounds)
	n.Offers = slices.Clone(t.Offers)
	n.Outbox = append(room[:0], t.Outbox...)
	return n
}

// Clone is a copy that shares nothing with t.
func (t *Ticket) Clone() *Ticket { return t.clone(nil) }

func (t *Ticket) Entry(id int64) *Entry {
	for i := range t.Outbox {
		if t.Outbox[i].ID == id {
			return &t.Outbox[i]
		}
	}
	return nil
}

// Round returns the current round.
func (t *Ticket) Round() *Round { return &t.Rounds[len(t.Rounds)-1] }

// RoundNo is the number of the current round, from 1.
func (t *Ticket) RoundNo() int { return len(t.Rounds) }

// Record is the current round's as it is while the call runs.
func (t *Ticket) Record() Record {
	r := t.Round()
	return Record{App: t.App, AskNo: t.AskNo, StartAt: r.StartAt, Asker: t.Asker, Peer: r.Peer,
		Round: r.No, CallID: r.CallID, Liked: r.LikedAt != 0}
}

func (t *Ticket) Offer(uid UID, round int) *Offer {
	for i := len(t.Offers) - 1; i >= 0; i-- {
		if o := &t.Offers[i]; o.UID == uid && o.Round == round {
			return o
		}
	}
	return nil
}

func (t *Ticket) OpenOffer(uid UID) *Offer {
	if o := t.Offer(uid, t.RoundNo()); o != nil && o.State == OfferOpen {
		return o
	}
	return nil
}

// OpenOffers counts the offers that wait for an answer.
func (t *Ticket) OpenOffers() int {
	n := 0
	for i := range t.Offers {
		if t.Offers[i].State == OfferOpen {
			n++
		}
	}
	return n
}

// Excludes reports whether uid may not be offered this ask now: the asker, one
// already offered in this round, one who refused or left it, a former peer.
func (t *Ticket) Excludes(uid UID) bool {
	if uid == t.Asker {
		return true
	}
	for i := range t.Offers {
		o := &t.Offers[i]
		if o.UID == uid && (o.Round == t.RoundNo() || o.State == OfferRefused || o.State == OfferPassed) {
			return true
		}
	}
	return false
}

// View is an ask as one viewer sees it.
type View struct {
	Status int
	AskNo  string
	Asker  UID
	CallID string
	Peer   UID
}

// Info is what viewer may know of t (docs/pairing.md#states): the asker and the winner all of it,
// an offered candidate only whether the own offer is still open.
func (t *Ticket) Info(viewer UID) (View, error) {
	v := View{Status: t.State.Status(), AskNo: t.AskNo, Asker: t.Asker}
	r := t.Round()
	inCall := t.State.InCall() || t.State == Ended
	if viewer == t.Asker || inCall && r.Peer != 0 && viewer == r.Peer {
		if inCall {
			v.Peer, v.CallID = r.Peer, r.CallID
		}
		return v, nil
	}
	for i := len(t.Offers) - 1; i >= 0; i-- {
		if t.Offers[i].UID == viewer {
			v.Status = 1
			if t.Offers[i].State == OfferOpen {
				v.Status = 0
			}
			return v, nil
		}
	}
	return View{}, ErrUnknownAsk
}
