package pairing

import (
	"time"

	"switchboard/app/pairing/ticket"
	"switchboard/vendors"
)

// Command is one command to a person's device (docs/pairing.md#commands).
type Command struct {
	App     string
	To      ticket.UID
	AskNo   string
	Name    string
	Asker   ticket.UID
	Peer    ticket.UID
	Round   int
	Scene   int
	Reason  ticket.Reason
	StartAt int64
	TTL     time.Duration
	Extra   bool // the fields that the product API does not have may be sent
	Socket  bool // the person holds a socket at our gateway
}

// Order asks the vendor to end a call.
type Order struct {
	App    string
	AskNo  string
	CallID string
	Users  [2]ticket.UID
}

// Charge is one bill: nothing at the start of a liked call but the note that it
// runs, and its price at the end. Key makes it happen at most once.
type Charge struct {
	App     string
	Key     string
	Payer   ticket.UID
	Payee   ticket.UID
	CallID  string
	Coins   int64
	Seconds int64
}

// Notice is an event for the business server; the higher Version is the later.
type Notice struct {
	App     string
	AskNo   string
	Name    string
	UID     ticket.UID
	Peer    ticket.UID
	Round   int
	Reason  ticket.Reason
	CallID  string
	StartAt int64
	Version int64
	At      ticket.Instant
}

// Outgoing is an entry of a ticket's outbox that is to be delivered.
type Outgoing struct {
	Ticket *ticket.Ticket
	Entry  *ticket.Entry // of Ticket
	cfg    *ticket.Config
}

// outgoing lists t's entries with the given ids; one that was taken back in the
// same step is not among them.
func outgoing(t *ticket.Ticket, cfg *ticket.Config, ids []int64) []Outgoing {
	out := make([]Outgoing, 0, len(ids))
	for _, id := range ids {
		if e := t.Entry(id); e != nil {
			out = append(out, Outgoing{t, e, cfg})
		}
	}
	return out
}

// Expired: the delivery could outlast its lease, so it is left to who takes it over.
func (j Outgoing) Expired(now ticket.Instant) bool {
	return now.Add(j.cfg.SendTime(j.Entry.Kind)) > j.Entry.NotBefore
}

// Command is the entry as a command to a device.
func (j Outgoing) Command() Command {
	return Command{App: j.Ticket.App, To: j.Entry.To, AskNo: j.Ticket.AskNo, Name: j.Entry.Name, Asker: j.Ticket.Asker, Peer: j.Entry.Peer, Round: j.Entry.Round,
		Scene: j.Ticket.Scene, Reason: j.Entry.Reason, StartAt: j.Entry.StartAt, TTL: j.Entry.TTL, Extra: j.cfg.PushExtra}
}

func (j Outgoing) charge() Charge {
	return Charge{App: j.Ticket.App, Key: j.Entry.Key(j.Ticket.AskNo) + ":" + j.Entry.Name, Payer: j.Entry.To, Payee: j.Entry.Peer, CallID: j.Entry.CallID,
		Coins: j.cfg.Coins(j.Entry.Seconds), Seconds: j.Entry.Seconds}
}

func (j Outgoing) notice() Notice {
	return Notice{App: j.Ticket.App, AskNo: j.Ticket.AskNo, Name: j.Entry.Name, UID: j.Entry.To, Peer: j.Entry.Peer, Round: j.Entry.Round, Reason: j.Entry.Reason,
		CallID: j.Entry.CallID, StartAt: j.Entry.StartAt, Version: j.Entry.Version, At: j.Entry.At}
}

// Transport carries what commits left to deliver. Take must not block; what is
// given up is found again in the store once its lease has run out. Whoever has
// made a delivery reports it to Service.Delivered.
type Transport interface {
	Take(out []Outgoing)
}

// resultOf reads a delivery's end from the outcome of the call.
func resultOf(err error) ticket.DeliveryResult {
	switch vendors.OutcomeOf(err) {
	case vendors.OK:
		return ticket.Delivered
	case vendors.Ambiguous, vendors.Partial:
		return ticket.DeliveryUnknown
	case vendors.DefiniteNo, vendors.AuthFault:
		return ticket.DeliveryFailed
	default:
		return ticket.DeliveryRetry
	}
}
