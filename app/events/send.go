package events

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	sweep    = time.Second      // how often due events are looked for; a new one wakes the sender
	sendTime = 15 * time.Second // for one attempt
	lease    = 2 * sendTime
	batch    = 64
	parallel = 8 // attempts under way

	pruneEvery = 10 * time.Minute
	pruneAtOne = 1000
)

// retries is when an event is sent again, by the attempts made. After the last it
// is dropped and logged: three days are over.
var retries = []time.Duration{
	5 * time.Second, 30 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour,
	5 * time.Hour, 10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 20 * time.Hour,
}

// Run sends events on and forgets old ones, until ctx ends and what was under
// way is over.
func (s *Service) Run(ctx context.Context) {
	client := &http.Client{
		Timeout:       sendTime,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	defer client.CloseIdleConnections()
	tick, prune := time.NewTicker(sweep), time.NewTicker(pruneEvery)
	defer tick.Stop()
	defer prune.Stop()
	for {
		if s.hooks != nil {
			s.sendDue(ctx, client)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-s.wake:
		case <-prune.C:
			s.prune(ctx)
		}
	}
}

// sendDue goes on until nothing is due.
func (s *Service) sendDue(ctx context.Context, client *http.Client) {
	for ctx.Err() == nil {
		due, err := s.store.Claim(ctx, batch, lease)
		if err != nil {
			s.complain(ctx, "events that are due cannot be read", err)
			return
		}
		var group errgroup.Group
		group.SetLimit(parallel)
		for _, r := range due {
			group.Go(func() error { s.send(ctx, client, r); return nil })
		}
		_ = group.Wait() // send returns no error
		if len(due) < batch {
			return
		}
	}
}

// send makes one attempt. Any 2xx takes the event; 410 says that the app wants no
// more of it.
func (s *Service) send(ctx context.Context, client *http.Client, r Record) {
	status := s.post(ctx, client, r)
	result, retry := "retry", time.Duration(0)
	switch {
	case status/100 == 2:
		result = "sent"
	case ctx.Err() != nil:
		return // the claim's end brings it back
	case status == http.StatusGone || r.Attempts > len(retries):
		result = "dropped"
		s.log.Error("an event could not be sent on and is given up", "event", r.ID, "attempts", r.Attempts, "status", status)
	default:
		retry = retries[r.Attempts-1]
		retry += time.Duration(rand.Int64N(int64(retry) / 5)) // so that they do not all come back at once
	}
	if s.Observe != nil {
		s.Observe(result)
	}
	if err := s.store.Settle(context.WithoutCancel(ctx), r, retry); err != nil {
		s.complain(ctx, "an event was sent on and may be sent again", err)
	}
}

// post returns the HTTP status, 0 when there was none.
func (s *Service) post(ctx context.Context, client *http.Client, r Record) int {
	now := time.Now()
	signature, err := s.hooks.Sign(r.ID, now, r.Payload)
	if err != nil {
		return 0
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.cfg.URL, bytes.NewReader(r.Payload))
	if err != nil {
		return 0
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("webhook-id", r.ID)
	req.Header.Set("webhook-timestamp", strconv.FormatInt(now.Unix(), 10))
	req.Header.Set("webhook-signature", signature)
	res, err := client.Do(req)
	if err != nil {
		return 0
	}
	defer res.Body.Close()
	_, _ = io.CopyN(io.Discard, res.Body, 64<<10) // so that the connection can be used again
	return res.StatusCode
}

func (s *Service) prune(ctx context.Context) {
	for {
		n, err := s.store.Prune(ctx, s.cfg.Keep, pruneAtOne)
		if err != nil {
			s.complain(ctx, "old events are kept for now", err)
		}
		if err != nil || n < pruneAtOne {
			return
		}
	}
}

func (s *Service) complain(ctx context.Context, what string, err error) {
	if ctx.Err() == nil {
		s.log.Warn(what, "error", err)
	}
}
