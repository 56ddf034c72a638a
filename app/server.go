package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gofiber/fiber/v2"

	"switchboard/app/access"
	"switchboard/app/bus"
	"switchboard/app/conversation"
	"switchboard/app/conversation/conversationsql"
	"switchboard/app/conversation/relaylink"
	"switchboard/app/environ"
	"switchboard/app/events"
	"switchboard/app/events/eventsql"
	"switchboard/app/ledger"
	"switchboard/app/ledger/ledgersql"
	"switchboard/app/messages"
	"switchboard/app/moderation"
	"switchboard/app/pairing"
	"switchboard/app/pairing/ticket"
	"switchboard/app/realtime"
	"switchboard/app/realtime/buslink"
	"switchboard/app/realtime/presence"
	"switchboard/app/realtime/realtimesql"
	"switchboard/app/realtime/wire"
	"switchboard/app/rooms"
	"switchboard/app/sqldb"
	"switchboard/app/switches"
	"switchboard/app/switches/switchessql"
	"switchboard/app/uploads"
	"switchboard/app/vendorset"
	"switchboard/app/wallet"
	"switchboard/handlers/product"
	"switchboard/vendors"
	"switchboard/vendors/upstream"
)

// server is the program with everything open, before it serves. Its fields stand
// in the order in which they are opened.
type server struct {
	cfg     Config
	log     *slog.Logger
	metrics *metrics
	open    closers

	listener net.Listener
	sandbox  *sandbox // nil: real vendors
	apps     *access.Directory
	accounts *vendorset.Accounts
	routes   *vendors.Router

	db *sqldb.DB
	// background runs a part's work beside requests, until the close.
	background func(component string, run func(context.Context) error)

	words    *moderation.Service
	coins    *wallet.Service
	writes   *ledgersql.Store
	book     *ledger.Ledger
	switches *switches.Service

	node          string // names this process among replicas
	bus           *bus.Bus
	files         *uploads.Store
	conversations *conversation.Service
	hub           *realtime.Hub
	presence      *presence.Tracker
	pairs         *pairing.Service
	events        *events.Service

	web            *fiber.App
	stopping       atomic.Bool
	cancelRequests func()
}

// run serves until ctx ends, then drains and closes what it opened, last first.
// The log's first line tells the address.
func run(ctx context.Context, cfg Config, stdout, stderr io.Writer) (err error) {
	log := slog.New(slog.NewJSONHandler(stderr, &slog.HandlerOptions{Level: cfg.LogLevel}))
	s, err := build(ctx, cfg, log)
	switch {
	case err != nil && ctx.Err() != nil:
		return nil // told to stop while it started
	case err != nil:
		return err
	}
	defer func() { err = errors.Join(err, s.open.close()) }()
	served := make(chan error, 1)
	go func() { served <- s.web.Listener(s.listener) }()
	if err := s.sandbox.welcome(stdout, s.listener.Addr().String(), s.apps); err != nil {
		return err
	}
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
		return s.drain(served)
	}
}

// build opens everything in the order in which the parts need each other; on an
// error it closes again what was open.
func build(ctx context.Context, cfg Config, log *slog.Logger) (_ *server, err error) {
	s := &server{cfg: cfg, log: log, metrics: newMetrics(), node: rand.Text()}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.open.close())
		}
	}()
	if s.listener, err = net.Listen("tcp", cfg.Listen); err != nil {
		return nil, fmt.Errorf("%s_LISTEN: %w", envPrefix, err)
	}
	s.open.push("listener", func() error { return ignoreClosed(s.listener.Close()) })
	// The log's first line, whatever the level: with port 0 nothing else tells the address.
	log.Log(ctx, max(slog.LevelInfo, cfg.LogLevel), "listening", "address", s.listener.Addr().String())
	for _, step := range []func(context.Context) error{s.openOutside, s.openStore, s.openDomains, s.openRealtime, s.openMatching, s.openWeb} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// openOutside opens whom we call, and says who may call us.
