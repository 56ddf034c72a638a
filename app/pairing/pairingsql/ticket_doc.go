package pairingsql

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"switchboard/app/pairing/ticket"
)

// ticketDoc is a ticket as JSON in pair_tickets.doc: a key for each field that is
// not zero. Times are Unix milliseconds, start is in Unix seconds, durations are
// nanoseconds. Its fields are those of ticket.Ticket, in the same order: a field
// that is added there does not compile until it has a key here.
type ticketDoc struct {
	ticketFields
	Rounds []roundDoc `json:"rounds,omitempty"`
	Offers []offerDoc `json:"offers,omitempty"`
	Outbox []entryDoc `json:"outbox,omitempty"`
}

type ticketFields struct {
	AskNo    string     `json:"ask"`
	App      string     `json:"app"`
	Scene    int        `json:"scene,omitzero"`
	Asker    ticket.UID `json:"asker"`
	ConfigID string     `json:"config,omitzero"`
	Trace    string     `json:"trace,omitzero"`
	Version  int64      `json:"version"`

	State  ticket.State   `json:"state"`
	Rounds []ticket.Round `json:"-"`
	Offers []ticket.Offer `json:"-"`
	Outbox []ticket.Entry `json:"-"`
	Seq    int64          `json:"seq,omitzero"`

	CreatedAt ticket.Instant `json:"created,omitzero"`
	EndReason ticket.Reason  `json:"reason,omitzero"`

	AskBy         ticket.Instant `json:"askBy,omitzero"`
	AskLeft       time.Duration  `json:"askLeft,omitzero"`
	RoundBy       ticket.Instant `json:"roundBy,omitzero"`
	ConnectBy     ticket.Instant `json:"connectBy,omitzero"`
	ConfirmBy     ticket.Instant `json:"confirmBy,omitzero"`
	CallBy        ticket.Instant `json:"callBy,omitzero"`
	AskerGoneBy   ticket.Instant `json:"askerGoneBy,omitzero"`
	PeerGoneBy    ticket.Instant `json:"peerGoneBy,omitzero"`
	PaidBy        ticket.Instant `json:"paidBy,omitzero"`
	CountBy       ticket.Instant `json:"countBy,omitzero"`
	LookAt        ticket.Instant `json:"lookAt,omitzero"`
	WatchBy       ticket.Instant `json:"watchBy,omitzero"`
	WatchSince    ticket.Instant `json:"watchSince,omitzero"`
	EndReportedBy ticket.UID     `json:"endReportedBy,omitzero"`

	AskerEpoch int64  `json:"epoch,omitzero"`
	HeldBy     string `json:"heldBy,omitzero"`
	MergedInto string `json:"mergedInto,omitzero"`
	LastStart  int64  `json:"lastStart,omitzero"`
}

type roundDoc struct {
	No          int             `json:"no"`
	StartedAt   ticket.Instant  `json:"at,omitzero"`
	Peer        ticket.UID      `json:"peer,omitzero"`
	CallID      string          `json:"call,omitzero"`
	StartAt     int64           `json:"start,omitzero"`
	ConnectedAt ticket.Instant  `json:"connected,omitzero"`
	LikedAt     ticket.Instant  `json:"liked,omitzero"`
	EndAt       ticket.Instant  `json:"end,omitzero"`
	EndReason   ticket.Reason   `json:"reason,omitzero"`
	Decision    ticket.Decision `json:"decision,omitzero"`
}

