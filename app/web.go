package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"switchboard/app/access"
	"switchboard/app/conversation/relaylink"
	"switchboard/app/environ"
	"switchboard/app/moderation"
	"switchboard/app/pairing/activity"
	"switchboard/app/ratelimit"
	"switchboard/app/realtime/buslink"
	"switchboard/app/rooms"
	"switchboard/app/switches/switchessql"
	"switchboard/app/translation"
	"switchboard/handlers"
	"switchboard/handlers/admin"
	"switchboard/handlers/callback"
	"switchboard/handlers/console"
	"switchboard/handlers/gateway"
	"switchboard/handlers/im"
	"switchboard/handlers/product"
	"switchboard/middleware"
	"switchboard/openapi"
	"switchboard/vendors"
	"switchboard/vendors/upstream"
)

const (
	headerLimit  = 8 << 10          // bytes of a request's head; each socket keeps a buffer of this size
	readTimeout  = 30 * time.Second // for one request to arrive whole
	writeTimeout = 30 * time.Second // for one answer to be taken; streams and sockets have deadlines of their own
	idleTimeout  = 2 * time.Minute

	largeCallbacks = 16 // bodies of vendors above 64 KiB at once

	rememberedTokens = 50_000 // verified client tokens
)

// openWeb mounts every surface behind who may call it.
func (s *server) openWeb(ctx context.Context) error {
	s.newWeb(context.WithoutCancel(ctx))
	deadline := middleware.Deadline(s.cfg.Deadline)
	s.probes().Mount(s.web, s.near(s.cfg.AdminAllow).Only)

	translated := upstream.NewCache[string](string(vendors.CapTranslator), vendors.OpTranslate, s.cfg.Translate.CacheTTL, s.cfg.Translate.CacheSize)
	recent := &vendors.RequestLog{}
	journal := middleware.Journal(recent)
	admitted := middleware.Admitted(s.conversations.Admit)
	clients := s.web.Group("/api/v1", middleware.Client(s.apps), deadline, admitted, journal, s.recordActivity())
	product.Client{
		Words: s.moderation, Wallet: s.wallet, Credentials: s.credentials,
		Translations: &translation.Service{Routes: s.routes, Cache: translated.Get},
	}.Mount(clients)
	product.Pairing{Service: s.pairing}.Mount(clients)
	product.RTC{Door: s.door, Pairs: s.pairing}.Mount(clients)

	back := s.web.Group("/api/server", middleware.Server(s.apps), deadline, journal)
	product.BackEnd{Messages: s.messages(), Wallet: s.wallet, Ledger: s.ledger}.Mount(back)
	product.Messages{Messages: s.messages(), Ledger: s.ledger, IDs: s.messageIDs(), Routes: s.routes}.Mount(back)
	product.PairingHosts{Service: s.pairing}.Mount(back)
	product.Bans{Conversations: s.conversations, Pairs: s.pairing, Users: s.people, Credentials: s.credentials, Ledger: s.ledger, Log: s.log}.Mount(back)
	product.Capabilities{Routes: s.routes}.Mount(back)
	product.Words{Words: s.moderation, Lists: moderation.VendorLists{Routes: s.routes}, Ledger: s.ledger}.Mount(back)
	product.Users{
		Users: s.people, Conversations: s.conversations, Credentials: s.credentials, Ledger: s.ledger, Routes: s.routes,
		Sessions: s.sessions.List, EndSessions: buslink.Publisher{Bus: s.bus}.Ended, EndDevice: buslink.Publisher{Bus: s.bus}.DeviceEnded, Connected: s.connected, Watch: s.polls.Watch,
	}.Mount(back)
	product.Erasures{Erasures: s.erasures, Sections: s.exports(), Log: s.log}.Mount(back)
	product.Groups{Groups: s.groups, Ledger: s.ledger}.Mount(back)
	product.Rooms{Rooms: rooms.New(s.routes, s.wishes), Door: s.door, Ledger: s.ledger}.Mount(back)

	s.mountOperators(deadline, recent)
	callback.Handler{Routes: s.routes, Owners: s.owners, Events: s.events, Import: s.importer(), Words: s.moderation, Log: s.log}.
		Mount(s.web.Group("/callbacks", middleware.BodyBeforeProof(largeCallbacks), deadline))
	s.mountConversations(deadline)
	return nil
}

