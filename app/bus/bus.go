// Package bus carries news between sessions and replicas: in process, over
// Redis or over NATS. The store is the truth; losing news costs latency only.
package bus

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/gomodule/redigo/redis"
)

const (
	queued   = 8192 // publications that wait for the remote bus
	batched  = 256  // publications sent at once
	news     = 1024 // payloads that wait for one subscriber
	maxBytes = 1 << 20
	nodeSize = 8
)

// ErrDown: the remote bus does not answer now; news stays in this process.
var ErrDown = errors.New("bus: not connected")

// Bus publishes and subscribes. It is safe for concurrent use.
type Bus struct {
	log    *slog.Logger
	node   string // in front of every remote payload, so that we know our own
	link   link   // nil in process
	queue  chan message
	wake   chan struct{} // of reconcile: the set of topics has changed
	cancel context.CancelFunc
	wg     sync.WaitGroup

	// mu guards topics, live and closed; held for sends that cannot block only.
	mu     sync.RWMutex
	topics map[string]map[*Sub]bool
	live   map[string]bool // topics that are watched at the remote bus; true: it has said so
	closed bool

	published, dropped, failed, received, overflowed atomic.Int64

	health sync.Mutex // guards what follows
	wrong  way        // the ways that do not work now
	told   bool       // the log has that
}

// way is a direction of news between replicas, as a bit.
type way uint8

const (
	sending way = 1 << iota
	listening
)

type message struct {
	topic   string
	payload []byte
}

// link is a remote bus. Only the goroutines of Bus call it, one at a time for
// send and one at a time for watch and unwatch.
type link interface {
	send(ctx context.Context, batch []message) error
	watch(ctx context.Context, topic string) error
	unwatch(ctx context.Context, topic string) error
	ready(ctx context.Context) error
	close()
}

// Stats counts since Open.
type Stats struct {
	Published  int64 // accepted by Publish
	Dropped    int64 // not sent to other replicas: the queue was full, or too large
	Failed     int64 // not sent to other replicas: the bus refused or was away
	Received   int64 // from other replicas
	Overflowed int64 // payloads that a slow subscriber missed
}

// Validate says whether Open knows the URL's scheme.
func Validate(url string) error {
	switch scheme, _, _ := strings.Cut(url, ":"); scheme {
	case "", "redis", "rediss", "nats", "tls":
		return nil
	}
	return errors.New("want redis://HOST or nats://HOST")
}

// PlainHosts are the hosts at which the URL lets the bus be spoken to without TLS. NATS
// takes several, separated by commas.
func PlainHosts(raw string) (hosts []string) {
	for each := range strings.SplitSeq(raw, ",") {
		u, err := url.Parse(strings.TrimSpace(each))
		if err == nil && (u.Scheme == "redis" || u.Scheme == "nats") && u.Hostname() != "" {
			hosts = append(hosts, u.Hostname())
		}
	}
	return hosts
}

// Open starts a bus. URL empty: in this process; else redis://, rediss:// or
// nats://. A server that is away is no error here, see Ready; log is told when
// it goes and when it is back.
func Open(url string, log *slog.Logger) (*Bus, error) {
	b := &Bus{log: log.With("component", "bus"), node: rand.Text()[:nodeSize], topics: make(map[string]map[*Sub]bool), live: make(map[string]bool)}
	ctx, cancel := context.WithCancel(context.Background())
	b.cancel = cancel
	scheme, _, _ := strings.Cut(url, ":")
	var err error
	switch scheme {
	case "":
		return b, nil
	}
	b.wrong = listening // until it is connected
	switch scheme {
	case "redis", "rediss":
		b.link, err = openRedis(ctx, url, b)
	case "nats", "tls":
		b.link, err = openNATS(url, b)
	default:
		err = errors.New("bus: url: want redis://HOST or nats://HOST") // what stands there may be a secret
	}
	if err != nil {
		cancel()
		return nil, err
	}
	b.queue, b.wake = make(chan message, queued), make(chan struct{}, 1)
	b.wg.Go(func() { b.send(ctx) })
	b.wg.Go(func() { b.reconcile(ctx) })
	return b, nil
}

// Publish hands payload to the topic's subscribers here and, when it can, to
// those of other replicas. It never blocks. The payload is shared: nobody
// changes it afterwards.
func (b *Bus) Publish(topic string, payload []byte) {
	b.deliver(topic, payload)
	b.PublishToOthers(topic, payload)
}

// PublishToOthers is Publish without the subscribers of this process.
func (b *Bus) PublishToOthers(topic string, payload []byte) {
	b.published.Add(1)
	if b.link == nil {
		return
	}
	if len(payload) > maxBytes-nodeSize {
		b.dropped.Add(1)
		return
	}
	select {
	case b.queue <- message{topic, append([]byte(b.node), payload...)}:
	default:
		b.dropped.Add(1)
	}
}

// Sub is one subscription to one topic.
type Sub struct {
	// News are payloads, shared with others: read only.
	News <-chan []byte
	// Stale says that news may be missing: read the store. It is signalled once
	// when the subscription has begun to work, after a lost connection is back,
	// and when News overflowed.
	Stale <-chan struct{}

	bus   *Bus
	topic string
	news  chan []byte
	stale chan struct{}
}

