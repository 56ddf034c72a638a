package ticket

import (
	"slices"
	"strconv"
	"time"
)

// EntryKind says who an outbox entry is for.
type EntryKind uint8

// The kinds of entry.
const (
	ToClient   EntryKind = iota // a command to a person's device
	ToWallet                    // a charge, at most once by Key
	ToVendor                    // an order to end a call
	ToBusiness                  // an event for the business server
	FromWallet                  // a reading of the payer's balance (C15)
)

// The names of entries (docs/pairing.md#commands, docs/pairing.md#events).
const (
	CommandDispatch = "dispatch"
	CommandRescind  = "rescind"
	CommandMatched  = "matched"
	CommandRound    = "round"
	CommandRoundEnd = "round_end"
	CommandEnd      = "end"

	ChargeStart  = "start"
	ChargeSettle = "settle"
	ReadBalance  = "count"

	OrderHangUp = "hangup"

	EventAsked           = "pair.asked"
	EventOffered         = "pair.offered"
	EventOfferClosed     = "pair.offer_closed"
	EventMatched         = "pair.matched"
	EventConnected       = "pair.connected"
	EventLiked           = "pair.liked"
	EventRoundEnded      = "pair.round_ended"
	EventEnded           = "pair.ended"
	EventCandidatePaused = "pair.candidate_paused"
)

// Entry is one thing to tell somebody, at least once. It is written in the same
// commit as the state that caused it and leaves the ticket once delivered.
type Entry struct {
	ID      int64 // rises within the ticket
	Kind    EntryKind
	Waiting bool // known not to be on the wire
	Name    string
	To      UID
	Peer    UID
	Round   int
	Reason  Reason
	CallID  string
	StartAt int64         // of the record, for end
	TTL     time.Duration // how long the news is worth acting on
	Seconds int64         // talked time, for settle
	Version int64         // of the ticket that caused it: orders events
	After   int64         // entry that has to be gone first; 0: none

	At        Instant
	Attempts  int
	NotBefore Instant // when any replica may take it over
}

// Key identifies an entry's effect for ever: a wallet or a client that has seen
// it does nothing the second time.
func (e *Entry) Key(askNo string) string {
	return askNo + ":" + strconv.Itoa(e.Round)
}

// DeliveryResult is how a delivery ended.
type DeliveryResult uint8

// The ends of a delivery.
const (
	Delivered       DeliveryResult = iota // taken by the far end
	DeliveryUnknown                       // sent, and nobody knows
	DeliveryRetry                         // did not happen, may work later
	DeliveryFailed                        // refused for good
)

const (
	sendSlack = time.Second     // a delivery may wait that long for its turn
	sendLimit = 5 * time.Second // of a delivery that is no command
	minOffer  = time.Second     // Y1: a dispatch with less left is not sent any more
	retryMax  = time.Minute
)

// SendTime bounds one delivery of a kind.
func (c *Config) SendTime(k EntryKind) time.Duration {
	if k == ToClient {
		return c.SendTimeout
	}
	return sendLimit
}

// lease is how long a replica delivers an entry alone; then any may take over.
func (s *step) lease(e *Entry) Instant { return s.now.Add(s.cfg.SendTime(e.Kind) + sendSlack) }

// push appends an entry and, unless it has to wait for another, hands it to the
// replica that commits this step.
func (s *step) push(e Entry) int64 {
	s.dirty = true
	s.t.Seq++
	e.ID, e.At, e.Version = s.t.Seq, s.now, s.t.Version+1
	e.NotBefore = s.lease(&e)
	switch {
	case e.After != 0:
		e.Waiting = true
	case e.Waiting: // resend comes to it
		e.NotBefore = s.now
	default:
		e.Attempts = 1
		s.fx.Send = append(s.fx.Send, e.ID)
	}
	s.t.Outbox = append(s.t.Outbox, e)
	return e.ID
}

// command pushes one of the commands that the product API does not have.
func (s *step) command(e Entry) {
	if s.cfg.PushExtra {
		e.Kind = ToClient
		s.push(e)
	}
}