// mountOperators adds /admin and the console, which signs in for it.
func (s *server) mountOperators(deadline fiber.Handler, recent *vendors.RequestLog) {
	keys, near := access.Operators{AdminKey: s.cfg.AdminKey, ReaderKey: s.cfg.AdminReaderKey}, s.near(s.cfg.AdminAllow)
	admins := middleware.Admin(keys, near)
	console.Console{Operators: keys, Sandbox: s.stage(), Version: version(), Log: s.log}.Mount(s.web, middleware.Operator(keys, near), admins)
	operators := s.web.Group("/admin", admins, deadline)
	admin.API{
		Routes: s.routes, Switches: s.switches, Audit: switchessql.New(s.db), Ledger: s.ledgerStore, Requests: recent, StatusOf: product.StatusOf, Node: s.node,
		Apps: s.apps.IDs(), Level: s.level,
	}.Mount(operators)
	admin.Live{Unsettled: s.ledgerStore.Unsettled, Hub: s.hub, Pairs: s.pairing, StatusOf: product.StatusOf, Node: s.node}.Mount(operators)
	admin.Owners{Owners: s.owners, Routes: s.routes}.Mount(operators)
	admin.Erasures{Erasures: s.erasures, Sections: s.exports(), Apps: s.apps.IDs(), Log: s.log}.Mount(operators)
	admin.Retention{Sweeper: s.retention, Apps: s.apps.IDs(), Days: s.keeps, Events: s.cfg.Events.Keep}.Mount(operators)
}

// stage is what the page at / plays with: nil unless this is a sandbox with its own app
// and keys, which are no secrets.
func (s *server) stage() *console.Sandbox {
	if s.sandbox == nil || s.cfg.AdminKey != sandboxAdmin || len(s.cfg.Apps) != 1 || s.cfg.Apps[0].Key != sandboxKey {
		return nil
	}
	video := s.cfg.LiveKit.ClientURL()
	if s.sandbox.urls["livekit"] != "" {
		video = "" // the mock carries none
	}
	return &console.Sandbox{App: sandboxApp, Key: sandboxKey, AdminKey: sandboxAdmin, Mocks: s.sandbox.urls, Video: video}
}

// near is who may call from the networks that are allowed.
func (s *server) near(allowed environ.Prefixes) middleware.ByAddress {
	return middleware.ByAddress{Allowed: allowed, Hosts: s.cfg.Hosts}
}

// recordActivity is a handler behind middleware.Client.
func (s *server) recordActivity() fiber.Handler {
	recorder := activity.New(s.pairing.RecordActivity, s.log)
	s.background("activity", recorder.Run)
	return func(c *fiber.Ctx) error {
		by := middleware.CallerOf(c)
		recorder.Record(by.App, by.User)
		return c.Next()
	}
}

// importer stores what vendors report in the conversations of the one app there
// is; nil when that is not asked for.
func (s *server) importer() func(context.Context, []vendors.Event) error {
	if s.cfg.Relay != relaylink.Both {
		return nil
	}
	return relaylink.Importer{Conversations: s.conversations, App: s.cfg.Apps[0].ID, Log: s.log}.Import
}

// mountConversations adds the gateway API, the conversation API and the files.
func (s *server) mountConversations(deadline fiber.Handler) {
	gateway.Notify{Apps: s.apps, Conversations: s.conversations, Hub: s.hub, Log: s.log}.Mount(s.web)
	gateway.Client{Conversations: s.conversations}.Mount(s.web, middleware.Client(s.apps), deadline, middleware.Admitted(s.conversations.Admit))
	gateway.Inner{Apps: s.apps, Conversations: s.conversations}.
		Mount(s.web.Group("/inner", middleware.Inner(s.apps, s.near(s.cfg.InnerAllow)), deadline))
	im.Files{Apps: s.apps, Admit: s.conversations.Admit, Store: s.files, Index: s.fileIndex}.Mount(s.web)
	im.Socket{Apps: s.apps, Conversations: s.conversations, Hub: s.hub, Log: s.log}.Mount(s.web.Group("/im"))
	im.Conversations{Apps: s.apps, Service: s.conversations}.Mount(s.web.Group("/im", deadline))
}

