package realtime

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"
)

// A session whose connection never came, since the client left during its
// handshake, is given up after this time.
const startLimit = 30 * time.Second

// Session is one client's place on this node with the queue in front of it.
// A pushed session has a Transport and a goroutine only while there is something
// to write; a pulled one (long poll) is emptied by Wait.
type Session struct {
	Key Key
	ID  string // of this session, unique over all nodes
	hub *Hub

	over     Transit
	request  string        // id of the one that opened it
	since    time.Time     // opened at
	position string        // where it begins, set by Open; empty: before every message
	group    Key           // Key, or that of all unnamed devices of the platform
	polled   bool          // by long polls; no transport's
	done     chan struct{} // closed when the session ends
	workers  sync.WaitGroup

	mu        sync.Mutex // guards what follows; taken after Hub.mu
	expires   time.Time  // the token's end; zero: none
	after     string     // stored messages up to this id are not taken live
	backlog   []*Message // what a resume found; goes first, not counted
	queue     []*Message
	bytes     int  // of queue
	full      bool // the queue overflowed: the session can only be closed
	transport Transport
	pumping   bool
	pingDue   bool
	nextPing  time.Time
	waiter    chan struct{} // the poll that waits now; nil: none
	idleSince time.Time     // pulled: the end of the last poll
	closed    bool
	code      Code
}

// Done is closed when the session ends; Code then tells why.
func (s *Session) Done() <-chan struct{} { return s.done }

// Code returns why the session ended, None while it lives.
func (s *Session) Code() Code {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.code
}

// Start hands the session its connection: what has waited is sent, then what
// comes. Call it once.
func (s *Session) Start(t Transport) {
	s.mu.Lock()
	s.transport = t
	closed, code := s.closed, s.code
	s.wake()
	s.mu.Unlock()
	if closed { // by this goroutine: who closed it may be waiting for the workers already
		t.Close(code)
	}
}

// End takes the session away, with a code for the client or None when it left by
// itself, and returns when nothing uses its connection any more.
func (s *Session) End(code Code) {
	s.hub.close(s, code)
	s.workers.Wait()
}

// Wait returns at most limit waiting messages, as soon as there is one; nothing
// when ctx ends or left says that the client is gone, whose messages then wait for
// its next poll; *Closed when the session has ended, and with Replaced when a newer
// Wait has taken over: were it told nothing, two clients would end each other's
// polls for ever.
func (s *Session) Wait(ctx context.Context, limit int, left func() bool) ([]*Message, error) {
	mine := make(chan struct{}, 1)
	s.mu.Lock()
	if s.waiter != nil {
		close(s.waiter)
	}
	s.waiter = mine
	s.mu.Unlock()
	defer s.endPoll(mine)
	for {
		if left != nil && left() {
			return nil, nil
		}
		batch, err := s.dequeue(mine, limit)
		if err == errTakenOver {
			return nil, err
		}
		if err != nil {
			s.hub.close(s, Slow) // nothing to do when it was closed before
			return nil, err
		}
		if len(batch) > 0 {
			return batch, nil
		}
		select {
		case _, ok := <-mine:
			if !ok {
				return nil, errTakenOver
			}
		case <-s.done:
		case <-ctx.Done():
			return nil, nil
		}
	}
}

// errTakenOver ends the older of two polls of one session, which stays open.
var errTakenOver = &Closed{Replaced}

// dequeue removes what Wait returns.
func (s *Session) dequeue(mine chan struct{}, limit int) ([]*Message, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return nil, &Closed{s.code}
	case s.waiter != mine:
		return nil, errTakenOver
	case s.full:
		return nil, &Closed{Slow}
	}
	n := min(limit, len(s.backlog))
	batch := s.backlog[:n:n]
	s.backlog = s.backlog[n:]
	for len(batch) < limit && len(s.queue) > 0 {
		m := s.queue[0]
		s.queue = s.queue[1:]
		s.bytes -= len(s.hub.Frame(s.Key.Dialect, m))
		batch = append(batch, m)
	}
	if len(s.queue) == 0 {
		s.queue = nil
	}
	return batch, nil
}

// endPoll starts the time that a pulled session is kept without a poll.
func (s *Session) endPoll(mine chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waiter == mine {
		s.waiter = nil
		s.idleSince = time.Now()
	}
}

// enqueue appends m and says whether the session has to be closed as too slow.
func (s *Session) enqueue(m *Message) (slow bool) {
	size := len(s.hub.Frame(s.Key.Dialect, m))
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.full || s.alreadyHas(m) {
		return false
	}
	if len(s.queue) >= s.hub.cfg.QueueMessages || s.bytes+size > s.hub.cfg.QueueBytes {
		s.full, s.queue, s.bytes = true, nil, 0
		// Between two polls nobody is there to be told: the next Wait tells it.
		return !s.polled || s.waiter != nil
	}
	s.queue = append(s.queue, m)
	s.bytes += size
	s.wake()
	return false
}

// alreadyHas says whether the client or the backlog has m already. s.mu is held.
func (s *Session) alreadyHas(m *Message) bool { return m.Seq != 0 && m.ID <= s.after }

// wake makes someone look at the queue. s.mu is held.
func (s *Session) wake() {
	switch {
	case s.waiter != nil:
		select {
		case s.waiter <- struct{}{}:
		default:
		}
	case s.transport != nil && !s.pumping && !s.closed && (len(s.backlog)+len(s.queue) > 0 || s.pingDue):
		s.pumping = true
		s.workers.Go(s.pump)
	}
}

// pump writes until nothing waits. There is at most one per session, and none
// while it is idle: ten thousand idle sessions cost no writer.
func (s *Session) pump() {
	for {
		batch, ping := s.nextBatch()
		if batch == nil && !ping {
			return
		}
		var err error
		if len(batch) > 0 {
			err = s.transport.Send(batch)
		}
		if err == nil && ping {
			err = s.transport.Ping()
		}
		if err != nil {
			s.hub.close(s, writeErrorCode(err))
			return
		}
	}
}

// writeErrorCode tells a client that does not read from one that is gone.
func writeErrorCode(err error) Code {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return Slow
	}
	return None
}

// nextBatch takes all that waits for the pump, or stops it. What was taken no longer
// counts against the bounds: it is with the connection.
func (s *Session) nextBatch() (batch []*Message, ping bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	batch, ping = s.queue, s.pingDue
	if len(s.backlog) > 0 {
		batch = append(s.backlog, s.queue...)
	}
	s.backlog, s.queue, s.bytes, s.pingDue = nil, nil, 0, false
	if s.closed || (batch == nil && !ping) {
		s.pumping = false
		return nil, false
	}
	return batch, ping
}

// tick does what is due at now: a ping, or the end of a session whose token has
// expired or whose client polls no more.
func (s *Session) tick(now time.Time) (end Code, over bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return None, false
	case !s.expires.IsZero() && now.After(s.expires):
		return BadToken, true
	case s.transport == nil && !s.polled:
		return None, now.Sub(s.since) > startLimit
	case s.polled:
		idle := s.waiter == nil && !s.idleSince.IsZero() && now.Sub(s.idleSince) >= s.hub.cfg.PollLinger
		return None, idle
	case !now.Before(s.nextPing):
		s.nextPing = now.Add(s.hub.pingEvery(s.Key.Dialect))
		s.pingDue = true
		s.wake()
	}
	return None, false
}
