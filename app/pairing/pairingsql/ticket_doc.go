package pairingsql

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"slices"

	"switchboard/app/pairing/ticket"
	"switchboard/app/sqldb"
)

// ticketFormat is the first byte of a ticket's document. Every change of what
// follows it, but for a word at the end of docWords, takes the next number.
const ticketFormat = 1

// docWords are told by their place: a new one comes last. Others are spelled out.
var docWords = [...]string{
	"",
	string(ticket.ReasonCallEnded), string(ticket.ReasonCancelled), string(ticket.ReasonExpired), string(ticket.ReasonMaxRounds),
	string(ticket.ReasonNoCandidate), string(ticket.ReasonAskerGone), string(ticket.ReasonBalance), string(ticket.ReasonVendor),
	string(ticket.ReasonModeration), string(ticket.ReasonMerged), string(ticket.ReasonConfirmTimeout), string(ticket.ReasonDislike),
	string(ticket.ReasonCallFailed), string(ticket.ReasonConnectTimeout), string(ticket.ReasonRoundTimeout), string(ticket.ReasonPeerGone),
	string(ticket.ReasonPeerWithdrew), string(ticket.ReasonNotTaken), string(ticket.ReasonLost), string(ticket.ReasonTaken),
	string(ticket.ReasonCandidateGone), string(ticket.ReasonAsk), string(ticket.ReasonPassed), string(ticket.ReasonRefused),
	string(ticket.ReasonTimedOut), string(ticket.ReasonUnsent),
	ticket.CommandDispatch, ticket.CommandRescind, ticket.CommandMatched, ticket.CommandRound, ticket.CommandRoundEnd, ticket.CommandEnd,
	ticket.ChargeStart, ticket.ChargeSettle, ticket.ReadBalance, ticket.OrderHangUp,
	ticket.EventAsked, ticket.EventOffered, ticket.EventOfferClosed, ticket.EventMatched, ticket.EventConnected, ticket.EventLiked,
	ticket.EventRoundEnded, ticket.EventEnded, ticket.EventCandidatePaused,
}

var docWord = func() map[string]uint64 {
	at := make(map[string]uint64, len(docWords))
	for i, w := range docWords {
		at[w] = uint64(i)
	}
	return at
}()

// encodeTicket is t as it stands in pair_tickets.doc.
func encodeTicket(t *ticket.Ticket) []byte {
	c := ticketDoc{buf: append(make([]byte, 0, 512), ticketFormat)}
	c.ticket(t)
	return c.buf
}

// decodeTicket reads what encodeTicket wrote, and refuses all else.
func decodeTicket(doc []byte) (*ticket.Ticket, error) {
	if len(doc) == 0 || doc[0] != ticketFormat {
		return nil, fmt.Errorf("pairingsql: a ticket of no known format: % x", doc[:min(len(doc), 1)])
	}
	c := ticketDoc{buf: doc[1:], reading: true}
	t := new(ticket.Ticket)
	c.ticket(t)
	if c.spoiled || len(c.buf) > 0 {
		return nil, fmt.Errorf("pairingsql: a spoiled ticket of %d bytes", len(doc))
	}
	return t, nil
}

// ticketDoc goes over the fields of a ticket in one order, to write them or to
// read them. Numbers are varints, times count from the ticket's first one, and
// people and texts that occurred before are told by their place.
type ticketDoc struct {
	buf     []byte // what was written, or what is left to be read
	reading bool
	spoiled bool  // what was read is no ticket
	origin  int64 // a millisecond before Ticket.CreatedAt
	people  places[ticket.UID]
	texts   places[string]
}

// places are the first few values of a document.
type places[T comparable] struct {
	at [placesMax]T
	n  int
}

// find counts from 1; 0: not there.
func (p *places[T]) find(v T) uint64 { return uint64(slices.Index(p.at[:p.n], v) + 1) }

func (p *places[T]) add(v T) {
	if p.n < placesMax {
		p.at[p.n] = v
		p.n++
	}
}