// newWeb makes the HTTP side with what every request passes. Requests live in a
// context of their own, which outlives the stop signal until the drain is over.
func (s *server) newWeb(parent context.Context) {
	requests, cancel := context.WithCancel(parent)
	s.cancelRequests = cancel
	s.open.push("requests", func() error { cancel(); return nil })
	s.web = fiber.New(fiber.Config{
		AppName: "switchboard", DisableStartupMessage: true, Immutable: true, CaseSensitive: true, StrictRouting: true, ErrorHandler: failure(),
		EnableTrustedProxyCheck: true, // fiber itself believes no forwarding header: Proxies do
		ReadBufferSize:          headerLimit, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
		StreamRequestBody: true, DisablePreParseMultipartForm: true, // nothing large is read before the caller is known
	})
	middleware.AnswerByHead(s.web.Server(), s.files.MaxBytes()+im.FormBytes, im.UploadPath)
	s.web.Use(middleware.Proxies(s.cfg.TrustedProxies).Origin, gateway.NormalizePath, middleware.Base(requests), middleware.RequestID)
	if s.traces != nil {
		s.web.Use(middleware.Trace(s.traces.Begin))
	}
	s.web.Use(middleware.CloseAfter(s.stopping.Load))
	s.web.Use(middleware.Access(s.log, s.served),
		middleware.Recover(s.log), middleware.Headers, middleware.CORS(s.cfg.AllowedOrigins), s.limits().Guard, middleware.BodyLimit(im.UploadPath))
}

// limits count for all replicas where the bus is a Redis.
func (s *server) limits() middleware.Limits {
	return middleware.Limits{Failed: s.metrics.authFailure, Rates: ratelimit.New(s.cfg.Limit, ratelimit.Deps{
		Shared: s.bus.Redis(), Observe: func(of ratelimit.Scope) { s.metrics.refuse(string(of)) }, Log: s.log,
	})}
}

// families answer failures: each API in its own envelope, by the first segment of
// its paths. Paths of no API are answered plainly.
func families() map[string]fiber.ErrorHandler {
	out := map[string]fiber.ErrorHandler{"api": product.Failure, "im": im.Failure, "storage": im.Failure, "inner": gateway.Failure}
	for _, path := range gateway.Paths() {
		out[strings.TrimPrefix(path, "/")] = gateway.Failure
	}
	return out
}

// failure is fiber's error handler.
func failure() fiber.ErrorHandler {
	byFamily := families()
	return func(c *fiber.Ctx, err error) error {
		first, _, _ := strings.Cut(strings.TrimPrefix(c.Path(), "/"), "/")
		if answer := byFamily[first]; answer != nil {
			return answer(c, err)
		}
		return handlers.PlainFailure(c, err)
	}
}

func (s *server) probes() admin.Probes {
	return admin.Probes{
		Log:     s.log,
		Sandbox: s.sandbox != nil, Version: version(), Metrics: s.metrics.handler(), OpenAPI: openapi.Switchboard,
		Ready: []admin.Probe{
			{Name: "process", Check: func(context.Context) error {
				if s.stopping.Load() {
					return errors.New("stopping")
				}
				return nil
			}},
			{Name: "store", Check: s.db.Ready},
			{Name: "bus", Check: s.bus.Ready},
			{Name: "routes", Check: func(context.Context) error { return routesServed(s.routes, s.apps.IDs()) }},
		},
	}
}

// drain tells load balancers to go elsewhere and serves until they have, lets requests
// under way finish, and cancels those that have not when Config.Drain is over.
func (s *server) drain(served <-chan error) error {
	s.stopping.Store(true)
	delay := s.cfg.DrainDelay
	if s.sandbox != nil {
		delay = 0 // nothing stands before it
	}
	s.log.Info("stopping", "delay", delay.String(), "drain", s.cfg.Drain.String())
	select {
	case err := <-served:
		return err
	case <-time.After(delay):
	}
	s.pairing.Close()
	sessions := s.closeSessions() // first: streams and polls are requests under way
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
func routesServed(routes *vendors.Router, apps []string) error {
	for _, c := range vendors.Capabilities() {
		healthy := func(v *vendors.Vendor) bool {
			return v.Connection == nil || v.Connection.Healthy(upstream.Read.String()) || v.Connection.Healthy(upstream.Write.String())
		}
		for _, app := range append([]string{""}, apps...) {
			if route := routes.RouteFor(app, c); len(route) > 0 && !slices.ContainsFunc(route, healthy) {
				return fmt.Errorf("no vendor serves %s", strings.TrimSpace(string(c)+" "+app))
			}
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
