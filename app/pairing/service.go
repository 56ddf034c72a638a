package pairing

import (
	"context"
	crand "crypto/rand"
	"encoding/binary"
	"errors"
	"log/slog"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"switchboard/app/pairing/ticket"
)

// Options is what pairing works with. Every function but Send may be nil: then
// there is nothing to ask or to tell.
type Options struct {
	Store   Store
	Configs *Configs
	Log     *slog.Logger
	Now     func() time.Time // nil: the machine's clock
	Apps    []string         // whose waiting tickets are taken up again at the start
	Shared  bool             // other replicas work on the same store
	SkewMax time.Duration    // offset from the store's clock above which no deadline is fired (Y6); 0: any
	Workers int              // tickets stepped side by side by one sweep or round; 0: as many as there are

	// Transport carries what commits left to deliver; nil: the service's own
	// sender does, while Run runs.
	Transport Transport
	// Strategy ranks candidates by a pool's configuration; nil: pair.strategy decides.
	Strategy func(cfg *ticket.Config) Strategy
	// Rand is the source of a pool's chance; nil: seeded by the machine.
	Rand func() *rand.Rand

	// Send delivers a command to a person's device. The error's vendors.Outcome
	// says whether it may have arrived.
	Send func(ctx context.Context, c Command) error
	// HangUp orders the vendor to end a call.
	HangUp func(ctx context.Context, o Order) error
	// Charge bills a liked call, at most once by Key.
	Charge func(ctx context.Context, c Charge) error
	// Notify tells the business server, which orders events by Version.
	Notify func(ctx context.Context, n Notice) error
	// Balance reads a person's coins.
	Balance func(ctx context.Context, app string, uid ticket.UID) (int64, error)
	// Online asks the vendor whether a person can ring now.
	Online func(ctx context.Context, app string, uid ticket.UID) (bool, error)
	// Profile is what the business knows of a person. It is asked before every
	// offer, of both, and should keep what it knows for a while.
	Profile func(ctx context.Context, app string, uid ticket.UID) (Profile, error)
	// Barred says whether a person may not take part now, whatever shows them
	// present. It is asked before every offer.
	Barred func(ctx context.Context, app string, uid ticket.UID) bool
	// ChannelUp reports whether a dispatch can leave by any channel. It must not block.
	ChannelUp func() bool
	// SendCapacity is how many commands vendors would take now, negative where no
	// limit is known (docs/pairing.md#vendor-budget). It must not block.
	SendCapacity func() float64
	// Count adds one to a counter of a few labels.
	Count func(name, label string)
	// Measure adds a value to a histogram.
	Measure func(name string, value float64)
}

// Service is pairing for all apps and scenes of this replica.
type Service struct {
	Options
	log           *slog.Logger // Options.Log for this component
	sender        *sender
	offset        atomic.Int64 // store's clock minus ours, ms
	closing       atomic.Bool
	asking        chan struct{} // a slot for each vendor that is asked for presence
	asked         sync.WaitGroup
	profileQueue  chan person  // whose profiles are read ahead
	channelDownAt atomic.Int64 // when the dispatch channels were first seen down; 0: up

	live      liveTickets
	pools     pools
	snapshots snapshots
	rates     askRates
}

// New makes a service; Run drives it.
func New(o Options) *Service {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Service{Options: o, profileQueue: make(chan person, maxProfileQueue), asking: make(chan struct{}, maxAsked),
		live:      liveTickets{off: o.Shared},
		pools:     pools{made: make(chan struct{}, 1), byKey: map[poolKey]*pool{}},
		snapshots: snapshots{store: o.Store, byID: map[string]*ticket.Config{}},
		rates:     askRates{byPerson: map[person]*askRate{}},
	}
	s.log = s.Log.With("component", "pairing")
	s.pools.options = &s.Options
	s.sender = newSender(s)
	if s.Transport == nil {
		s.Transport = s.sender
	}
	return s
}

// now is the store's clock as this replica last measured it.
func (s *Service) now() ticket.Instant { return ticket.At(s.Now()) + ticket.Instant(s.offset.Load()) }

// tries bounds the runs of one step that keeps meeting other writers (Y3).
const tries = 5

// read returns a ticket's newest state. Where no other replica writes, that is what
// this one committed last, and the store need not be asked. The answer to a request
// thus always comes from a state as new as the request.
func (s *Service) read(ctx context.Context, askNo string) (*ticket.Ticket, error) {
	if t := s.live.get(askNo); t != nil {
		return t, nil // Step never changes a ticket in place
	}
	return s.Store.Load(ctx, askNo)
}

// apply brings one event to a ticket: read, reduce, compare and set. What the
// caller is told comes from a state that was read after the request came.
func (s *Service) apply(ctx context.Context, askNo string, ev ticket.Event) (*ticket.Ticket, error) {
	read := s.read
	for range tries {
		t, err := read(ctx, askNo)
		if err != nil {
			return nil, err
		}
		next, told, err := s.applyTo(ctx, t, ev)
		if !errors.Is(err, ErrConflict) {
			return next, errors.Join(told, err)
		}
		s.count("cas_retries", "")
		read = s.Store.Load // the other write may not be known here yet
	}
	return nil, ticket.ErrUnavailable
}

