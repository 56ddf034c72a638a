package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gofiber/fiber/v2"

	"switchboard/app/access"
	"switchboard/app/events"
	"switchboard/app/events/eventsql"
	"switchboard/app/ledger"
	"switchboard/app/ledger/ledgersql"
	"switchboard/app/moderation"
	"switchboard/app/pairing"
	"switchboard/app/realtime"
	"switchboard/app/sqldb"
	"switchboard/app/switches"
	"switchboard/app/switches/switchessql"
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

	db  *sqldb.DB
	run func(task func(context.Context)) // beside requests, until the close

	words    *moderation.Service
	coins    *wallet.Service
	writes   *ledgersql.Store
	book     *ledger.Ledger
	switches *switches.Service

	node    string // names this process among replicas
	sockets *sockets
	live    *live
	pairs   *pairing.Service
	events  *events.Service

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
	case err != nil && errors.Is(err, ctx.Err()):
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
	for _, step := range []func(context.Context) error{s.openOutside, s.openStore, s.openDomains, s.openMatching, s.openWeb} {
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
	base, err := s.cfg.Route.table()
	if err != nil {
		return err
	}
	s.routes = s.accounts.Router
	s.metrics.watch(s.routes)
	return namedRoute(s.routes.Apply(base))
}

// openStore opens what is kept, and the pen for what runs beside requests: it
// runs until everything is served.
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
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	var tasks sync.WaitGroup
	s.open.push("background work", func() error { stop(); tasks.Wait(); return nil })
	s.run = func(task func(context.Context)) { tasks.Go(func() { task(background) }) }
	return nil
}

// openDomains opens what stands on the store and the vendors alone.
func (s *server) openDomains(ctx context.Context) (err error) {
	s.words, err = moderation.New(s.cfg.Words, func(ctx context.Context) ([]vendors.Word, error) {
		return vendors.Via(ctx, s.routes, vendors.Request{Capability: vendors.CapWords},
			func(ctx context.Context, v *vendors.Vendor) ([]vendors.Word, error) { return v.Words.ListWords(ctx) })
	}, s.log)
	if err != nil {
		return fmt.Errorf("%s_WORDS_%w", envPrefix, err)
	}
	s.run(s.words.Run)
	s.coins = &wallet.Service{Prices: s.cfg.Price, Routes: s.routes}
	s.writes = ledgersql.New(s.db)
	s.book = ledger.New(s.cfg.Ledger, s.writes, s.writes)
	s.book.Observe = s.metrics.write
	s.book.Recipes = product.SettleRooms(s.routes)
	s.book.Recipes[vendors.OpAdjust] = product.SettleAdjust(s.coins)
	s.run(func(ctx context.Context) { s.book.Run(ctx, s.log) })
	base, err := s.cfg.Route.table()
	if err != nil {
		return err
	}
	s.switches = &switches.Service{Store: switchessql.New(s.db), Router: s.routes, Base: base}
	if err := s.switches.Follow(ctx); err != nil {
		s.log.Warn("what was switched before does not apply here", "error", err)
	}
	s.run(func(ctx context.Context) { s.switches.Run(ctx, s.log) })
	s.run(func(ctx context.Context) {
		s.accounts.Run(ctx, s.log, func(account, what string) {
			s.log.Info("the accounts file changed an account", "account", account, "what", what)
			if err := s.switches.Again(ctx); err != nil {
				s.log.Warn("what was switched before does not apply to the new accounts", "error", err)
			}
			if err := s.switches.Note(ctx, "accounts file at "+s.node, account+": "+what); err != nil {
				s.log.Warn("a change of accounts is not in the audit", "account", account, "error", err)
			}
		})
	})
	return nil
}

// openMatching opens conversations with their sessions, pair matching, and what
// vendors tell both of them.
func (s *server) openMatching(ctx context.Context) (err error) {
	s.sockets = &sockets{server: s, open: map[realtime.User]pairing.UID{}, owed: map[realtime.User]bool{}}
	if s.live, err = openLive(ctx, s); err != nil {
		return err
	}
	s.run(s.live.run)
	s.run(func(ctx context.Context) { s.live.sweep(ctx, s) })
	if s.live.relay != nil {
		s.run(func(ctx context.Context) { _ = s.live.relay.Run(ctx) })
	}
	if s.pairs, err = s.openPairing(s.coins, s.log); err != nil {
		return err
	}
	s.run(func(ctx context.Context) {
		if err := s.pairs.Run(ctx); err != nil {
			s.log.Error("pair matching stopped", "error", err)
		}
	})
	if s.events, err = events.New(s.cfg.Events, events.Deps{
		Store: eventsql.New(s.db), Log: s.log, Handle: s.hear, Observe: s.metrics.event,
	}); err != nil {
		return fmt.Errorf("%s_EVENTS_%w", envPrefix, err)
	}
	s.run(func(ctx context.Context) { _ = s.events.Run(ctx) })
	s.run(s.sockets.renew)
	return nil
}
