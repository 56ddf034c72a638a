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

// Command is one command to a person's device (2.4).
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
	Extra   bool // the fields that the seed does not have may be sent
	Socket  bool // he holds a socket at our gateway
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
	sendersMax  = 256                    // deliveries under way at a time
	ackInterval = 100 * time.Millisecond // far below any lease
	drainLimit  = 10 * time.Second
)

// sender delivers what commits left to tell: in order per ask and recipient,
// everything else side by side.
type sender struct {
	s     *Service
	room  chan struct{}
	wg    sync.WaitGroup
	parts [askParts]senderPart
}

// senderPart is what the sender has to do for its share of the asks.
type senderPart struct {
	ctx  context.Context // ends deliveries when the service stops
	stop context.CancelFunc

	mu       sync.Mutex // guards what follows
	lanes    map[lane][]job
	acks     map[string][]ticket.Delivery
	limits   map[time.Duration]limit // by the time that a delivery has
	draining bool                    // nothing is begun any more
}

// limit is the deadline of deliveries that begin at about the same time.
type limit struct {
	ctx    context.Context
	cancel context.CancelFunc // called by the deadline itself
	began  time.Time
}

// limitShare is the part of its time that a delivery may lose for a deadline
// that is shared: a timer for each costs more than most deliveries.
const limitShare = 16

// lane is what is delivered in order: the commands to one person about one
// ask, or an ask's charges, orders or events.
type lane struct {
	askNo string
	kind  ticket.EntryKind
	to    ticket.UID
}

type job struct {
	t   *ticket.Ticket
	e   *ticket.Entry // of t
	cfg *ticket.Config
}

func newSender(s *Service) *sender {
	d := &sender{s: s, room: make(chan struct{}, sendersMax)}
	for i := range d.parts {
		p := &d.parts[i]
		p.lanes, p.acks, p.limits = map[lane][]job{}, map[string][]ticket.Delivery{}, map[time.Duration]limit{}
		p.ctx, p.stop = context.WithCancel(context.Background())
	}
	return d
}

