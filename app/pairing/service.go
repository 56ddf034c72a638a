package pairing

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"switchboard/app/pairing/ticket"
	"switchboard/vendors"
)

const (
	sweepers     = 32                     // asks stepped side by side
	pollEvery    = 500 * time.Millisecond // what others may have changed in the store is read so often
	safetyTickMS = 100                    // a pool is looked at so often even when nothing was heard
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
	// Spans traces deadlines, offers of the matcher and deliveries; nil: nothing is traced.
	Spans vendors.Spans
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

// now is the store's clock as this replica last measured it.
func (s *Service) now() ticket.Instant { return ticket.At(s.Now()) + ticket.Instant(s.offset.Load()) }

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

// count adds one to a counter. The label is one of a few that this package knows.
func (s *Service) count(name, label string) {
	if s.Count != nil {
		s.Count(name, label)
	}
}

func (s *Service) measure(name string, value float64) {
	if s.Measure != nil {
		s.Measure(name, value)
	}
}

func (s *Service) mark(marks []ticket.Mark) {
	for _, m := range marks {
		if m.Timed {
			s.measure(m.Name, m.Value)
		} else {
			s.count(m.Name, m.Label)
		}
	}
}

// ClockOffset is how far the store's clock is ahead of ours (Y6).
func (s *Service) ClockOffset() time.Duration {
	return time.Duration(s.offset.Load()) * time.Millisecond
}
