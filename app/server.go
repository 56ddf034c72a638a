package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gofiber/fiber/v2"

	"switchboard/app/access"
	"switchboard/app/events"
	"switchboard/app/ledger"
	"switchboard/app/messages"
	"switchboard/app/moderation"
	"switchboard/app/pairing"
	"switchboard/app/realtime"
	"switchboard/app/rooms"
	"switchboard/app/storage"
	"switchboard/app/switches"
	"switchboard/app/translation"
	"switchboard/app/wallet"
	"switchboard/handlers"
	"switchboard/middleware"
	"switchboard/openapi"
	"switchboard/vendors"
	"switchboard/vendors/upstream"
)

const (
	bodyLimit   = 1 << 20          // bytes of any body but an upload's
	headerLimit = 16 << 10         // bytes of a request's head
	readTimeout = 30 * time.Second // for one request to arrive whole
	idleTimeout = 2 * time.Minute

	rememberedTokens = 50_000 // verified client tokens
)

// closers is a stack of what was opened; it closes in reverse.
type closers []struct {
	name  string
	close func() error
}

func (s *closers) push(name string, closer func() error) {
	*s = append(*s, struct {
		name  string
		close func() error
	}{name, closer})
}

func (s closers) close() error {
	var errs []error
	for i := len(s) - 1; i >= 0; i-- {
		if err := s[i].close(); err != nil {
			errs = append(errs, fmt.Errorf("closing %s: %w", s[i].name, err))
		}
	}
	return errors.Join(errs...)
}

// server is the program with everything open, before it serves.
type server struct {
	cfg            Config
	log            *slog.Logger
	open           closers
	listener       net.Listener
	web            *fiber.App
	sandbox        *sandbox // nil: real vendors
	apps           *access.Directory
	metrics        *metrics
	db             *storage.DB
	live           *live
	pairs          *pairing.Service
	sockets        *sockets
	node           string // names this process among replicas
	routes         *vendors.Router
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
// error it closes again what was open. It is one long function on purpose: its
// order is its content.
func build(ctx context.Context, cfg Config, log *slog.Logger) (_ *server, err error) {
	s := &server{cfg: cfg, log: log, metrics: newMetrics(), node: rand.Text()}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.open.close())
		}
	}()
	if s.listener, err = net.Listen("tcp", cfg.Listen); err != nil {
		return nil, err
	}
	s.open.push("listener", func() error { return ignoreClosed(s.listener.Close()) })
	log.Info("listening", "address", s.listener.Addr().String())

	// Whom we call, and who may call us.
	if s.sandbox, err = openSandbox(&s.cfg, s.listener.Addr().String()); err != nil {
		return nil, err
	}
	s.open.push("sandbox", s.sandbox.close)
	verified := upstream.NewCache[access.Caller]("access", "token.verify", time.Minute, rememberedTokens)
	if s.apps, err = access.New(s.cfg.AccessConfig, verified.Get); err != nil {
		return nil, fmt.Errorf("%s_APPS: %w", envPrefix, err)
	}
	outside, err := openAccounts(s.cfg, upstream.Options{Observe: s.metrics.call})
	if err != nil {
		return nil, err
	}
	s.open.push("vendors", func() error { outside.close(); return nil })
	base, err := s.cfg.Route.table()
	if err != nil {
		return nil, err
	}
	s.routes = outside.routes
	if err := s.routes.Apply(base); err != nil {
		return nil, err
	}
	s.metrics.watch(s.routes)

	// What is kept.
	s.db, err = storage.Open(ctx, storage.Config{URL: s.cfg.DatabaseURL.Reveal(), DataDir: s.cfg.DataDir})
	if err != nil {
		return nil, err
	}
	s.open.push("store", s.db.Close)
	s.metrics.store(s.db)
	writes, switched := storage.Ledger{DB: s.db}, storage.Switches{DB: s.db}

	// The domains. What runs beside requests runs until everything is served.
	background, stopBackground := context.WithCancel(context.WithoutCancel(ctx))
	var tasks sync.WaitGroup
	s.open.push("background work", func() error { stopBackground(); tasks.Wait(); return nil })
	words, err := moderation.New(s.cfg.Words, func(ctx context.Context) ([]vendors.Word, error) {
		return vendors.Via(ctx, s.routes, vendors.CapWords, vendors.Read,
			func(ctx context.Context, v *vendors.Vendor) ([]vendors.Word, error) { return v.Words.ListWords(ctx) })
	}, log)
	if err != nil {
		return nil, err
	}
	tasks.Go(func() { words.Run(background) })
	coins := &wallet.Service{Prices: s.cfg.Price, Routes: s.routes}
	book := ledger.New(s.cfg.Ledger, writes, writes)
	book.Observe = s.metrics.write
	book.Recipes = map[string]ledger.Recipe{vendors.OpAdjust: handlers.SettleAdjust(coins)}
	tasks.Go(func() { book.Run(background, log) })
	switchboard := &switches.Service{Store: switched, Router: s.routes, Base: base}
	if err := switchboard.Follow(ctx); err != nil {
		log.Warn("what was switched before does not apply here", "error", err)
	}
	tasks.Go(func() { switchboard.Run(background, log) })
	translated := upstream.NewCache[string](string(vendors.CapTranslator), vendors.OpTranslate, s.cfg.Translate.CacheTTL, s.cfg.Translate.CacheSize)
	s.sockets = &sockets{server: s, open: map[realtime.User]pairing.UID{}}
	if s.live, err = openLive(ctx, s); err != nil {
		return nil, err
	}
	tasks.Go(func() { s.live.run(background) })
	tasks.Go(func() { s.live.sweep(background, s) })
	if s.live.relay != nil {
		tasks.Go(func() { s.live.relay.Run(background) })
	}
	if s.pairs, err = s.openPairing(coins, log); err != nil {
		return nil, err
	}
	tasks.Go(func() {
		if err := s.pairs.Run(background); err != nil {
			log.Error("pair matching stopped", "error", err)
		}
	})
	tasks.Go(func() {
		outside.run(background, log, func() {
			if err := switchboard.Again(background); err != nil {
				log.Warn("what was switched before does not apply to the new accounts", "error", err)
			}
		})
	})
	tasks.Go(func() { s.sockets.renew(background) })

	told, err := events.New(s.cfg.Events, storage.Events{DB: s.db}, log, s.live.announce, s.hear)
	if err != nil {
		return nil, fmt.Errorf("%s_EVENTS_%w", envPrefix, err)
	}
	told.Observe = s.metrics.event
	tasks.Go(func() { told.Run(background) })

	// HTTP: every surface, with who may call it.
	s.newWeb(context.WithoutCancel(ctx))
	deadline := middleware.Deadline(s.cfg.Deadline)
	s.probes().Mount(s.web, middleware.AllowFrom(s.cfg.AdminAllow))
	clients := s.web.Group("/api/v1", middleware.Client(s.apps), deadline)
	handlers.Product{
		Words: words, Wallet: coins, Routes: s.routes,
		Translations: &translation.Service{Routes: s.routes, Cache: translated.Get},
	}.Mount(clients)
	handlers.Pairing{Service: s.pairs}.Mount(clients)
	back := s.web.Group("/api/server", middleware.Server(s.apps), deadline)
	handlers.Server{Messages: &messages.Service{Routes: s.routes}, Wallet: coins, Ledger: book}.Mount(back)
	handlers.Rooms{Rooms: &rooms.Service{Routes: s.routes}}.Mount(back)
	handlers.Admin{Routes: s.routes, Switches: switchboard, Audit: switched, Ledger: writes}.
		Mount(s.web.Group("/admin", middleware.Admin(s.cfg.AdminKey, s.cfg.AdminAllow), deadline))
	imports, err := s.importer()
	if err != nil {
		return nil, err
	}
	handlers.Callbacks{Routes: s.routes, Events: told, Import: imports, Words: words, Log: log}.Mount(s.web.Group("/callbacks", deadline))
	s.mountLive(s.live)
	return s, nil
}

