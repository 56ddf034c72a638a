package bus

import (
	"context"
	"errors"
	"maps"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gomodule/redigo/redis"
)

const (
	channelPrefix = "switchboard:"

	redisIdle    = 16                     // connections kept: one sends, rates are counted by the others
	redisTimeout = time.Second            // of dialling, and of each write and answer
	redisPing    = time.Second            // between pings of the subscribed connection
	redisSilence = 3 * time.Second        // without an answer to them: the connection is lost
	redisRetry   = 200 * time.Millisecond // between attempts to connect
)

// redisLink is Redis pub/sub: a pool of connections for sending, and one that is
// subscribed.
type redisLink struct {
	url    string
	bus    *Bus
	pool   *redis.Pool
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu     sync.Mutex // guards the rest, and writes to sub
	topics map[string]bool
	sub    *redis.PubSubConn // nil: not connected
}

func openRedis(ctx context.Context, raw string, b *Bus) (link, error) {
	if err := checkRedisURL(raw); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	// The empty topic is always subscribed: a connection without one takes no ping.
	l := &redisLink{url: raw, bus: b, cancel: cancel, topics: map[string]bool{"": true}}
	l.pool = &redis.Pool{
		MaxIdle:     redisIdle,
		DialContext: func(ctx context.Context) (redis.Conn, error) { return l.dial(ctx) },
		TestOnBorrowContext: func(ctx context.Context, c redis.Conn, used time.Time) error {
			if time.Since(used) < redisPing {
				return nil
			}
			_, err := redis.DoContext(c, ctx, "PING")
			return err
		},
	}
	l.wg.Go(func() { l.listen(ctx) })
	return l, nil
}

// checkRedisURL takes redis://user:password@host:port/database. Its error repeats
// nothing of the URL.
func checkRedisURL(raw string) error {
	u, err := url.Parse(raw)
	switch {
	case err != nil, u.Opaque != "", u.Host == "", strings.Contains(u.Hostname(), ":") && net.ParseIP(u.Hostname()) == nil:
		return errors.New("bus: url: not a valid redis url")
	case strings.Trim(u.Path, "/0123456789") != "":
		return errors.New("bus: url: the database of a redis url is a number")
	case u.RawQuery != "":
		return errors.New("bus: url: a redis url takes no parameters")
	}
	return nil
}

func (l *redisLink) dial(ctx context.Context, more ...redis.DialOption) (redis.Conn, error) {
	return redis.DialURLContext(ctx, l.url, append(more, redis.DialConnectTimeout(redisTimeout), redis.DialTLSHandshakeTimeout(redisTimeout),
		redis.DialReadTimeout(redisTimeout), redis.DialWriteTimeout(redisTimeout))...)
}

// listen keeps one connection subscribed until ctx ends.
func (l *redisLink) listen(ctx context.Context) {
	retry := time.NewTicker(redisRetry)
	defer retry.Stop()
	for {
		l.bus.note(listening, l.receive(ctx))
		select {
		case <-ctx.Done():
			return
		case <-retry.C:
		}
	}
}

// receive connects, subscribes to all topics and takes news until the connection is
// lost or ctx ends. The error says why it is over.
func (l *redisLink) receive(ctx context.Context) error {
	var wire net.Conn
	conn, err := l.dial(ctx, redis.DialContextFunc(func(ctx context.Context, network, address string) (c net.Conn, err error) {
		wire, err = (&net.Dialer{Timeout: redisTimeout}).DialContext(ctx, network, address)
		return wire, err
	}))
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = wire.Close() })()
	sub := &redis.PubSubConn{Conn: conn}
	defer l.connected(sub)()
	for {
		switch e := sub.ReceiveWithTimeout(redisSilence).(type) {
		case error:
			return e
		case redis.Message:
			l.bus.receive(strings.TrimPrefix(e.Channel, channelPrefix), e.Data)
		case redis.Subscription:
			switch topic := strings.TrimPrefix(e.Channel, channelPrefix); {
			case e.Kind == "subscribe" && topic == "":
				l.bus.note(listening, nil)
			case e.Kind == "subscribe":
				l.bus.watched(topic)
			}
		}
	}
}

// connected makes sub the connection of watch and unwatch, subscribes it to all topics
// and pings it. The returned function ends that.
func (l *redisLink) connected(sub *redis.PubSubConn) (end func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sub = sub
	for _, topic := range slices.Collect(maps.Keys(l.topics)) {
		_ = sub.Subscribe(channelPrefix + topic) // the reader sees the failure
	}
	done := make(chan struct{})
	l.wg.Go(func() { l.ping(sub, done) })
	return func() {
		close(done)
		l.mu.Lock()
		defer l.mu.Unlock()
		l.sub = nil
	}
}

func (l *redisLink) ping(sub *redis.PubSubConn, done <-chan struct{}) {
	tick := time.NewTicker(redisPing)
	defer tick.Stop()
	for {
		select {
		case <-done:
			return
		case <-tick.C:
			l.mu.Lock()
			_ = sub.Ping("") // the reader sees the failure
			l.mu.Unlock()
		}
	}
}

func (l *redisLink) send(ctx context.Context, batch []message) error {
	c, err := l.pool.GetContext(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	for _, m := range batch {
		if err := c.Send("PUBLISH", channelPrefix+m.topic, m.payload); err != nil {
			return err
		}
	}
	if err := c.Flush(); err != nil {
		return err
	}
	for range batch {
		if _, err := c.Receive(); err != nil {
			return err
		}
	}
	return nil
}

// watch never fails: what cannot be subscribed now is with the next connection.
func (l *redisLink) watch(_ context.Context, topic string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.topics[topic] = true
	if l.sub != nil {
		_ = l.sub.Subscribe(channelPrefix + topic)
	}
	return nil
}

func (l *redisLink) unwatch(_ context.Context, topic string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.topics, topic)
	if l.sub == nil {
		return nil
	}
	return l.sub.Unsubscribe(channelPrefix + topic)
}

func (l *redisLink) ready(ctx context.Context) error {
	c, err := l.pool.GetContext(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	_, err = redis.DoContext(c, ctx, "PING")
	return err
}

func (l *redisLink) close() {
	l.cancel()
	l.wg.Wait()
	_ = l.pool.Close()
}
