package bus

import (
	"context"
	"encoding/base64"
	"errors"
	"time"

	"github.com/nats-io/nats.go"
)

const subjectPrefix = "switchboard."

// natsLink is core NATS.
type natsLink struct {
	conn *nats.Conn
	bus  *Bus
	subs map[string]*nats.Subscription // of reconcile's goroutine
	done chan struct{}
}

const natsFlush = time.Second

func openNATS(url string, b *Bus) (link, error) {
	l := &natsLink{bus: b, subs: make(map[string]*nats.Subscription), done: make(chan struct{})}
	back := func(c *nats.Conn) {
		// The server has our subscriptions again once it has answered.
		_ = c.FlushTimeout(natsFlush)
		b.note(listening, nil)
		b.stale("")
	}
	gone := func(_ *nats.Conn, err error) {
		if err == nil {
			err = ErrDown
		}
		b.note(listening, err)
	}
	conn, err := nats.Connect(url, nats.Name("switchboard"),
		nats.MaxReconnects(-1), nats.RetryOnFailedConnect(true), nats.ReconnectWait(200*time.Millisecond),
		nats.ReconnectJitter(100*time.Millisecond, 100*time.Millisecond),
		nats.Timeout(time.Second), nats.PingInterval(2*time.Second), nats.MaxPingsOutstanding(2),
		nats.ReconnectBufSize(-1), // what was said meanwhile is old by then
		nats.ConnectHandler(back), nats.ReconnectHandler(back), nats.DisconnectErrHandler(gone),
		nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) { b.stale("") }),
		nats.ClosedHandler(func(*nats.Conn) { close(l.done) }),
	)
	if err != nil {
		return nil, errors.New("bus: url: not a valid nats url")
	}
	l.conn = conn
	if !conn.IsConnected() {
		b.note(listening, ErrDown)
	}
	return l, nil
}

// subject keeps dots, spaces and wildcards of a topic out of NATS's own.
func subject(topic string) string {
	return subjectPrefix + base64.RawURLEncoding.EncodeToString([]byte(topic))
}

func (l *natsLink) send(_ context.Context, batch []message) error {
	for _, m := range batch {
		if err := l.conn.Publish(subject(m.topic), m.payload); err != nil {
			return err
		}
	}
	return nil
}

func (l *natsLink) watch(_ context.Context, topic string) error {
	sub := l.subs[topic]
	if sub == nil {
		var err error
		sub, err = l.conn.Subscribe(subject(topic), func(m *nats.Msg) { l.bus.receive(topic, m.Data) })
		if err != nil {
			return err
		}
		l.subs[topic] = sub
	}
	if !l.conn.IsConnected() {
		return ErrDown
	}
	if err := l.conn.FlushTimeout(natsFlush); err != nil {
		return err // the server may not know of it
	}
	l.bus.watched(topic)
	return nil
}

func (l *natsLink) unwatch(_ context.Context, topic string) error {
	sub := l.subs[topic]
	delete(l.subs, topic)
	if sub == nil {
		return nil
	}
	return sub.Unsubscribe()
}

func (l *natsLink) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, natsFlush)
	defer cancel()
	return l.conn.FlushWithContext(ctx)
}

func (l *natsLink) close() {
	l.conn.Close()
	<-l.done
}
