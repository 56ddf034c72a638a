package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gofiber/fiber/v2"

	"switchboard/app/access"
	"switchboard/app/bus"
	"switchboard/app/conversation"
	"switchboard/app/credentials"
	"switchboard/app/environ"
	"switchboard/app/erasure"
	"switchboard/app/events"
	"switchboard/app/groups"
	"switchboard/app/ledger"
	"switchboard/app/ledger/ledgersql"
	"switchboard/app/messages"
	"switchboard/app/moderation"
	"switchboard/app/owners"
	"switchboard/app/owners/ownersql"
	"switchboard/app/pairing"
	"switchboard/app/realtime"
	"switchboard/app/realtime/buslink"
	"switchboard/app/realtime/presence"
	"switchboard/app/retention"
	"switchboard/app/rooms"
	"switchboard/app/rooms/roomsql"
	"switchboard/app/sqldb"
	"switchboard/app/switches"
	"switchboard/app/switches/switchessql"
	"switchboard/app/tracing"
	"switchboard/app/uploads"
	"switchboard/app/uploads/uploadsql"
	"switchboard/app/users"
	"switchboard/app/users/usersql"
	"switchboard/app/vendorset"
	"switchboard/app/wallet"
	"switchboard/handlers/product"
	"switchboard/middleware"
	"switchboard/vendors"
	"switchboard/vendors/upstream"
)

// server is the program with everything open, before it serves. Its fields stand
// in the order in which they are opened.
type server struct {
	cfg     Config
	log     *slog.Logger
	traces  *tracing.Tracer // nil: nothing is traced
	level   *slog.LevelVar  // of the log
	metrics *metrics
	open    closers

	listener net.Listener
	bounded  *boundedListener // the same, as it is served
	sandbox  *sandbox         // nil: real vendors
	apps     *access.Directory
	accounts *vendorset.Accounts
	bus      *bus.Bus
	routes   *vendors.Router

	credentials *credentials.Service

	db *sqldb.DB
	// background runs a part's work beside requests, until the close.
	background func(component string, run func(context.Context) error)

	moderation  *moderation.Service
	wallet      *wallet.Service
	ledgerStore *ledgersql.Store
	ledger      *ledger.Ledger
	switches    *switches.Service
	owners      *owners.Service
	door        *rooms.Door
	groups      *groups.Service
	holds       *owners.Timer
	wishes      *owners.Wishes
	people      *users.Service

	node          string // names this process among replicas
	sessions      *buslink.Lister
	files         *uploads.Store
	fileIndex     *uploadsql.Index
	retention     *retention.Sweeper
	voids         *erasure.Voids
	erasures      *erasure.Service
	conversations *conversation.Service
	hub           *realtime.Hub
	presence      *presence.Tracker
	pairing       *pairing.Service
	events        *events.Service
	polls         *events.Presence

	web            *fiber.App
	stopping       atomic.Bool
	cancelRequests func()
}

// run serves until ctx ends, then drains and closes what it opened, last first.
// The log's first line tells the address.
func run(ctx context.Context, cfg Config, stdout, stderr io.Writer) (err error) {
	level := new(slog.LevelVar)
	level.Set(cfg.LogLevel)
	s, err := build(ctx, cfg, slog.New(slog.NewJSONHandler(stderr, &slog.HandlerOptions{Level: level})), level)
	switch {
	case err != nil && ctx.Err() != nil:
		return nil // told to stop while it started
	case err != nil:
		return err
	}
	defer func() { err = errors.Join(err, s.open.close()) }()
	served := make(chan error, 1)
	go func() { served <- s.web.Listener(s.bounded) }()
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
func build(ctx context.Context, cfg Config, log *slog.Logger, level *slog.LevelVar) (_ *server, err error) {
	s := &server{cfg: cfg, log: log, level: level, metrics: newMetrics(), node: rand.Text()}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.open.close())
		}
	}()
	if s.listener, err = net.Listen("tcp", cfg.Listen); err != nil {
		return nil, fmt.Errorf("%s_LISTEN: %w", envPrefix, err)
	}
	s.bounded = &boundedListener{
		Listener: s.listener, all: cfg.Limit.Connections, each: cfg.Limit.PeerConnections, many: middleware.Proxies(cfg.TrustedProxies).Has,
		refused: s.metrics.refuse, peers: map[netip.Addr]int{},
	}
	s.metrics.gauge("switchboard_connections", "Connections open.", func() float64 { return float64(s.bounded.count()) })
	s.open.push("listener", func() error { return ignoreClosed(s.listener.Close()) })
	// The log's first line, whatever the level: with port 0 nothing else tells the address.
	log.Log(ctx, max(slog.LevelInfo, cfg.LogLevel), "listening", "address", s.listener.Addr().String(), "version", version())
	for _, step := range []func(context.Context) error{s.openTracing, s.openOutside, s.openStore, s.openDomains, s.openRealtime, s.openMatching, s.openWeb} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	s.tellStart()
	return s, nil
}