// newWeb makes the HTTP side with what every request passes. Requests live in a
// context of their own, which outlives the stop signal until the drain is over.
func (s *server) newWeb(parent context.Context) {
	requests, cancel := context.WithCancel(parent)
	s.cancelRequests = cancel
	s.open.push("requests", func() error { cancel(); return nil })
	s.web = fiber.New(fiber.Config{
		AppName: "switchboard", DisableStartupMessage: true, Immutable: true, ErrorHandler: handlers.Failure,
		BodyLimit: s.live.files.MaxBytes() + bodyLimit, ReadBufferSize: headerLimit, ReadTimeout: readTimeout, IdleTimeout: idleTimeout,
	})
	s.web.Use(handlers.Stray, middleware.Base(requests), middleware.RequestID, middleware.Access(s.log, s.metrics.request),
		middleware.Recover(s.log), middleware.BodyLimit(bodyLimit, handlers.UploadPath))
}

func (s *server) probes() handlers.Probes {
	return handlers.Probes{
		Sandbox: s.sandbox != nil, Metrics: s.metrics.handler(), OpenAPI: openapi.Switchboard(),
		Ready: []handlers.Probe{
			{Name: "process", Check: func(context.Context) error {
				if s.stopping.Load() {
					return errors.New("stopping")
				}
				return nil
			}},
			{Name: "store", Check: s.db.Ready},
			{Name: "bus", Check: s.live.bus.Ready},
			{Name: "routes", Check: func(context.Context) error { return routesServed(s.routes) }},
		},
	}
}

// drain tells load balancers to go elsewhere, lets requests under way finish, and
// cancels those that have not when Config.Drain is over.
func (s *server) drain(served <-chan error) error {
	s.stopping.Store(true)
	s.pairs.Close()
	s.log.Info("stopping", "drain", s.cfg.Drain)
	sessions := s.live.shutdown(s.cfg.Drain) // first: streams and polls are requests under way
	timer := time.AfterFunc(s.cfg.Drain, s.cancelRequests)
	defer timer.Stop()
	err := s.web.ShutdownWithTimeout(s.cfg.Drain + time.Second)
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("requests were still under way after %s", s.cfg.Drain)
	}
	// A stop that comes before the server has taken the listener over must end it too.
	return errors.Join(sessions, err, ignoreClosed(s.listener.Close()), ignoreClosed(<-served))
}

// routesServed tells of a configured route that no vendor can serve now. It asks
// nobody: a probe must not put load on a vendor.
func routesServed(routes *vendors.Router) error {
	for _, c := range vendors.Capabilities() {
		route := routes.Route(c)
		healthy := func(v *vendors.Vendor) bool {
			return v.Link == nil || v.Link.Healthy(upstream.Read.String()) || v.Link.Healthy(upstream.Write.String())
		}
		if len(route) > 0 && !slices.ContainsFunc(route, healthy) {
			return fmt.Errorf("no vendor serves %s", c)
		}
	}
	return nil
}

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// probe asks a process on this machine whether it is alive.
func probe(ctx context.Context, listen string) error {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return err
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+"/healthz", nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("health: status %d", res.StatusCode)
	}
	return nil
}