func (c *ticketDoc) ticket(t *ticket.Ticket) {
	number(c, &t.CreatedAt)
	c.origin = int64(t.CreatedAt) - 1
	text(c, &t.AskNo)
	text(c, &t.App)
	number(c, &t.Scene)
	c.person(&t.Asker)
	text(c, &t.ConfigID)
	number(c, &t.Version)
	enum(c, &t.State, ticket.Held)
	list(c, &t.Rounds, c.round)
	list(c, &t.Offers, c.offer)
	list(c, &t.Outbox, c.entry)
	number(c, &t.Seq)
	text(c, &t.EndReason)
	c.time(&t.AskBy)
	number(c, &t.AskLeft)
	c.time(&t.RoundBy)
	c.time(&t.ConnectBy)
	c.time(&t.ConfirmBy)
	c.time(&t.CallBy)
	c.time(&t.AskerGoneBy)
	c.time(&t.PeerGoneBy)
	c.time(&t.PaidBy)
	c.time(&t.CountBy)
	c.time(&t.WatchBy)
	c.time(&t.WatchSince)
	c.person(&t.EndReportedBy)
	number(c, &t.AskerEpoch)
	text(c, &t.HeldBy)
	text(c, &t.MergedInto)
	c.seconds(&t.LastStart)
}

func (c *ticketDoc) round(r *ticket.Round) {
	number(c, &r.No)
	c.time(&r.StartedAt)
	c.person(&r.Peer)
	text(c, &r.CallID)
	c.seconds(&r.StartAt)
	c.time(&r.ConnectedAt)
	c.time(&r.LikedAt)
	c.time(&r.EndAt)
	text(c, &r.EndReason)
	enum(c, &r.Decision, ticket.Dislike)
}

func (c *ticketDoc) offer(o *ticket.Offer) {
	c.person(&o.UID)
	number(c, &o.Round)
	enum(c, &o.State, ticket.OfferFailed)
	text(c, &o.Reason)
	c.time(&o.OfferedAt)
	c.time(&o.SendBy)
	c.time(&o.SentAt)
	c.time(&o.Deadline)
	c.time(&o.GoneBy)
	c.time(&o.ClosedAt)
	number(c, &o.Epoch)
	number(c, &o.Entry)
	text(c, &o.HeldAsk)
	c.flag(&o.Withdrawn)
	c.flag(&o.Short)
	number(c, &o.Card.RNA)
	number(c, &o.Card.Offers)
	number(c, &o.Card.Passes)
	c.fraction(&o.Card.Accept)
	c.fraction(&o.Card.AnswerMS)
}

func (c *ticketDoc) entry(e *ticket.Entry) {
	number(c, &e.ID)
	enum(c, &e.Kind, ticket.FromWallet)
	c.flag(&e.Waiting)
	text(c, &e.Name)
	c.person(&e.To)
	c.person(&e.Peer)
	number(c, &e.Round)
	text(c, &e.Reason)
	text(c, &e.CallID)
	c.seconds(&e.StartAt)
	number(c, &e.TTL)
	number(c, &e.Seconds)
	number(c, &e.Version)
	number(c, &e.After)
	c.time(&e.At)
	number(c, &e.Attempts)
	c.time(&e.NotBefore)
}

// uint is what all else is made of.
func (c *ticketDoc) uint(v uint64) uint64 {
	if !c.reading {
		c.buf = binary.AppendUvarint(c.buf, v)
		return v
	}
	v, n := binary.Uvarint(c.buf)
	if n <= 0 {
		c.spoil()
		return 0
	}
	c.buf = c.buf[n:]
	return v
}

func (c *ticketDoc) spoil() { c.spoiled, c.buf = true, nil }

// number is small on either side of zero.
func number[T ~int | ~int64](c *ticketDoc, v *T) {
	n := int64(*v)
	u := c.uint(uint64(n<<1) ^ uint64(n>>63))
	if c.reading {
		*v = T(int64(u>>1) ^ -int64(u&1))
	}
}

