package events

import (
	"context"
	"math/rand/v2"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"switchboard/app/outbox"
	"switchboard/app/periodic"
	"switchboard/app/webhook"
	"switchboard/vendors"
)

const (
	workers = 16 // attempts under way; a receiver that hangs holds one of them
	poll    = time.Second
	lease   = 2 * webhook.Timeout

	pruneEvery = 10 * time.Minute
	pruneBatch = 1000
)

// retries is when an event is sent again, by the attempts made. After the last it
// is dropped and logged: three days are over. Until then the later ones of its key wait.
var retries = []time.Duration{
	5 * time.Second, 30 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour,
	5 * time.Hour, 10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 20 * time.Hour,
}

// Run sends events on and forgets old ones, until ctx ends and what was under
// way is over.
func (s *Service) Run(ctx context.Context) error {
	var group errgroup.Group
	if s.sender != nil {
		defer s.sender.Close()
		group.Go(func() error {
			outbox.Pool[Record]{
				Workers: workers, Poll: poll, Wake: s.wake, Handle: s.send,
				Claim:  func(ctx context.Context, limit int) ([]Record, error) { return s.store.Claim(ctx, limit, lease) },
				Failed: func(err error) { s.log.Warn("due events cannot be read", "error", err) },
			}.Run(ctx)
			return nil
		})
	}
	group.Go(func() error { periodic.Run(ctx, pruneEvery, s.prune); return nil })
	return group.Wait()
}

// send makes one attempt. Any 2xx takes the event; 410 says that the app wants no
// more of it.
func (s *Service) send(ctx context.Context, r Record) {
	ctx, end := s.spans.Begin(ctx, "event.send")
	status, err := s.sender.Post(ctx, r.ID, r.Payload)
	defer end(vendors.Trace{}, err)
	result, retry := "retry", time.Duration(0)
	switch {
	case err == nil:
		result = "sent"
	case ctx.Err() != nil:
		return // the event is due again when the claim ends
	case status == http.StatusGone || r.Attempts > len(retries):
		result = "dropped"
		s.log.Error("event given up", "event", r.ID, "attempts", r.Attempts, "status", status)
	default:
		retry = retries[r.Attempts-1]
		retry += rand.N(retry / 5) // so that they do not all come back at once
	}
	s.observe(result)
	next, err := s.store.Settle(context.WithoutCancel(ctx), r, retry)
	if err != nil {
		s.log.Warn("sent event not marked, it may be sent again", "event", r.ID, "error", err)
	}
	if next {
		s.grown()
	}
}

func (s *Service) prune(ctx context.Context) {
	for {
		n, err := s.store.Prune(ctx, s.cfg.Keep, pruneBatch)
		if err != nil && ctx.Err() == nil {
			s.log.Warn("old events not pruned", "error", err)
		}
		if err != nil || n < pruneBatch {
			return
		}
	}
}
