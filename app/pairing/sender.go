package pairing

import (
	"context"
	"sync"
	"time"

	"switchboard/app/pairing/ticket"
)

const (
	maxSenders  = 256                    // deliveries under way at a time
	ackInterval = 100 * time.Millisecond // far below any lease
	drainLimit  = 10 * time.Second
)

// sender delivers what commits left in outboxes: in order per ask and recipient,
// everything else side by side.
type sender struct {
	deliver func(ctx, limited context.Context, j Outgoing) ticket.DeliveryResult // makes one delivery; limited ends with its time
	putOff  func(ctx context.Context, j Outgoing)                                // has one that is not made tried again
	slots   chan struct{}
	wg      sync.WaitGroup
	parts   [askParts]senderPart
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

func newSender(deliver func(ctx, limited context.Context, j Outgoing) ticket.DeliveryResult, putOff func(ctx context.Context, j Outgoing)) *sender {
	d := &sender{deliver: deliver, putOff: putOff, slots: make(chan struct{}, maxSenders)}
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

// run delivers first and what comes into the queue of l, until that is empty. An event
// that is refused keeps back those behind it: all come again, in order. It waits for
// some that were committed before the refusal was known, and are queued after it.
func (d *sender) run(p *senderPart, l deliveryKey, first Outgoing) {
	defer d.wg.Done()
	refused := int64(0)
	for jobs := []Outgoing{first}; len(jobs) > 0; jobs = p.next(l) {
		if refused = d.makeAll(p, jobs, refused); refused != 0 {
			select {
			case <-time.After(refusalWait):
			case <-p.ctx.Done():
			}
		}
	}
}

// refusalWait is below the time after which a refused event comes again.
const refusalWait = 500 * time.Millisecond

// makeAll makes the deliveries but events behind the one that was refused, 0 for none,
// and returns which one is now.
func (d *sender) makeAll(p *senderPart, jobs []Outgoing, refused int64) int64 {
	d.slots <- struct{}{}
	defer func() { <-d.slots }()
	for _, j := range jobs {
		if refused != 0 && j.Entry.ID > refused {
			d.putOff(p.ctx, j)
			continue
		}
		refused = 0
		if d.deliver(p.ctx, p.deadline(j.cfg.SendTime(j.Entry.Kind)), j) == ticket.DeliveryRetry && j.Entry.Kind == ticket.ToBusiness {
			refused = j.Entry.ID
		}
	}
	return refused
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

// drain begins no delivery any more and waits for those under way.
func (d *sender) drain() {
	for i := range d.parts { // before the wait: what is begun after it would not be waited for
		p := &d.parts[i]
		p.mu.Lock()
		p.draining = true
		p.mu.Unlock()
	}
	done := make(chan struct{})
	go func() { d.wg.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(drainLimit):
		for i := range d.parts {
			d.parts[i].stop()
		}
		<-done
	}
}
