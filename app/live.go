package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"time"

	"switchboard/app/bus"
	"switchboard/app/conversation"
	"switchboard/app/conversation/conversationsql"
	"switchboard/app/realtime"
	"switchboard/app/realtime/realtimesql"
	"switchboard/app/realtime/wire"
	"switchboard/app/uploads"
	"switchboard/handlers/gateway"
	"switchboard/handlers/im"
	"switchboard/middleware"
)

// live is conversations and the sessions that follow them, joined over the bus.
type live struct {
	bus           *bus.Bus
	members       *realtimesql.Store
	messages      *conversationsql.Store
	conversations *conversation.Service
	hub           *realtime.Hub
	files         *uploads.Store
	relay         *conversation.Relay // nil: conversations live here alone
	readEvery     time.Duration
	log           *slog.Logger
}

// liveTopic carries everything that a session of another node may wait for.
const liveTopic = "live"

// liveNews is one thing that happened; one field is set.
type liveNews struct {
	News    *conversation.News `json:"news,omitempty"`
	Opened  *realtime.Opening  `json:"opened,omitempty"`
	Command *commandNews       `json:"command,omitempty"`
}

// commandNews is a command on its way to a user's sessions, wherever they are.
type commandNews struct {
	To      realtime.User   `json:"to"`
	ID      string          `json:"id"`
	Name    string          `json:"name"`
	Data    json.RawMessage `json:"data"`
	At      time.Time       `json:"at"`
	Expires time.Time       `json:"expires"`
}

// openLive opens what conversations and sessions need on the store. It closes
// with s.open, sessions first.
func openLive(ctx context.Context, s *server) (*live, error) {
	l := &live{members: realtimesql.New(s.db), messages: conversationsql.New(s.db), readEvery: s.cfg.Realtime.ReadEvery, log: s.log}
	var err error
	if l.bus, err = bus.Open(s.cfg.BusURL.Reveal(), s.log); err != nil {
		return nil, fmt.Errorf("%s_BUS_URL: %w", envPrefix, err)
	}
	s.open.push("bus", func() error { l.bus.Close(); return nil })
	s.metrics.news(l.bus)
	if l.files, err = uploads.Open(s.cfg.UploadConfig, filepath.Join(s.cfg.DataDir, "uploads")); err != nil {
		return nil, fmt.Errorf("%s_%w", envPrefix, err)
	}
	s.open.push("uploads", l.files.Close)
	limits := s.cfg.Conversation
	open := map[string]bool{}
	var apps []string
	for _, app := range s.cfg.Apps {
		apps, open[app.ID] = append(apps, app.ID), app.OpenHistory
	}
	limits.OpenHistory = func(app string) bool { return open[app] }
	limits.Relay = s.cfg.Relay.out()
	l.relay = s.openRelay(l.messages)
	l.conversations = conversation.New(l.messages, limits, func(n conversation.News) { l.publish(liveNews{News: &n}) })
	l.hub, err = realtime.New(ctx, realtime.Options{
		Config: s.cfg.Realtime, Apps: apps, Log: l, Members: l.members, Encode: wire.Encode, Logger: s.log,
		Opened:   func(o realtime.Opening) { l.publish(liveNews{Opened: &o}) },
		Presence: s.sockets.changed,
	})
	if err != nil {
		return nil, err
	}
	s.metrics.gauge("switchboard_sessions", "Sessions on this replica: sockets, streams and polls.", func() float64 { return float64(l.hub.Sessions()) })
	s.open.push("sessions", func() error { return l.shutdown(s.cfg.Drain) })
	return l, nil
}

// shutdown tells every session to come back elsewhere. Again is no error.
func (l *live) shutdown(limit time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	return l.hub.Shutdown(ctx)
}

func (l *live) publish(n liveNews) {
	payload, _ := json.Marshal(n) // of strings, numbers, times and checked JSON
	l.bus.Publish(liveTopic, payload)
}

// bansEvery is how often, in readings of the log, the store is asked whether
// somebody here is banned: the news of a ban may be lost, or come while he logs in.
const bansEvery = 20

// run passes the bus's news on to the hub until ctx ends.
func (l *live) run(ctx context.Context) {
	sub := l.bus.Subscribe(liveTopic)
	defer sub.Close()
	bans := time.NewTicker(bansEvery * l.readEvery)
	defer bans.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-sub.Stale:
			l.hub.Wake()
			l.closeBanned(ctx)
		case <-bans.C:
			l.closeBanned(ctx)
		case payload := <-sub.News:
			var n liveNews
			if json.Unmarshal(payload, &n) == nil { // another version's news is found in the store
				l.take(ctx, n)
			}
		}
	}
}