func (s *server) openOutside(context.Context) (err error) {
	if s.sandbox, err = openSandbox(&s.cfg, s.listener.Addr().String()); err != nil {
		return err
	}
	s.open.push("sandbox", s.sandbox.close)
	verified := upstream.NewCache[access.Caller]("access", "token.verify", time.Minute, rememberedTokens)
	if s.apps, err = access.New(s.cfg.AccessConfig, verified.Get); err != nil {
		return fmt.Errorf("%s_APPS: %w", envPrefix, err)
	}
	s.accounts, err = vendorset.Open(vendorset.Options{
		Config: s.cfg.VendorsConfig, File: s.cfg.AccountsFile, Upstream: upstream.Options{Observe: s.metrics.call},
	})
	if err != nil {
		return err
	}
	s.open.push("vendors", func() error { s.accounts.Close(); return nil })
	base, err := s.cfg.Route.Parse()
	if err != nil {
		return err
	}
	s.routes = s.accounts.Router
	s.metrics.watch(s.routes)
	return environ.Named(envPrefix+"_ROUTE_", s.cfg.Route.Apply(s.routes, base))
}

// openStore opens what is kept, and makes the group of what runs beside requests:
// it runs until everything is served.
func (s *server) openStore(ctx context.Context) (err error) {
	s.db, err = sqldb.Open(ctx, sqldb.Config{URL: s.cfg.DatabaseURL.Reveal(), DataDir: s.cfg.DataDir})
	switch {
	case err != nil && s.cfg.DatabaseURL == "":
		return fmt.Errorf("%s_DATA_DIR: %w", envPrefix, err)
	case err != nil:
		return fmt.Errorf("%s_DATABASE_URL: %w", envPrefix, err)
	}
	s.open.push("store", s.db.Close)
	s.metrics.store(s.db)
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	var tasks sync.WaitGroup
	s.open.push("background work", func() error { stop(); tasks.Wait(); return nil })
	s.background = func(component string, run func(context.Context) error) {
		tasks.Go(func() {
			if err := run(ctx); err != nil {
				s.log.Error("background work stopped", "component", component, "error", err)
			}
		})
	}
	return nil
}

// openDomains opens what stands on the store and the vendors alone.
func (s *server) openDomains(ctx context.Context) (err error) {
	s.words, err = moderation.New(s.cfg.Words, moderation.Deps{Log: s.log, Vendor: func(ctx context.Context) ([]vendors.Word, error) {
		return vendors.Via(ctx, s.routes, vendors.Request{Capability: vendors.CapWords},
			func(ctx context.Context, v *vendors.Vendor) ([]vendors.Word, error) { return v.Words.ListWords(ctx) })
	}})
	if err != nil {
		return environ.Named(envPrefix+"_WORDS_", err)
	}
	s.background("moderation", s.words.Run)
	s.coins = wallet.New(s.cfg.Price, s.routes)
	s.writes = ledgersql.New(s.db)
	recipes := rooms.New(s.routes).Recipes()
	recipes[vendors.OpAdjust] = s.coins.Settle
	s.book = ledger.New(s.cfg.Ledger, ledger.Deps{
		Store: s.writes, Archive: s.writes, Describe: product.Describe, Recipes: recipes, Observe: s.metrics.write, Log: s.log,
	})
	s.background("ledger", s.book.Run)
	base, err := s.cfg.Route.Parse()
	if err != nil {
		return err
	}
	s.switches = &switches.Service{Store: switchessql.New(s.db), Router: s.routes, Base: base, Log: s.log}
	if err := s.switches.Follow(ctx); err != nil {
		s.log.Warn("what was switched before does not apply here", "error", err)
	}
	s.background("switches", s.switches.Run)
	s.background("accounts", func(ctx context.Context) error {
		s.accounts.Run(ctx, s.log, func(account, what string) {
			s.log.Info("the accounts file changed an account", "account", account, "what", what)
			if err := s.switches.Again(ctx); err != nil {
				s.log.Warn("what was switched before does not apply to the new accounts", "error", err)
			}
			if err := s.switches.Note(ctx, "accounts file at "+s.node, account+": "+what); err != nil {
				s.log.Warn("a change of accounts is not in the audit", "account", account, "error", err)
			}
		})
		return nil
	})
	return nil
}