// tellStart logs what the program runs on, without a secret.
func (s *server) tellStart() {
	var accounts, routes []string
	for _, v := range s.routes.All() {
		accounts = append(accounts, v.Name)
	}
	for _, c := range vendors.Capabilities() {
		var names []string
		for _, v := range s.routes.Route(c) {
			names = append(names, v.Name)
		}
		if names != nil {
			routes = append(routes, string(c)+"="+strings.Join(names, ","))
		}
	}
	bus, _, _ := strings.Cut(s.cfg.BusURL.Reveal(), ":")
	uploads, _, _ := strings.Cut(s.cfg.UploadConfig.URL, ":")
	s.log.Info("started", "version", version(), "env", s.cfg.Env, "sandbox", s.sandbox != nil, "node", s.node,
		"vendors", accounts, "routes", routes, "store", s.db.Dialect(), "bus", cmp.Or(bus, "none"), "apps", s.apps.IDs(),
		"uploads", cmp.Or(uploads, "folder"), "admin", s.cfg.AdminKey != "")
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
	for _, text := range s.cfg.doubts() {
		s.log.Warn("configured by half", "component", "config", "doubt", text)
	}
	for _, app := range s.cfg.Apps {
		if app.Open {
			s.log.Warn("app is open: whoever knows its id reads its conversations and listens as anybody", "component", "access", "app", app.ID)
		}
	}
	s.accounts, err = vendorset.Open(vendorset.Options{
		Config: s.cfg.VendorsConfig, File: s.cfg.AccountsFile, Upstream: upstream.Options{Observe: s.metrics.call, Tried: s.tried(), Encrypted: s.cfg.Env == production},
	})
	if err != nil {
		return err
	}
	s.open.push("vendors", func() error { s.accounts.Close(); return nil })
	base, err := s.cfg.Route.Parse()
	if err != nil {
		return err
	}
	if s.bus, err = bus.Open(s.cfg.BusURL.Reveal(), s.log); err != nil {
		return fmt.Errorf("%s_BUS_URL: %w", envPrefix, err)
	}
	s.open.push("bus", func() error { s.bus.Close(); return nil })
	s.metrics.bus(s.bus)
	s.routes = s.accounts.Router
	s.openCredentials()
	s.routes.KeyChanged = s.tellKey
	s.metrics.links(s.routes)
	if err := environ.Named(envPrefix+"_ROUTE_", s.cfg.Route.Apply(s.routes, base)); err != nil {
		return err
	}
	return environ.Named(envPrefix+"_", named("APPS", s.routes.ApplyPlan(vendors.Plan{Routes: base, Tenants: s.cfg.Apps.Tenants()})))
}

// named puts a variable's name before its error.
func named(variable string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", variable, err)
}

// tellKey logs that an account's key, 1 for the preferred one, was refused by the
// vendor and is set aside, or serves again.
func (s *server) tellKey(account string, key int, aside bool, err error) {
	log := s.log.With("component", "vendors", "account", account, "key", key+1)
	if aside {
		s.credentials.VoidAccount(account)
		log.Warn("vendor key refused and set aside", "error", err)
		return
	}
	log.Info("vendor key serves again")
}

