package main

import (
	"context"

	"switchboard/app/environ"
	"switchboard/app/events"
	"switchboard/app/events/eventsql"
	"switchboard/app/pairing"
	"switchboard/app/pairing/pairinglink"
	"switchboard/app/pairing/pairingsql"
	"switchboard/app/realtime"
	"switchboard/app/realtime/buslink"
	"switchboard/app/sqldb"
	"switchboard/vendors"
	"switchboard/vendors/upstream"
)

// openMatching opens pair matching, and what vendors and sessions tell it and the
// app.
func (s *server) openMatching(context.Context) (err error) {
	if err := s.openPairing(); err != nil {
		return err
	}
	fromVendors := pairinglink.VendorEvents{Service: s.pairing, Apps: s.apps.IDs(), Log: s.log}
	if s.events, err = events.New(s.cfg.Events, events.Deps{
		Store: eventsql.New(s.db), Log: s.log, Handle: s.handle(fromVendors), Observe: s.metrics.event, Spans: s.spans(), Keep: s.keepsEvent,
	}); err != nil {
		return environ.Named(envPrefix+"_EVENTS_", err)
	}
	s.background("events", s.events.Run)
	s.openPresencePolls()
	s.background("reconcile", func(ctx context.Context) error { return s.events.Reconcile(ctx, s.routes.All) })
	s.background("presence", s.presence.Run)
	s.openErasure()
	return nil
}

// openPresencePolls asks accounts that report no presence, about those whom apps asked
// about and those in pair matching.
func (s *server) openPresencePolls() {
	searching := pairingsql.New(s.db)
	s.polls = events.NewPresence(s.events, events.PresenceDeps{
		Watches: eventsql.New(s.db), Accounts: s.routes.All, Apps: s.routes.Apps, Observe: s.metrics.poll,
		Searching: func(ctx context.Context, account string, limit int) ([]string, error) {
			return searching.Held(ctx, s.routes.Apps(account), limit)
		},
	})
	s.background("presence polls", s.polls.Run)
}

// handle tells pair matching and the rooms' door of a vendor's event, which is for each
// app that the account serves.
func (s *server) handle(pairs pairinglink.VendorEvents) func(context.Context, vendors.Event) {
	return func(ctx context.Context, e vendors.Event) {
		pairs.Handle(ctx, e)
		for _, app := range s.apps.IDs() {
			s.door.HandleVendorEvent(ctx, app, e)
		}
	}
}

// reaches reports whether a command reaches the user's sessions: without a bus those of
// this replica alone.
func (s *server) reaches(u realtime.User) bool { return s.cfg.BusURL != "" || s.hub.Has(u) }

const keptProfiles = 100_000 // what the business server said of users

func (s *server) openPairing() error {
	store := pairingsql.New(s.db)
	profiles := upstream.NewCache[pairing.Profile]("business", "pairing.profile", s.cfg.Pairing.Profile.TTL, keptProfiles)
	profiles.Stale = s.cfg.Pairing.Profile.Stale
	link, err := pairinglink.New(s.cfg.Pairing, pairinglink.Deps{
		Prices: s.cfg.Price, Routes: s.routes, Wallet: s.wallet, Command: buslink.Publisher{Bus: s.bus}.Command, Reaches: s.reaches,
		Settings: store.Settings, Profiles: profiles.Get, RoomAccount: s.door.Account, Log: s.log,
	})
	if err != nil {
		return environ.Named(envPrefix+"_PAIRING_", err)
	}
	s.open.push("pairing's connections", func() error { link.Close(); return nil })
	options := link.Options()
	options.Store, options.Apps, options.Shared = store, s.apps.IDs(), s.db.Dialect() != sqldb.SQLite
	options.Count, options.Measure = s.metrics.pairs.count, s.metrics.pairs.measure
	options.Spans = s.spans()
	s.pairing = pairing.New(options)
	s.metrics.registry.MustRegister(pairPools{s.pairing})
	s.background("pairing", s.pairing.Run)
	return nil
}