// event tells the business server, behind the events that it has refused so far.
func (s *step) event(e Entry) {
	if s.cfg.Events {
		e.Kind = ToBusiness
		e.Waiting = slices.ContainsFunc(s.t.Outbox, func(o Entry) bool { return o.Kind == ToBusiness && o.Waiting })
		s.push(e)
	}
}

func (s *step) entry(id int64) int {
	return slices.IndexFunc(s.t.Outbox, func(e Entry) bool { return e.ID == id })
}

// rescind tells a candidate that the offer is gone, after the dispatch itself;
// a dispatch known not to be on the wire is taken back instead (M14).
func (s *step) rescind(o *Offer, why Reason) {
	i := s.entry(o.Entry)
	if i >= 0 && s.t.Outbox[i].Waiting {
		s.drop(i)
		return
	}
	e := Entry{Name: CommandRescind, To: o.UID, Round: o.Round, Reason: why}
	if i >= 0 {
		e.After = o.Entry
	}
	s.command(e)
}

// drop removes an entry and releases those that waited for it.
func (s *step) drop(i int) {
	s.dirty = true
	id := s.t.Outbox[i].ID
	s.t.Outbox = slices.Delete(s.t.Outbox, i, i+1)
	for j := range s.t.Outbox {
		e := &s.t.Outbox[j]
		if e.After == id {
			e.After, e.Waiting = 0, false
			e.Attempts, e.NotBefore = 1, s.lease(e)
			s.fx.Send = append(s.fx.Send, e.ID)
		}
	}
}

// Acked reports how the deliveries of a ticket's entries ended, in their order.
type Acked struct{ Deliveries []Delivery }

// Delivery is how the delivery of an entry ended, and when.
type Delivery struct {
	ID     int64
	Result DeliveryResult
	At     Instant
}

func (e Acked) apply(s *step) error {
	for _, d := range e.Deliveries {
		switch i := s.entry(d.ID); {
		case i < 0: // reported before
		case s.t.Outbox[i].Name == CommandDispatch:
			s.dispatched(i, d)
		default:
			s.acked(i, d.Result)
		}
	}
	return nil
}

func (s *step) acked(i int, how DeliveryResult) {
	e := &s.t.Outbox[i]
	charge := e.Kind == ToWallet
	switch {
	case how == Delivered, how == DeliveryFailed, how == DeliveryUnknown && !charge, how == DeliveryRetry && e.spent():
		s.drop(i)
	default: // a charge is repeated with its key until the wallet has it
		e.Waiting, e.NotBefore = how == DeliveryRetry, s.now.Add(backoff(e.Attempts))
		s.dirty = true
	}
}

// spent: a command is worth a few tries, an event a day of them, a charge all.
func (e *Entry) spent() bool {
	switch e.Kind {
	case ToClient, ToVendor, FromWallet:
		return e.Attempts >= 3
	case ToBusiness:
		return e.Attempts >= 1500
	default:
		return false
	}
}

func (s *step) tooLate(dispatch *Entry) bool {
	o := s.t.Offer(dispatch.To, dispatch.Round)
	return o == nil || o.SendBy.Sub(s.now) < minOffer
}

func backoff(attempts int) time.Duration {
	return min(time.Second<<min(attempts, 10), retryMax)
}

// resend takes over every entry that is due for another attempt. A dispatch
// whose offer is over is not repeated, and neither is one that would leave the
// candidate less than minOffer to answer (Y1): T_send closes that one.
func (s *step) resend() {
	for i := range s.t.Offers {
		o := &s.t.Offers[i]
		if j := s.entry(o.Entry); o.State != OfferOpen && j >= 0 && s.t.Outbox[j].NotBefore <= s.now {
			s.drop(j)
		}
	}
	refused := false // an event that is not sent again yet: the later ones come behind it
	for i := range s.t.Outbox {
		e := &s.t.Outbox[i]
		if e.Kind == ToBusiness && refused {
			continue
		}
		if e.After != 0 || e.NotBefore > s.now || e.Name == CommandDispatch && s.tooLate(e) {
			refused = refused || e.Kind == ToBusiness
			continue
		}
		e.Attempts++
		e.Waiting, e.NotBefore = false, s.lease(e)
		s.fx.Send = append(s.fx.Send, e.ID)
		s.dirty = true
	}
}