func enum[T ~uint8](c *ticketDoc, v *T, last T) {
	u := c.uint(uint64(*v))
	if u > uint64(last) {
		c.spoil()
	} else if c.reading {
		*v = T(u)
	}
}

func (c *ticketDoc) flag(v *bool) {
	n := uint8(sqldb.Flag(*v))
	enum(c, &n, 1)
	if c.reading {
		*v = n == 1
	}
}

func (c *ticketDoc) time(v *ticket.Instant) { c.since((*int64)(v), c.origin) }

// seconds is a time in Unix seconds.
func (c *ticketDoc) seconds(v *int64) { c.since(v, c.origin/1000-1) }

// since is a time as it counts from origin, but zero as zero: the two change places.
func (c *ticketDoc) since(v *int64, origin int64) {
	swap := func(n, a, b int64) int64 {
		switch n {
		case a:
			return b
		case b:
			return a
		}
		return n
	}
	n := swap(*v-origin, 0, -origin)
	number(c, &n)
	if c.reading {
		*v = swap(n, 0, -origin) + origin
	}
}

// fraction is short where the last bits of the float are zero.
func (c *ticketDoc) fraction(v *float64) {
	u := c.uint(bits.ReverseBytes64(math.Float64bits(*v)))
	if c.reading {
		*v = math.Float64frombits(bits.ReverseBytes64(u))
	}
}

// placesMax is how many people, and how many texts, are told by their place.
const placesMax = 15

// person is 0, one who occurred before from 1, or a new one behind placesMax + 1.
func (c *ticketDoc) person(v *ticket.UID) {
	var told uint64
	if !c.reading && *v != 0 {
		if told = c.people.find(*v); told == 0 {
			told = placesMax + 1
		}
	}
	switch told = c.uint(told); {
	case told > placesMax:
		number(c, v)
		c.people.add(*v)
	case told > uint64(c.people.n):
		c.spoil()
	case c.reading && told > 0:
		*v = c.people.at[told-1]
	}
}

// text is 0 and a new text, one that occurred before from 1, or a word behind placesMax.
func text[T ~string](c *ticketDoc, v *T) {
	var told uint64
	if !c.reading {
		told = c.placeOf(string(*v))
	}
	switch told = c.uint(told); {
	case told == 0:
		if n := c.newText(string(*v)); c.reading {
			*v = T(n)
		}
	case told > uint64(placesMax+len(docWords)) || told <= placesMax && told > uint64(c.texts.n):
		c.spoil()
	case c.reading && told > placesMax:
		*v = T(docWords[told-placesMax-1])
	case c.reading:
		*v = T(c.texts.at[told-1])
	}
}

func (c *ticketDoc) placeOf(s string) uint64 {
	if s == "" {
		return placesMax + 1
	}
	if told := c.texts.find(s); told > 0 {
		return told
	}
	if i, ok := docWord[s]; ok {
		return placesMax + 1 + i
	}
	return 0
}

func (c *ticketDoc) newText(s string) string {
	n := c.uint(uint64(len(s)))
	switch {
	case !c.reading:
		c.buf = append(c.buf, s...)
	case n > uint64(len(c.buf)):
		c.spoil()
		return ""
	default:
		s, c.buf = string(c.buf[:n]), c.buf[n:]
	}
	c.texts.add(s)
	return s
}

// fieldsMin is what the shortest round, offer or entry takes, in bytes.
const fieldsMin = 10

func list[T any](c *ticketDoc, v *[]T, item func(*T)) {
	n := c.uint(uint64(len(*v)))
	if c.reading && n > uint64(len(c.buf)/fieldsMin) {
		c.spoil()
		return
	}
	if c.reading && n > 0 {
		*v = make([]T, n)
	}
	for i := range *v {
		item(&(*v)[i])
	}
}
