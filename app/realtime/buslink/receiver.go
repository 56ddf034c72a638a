package buslink

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"switchboard/app/bus"
	"switchboard/app/conversation"
	"switchboard/app/realtime"
	"switchboard/app/realtime/wire"
)

// Store answers what news does not say.
type Store interface {
	// BanTick is another number whenever somebody was banned or let in again.
	BanTick(ctx context.Context) (int64, error)
	// Banned returns those of the users who are banned; with an error, those found
	// before it.
	Banned(ctx context.Context, users []realtime.User) ([]realtime.User, error)
	// MemberVersion is the version of a conversation's member list, 0 when there is
	// no such conversation.
	MemberVersion(ctx context.Context, app, conversation string) (int64, error)
}

// Receiver passes the bus's news on to this node's hub.
type Receiver struct {
	Bus   *bus.Bus
	Hub   *realtime.Hub
	Store Store
	// BansEvery is how often the store is asked whether there were bans whose news was
	// lost. Each lookEvery times it is asked about all who are here.
	BansEvery time.Duration
	Forget    func() // who was let in: the next call of each asks the store
	Log       *slog.Logger
}

// lookEvery finds whom a ban met while they logged in: they were no longer asked
// about, and not yet here when its news came.
const lookEvery = 20

// Run works until ctx ends.
func (r *Receiver) Run(ctx context.Context) error {
	sub := r.Bus.Subscribe(topic)
	defer sub.Close()
	ticker := time.NewTicker(r.BansEvery)
	defer ticker.Stop()
	bans := bans{Receiver: r, tick: unknownTick}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-sub.Stale:
			r.Hub.Wake()
			bans.tick = unknownTick
			bans.look(ctx)
		case <-ticker.C:
			bans.look(ctx)
		case payload := <-sub.News:
			var n news
			if json.Unmarshal(payload, &n) == nil { // what another version's news tells is found in the store
				r.take(ctx, n)
			}
		}
	}
}

func (r *Receiver) take(ctx context.Context, n news) {
	switch {
	case n.News != nil && n.News.Banned != "":
		r.Forget()
		r.Hub.Ban(realtime.User{App: n.News.App, ID: n.News.Banned})
	case n.News != nil && n.News.Transient != nil:
		r.deliverTransient(ctx, *n.News.Transient)
	case n.News != nil && n.News.MessageID != "":
		r.Hub.Heard(n.News.App, n.News.MessageID)
	case n.News != nil: // the log has grown
		r.Hub.Wake()
	case n.Ended != nil:
		r.Hub.End(*n.Ended, realtime.Ended)
	case n.Device != nil:
		r.Hub.EndDevice(*n.Device, realtime.Ended)
	case n.Opened != nil:
		r.Hub.Supersede(*n.Opened)
	case n.Command != nil:
		c := n.Command
		r.Hub.Command(c.To, &realtime.Message{
			App: c.To.App, ID: c.ID, Body: wire.Command{Name: c.Name, Data: c.Data, At: c.At},
		}, c.Expires)
	}
}

// deliverTransient delivers to those who are members now; the message is lost when
// the store cannot tell who that is.
func (r *Receiver) deliverTransient(ctx context.Context, m conversation.Message) {
	version, err := r.Store.MemberVersion(ctx, m.App, m.Conversation)
	if err != nil || version == 0 {
		return
	}
	r.Hub.Transient(delivery(m, version))
}