// openRealtime opens conversations, the sessions that follow them, and the bus
// between the two.
func (s *server) openRealtime(ctx context.Context) (err error) {
	if s.bus, err = bus.Open(s.cfg.BusURL.Reveal(), s.log); err != nil {
		return fmt.Errorf("%s_BUS_URL: %w", envPrefix, err)
	}
	s.open.push("bus", func() error { s.bus.Close(); return nil })
	s.metrics.news(s.bus)
	if s.files, err = uploads.Open(s.cfg.UploadConfig, filepath.Join(s.cfg.DataDir, "uploads")); err != nil {
		return environ.Named(envPrefix+"_", err)
	}
	s.open.push("uploads", s.files.Close)
	publish := buslink.Publisher{Bus: s.bus}
	s.openConversations(publish)
	s.presence = presence.New(s.presenceDeps())
	members := realtimesql.New(s.db)
	s.hub, err = realtime.New(ctx, realtime.Options{
		Config: s.cfg.Realtime, Apps: s.apps.IDs(), Log: buslink.Log{Conversations: s.conversations}, Members: members,
		Encode: wire.Encode, Logger: s.log, Opened: publish.Opened, Presence: s.presence.Changed,
	})
	if err != nil {
		return err
	}
	s.metrics.gauge("switchboard_sessions", "Sessions on this replica: sockets, streams and polls.", func() float64 { return float64(s.hub.Sessions()) })
	s.open.push("sessions", s.closeSessions)
	receiver := &buslink.Receiver{Bus: s.bus, Hub: s.hub, Store: members, BansEvery: bansEvery * s.cfg.Realtime.ReadEvery, Log: s.log}
	s.background("realtime", receiver.Run)
	return nil
}

// bansEvery is how often, in readings of the log, the store is asked for bans.
const bansEvery = 20

// openConversations opens the domain and, where conversations also live at a
// vendor, what sends their messages there.
func (s *server) openConversations(publish buslink.Publisher) {
	cfg := s.cfg.Conversation
	open := map[string]bool{}
	for _, app := range s.cfg.Apps {
		open[app.ID] = app.OpenHistory
	}
	cfg.OpenHistory = func(app string) bool { return open[app] }
	cfg.Relay = s.cfg.Relay.Sends()
	store := conversationsql.New(s.db)
	s.conversations = conversation.New(cfg, conversation.Deps{Store: store, Publish: publish.Conversation, Log: s.log})
	s.background("conversation", s.conversations.Run)
	if cfg.Relay {
		sender := relaylink.Sender{Messages: messages.New(s.routes)}
		relay := conversation.NewRelay(store, conversation.RelayConfig{Targets: func() int { return relaylink.Targets }}, s.log, sender.Send)
		s.background("relay", relay.Run)
	}
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
			return s.pairs.Socket(ctx, u.App, uid, s.node, open)
		},
	}
	if s.cfg.Events.URL != "" {
		deps.Store = realtimesql.NewPresence(s.db)
	}
	return deps
}

// closeSessions tells every session to come back elsewhere. Again is no error.
func (s *server) closeSessions() error {
	ctx, cancel := context.WithTimeout(context.Background(), s.cfg.Drain)
	defer cancel()
	return s.hub.Shutdown(ctx)
}

// openMatching opens pair matching, and what vendors and sessions tell it and the
// app.
func (s *server) openMatching(context.Context) (err error) {
	if s.pairs, err = s.openPairing(s.coins, s.log); err != nil {
		return err
	}
	s.background("pairing", s.pairs.Run)
	if s.events, err = events.New(s.cfg.Events, events.Deps{
		Store: eventsql.New(s.db), Log: s.log, Handle: s.hear, Observe: s.metrics.event,
	}); err != nil {
		return environ.Named(envPrefix+"_EVENTS_", err)
	}
	s.background("events", s.events.Run)
	s.background("presence", s.presence.Run)
	return nil
}
