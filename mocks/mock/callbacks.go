package mock

import (
	"bytes"
	"context"
	"io"
	"maps"
	"net/http"
	"sync"
	"time"
)

const callbackTimeout = 5 * time.Second // per attempt

// Callback is one thing that the vendor tells its customer.
type Callback struct {
	Name   string // "callback.message", always with that prefix; fault rules match it as an operation
	User   string // whom it is about, for fault rules and the journal
	Header http.Header
	Type   string // content type
	Query  string // added to the URL, already encoded
	Body   []byte
}

// Sender delivers callbacks of one namespace: first attempts in order, further
// ones on the vendor's schedule until a 2xx answer. It runs goroutines only
// while there is something to deliver.
type Sender struct {
	n        *Namespace
	sign     func(*Namespace, *http.Request, []byte)
	client   *http.Client
	ctx      context.Context
	cancel   context.CancelFunc
	work     sync.WaitGroup
	mu       sync.Mutex // guards all below
	targets  map[string]string
	schedule []time.Duration
	queue    []Callback
	held     []Callback // by Reorder, until the next one went out
	busy     bool       // a goroutine empties the queue
	closed   bool
}

func newSender(n *Namespace, schedule []time.Duration, sign func(*Namespace, *http.Request, []byte)) *Sender {
	ctx, cancel := context.WithCancel(context.Background())
	return &Sender{
		n: n, sign: sign, schedule: schedule, ctx: ctx, cancel: cancel, targets: map[string]string{},
		client: &http.Client{Timeout: callbackTimeout, Transport: &http.Transport{DisableKeepAlives: true}},
	}
}

// Target says where callbacks of a name go; the name "" is for all that have
// no target of their own. An empty url stops them.
func (s *Sender) Target(name, url string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.targets[name] = url
}

// Targets returns name -> URL.
func (s *Sender) Targets() map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.targets)
}

// Schedule replaces the waits before each further attempt.
func (s *Sender) Schedule(waits ...time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.schedule = waits
}

func (s *Sender) url(name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if u, ok := s.targets[name]; ok {
		return u
	}
	return s.targets[""]
}

// Send queues cb and returns at once. It does nothing when no target is set or
// the sender is closed.
func (s *Sender) Send(cb Callback) {
	if s.url(cb.Name) == "" {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	s.queue = append(s.queue, cb)
	if !s.busy {
		s.busy = true
		s.work.Go(s.run)
	}
}

// Wait returns once everything sent so far is delivered or given up, further
// attempts and all.
func (s *Sender) Wait() { s.work.Wait() }

// Close gives up what is under way and waits for it. It may be called twice.
func (s *Sender) Close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.cancel()
	s.work.Wait()
}

// run delivers until the queue is empty. A callback held back by Reorder goes
// after the next one; one that has no next stays until there is.
func (s *Sender) run() {
	for {
		s.mu.Lock()
		if len(s.queue) == 0 || s.closed {
			s.busy = false
			s.mu.Unlock()
			return
		}
		cb := s.queue[0]
		s.queue = s.queue[1:]
		s.mu.Unlock()
		action, _ := s.n.Faults.pick(cb.Name, cb.User)
		if action.Kind == Reorder {
			s.held = append(s.held, cb) // only run touches held
			continue
		}
		s.deliver(cb, action)
		for _, late := range s.held {
			s.deliver(late, Action{})
		}
		s.held = nil
	}
}

func (s *Sender) deliver(cb Callback, a Action) {
	if !sleep(s.ctx, a.Wait) {
		return
	}
	if a.Kind == Drop {
		s.n.Journal.add(Entry{At: s.n.Clock.Now(), Op: cb.Name, User: cb.User, Request: string(cb.Body), Fault: a.Kind})
		return
	}
	s.first(cb, a.Kind)
	if a.Kind == Duplicate {
		s.first(cb, a.Kind)
	}
}

// first makes the first attempt and leaves further ones to a goroutine, so that
// a dead target does not hold up the others.
func (s *Sender) first(cb Callback, fault string) {
	if status, _, err := s.attempt(s.ctx, cb, fault); err == nil && status/100 == 2 {
		return
	}
	s.mu.Lock()
	waits := s.schedule
	s.mu.Unlock()
	if len(waits) == 0 {
		return
	}
	s.work.Go(func() {
		for _, d := range waits {
			if !sleep(s.ctx, d) {
				return
			}
			if status, _, err := s.attempt(s.ctx, cb, fault); err == nil && status/100 == 2 {
				return
			}
		}
	})
}

// Ask sends cb once and returns what the customer's server says: for callbacks
// whose answer the vendor obeys. Call it inside Namespace.Outside. Without a
// target it returns status 0 and no error.
func (s *Sender) Ask(ctx context.Context, cb Callback) (status int, body []byte, err error) {
	if s.url(cb.Name) == "" {
		return 0, nil, nil
	}
	return s.attempt(ctx, cb, "")
}

func (s *Sender) attempt(ctx context.Context, cb Callback, fault string) (status int, answer []byte, err error) {
	url := s.url(cb.Name)
	entry := Entry{
		At: s.n.Clock.Now(), Op: cb.Name, Method: http.MethodPost, Path: url, User: cb.User,
		Request: string(cb.Body), Fault: fault, Executed: true,
	}
	defer func() {
		entry.Status, entry.Answer = status, string(answer)
		if err != nil {
			entry.Refused = err.Error()
		}
		s.n.Journal.add(entry)
	}()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(cb.Body))
	if err != nil {
		return 0, nil, err
	}
	if cb.Query != "" {
		r.URL.RawQuery = cb.Query
	}
	for name, values := range cb.Header {
		r.Header[name] = values
	}
	r.Header.Set("Content-Type", cb.Type)
	if s.sign != nil {
		s.sign(s.n, r, cb.Body)
	}
	res, err := s.client.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	answer, err = io.ReadAll(io.LimitReader(res.Body, maxBody))
	return res.StatusCode, answer, err
}

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
