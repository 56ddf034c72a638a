package bus

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

const channelPrefix = "switchboard:"

// redisLink is Redis pub/sub.
type redisLink struct {
	client *redis.Client
	sub    *redis.PubSub
	wg     sync.WaitGroup
}

// silence keeps the library from writing lines of its own form to standard error;
// Bus.send logs what they would say.
type silence struct{}

func (silence) Printf(context.Context, string, ...any) {}

func openRedis(ctx context.Context, url string, b *Bus) (link, error) {
	o, err := redis.ParseURL(url)
	if err != nil {
		return nil, errors.New("bus: url: not a valid redis url")
	}
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout = time.Second, time.Second, time.Second
	o.DialerRetries = 1
	o.MaxRetries = -1 // the queue behind would only grow old
	redis.SetLogger(silence{})
	l := &redisLink{client: redis.NewClient(o)}
	l.sub = l.client.Subscribe(ctx)
	events := l.sub.ChannelWithSubscriptions(redis.WithChannelSize(batched), redis.WithChannelHealthCheckInterval(time.Second))
	l.wg.Go(func() {
		for e := range events {
			switch e := e.(type) {
			case *redis.Message:
				b.receive(strings.TrimPrefix(e.Channel, channelPrefix), []byte(e.Payload))
			case *redis.Subscription:
				// Redis says so at first and after each new connection.
				if e.Kind == "subscribe" {
					b.watched(strings.TrimPrefix(e.Channel, channelPrefix))
				}
			}
		}
	})
	return l, nil
}

func (l *redisLink) send(ctx context.Context, batch []message) error {
	_, err := l.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for _, m := range batch {
			p.Publish(ctx, channelPrefix+m.topic, m.payload)
		}
		return nil
	})
	return err
}

// watch: what fails now is subscribed with the next connection as well.
func (l *redisLink) watch(ctx context.Context, topic string) error {
	return l.sub.Subscribe(ctx, channelPrefix+topic)
}

func (l *redisLink) unwatch(ctx context.Context, topic string) error {
	return l.sub.Unsubscribe(ctx, channelPrefix+topic)
}

func (l *redisLink) ready(ctx context.Context) error { return l.client.Ping(ctx).Err() }

func (l *redisLink) close() {
	_ = l.sub.Close()
	l.wg.Wait()
	_ = l.client.Close()
}
