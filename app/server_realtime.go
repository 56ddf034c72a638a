package main

import (
	"context"
	"path/filepath"

	"switchboard/app/conversation"
	"switchboard/app/conversation/conversationsql"
	"switchboard/app/conversation/relaylink"
	"switchboard/app/environ"
	"switchboard/app/messages"
	"switchboard/app/pairing/ticket"
	"switchboard/app/realtime"
	"switchboard/app/realtime/buslink"
	"switchboard/app/realtime/presence"
	"switchboard/app/realtime/realtimesql"
	"switchboard/app/realtime/wire"
	"switchboard/app/uploads"
	"switchboard/app/uploads/uploadsql"
	"switchboard/vendors"
)

// openRealtime opens conversations, the sessions that follow them, and the bus
// between the two.
func (s *server) openRealtime(ctx context.Context) (err error) {
	if s.files, err = uploads.Open(s.cfg.UploadConfig, filepath.Join(s.cfg.DataDir, "uploads")); err != nil {
		return environ.Named(envPrefix+"_", err)
	}
	s.open.push("uploads", s.files.Close)
	s.fileIndex = uploadsql.New(s.db)
	s.background("credentials", s.followCredentials)
	publish := buslink.Publisher{Bus: s.bus}
	s.sessions = &buslink.Lister{Bus: s.bus, Node: s.node}
	if s.cfg.BusURL == "" {
		alone := &presence.Neighbours{Store: realtimesql.NewPresence(s.db), Node: s.node, Log: s.log}
		s.metrics.gauge("switchboard_replicas_without_bus", "Other replicas on this store that no bus reaches.", func() float64 { return float64(alone.Count()) })
		s.background("replicas", alone.Run)
		s.sessions.Others = alone.Count
	} else {
		s.sessions.Holders = realtimesql.NewPresence(s.db).Holders
	}
	store := s.openConversations(publish)
	s.openRetention(store)
	s.presence = presence.New(s.presenceDeps())
	members := realtimesql.New(s.db)
	s.hub, err = realtime.New(ctx, s.cfg.Realtime, realtime.Deps{
		Apps: s.apps.IDs(), Messages: buslink.Log{Conversations: s.conversations}, Members: members,
		Encode: wire.Encode, Log: s.log, Opened: publish.Opened, Presence: s.presence.Changed,
	})
	if err != nil {
		return err
	}
	commits := buslink.Commits{Bus: s.bus, Hub: s.hub}
	store.Sent = func(items []*conversation.Outgoing) {
		commits.Tell(items)
		s.metrics.sent(items)
	}
	s.metrics.sessions(s.hub)
	s.open.push("sessions", s.closeSessions)
	receiver := &buslink.Receiver{Bus: s.bus, Hub: s.hub, Store: members, BansEvery: s.cfg.Realtime.ReadEvery, Forget: func() { s.conversations.ForgetAdmitted() }, Log: s.log}
	s.background("realtime", receiver.Run)
	s.sessions.Hub = s.hub
	s.background("lists of sessions", s.sessions.Run)
	return nil
}

// openConversations opens the domain over its store and, where conversations also live
// at a vendor, what sends their messages there.
func (s *server) openConversations(publish buslink.Publisher) *conversationsql.Store {
	cfg := s.cfg.Conversation
	open := map[string]bool{}
	for _, app := range s.cfg.Apps {
		open[app.ID] = app.OpenHistory
	}
	cfg.OpenHistory = func(app string) bool { return open[app] }
	cfg.Relay = s.cfg.Relay.Sends()
	store := conversationsql.New(s.db)
	s.conversations = conversation.New(cfg, conversation.Deps{Store: store, Publish: publish.Conversation, Log: s.log,
		Delivered: func(ctx context.Context, t conversation.Tick) { s.hub.Delivered(ctx, int64(t)) }, // the hub is open before the first send
	})
	s.background("conversation", s.conversations.Run)
	if cfg.Relay {
		sender := relaylink.Sender{Messages: messages.New(s.routes, nil)}
		relay := conversation.NewRelay(conversation.RelayConfig{Targets: func() int { return relaylink.Targets }},
			conversation.RelayDeps{Store: store, Send: sender.Send, Log: s.log})
		s.background("relay", relay.Run)
	}
	return store
}

// presenceDeps joins presence to the store, where the app wants to be told of it,
// and to pair matching. Both are open before the first session is.
func (s *server) presenceDeps() presence.Deps {
	deps := presence.Deps{
		Node: s.node, Log: s.log,
		Publish: func(ctx context.Context, e []vendors.Event) error { return s.events.Take(ctx, e) },
		Report: func(ctx context.Context, u realtime.User, open bool) error {
			uid, err := ticket.ParseUID(u.ID)
			if err != nil {
				return nil // only users whose id is a number are ever matched
			}
			// The process stands for the session: another one may hold a socket of the same user.
			return s.pairing.RecordSocket(ctx, u.App, uid, s.node, open)
		},
	}
	if s.cfg.Events.URL == "" {
		deps.Publish = func(context.Context, []vendors.Event) error { return nil } // nobody asked for it
	}
	if s.keepsPresence() {
		deps.Store = realtimesql.NewPresence(s.db)
	}
	return deps
}

// keepsPresence reports whether the store knows who has a session at any replica: the
// app's server is told of it, or there may be other replicas to ask.
func (s *server) keepsPresence() bool { return s.cfg.Events.URL != "" || s.cfg.BusURL != "" }

// connected tells which of the users have a session.
func (s *server) connected(ctx context.Context, app string, ids []string) (map[string]bool, error) {
	found := map[string]bool{}
	for _, id := range ids {
		if s.hub.Has(realtime.User{App: app, ID: id}) {
			found[id] = true
		}
	}
	if !s.keepsPresence() {
		return found, nil
	}
	elsewhere, err := realtimesql.NewPresence(s.db).Online(ctx, app, ids)
	for _, id := range elsewhere {
		found[id] = true
	}
	return found, err
}

// closeSessions tells every session to come back elsewhere. Again is no error.
func (s *server) closeSessions() error {
	ctx, cancel := context.WithTimeout(context.Background(), s.cfg.Drain)
	defer cancel()
	return s.hub.Shutdown(ctx)
}