// Subscribe begins to listen. The caller closes the Sub. At most 1,024 payloads
// wait for it; more are dropped, and Stale says so.
func (b *Bus) Subscribe(topic string) *Sub {
	s := &Sub{bus: b, topic: topic, news: make(chan []byte, news), stale: make(chan struct{}, 1)}
	s.News, s.Stale = s.news, s.stale
	b.mu.Lock()
	subs := b.topics[topic]
	if subs == nil {
		subs = make(map[*Sub]bool)
		b.topics[topic] = subs
	}
	subs[s] = true
	works := b.link == nil || b.live[topic]
	b.mu.Unlock()
	if works {
		s.markStale()
	}
	b.changed()
	return s
}

// Close stops the subscription; its channels are not closed.
func (s *Sub) Close() {
	b := s.bus
	b.mu.Lock()
	delete(b.topics[s.topic], s)
	if len(b.topics[s.topic]) == 0 {
		delete(b.topics, s.topic)
	}
	b.mu.Unlock()
	b.changed()
}

// markStale makes Stale fire, once however often it is called before that is read.
func (s *Sub) markStale() {
	select {
	case s.stale <- struct{}{}:
	default:
	}
}

// Ready reports whether news reaches other replicas: ErrDown when not.
func (b *Bus) Ready(ctx context.Context) error {
	if b.link == nil {
		return nil
	}
	if err := b.link.ready(ctx); err != nil {
		return ErrDown
	}
	return nil
}

// Up reports whether news went to and came from other replicas when that was last
// tried; true in process.
func (b *Bus) Up() bool {
	b.health.Lock()
	defer b.health.Unlock()
	return b.wrong == 0
}

// note keeps whether a way works, and logs when the bus goes and when it is back. A
// connection that listens again says of sending that it may be tried.
func (b *Bus) note(w way, err error) {
	b.mu.RLock()
	closed := b.closed
	b.mu.RUnlock()
	b.health.Lock()
	defer b.health.Unlock()
	switch {
	case closed:
	case err != nil:
		b.wrong |= w
		if !b.told {
			b.told = true
			b.log.Warn("bus down, other replicas find news in the store", "error", err)
		}
	case w == listening:
		b.wrong = 0
	default:
		b.wrong &^= w
	}
	if b.wrong == 0 && b.told {
		b.told = false
		b.log.Info("bus back")
	}
}

// Redis is the bus's pool of connections, whose keys other parts may use beside it;
// nil where the bus is no Redis. It is closed with the bus.
func (b *Bus) Redis() *redis.Pool {
	if l, ok := b.link.(*redisLink); ok {
		return l.pool
	}
	return nil
}

// Stats reports the counters.
func (b *Bus) Stats() Stats {
	return Stats{
		Published: b.published.Load(), Dropped: b.dropped.Load(), Failed: b.failed.Load(),
		Received: b.received.Load(), Overflowed: b.overflowed.Load(),
	}
}

// Close disconnects; what was not sent yet is lost. It is idempotent.
func (b *Bus) Close() {
	b.mu.Lock()
	closed := b.closed
	b.closed = true
	b.mu.Unlock()
	if closed {
		return
	}
	b.cancel()
	b.wg.Wait()
	if b.link != nil {
		b.link.close()
	}
}

func (b *Bus) deliver(topic string, payload []byte) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	for s := range b.topics[topic] {
		select {
		case s.news <- payload:
		default:
			b.overflowed.Add(1)
			s.markStale()
		}
	}
}

// receive delivers what the remote bus brought, unless we sent it ourselves.
func (b *Bus) receive(topic string, payload []byte) {
	if len(payload) < nodeSize || string(payload[:nodeSize]) == b.node {
		return
	}
	b.received.Add(1)
	b.deliver(topic, payload[nodeSize:])
}

// watched notes that the remote bus brings us the topic (again) and tells its
// subscribers that news before that may be missing.
func (b *Bus) watched(topic string) {
	b.mu.Lock()
	if _, watched := b.live[topic]; watched {
		b.live[topic] = true
	}
	b.mu.Unlock()
	b.stale(topic)
}

// stale tells the topic's subscribers that news may be missing; empty: those of
// all topics that worked.
func (b *Bus) stale(topic string) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	for t, subs := range b.topics {
		if b.live[t] && (topic == "" || t == topic) {
			for s := range subs {
				s.markStale()
			}
		}
	}
}

// send is the only sender to the remote bus: a bus that is away blocks nobody else.
func (b *Bus) send(ctx context.Context) {
	batch := make([]message, 0, batched)
	for {
		select {
		case <-ctx.Done():
			return
		case m := <-b.queue:
			batch = append(batch[:0], m)
		}
		for more := true; more && len(batch) < batched; {
			select {
			case m := <-b.queue:
				batch = append(batch, m)
			default:
				more = false
			}
		}
		err := b.link.send(ctx, batch)
		if err != nil {
			b.failed.Add(int64(len(batch)))
		}
		b.note(sending, err)
	}
}

func (b *Bus) changed() {
	select {
	case b.wake <- struct{}{}:
	default: // also in process, where nobody listens
	}
}