type offerDoc struct {
	UID       ticket.UID        `json:"uid"`
	Round     int               `json:"round,omitzero"`
	State     ticket.OfferState `json:"state,omitzero"`
	Reason    ticket.Reason     `json:"reason,omitzero"`
	OfferedAt ticket.Instant    `json:"at,omitzero"`
	SendBy    ticket.Instant    `json:"sendBy,omitzero"`
	SentAt    ticket.Instant    `json:"sent,omitzero"`
	Deadline  ticket.Instant    `json:"by,omitzero"`
	GoneBy    ticket.Instant    `json:"goneBy,omitzero"`
	ClosedAt  ticket.Instant    `json:"closed,omitzero"`
	Epoch     int64             `json:"epoch,omitzero"`
	Entry     int64             `json:"entry,omitzero"`
	HeldAsk   string            `json:"heldAsk,omitzero"`
	Withdrawn bool              `json:"withdrawn,omitzero"`
	Short     bool              `json:"short,omitzero"`
	Card      ticket.Card       `json:"card,omitzero"`
}

type entryDoc struct {
	ID      int64            `json:"id"`
	Kind    ticket.EntryKind `json:"kind,omitzero"`
	Waiting bool             `json:"waiting,omitzero"`
	Name    string           `json:"name,omitzero"`
	To      ticket.UID       `json:"to,omitzero"`
	Peer    ticket.UID       `json:"peer,omitzero"`
	Round   int              `json:"round,omitzero"`
	Reason  ticket.Reason    `json:"reason,omitzero"`
	CallID  string           `json:"call,omitzero"`
	StartAt int64            `json:"start,omitzero"`
	TTL     time.Duration    `json:"ttl,omitzero"`
	Seconds int64            `json:"seconds,omitzero"`
	Version int64            `json:"version,omitzero"`
	After   int64            `json:"after,omitzero"`

	At        ticket.Instant `json:"at,omitzero"`
	Attempts  int            `json:"attempts,omitzero"`
	NotBefore ticket.Instant `json:"notBefore,omitzero"`
}

// encodeTicket is t as it stands in pair_tickets.doc.
func encodeTicket(t *ticket.Ticket) (string, error) {
	doc := ticketDoc{
		ticketFields: ticketFields(*t),
		Rounds:       convert(t.Rounds, func(r ticket.Round) roundDoc { return roundDoc(r) }),
		Offers:       convert(t.Offers, func(o ticket.Offer) offerDoc { return offerDoc(o) }),
		Outbox:       convert(t.Outbox, func(e ticket.Entry) entryDoc { return entryDoc(e) }),
	}
	text, err := json.Marshal(&doc)
	if err != nil {
		return "", fmt.Errorf("pairingsql: ticket %s: %w", t.AskNo, err)
	}
	return string(text), nil
}

// decodeTicket reads what encodeTicket wrote.
func decodeTicket(text []byte) (*ticket.Ticket, error) {
	var doc ticketDoc
	if err := json.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("pairingsql: ticket not readable: %w", err)
	}
	if err := doc.check(); err != nil {
		return nil, err
	}
	t := ticket.Ticket(doc.ticketFields)
	t.Rounds = convert(doc.Rounds, func(r roundDoc) ticket.Round { return ticket.Round(r) })
	t.Offers = convert(doc.Offers, func(o offerDoc) ticket.Offer { return ticket.Offer(o) })
	t.Outbox = convert(doc.Outbox, func(e entryDoc) ticket.Entry { return ticket.Entry(e) })
	return &t, nil
}

// check refuses what is no ticket, and states that this version has no name for.
func (d *ticketDoc) check() error {
	known := d.AskNo != "" && d.State <= ticket.Held &&
		!slices.ContainsFunc(d.Rounds, func(r roundDoc) bool { return r.Decision > ticket.Dislike }) &&
		!slices.ContainsFunc(d.Offers, func(o offerDoc) bool { return o.State > ticket.OfferFailed }) &&
		!slices.ContainsFunc(d.Outbox, func(e entryDoc) bool { return e.Kind > ticket.FromWallet })
	if !known {
		return fmt.Errorf("pairingsql: ticket %q is none, or has an unknown state", d.AskNo)
	}
	return nil
}

func convert[From, To any](from []From, one func(From) To) []To {
	if len(from) == 0 {
		return nil
	}
	to := make([]To, len(from))
	for i, v := range from {
		to[i] = one(v)
	}
	return to
}