// openStore opens what is kept, and makes the group of what runs beside requests:
// it runs until everything is served.
func (s *server) openStore(ctx context.Context) (err error) {
	s.db, err = sqldb.Open(ctx, sqldb.Config{URL: s.cfg.DatabaseURL.Reveal(), DataDir: s.cfg.DataDir, Serve: true, Observe: s.wrote})
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
	if err := s.openVoids(ctx); err != nil {
		return err
	}
	s.moderation, err = moderation.New(s.cfg.Words, moderation.Deps{Log: s.log, Vendor: func(ctx context.Context) (moderation.VendorList, error) {
		return vendors.Via(ctx, s.routes, vendors.Request{Capability: vendors.CapWords}, func(ctx context.Context, v *vendors.Vendor) (moderation.VendorList, error) {
			words, err := v.Words.ListWords(ctx)
			return moderation.VendorList{Account: v.Name, Words: words}, err
		})
	}})
	if err != nil {
		return environ.Named(envPrefix+"_WORDS_", err)
	}
	s.background("moderation", s.moderation.Run)
	s.wallet = wallet.New(s.cfg.Price, s.routes)
	kept := ownersql.New(s.db)
	s.owners = owners.New(kept, s.log)
	s.holds = owners.NewTimer(kept, s.routes, s.log)
	s.background("holds", s.holds.Run)
	s.wishes = owners.NewWishes(kept, s.log)
	s.background("wishes", s.wishes.Run)
	s.people = users.New(s.routes, kept, s.holds, s.wishes, usersql.New(s.db))
	s.groups = groups.New(s.routes, s.owners, kept, s.holds, s.wishes, s.log)
	s.door = &rooms.Door{Routes: s.routes, Owners: s.owners, Bars: kept, Grants: roomsql.New(s.db), Log: s.log}
	s.background("groups", s.groups.Run)
	s.metrics.gauge("switchboard_groups_in_doubt", "Groups and chat rooms that a vendor may have made or not.", func() float64 { return float64(s.groups.InDoubt()) })
	s.ledgerStore = ledgersql.New(s.db)
	recipes := rooms.New(s.routes, s.wishes).Recipes()
	recipes[vendors.OpAdjust], recipes[vendors.OpOrder] = s.wallet.Settle, s.wallet.SettleOrder
	recipes[vendors.OpWordChange] = product.SettleWords(moderation.VendorLists{Routes: s.routes})
	sent := s.messages()
	recipes[vendors.OpRecall], recipes[vendors.OpEdit] = product.SettleRecall(sent), product.SettleEdit(sent)
	sends := []string{vendors.OpSendUser, vendors.OpSendGroup, vendors.OpSendChatRoom, vendors.OpSendSystem, vendors.OpSendTemplate}
	for _, op := range sends {
		recipes[op] = product.SettleSend(sent, s.messageIDs())
	}
	maps.Copy(recipes, product.SettleUsers(s.people))
	recipes[vendors.OpUserDelete] = s.deleteAgain
	for _, op := range groups.Ops() {
		recipes[op] = product.SettleGroup(s.groups)
	}
	tells := func(op, account string) bool { return !slices.Contains(sends, op) || sent.Tells(op, account) }
	s.ledger = ledger.New(s.cfg.Ledger, ledger.Deps{
		Store: s.ledgerStore, Archive: s.ledgerStore, Describe: product.Describe, Recipes: recipes, Tells: tells, Keep: s.keepsLedger, Observe: s.metrics.write, Log: s.log, Spans: s.spans(),
	})
	s.background("ledger", s.ledger.Run)
	return s.openSwitches(ctx)
}

// messageIDs signs with each app's own secret.
func (s *server) messageIDs() messages.IDs {
	return messages.IDs{Secret: func(id string) []byte {
		app, _ := s.apps.App(id) // an app that is gone has no secret, and nothing is its
		return []byte(app.JWTSecret.Reveal())
	}}
}

// messages sends to groups and chat rooms where they are.
func (s *server) messages() *messages.Service {
	return messages.New(s.routes, s.wishes).WithOwners(func(ctx context.Context, kind vendors.TargetKind, id string) (account, vendorID string, err error) {
		k := owners.Key{App: vendors.AppOf(ctx), Kind: owners.Group, ID: id}
		if kind == vendors.ToChatRooms {
			k.Kind = owners.ChatRoom
		}
		r, err := s.groups.Place(ctx, k)
		if unable := new(vendors.UnableError); errors.As(err, &unable) {
			return "", id, nil // no vendor makes them here: the messages route has those there are
		}
		return r.Account, r.VendorID, err
	})
}

// openSwitches applies what operators switched before, and follows their switches
// and the accounts file from now on.
func (s *server) openSwitches(ctx context.Context) error {
	base, err := s.cfg.Route.Parse()
	if err != nil {
		return err
	}
	s.switches = switches.New(switches.Deps{Store: switchessql.New(s.db), Router: s.routes, Base: vendors.Plan{Routes: base, Tenants: s.cfg.Apps.Tenants()}, Log: s.log, Level: s.level})
	if err := s.switches.Follow(ctx); err != nil {
		s.log.Warn("switches not applied", "component", "switches", "error", err)
	}
	s.background("switches", s.switches.Run)
	log := s.log.With("component", "accounts")
	s.background("accounts", func(ctx context.Context) error {
		return s.accounts.Run(ctx, log, func(account, change string) {
			log.Info("account changed", "account", account, "change", change)
			s.credentials.VoidAccount(account)
			if err := s.switches.Again(ctx); err != nil {
				log.Warn("switches not applied to the new accounts", "error", err)
			}
			if err := s.switches.Note(ctx, "accounts file at "+s.node, account+": "+change); err != nil {
				log.Warn("account change not in the audit", "account", account, "error", err)
			}
		})
	})
	return nil
}