// take queues entries; it never blocks. What comes while the service stops stays
// in the store, where its lease runs out and another replica takes it over.
func (d *sender) take(t *ticket.Ticket, entries []int64) {
	p := &d.parts[partOf(t.AskNo)]
	cfg, err := d.s.config(p.ctx, t.ConfigID)
	if err != nil {
		return // their leases run out and a sweep takes them over
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.draining {
		return
	}
	for _, id := range entries {
		e := t.Entry(id)
		if e == nil {
			continue // taken back in the same step
		}
		l := lane{askNo: t.AskNo, kind: e.Kind}
		if e.Kind == ticket.ToClient {
			l.to = e.To
		}
		queue, running := p.lanes[l]
		if running {
			p.lanes[l] = append(queue, job{t, e, cfg})
			continue
		}
		p.lanes[l] = nil
		d.wg.Add(1)
		go d.run(p, l, job{t, e, cfg})
	}
}

// run delivers first and what comes into its lane, until that is empty.
func (d *sender) run(p *senderPart, l lane, first job) {
	defer d.wg.Done()
	d.room <- struct{}{}
	defer func() { <-d.room }()
	for jobs := []job{first}; len(jobs) > 0; jobs = p.next(l) {
		for _, j := range jobs {
			if j.expired(d.s.now()) {
				d.s.count("ignored", "lease_lost")
				continue
			}
			d.s.finish(p.ctx, j, d.s.tell(p.within(j.cfg.SendTime(j.e.Kind)), j))
		}
	}
}

// next takes what a lane has to deliver; with nothing left the lane is gone.
func (p *senderPart) next(l lane) []job {
	p.mu.Lock()
	defer p.mu.Unlock()
	jobs := p.lanes[l]
	if len(jobs) == 0 {
		delete(p.lanes, l)
	} else {
		p.lanes[l] = nil
	}
	return jobs
}

// within ends when d is over, or at most a limitShare of it sooner.
func (p *senderPart) within(d time.Duration) context.Context {
	now := time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.limits[d]
	if l.ctx == nil || now.Sub(l.began) > d/limitShare {
		l.began = now
		l.ctx, l.cancel = context.WithTimeout(p.ctx, d)
		p.limits[d] = l
	}
	return l.ctx
}

// expired: the delivery could outlast its lease, so it is left to who takes it over.
func (j job) expired(now ticket.Instant) bool {
	return now.Add(j.cfg.SendTime(j.e.Kind)) > j.e.NotBefore
}

// sentBy names the counter of a channel's deliveries.
var sentBy = [...]string{ticket.ToClient: "vendor_sent", ticket.ToWallet: "wallet_sent", ticket.ToVendor: "hangup_sent", ticket.ToBusiness: "business_sent", ticket.FromWallet: "wallet_sent"}

// tell makes one delivery and says how it ended.
func (s *Service) tell(ctx context.Context, j job) ticket.DeliveryResult {
	var err error
	sent := sentBy[j.e.Kind]
	switch j.e.Kind {
	case ticket.ToClient:
		c := j.command()
		if c.Socket = s.hasSocket(c.App, c.To); c.Socket {
			sent = "socket_sent"
		}
		err = s.Send(ctx, c)
	case ticket.ToVendor:
		if s.HangUp != nil {
			err = s.HangUp(ctx, Order{App: j.t.App, AskNo: j.t.AskNo, CallID: j.e.CallID, Users: [2]ticket.UID{j.e.To, j.e.Peer}})
		}
	case ticket.ToWallet:
		if s.Charge != nil {
			err = s.Charge(ctx, j.charge())
		}
	case ticket.FromWallet:
		err = s.recount(ctx, j)
	case ticket.ToBusiness:
		if s.Notify != nil {
			err = s.Notify(ctx, j.notice())
		}
	}
	s.count(sent, vendors.OutcomeOf(err).String())
	if err != nil {
		s.Log.WarnContext(ctx, "pairing: not delivered", "ask_no", j.t.AskNo, "name", j.e.Name, "to", j.e.To, "error", err)
	}
	return tellOf(err)
}

// tellOf reads a delivery's end from the outcome of the call.
func tellOf(err error) ticket.DeliveryResult {
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

// finish notes a delivery's end, which is written with the ticket's next step
// or by AckOnce; a dispatch that nobody got at once, since others can be offered.
func (s *Service) finish(ctx context.Context, j job, how ticket.DeliveryResult) {
	end := ticket.Delivery{ID: j.e.ID, Result: how, At: s.now()}
	s.measure("outbox_age_seconds", end.At.Sub(j.e.At).Seconds())
	if j.e.Name == ticket.CommandDispatch {
		s.measure("offer_latency_seconds", end.At.Sub(j.e.At).Seconds())
		if how == ticket.DeliveryRetry || how == ticket.DeliveryFailed {
			if _, err := s.apply(ctx, j.t.AskNo, ticket.Acked{Deliveries: []ticket.Delivery{end}}); err != nil {
				s.Log.WarnContext(ctx, "pairing: dispatch not noted", "ask_no", j.t.AskNo, "error", err)
			}
			return
		}
	}
	s.sender.keep(j.t.AskNo, end)
}

// acked takes the deliveries that are still to be written for a ticket.
func (d *sender) acked(askNo string) []ticket.Delivery {
	p := &d.parts[partOf(askNo)]
	p.mu.Lock()
	defer p.mu.Unlock()
	a := p.acks[askNo]
	delete(p.acks, askNo)
	return a
}

// keep adds ends that are still to be written.
func (d *sender) keep(askNo string, ends ...ticket.Delivery) {
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
			s.Log.WarnContext(ctx, "pairing: deliveries not noted", "ask_no", asks[i], "error", err)
		}
	})
}

func (j job) command() Command {
	return Command{App: j.t.App, To: j.e.To, AskNo: j.t.AskNo, Name: j.e.Name, Asker: j.t.Asker, Peer: j.e.Peer, Round: j.e.Round,
		Scene: j.t.Scene, Reason: j.e.Reason, StartAt: j.e.StartAt, TTL: j.e.TTL, Extra: j.cfg.PushExtra}
}

// recount reads the payer's balance for a liked call (C15).
func (s *Service) recount(ctx context.Context, j job) error {
	if s.Balance == nil {
		return nil
	}
	coins, err := s.Balance(ctx, j.t.App, j.e.To)
	if err == nil {
		_, err = s.apply(ctx, j.t.AskNo, ticket.BalanceRead{Round: j.e.Round, Balance: ticket.Balance{Coins: coins, Known: true}})
	}
	return err
}

func (j job) charge() Charge {
	return Charge{App: j.t.App, Key: j.e.Key(j.t.AskNo) + ":" + j.e.Name, Payer: j.e.To, Payee: j.e.Peer, CallID: j.e.CallID,
		Coins: j.cfg.Coins(j.e.Seconds), Seconds: j.e.Seconds}
}

func (j job) notice() Notice {
	return Notice{App: j.t.App, AskNo: j.t.AskNo, Name: j.e.Name, UID: j.e.To, Peer: j.e.Peer, Round: j.e.Round, Reason: j.e.Reason,
		CallID: j.e.CallID, StartAt: j.e.StartAt, Version: j.e.Version, At: j.e.At}
}
