package pairing

import (
	"context"
	"maps"
	"slices"
	"sync"
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

const (
	maxSenders  = 256                    // deliveries under way at a time
	ackInterval = 100 * time.Millisecond // far below any lease
	drainLimit  = 10 * time.Second
)

// sender delivers what commits left in outboxes: in order per ask and recipient,
// everything else side by side.
type sender struct {
	s     *Service
	slots chan struct{}
	wg    sync.WaitGroup
	parts [askParts]senderPart
}

// senderPart is what the sender has to do for its share of the asks.
type senderPart struct {
	ctx  context.Context // ends deliveries when the service stops
	stop context.CancelFunc

	mu        sync.Mutex // guards what follows
	queues    map[deliveryKey][]Outgoing
	acks      map[string][]ticket.Delivery
	deadlines map[time.Duration]sharedDeadline // by the time that a delivery has
	draining  bool                             // nothing is begun any more
}

// sharedDeadline is the deadline of deliveries that begin at about the same time.
type sharedDeadline struct {
	ctx    context.Context
	cancel context.CancelFunc // called by the deadline itself
	began  time.Time
}

// deadlineShare is the part of its time that a delivery may lose for a deadline
// that is shared: a timer for each costs more than most deliveries.
const deadlineShare = 16

// deliveryKey is what is delivered in order: the commands to one person about one
// ask, or an ask's charges, orders or events.
type deliveryKey struct {
	askNo string
	kind  ticket.EntryKind
	to    ticket.UID
}

// Transport carries what commits left to deliver. Take must not block; what is
// given up is found again in the store once its lease has run out. Whoever has
// made a delivery reports it to Service.Delivered.
type Transport interface {
	Take(out []Outgoing)
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

func newSender(s *Service) *sender {
	d := &sender{s: s, slots: make(chan struct{}, maxSenders)}
	for i := range d.parts {
		p := &d.parts[i]
		p.queues, p.acks, p.deadlines = map[deliveryKey][]Outgoing{}, map[string][]ticket.Delivery{}, map[time.Duration]sharedDeadline{}
		p.ctx, p.stop = context.WithCancel(context.Background())
	}
	return d
}

// Take queues what one ticket has to deliver. What comes while the service stops
// stays in the store, where another replica takes it over.
func (d *sender) Take(out []Outgoing) {
	if len(out) == 0 {
		return
	}
	p := &d.parts[partOf(out[0].Ticket.AskNo)]
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.draining {
		return
	}
	for _, j := range out {
		l := deliveryKey{askNo: j.Ticket.AskNo, kind: j.Entry.Kind}
		if j.Entry.Kind == ticket.ToClient {
			l.to = j.Entry.To
		}
		queue, running := p.queues[l]
		if running {
			p.queues[l] = append(queue, j)
			continue
		}
		p.queues[l] = nil
		d.wg.Add(1)
		go d.run(p, l, j)
	}
}

// run delivers first and what comes into the queue of l, until that is empty.
func (d *sender) run(p *senderPart, l deliveryKey, first Outgoing) {
	defer d.wg.Done()
	d.slots <- struct{}{}
	defer func() { <-d.slots }()
	for jobs := []Outgoing{first}; len(jobs) > 0; jobs = p.next(l) {
		for _, j := range jobs {
			if j.Expired(d.s.now()) {
				d.s.count("ignored", "lease_lost")
				continue
			}
			d.s.Delivered(p.ctx, j, d.s.Deliver(p.deadline(j.cfg.SendTime(j.Entry.Kind)), j))
		}
	}
}

// next takes what a queue has to deliver; an empty queue is removed.
func (p *senderPart) next(l deliveryKey) []Outgoing {
	p.mu.Lock()
	defer p.mu.Unlock()
	jobs := p.queues[l]
	if len(jobs) == 0 {
		delete(p.queues, l)
	} else {
		p.queues[l] = nil
	}
	return jobs
}

// deadline ends when d is over, or at most a limitShare of it sooner.
func (p *senderPart) deadline(d time.Duration) context.Context {
	now := time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.deadlines[d]
	if l.ctx == nil || now.Sub(l.began) > d/deadlineShare {
		l.began = now
		l.ctx, l.cancel = context.WithTimeout(p.ctx, d)
		p.deadlines[d] = l
	}
	return l.ctx
}

// Expired: the delivery could outlast its lease, so it is left to who takes it over.
func (j Outgoing) Expired(now ticket.Instant) bool {
	return now.Add(j.cfg.SendTime(j.Entry.Kind)) > j.Entry.NotBefore
}

// sentCounters names the counter of a channel's deliveries.
var sentCounters = [...]string{ticket.ToClient: "vendor_sent", ticket.ToWallet: "wallet_sent", ticket.ToVendor: "hangup_sent", ticket.ToBusiness: "business_sent", ticket.FromWallet: "wallet_sent"}

// Deliver makes one delivery and says how it ended.
func (s *Service) Deliver(ctx context.Context, j Outgoing) ticket.DeliveryResult {
	var err error
	sent := sentCounters[j.Entry.Kind]
	switch j.Entry.Kind {
	case ticket.ToClient:
		c := j.Command()
		if c.Socket = s.hasSocket(c.App, c.To); c.Socket {
			sent = "socket_sent"
		}
		err = s.Send(ctx, c)
	case ticket.ToVendor:
		if s.HangUp != nil {
			err = s.HangUp(ctx, Order{App: j.Ticket.App, AskNo: j.Ticket.AskNo, CallID: j.Entry.CallID, Users: [2]ticket.UID{j.Entry.To, j.Entry.Peer}})
		}
	case ticket.ToWallet:
		if s.Charge != nil {
			err = s.Charge(ctx, j.charge())
		}
	case ticket.FromWallet:
		err = s.readPayerBalance(ctx, j)
	case ticket.ToBusiness:
		if s.Notify != nil {
			err = s.Notify(ctx, j.notice())
		}
	}
	s.count(sent, vendors.OutcomeOf(err).String())
	if err != nil {
		s.log.WarnContext(ctx, "delivery failed", "ask_no", j.Ticket.AskNo, "name", j.Entry.Name, "user", j.Entry.To, "error", err)
	}
	return resultOf(err)
}

// resultOf reads a delivery's end from the outcome of the call.
func resultOf(err error) ticket.DeliveryResult {
	switch vendors.OutcomeOf(err) {
	case vendors.OK:
		return ticket.Delivered
	case vendors.Ambiguous:
		return ticket.DeliveryUnknown
	case vendors.DefiniteNo, vendors.AuthFault:
		return ticket.DeliveryFailed
	default:
		return ticket.DeliveryRetry
	}
}

// Delivered notes a delivery's end, which is written with the ticket's next step
// or by AckOnce; a dispatch that nobody got at once, since others can be offered.
func (s *Service) Delivered(ctx context.Context, j Outgoing, how ticket.DeliveryResult) {
	end := ticket.Delivery{ID: j.Entry.ID, Result: how, At: s.now()}
	s.measure("outbox_age_seconds", end.At.Sub(j.Entry.At).Seconds())
	if j.Entry.Name == ticket.CommandDispatch {
		s.measure("offer_latency_seconds", end.At.Sub(j.Entry.At).Seconds())
		if how == ticket.DeliveryRetry || how == ticket.DeliveryFailed {
			if _, err := s.apply(ctx, j.Ticket.AskNo, ticket.Acked{Deliveries: []ticket.Delivery{end}}); err != nil {
				s.log.WarnContext(ctx, "dispatch result not written", "ask_no", j.Ticket.AskNo, "error", err)
			}
			return
		}
	}
	s.sender.addAcks(j.Ticket.AskNo, end)
}

// takeAcks takes the deliveries that are still to be written for a ticket.
func (d *sender) takeAcks(askNo string) []ticket.Delivery {
	p := &d.parts[partOf(askNo)]
	p.mu.Lock()
	defer p.mu.Unlock()
	a := p.acks[askNo]
	delete(p.acks, askNo)
	return a
}

// addAcks adds ends that are still to be written.
func (d *sender) addAcks(askNo string, ends ...ticket.Delivery) {
	if len(ends) == 0 {
		return
	}
	p := &d.parts[partOf(askNo)]
	p.mu.Lock()
	defer p.mu.Unlock()
	p.acks[askNo] = append(p.acks[askNo], ends...)
}

// AckOnce writes the ends of deliveries that no other step has taken along.
func (s *Service) AckOnce(ctx context.Context) {
	acks := map[string][]ticket.Delivery{}
	for i := range s.sender.parts {
		p := &s.sender.parts[i]
		p.mu.Lock()
		maps.Copy(acks, p.acks)
		clear(p.acks)
		p.mu.Unlock()
	}
	asks := slices.Sorted(maps.Keys(acks))
	s.each(len(asks), sweepers, func(i int) {
		if _, err := s.apply(ctx, asks[i], ticket.Acked{Deliveries: acks[asks[i]]}); err != nil {
			s.log.WarnContext(ctx, "delivery results not written", "ask_no", asks[i], "error", err)
		}
	})
}

// Command is the entry as a command to a device.
func (j Outgoing) Command() Command {
	return Command{App: j.Ticket.App, To: j.Entry.To, AskNo: j.Ticket.AskNo, Name: j.Entry.Name, Asker: j.Ticket.Asker, Peer: j.Entry.Peer, Round: j.Entry.Round,
		Scene: j.Ticket.Scene, Reason: j.Entry.Reason, StartAt: j.Entry.StartAt, TTL: j.Entry.TTL, Extra: j.cfg.PushExtra}
}

// readPayerBalance reads the payer's balance for a liked call (C15).
func (s *Service) readPayerBalance(ctx context.Context, j Outgoing) error {
	if s.Balance == nil {
		return nil
	}
	coins, err := s.Balance(ctx, j.Ticket.App, j.Entry.To)
	if err == nil {
		_, err = s.apply(ctx, j.Ticket.AskNo, ticket.BalanceRead{Round: j.Entry.Round, Balance: ticket.Balance{Coins: coins, Known: true}})
	}
	return err
}

func (j Outgoing) charge() Charge {
	return Charge{App: j.Ticket.App, Key: j.Entry.Key(j.Ticket.AskNo) + ":" + j.Entry.Name, Payer: j.Entry.To, Payee: j.Entry.Peer, CallID: j.Entry.CallID,
		Coins: j.cfg.Coins(j.Entry.Seconds), Seconds: j.Entry.Seconds}
}

func (j Outgoing) notice() Notice {
	return Notice{App: j.Ticket.App, AskNo: j.Ticket.AskNo, Name: j.Entry.Name, UID: j.Entry.To, Peer: j.Entry.Peer, Round: j.Entry.Round, Reason: j.Entry.Reason,
		CallID: j.Entry.CallID, StartAt: j.Entry.StartAt, Version: j.Entry.Version, At: j.Entry.At}
}
