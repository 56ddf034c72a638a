package conversation

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"switchboard/app/outbox"
	"switchboard/vendors"
)

// Copy is a message on its way to some of its conversation's members through a
// vendor. To never holds the sender.
type Copy struct {
	Message Message
	To      []string
}

// Relayed is a message that waits in the outbox.
type Relayed struct {
	Message  Message
	Attempts int
	After    string // members up to this id have their copy
}

// RelayStore is the outbox. Its deadlines are by the store's clock.
type RelayStore interface {
	// ClaimRelay takes for lease the first messages, at most each of them, of up
	// to convs conversations that nobody works on; a conversation's in order.
	ClaimRelay(ctx context.Context, convs, each int, lease time.Duration) ([][]Relayed, error)
	// RelayTargets lists members who may see m, but not its sender, by id, above after.
	RelayTargets(ctx context.Context, m Message, after string, limit int) ([]string, error)
	// RelayDone takes the message out.
	RelayDone(ctx context.Context, m Message) error
	// RelayRetry gives the message back until wait has passed, and those behind
	// it in its conversation with it. Wait zero: at once, and no attempt is counted.
	RelayRetry(ctx context.Context, m Message, after string, wait time.Duration) error
}

// RelayConfig bounds a Relay. Zero values mean the defaults named.
type RelayConfig struct {
	Targets func() int    // members in one call, as the vendor of the day allows; nil: 1
	Poll    time.Duration // 500 ms: how often an idle outbox is looked at
	Workers int           // 4: conversations at once
}

const (
	relayLease   = time.Minute
	relayTurn    = 20 * time.Second // after which a conversation is given back
	relayCall    = 10 * time.Second
	relayEach    = 50
	relayTries   = 100 // about a day; then the message is given up
	relayMaxWait = 15 * time.Minute
)

// Relay sends committed messages to the members through a vendor: at least
// once, and in order in each conversation. What a vendor refuses for good is
// given up and logged, so that it does not hold up what comes after.
type Relay struct {
	cfg  RelayConfig
	deps RelayDeps
}

// RelayDeps is what a Relay works with.
type RelayDeps struct {
	Store RelayStore
	// Send's errors are classed by vendors.OutcomeOf: a definite no is final, all
	// else is tried again.
	Send func(ctx context.Context, c Copy) error
	Log  *slog.Logger
}

// NewRelay makes a relay. Its owner calls Run.
func NewRelay(cfg RelayConfig, deps RelayDeps) *Relay {
	if cfg.Targets == nil {
		cfg.Targets = func() int { return 1 }
	}
	if cfg.Poll == 0 {
		cfg.Poll = 500 * time.Millisecond
	}
	if cfg.Workers == 0 {
		cfg.Workers = 4
	}
	deps.Log = deps.Log.With("component", "relay")
	return &Relay{cfg: cfg, deps: deps}
}

// Run relays until ctx ends and returns when the calls under way have ended.
// Every replica may run one.
func (r *Relay) Run(ctx context.Context) error {
	outbox.Pool[[]Relayed]{
		Workers: r.cfg.Workers, Poll: r.cfg.Poll, Handle: r.relayConversation,
		Claim: func(ctx context.Context, limit int) ([][]Relayed, error) {
			return r.deps.Store.ClaimRelay(ctx, limit, relayEach, relayLease)
		},
		Failed: func(err error) { r.deps.Log.Error("outbox cannot be read", "error", err) },
	}.Run(ctx)
	return nil
}

// relayConversation sends the messages in order and stops at the first that does
// not pass, or when its turn is over.
func (r *Relay) relayConversation(ctx context.Context, messages []Relayed) {
	turn := time.Now().Add(relayTurn)
	for _, m := range messages {
		after, err := r.relayMessage(ctx, m, turn)
		switch {
		case err == nil:
		case errors.Is(err, errTurnOver):
			r.giveBack(ctx, m, after, 0)
			return
		case vendors.OutcomeOf(err) == vendors.DefiniteNo, m.Attempts >= relayTries:
			r.deps.Log.Warn("message given up", "message", m.Message.ID, "attempts", m.Attempts, "error", err)
		default:
			r.giveBack(ctx, m, after, backoff(m.Attempts, err))
			return
		}
		// Not bound to ctx: what was sent is not to be sent again at each stop.
		if err := r.deps.Store.RelayDone(context.WithoutCancel(ctx), m.Message); err != nil {
			r.deps.Log.Error("outbox cannot be written", "error", err)
			return
		}
	}
}

var errTurnOver = errors.New("relay: turn is over")

// relayMessage sends m to all who lack it and returns the last member who has it.
// A definite no about some members does not keep the others from theirs.
func (r *Relay) relayMessage(ctx context.Context, m Relayed, turn time.Time) (after string, refused error) {
	after = m.After
	for {
		if ctx.Err() != nil || time.Now().After(turn) {
			return after, errTurnOver
		}
		to, err := r.deps.Store.RelayTargets(ctx, m.Message, after, max(1, r.cfg.Targets()))
		if err != nil {
			return after, err
		}
		if len(to) == 0 {
			return after, refused
		}
		call, cancel := context.WithTimeout(ctx, relayCall)
		err = r.deps.Send(call, Copy{Message: m.Message, To: to})
		cancel()
		switch {
		case vendors.OutcomeOf(err) == vendors.DefiniteNo:
			refused = err
		case err != nil:
			return after, err
		}
		after = to[len(to)-1]
	}
}

func (r *Relay) giveBack(ctx context.Context, m Relayed, after string, wait time.Duration) {
	if err := r.deps.Store.RelayRetry(context.WithoutCancel(ctx), m.Message, after, wait); err != nil {
		r.deps.Log.Error("outbox cannot be written", "error", err) // it comes back with the lease
	}
}

// backoff is what the vendor asks for, else 1 s doubled with each attempt, with jitter.
func backoff(attempts int, err error) time.Duration {
	var e *vendors.Error
	if errors.As(err, &e) && e.RetryAfter > 0 {
		return min(e.RetryAfter, relayMaxWait)
	}
	return outbox.Backoff(attempts, time.Second, relayMaxWait)
}