func (l *live) take(ctx context.Context, n liveNews) {
	switch {
	case n.News != nil && n.News.Banned != "":
		l.hub.Ban(realtime.User{App: n.News.App, ID: n.News.Banned})
	case n.News != nil && n.News.Transient != nil:
		l.transient(ctx, *n.News.Transient)
	case n.News != nil && n.News.Seq > 0:
		l.hub.Wake()
	case n.Opened != nil:
		l.hub.Supersede(*n.Opened)
	case n.Command != nil:
		c := n.Command
		l.hub.Command(c.To, &realtime.Message{
			App: c.To.App, ID: c.ID, Body: wire.Command{Name: c.Name, Data: c.Data, At: c.At},
		}, c.Expires)
	}
}

// closeBanned ends the sessions of those here who are banned.
func (l *live) closeBanned(ctx context.Context) {
	banned, err := l.members.Banned(ctx, l.hub.Users())
	if err != nil && ctx.Err() == nil {
		l.log.Warn("sessions of banned users may stay open for now", "error", err)
	}
	for _, u := range banned {
		l.hub.Ban(u)
	}
}

// transient is delivered to those who are members now; it is lost when the store
// cannot tell who that is.
func (l *live) transient(ctx context.Context, m conversation.Message) {
	roster, err := l.members.Roster(ctx, m.App, m.Conversation)
	if err != nil || roster == 0 {
		return
	}
	l.hub.Transient(&realtime.Message{
		App: m.App, Conversation: m.Conversation, ID: m.ID, From: m.From, Echo: m.NoSync, Membership: roster, Body: m,
	})
}

// command sends an instruction of the product to a user's sessions on every
// node; those that resume get it until ttl is over.
func (l *live) command(to realtime.User, name string, data json.RawMessage, ttl time.Duration) {
	now := time.Now().UTC().Truncate(time.Microsecond)
	tick := conversation.TickAt(now) + conversation.Tick(rand.IntN(1<<12))
	l.publish(liveNews{Command: &commandNews{
		To: to, ID: conversation.MessageID(tick, 0, ""), Name: name, Data: data, At: now, Expires: now.Add(ttl),
	}})
}

// Last implements realtime.Log.
func (l *live) Last(ctx context.Context, app string) (string, error) {
	return l.conversations.LastID(ctx, app)
}

// After implements realtime.Log.
func (l *live) After(ctx context.Context, app, id string, limit int) ([]*realtime.Message, error) {
	found, err := l.messages.After(ctx, app, id, limit)
	next := make([]*realtime.Message, 0, len(found))
	for _, m := range found {
		next = append(next, &realtime.Message{
			App: m.App, Conversation: m.Conversation, ID: m.ID, Seq: m.Seq, From: m.From, Echo: m.NoSync, Membership: m.MemberVersion, Body: m.Message,
		})
	}
	return next, err
}

// Missed implements realtime.Log.
func (l *live) Missed(ctx context.Context, u realtime.User, id string) ([]*realtime.Message, bool, error) {
	found, recovered, err := l.conversations.Since(ctx, u.App, u.ID, id)
	missed := make([]*realtime.Message, 0, len(found))
	for _, m := range found {
		if m.From == u.ID && !m.NoSync {
			continue // it is not for the sender's own sessions
		}
		missed = append(missed, &realtime.Message{
			App: m.App, Conversation: m.Conversation, ID: m.ID, Seq: m.Seq, From: m.From, Echo: m.NoSync, Body: m,
		})
	}
	return missed, recovered, err
}

// sweep forgets client keys that need not be kept, until ctx ends.
func (l *live) sweep(ctx context.Context, s *server) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := l.conversations.Sweep(ctx); err != nil && !errors.Is(err, context.Canceled) {
				s.log.Warn("old client keys are kept for now", "error", err)
			}
		}
	}
}

const sweepEvery = time.Hour

// mountLive adds the gateway API, the conversation API and the files.
func (s *server) mountLive(l *live) {
	deadline := middleware.Deadline(s.cfg.Deadline)
	gateway.Notify{Apps: s.apps, Conversations: l.conversations, Hub: l.hub, Log: s.log}.Mount(s.web)
	gateway.Client{Conversations: l.conversations}.Mount(s.web, middleware.Client(s.apps), deadline)
	gateway.Inner{Apps: s.apps, Conversations: l.conversations}.
		Mount(s.web.Group("/inner", middleware.Inner(s.apps, s.cfg.InnerAllow), deadline))
	im.Files{Apps: s.apps, Store: l.files}.Mount(s.web)
	im.Socket{Apps: s.apps, Conversations: l.conversations, Hub: l.hub, Log: s.log}.Mount(s.web.Group("/im"))
	im.Conversations{Apps: s.apps, Service: l.conversations}.Mount(s.web.Group("/im", deadline))
}