// stepped is a ticket with the configuration that it goes by.
type stepped struct {
	t   *ticket.Ticket
	cfg *ticket.Config
	fx  ticket.Effects
}

// applyTo is one try on t as it was read. told is the machine's answer, err why
// nothing was written.
func (s *Service) applyTo(ctx context.Context, t *ticket.Ticket, ev ticket.Event) (next *ticket.Ticket, told, err error) {
	now := s.now()
	cfg, err := s.snapshots.get(ctx, t.ConfigID)
	if err != nil {
		return t, nil, err
	}
	acks := s.sender.takeAcks(t.AskNo)
	after, fx, told := ticket.Step(cfg, t, now, acks, ev)
	if !fx.Changed {
		s.sender.addAcks(t.AskNo, acks...)
		s.mark(fx.Marks)
		return t, told, nil
	}
	defer func() {
		if err != nil {
			s.sender.addAcks(t.AskNo, acks...)
		}
	}()
	b := Batch{Writes: []Write{{Ticket: after, Prev: t.Version, Due: after.DueAt(cfg)}}, Drop: fx.Drop, Take: fx.Take, Records: fx.Records}
	done := []stepped{{after, cfg, fx}}
	for _, l := range fx.Links {
		linked, err := s.link(ctx, l, now, &b)
		if err != nil {
			return t, nil, err
		}
		done = append(done, linked...)
	}
	if err := s.Store.Commit(ctx, b); err != nil {
		for i := range done {
			s.live.invalidate(done[i].t.AskNo, err)
		}
		return t, nil, err
	}
	for i := range done {
		s.committed(ctx, &done[i], now)
	}
	return after, told, nil
}

// link steps a second ticket inside the same commit (M15 to M17).
func (s *Service) link(ctx context.Context, l ticket.Link, now ticket.Instant, b *Batch) ([]stepped, error) {
	t, err := s.read(ctx, l.AskNo)
	if err != nil {
		return nil, err
	}
	cfg, err := s.snapshots.get(ctx, t.ConfigID)
	if err != nil {
		return nil, err
	}
	after, fx, err := ticket.Step(cfg, t, now, nil, l.Event)
	if err != nil || !fx.Changed {
		return nil, err
	}
	b.Writes = append(b.Writes, Write{Ticket: after, Prev: t.Version, Due: after.DueAt(cfg)})
	b.Drop, b.Take = append(b.Drop, fx.Drop...), append(b.Take, fx.Take...)
	b.Records = append(b.Records, fx.Records...)
	return []stepped{{after, cfg, fx}}, nil
}

// committed spreads the news of a commit inside this replica.
func (s *Service) committed(ctx context.Context, d *stepped, now ticket.Instant) {
	s.live.put(d.t)
	s.mark(d.fx.Marks)
	own, known := s.pools.open(d.t.App, d.t.Scene, d.cfg), true
	s.pools.each(d.t.App, func(p *pool) { known = p.committed(d, now) && known })
	if !known {
		if err := s.syncTicket(ctx, own, d.t, now); err != nil {
			s.log.WarnContext(ctx, "recent peers not read", "ask_no", d.t.AskNo, "error", err)
			own.addWaiter(d.t, d.cfg, nil)
			own.updateTicket(d.t, d.cfg, now)
		}
	}
	if len(d.fx.Send) > 0 {
		s.Transport.Take(outgoing(d.t, d.cfg, d.fx.Send))
	}
}

// each runs do for 0 to n-1, at most width of them side by side.
func (s *Service) each(n, width int, do func(i int)) {
	if s.Workers > 0 {
		width = min(width, s.Workers)
	}
	if width == 1 || n == 1 {
		for i := range n {
			do(i)
		}
		return
	}
	room := make(chan struct{}, width)
	var wg sync.WaitGroup
	for i := range n {
		room <- struct{}{}
		wg.Go(func() {
			defer func() { <-room }()
			do(i)
		})
	}
	wg.Wait()
}

// newAskNo is a decimal number that rises with time: 41 bits of milliseconds
// and 22 of chance. Two of a kind meet in the store, and one asks again.
func (s *Service) newAskNo() string {
	var b [4]byte
	_, _ = crand.Read(b[:]) // never fails
	low := uint64(binary.BigEndian.Uint32(b[:]) >> 10)
	return strconv.FormatUint(uint64(s.now())<<askChance|low, 10)
}

const askChance = 22 // bits of an ask number that are not time

// FirstAskNo is not above any number of an ask made at or after now; as texts
// they compare alike, since they all have 19 digits until 2045.
func FirstAskNo(now ticket.Instant) string {
	return strconv.FormatUint(uint64(max(now, 0))<<askChance, 10)
}
