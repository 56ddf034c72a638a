package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"switchboard/app/environ"
	"switchboard/app/pairing"
	"switchboard/app/pairing/pairingsql"
	"switchboard/app/pairing/ticket"
	"switchboard/app/realtime"
	"switchboard/app/realtime/buslink"
	"switchboard/app/sqldb"
	"switchboard/app/wallet"
	"switchboard/app/webhook"
	"switchboard/vendors"
)

// PairingConfig says where pair matching's own configuration comes from and who
// is told of what happens.
type PairingConfig struct {
	Keys         map[string]string `desc:"pair.* keys that hold for every app and scene: ask_ttl:30s,fanout:2; lists by semicolon"`
	Source       string            `desc:"what holds per app and scene, over the keys: the path of a JSON file, an http(s) URL asked with app and scene, or sql for the table pair_settings; empty: nothing"`
	Refresh      time.Duration     `default:"5s" desc:"how old an answer of the source may be before it is asked again"`
	StaleMax     time.Duration     `split_words:"true" default:"10m" desc:"how long the last answer holds while the source fails; then 200003"`
	SkewMax      time.Duration     `split_words:"true" default:"250ms" desc:"distance from the store's clock above which this process fires no deadline"`
	From         string            `default:"pairing" desc:"user id that commands are sent from at vendors"`
	EventsURL    string            `envconfig:"EVENTS_URL" desc:"business server that is told of every step; empty: nobody"`
	Profile      ProfileConfig
	EventsSecret vendors.Secret `split_words:"true" desc:"whsec_... key that signs what is told (Standard Webhooks)"`
}

// Validate returns every mistake; each begins with the variable's name.
func (c PairingConfig) Validate() error {
	var errs []error
	if _, err := ticket.ParseConfig(prefixed(c.Keys)); err != nil {
		errs = append(errs, fmt.Errorf("KEYS: %w", err))
	}
	for _, v := range []struct {
		name  string
		value time.Duration
	}{{"REFRESH", c.Refresh}, {"STALE_MAX", c.StaleMax}, {"SKEW_MAX", c.SkewMax}} {
		if v.value < 0 {
			errs = append(errs, fmt.Errorf("%s: must not be less than 0", v.name))
		}
	}
	errs = append(errs, c.Profile.Validate())
	if c.EventsURL != "" {
		_, err := webhook.New(c.EventsURL, c.EventsSecret)
		errs = append(errs, environ.Named("EVENTS_", err))
	}
	return errors.Join(errs...)
}

func prefixed(keys map[string]string) map[string]string {
	out := map[string]string{}
	for k, v := range keys {
		out["pair."+k] = v
	}
	return out
}

// pairs joins pair matching to the vendors, the wallet and the business server.
type pairs struct {
	cfg     PairingConfig
	prices  wallet.Prices
	routes  *vendors.Router
	coins   *wallet.Service
	hook    *webhook.Sender // nil: nobody is told
	client  *http.Client
	publish buslink.Publisher
}

func (s *server) openPairing(coins *wallet.Service, log *slog.Logger) (*pairing.Service, error) {
	p := &pairs{cfg: s.cfg.Pairing, prices: s.cfg.Price, routes: s.routes, coins: coins, publish: buslink.Publisher{Bus: s.bus}, client: &http.Client{Timeout: 5 * time.Second}}
	s.open.push("pairing's connections", func() error { p.client.CloseIdleConnections(); return nil })
	if p.cfg.EventsURL != "" {
		var err error
		if p.hook, err = webhook.New(p.cfg.EventsURL, p.cfg.EventsSecret); err != nil {
			return nil, environ.Named(envPrefix+"_PAIRING_EVENTS_", err)
		}
		s.open.push("pairing's webhook", func() error { p.hook.Close(); return nil })
	}
	store := pairingsql.New(s.db)
	options := pairing.Options{
		Store: store, Log: log, Apps: s.apps.IDs(), Shared: s.db.Dialect() != sqldb.SQLite, SkewMax: p.cfg.SkewMax,
		Configs: &pairing.Configs{Source: p.source(store, log), Refresh: p.cfg.Refresh, StaleMax: p.cfg.StaleMax},
		Send:    p.send, HangUp: p.hangUp, Charge: p.charge, Notify: p.notify,
		Balance: p.balance, Online: p.online, ChannelUp: p.channelUp, SendRoom: (&sendRoom{routes: s.routes}).now,
		Count: s.metrics.pairs.count, Measure: s.metrics.pairs.measure,
	}
	if known := newProfiles(p.cfg.Profile, p.client, log); known != nil {
		options.Profile = known.get
	}
	service := pairing.New(options)
	s.metrics.registry.MustRegister(pairPools{service})
	return service, nil
}

// source lays what the configured source says over the keys and the prices. A
// file may come later than the start, which only warns of it.
func (p *pairs) source(store *pairingsql.Store, log *slog.Logger) pairing.Source {
	rows := pairing.Everywhere(nil)
	switch u, err := url.Parse(p.cfg.Source); {
	case p.cfg.Source == "":
	case p.cfg.Source == "sql":
		rows = store.Settings
	case err == nil && (u.Scheme == "http" || u.Scheme == "https"):
		rows = pairing.HTTP(p.client, u)
	default:
		rows = pairing.File(p.cfg.Source)
		if _, err := rows(context.Background(), "", 0); err != nil && !errors.Is(err, pairing.ErrNoConfig) {
			log.Warn(envPrefix+"_PAIRING_SOURCE cannot be read; until it can, asks end as 200003", "error", err)
		}
	}
	return func(ctx context.Context, app string, scene int) (map[string]string, error) {
		row, err := rows(ctx, app, scene)
		if err != nil {
			return nil, err
		}
		out := p.base()
		for k, v := range row {
			out[k] = v
		}
		return out, nil
	}
}

// base is what the environment says: prices, where somebody keeps coins; whom to
// tell; the keys.
func (p *pairs) base() map[string]string {
	out := map[string]string{"pair.free": p.prices.Free.String(), "pair.events": strconv.FormatBool(p.hook != nil)}
	if p.coins.Keeper() != "" {
		for _, k := range []string{"pair.price", "pair.balance.min_ask", "pair.balance.min_like"} {
			out[k] = strconv.FormatInt(p.prices.Pair, 10)
		}
	}
	for k, v := range prefixed(p.cfg.Keys) {
		out[k] = v
	}
	return out
}

// pairData is the data of a command; what the product API does not have is left out
// where the configuration says so.
type pairData struct {
	AskNo   string     `json:"ask_no"`
	AskUID  ticket.UID `json:"ask_uid"`
	RoundNo int        `json:"round_no"`
	PeerUID ticket.UID `json:"peer_uid,omitempty"`
	Reason  string     `json:"reason,omitempty"`
	TTL     int64      `json:"ttl_ms,omitempty"`
	Connect int64      `json:"connect_ttl_ms,omitempty"`
	Scene   *int       `json:"scene,omitempty"`
	Record  *pairStart `json:"record,omitempty"`
}

type pairStart struct {
	StartAt int64 `json:"start_at"`
}

func commandData(c pairing.Command) (json.RawMessage, error) {
	d := pairData{AskNo: c.AskNo, AskUID: c.Asker, RoundNo: c.Round}
	if c.Extra {
		d.Scene, d.Reason, d.PeerUID = &c.Scene, string(c.Reason), c.Peer
		switch c.Name {
		case ticket.CommandDispatch:
			d.PeerUID, d.TTL = 0, c.TTL.Milliseconds()
		case ticket.CommandMatched:
			d.Connect = c.TTL.Milliseconds()
		case ticket.CommandEnd:
			if c.StartAt != 0 {
				d.Record = &pairStart{c.StartAt}
			}
		}
	}
	return json.Marshal(d)
}

// commandKept is how long a session that resumes is still given a command that
// does not say itself how long it is worth acting on.
const commandKept = 30 * time.Second

// send carries a command to the person's sockets here, and over the messages
// route where there is none.
func (p *pairs) send(ctx context.Context, c pairing.Command) error {
	data, err := commandData(c)
	if err != nil {
		return err
	}
	ttl := c.TTL
	if ttl <= 0 {
		ttl = commandKept
	}
	p.publish.Command(realtime.User{App: c.App, ID: c.To.String()}, c.Name, data, ttl)
	if c.Socket {
		return nil
	}
	m := vendors.Message{Kind: vendors.ToUsers, From: p.cfg.From, To: []string{c.To.String()},
		Content: vendors.Content{Kind: vendors.Command, Name: c.Name, Data: data}}
	receipt, err := vendors.Via(ctx, p.routes, vendors.Request{Capability: vendors.CapMessages, Effect: vendors.Write, Sticky: c.App + "/" + c.AskNo},
		func(ctx context.Context, v *vendors.Vendor) (vendors.Receipt, error) { return v.Messages.Send(ctx, m) })
	if err == nil && len(receipt.Targets) == 1 {
		err = receipt.Targets[0].Err
	}
	return err
}

// channelUp: some vendor of the messages route takes writes.
func (p *pairs) channelUp() bool {
	for _, v := range p.routes.Route(vendors.CapMessages) {
		if v.Connection == nil || v.Connection.Healthy("write") {
			return true
		}
	}
	return false
}

// hangUp dissolves the call's room where a vendor of the rooms route can.
func (p *pairs) hangUp(ctx context.Context, o pairing.Order) error {
	_, err := vendors.Via(ctx, p.routes, vendors.Request{Capability: vendors.CapRooms, Effect: vendors.Write},
		func(ctx context.Context, v *vendors.Vendor) (struct{}, error) {
			if v.Rooms.Ban == nil {
				return struct{}{}, vendors.Refuse(v.Name, vendors.OpRoomDissolve, vendors.ErrUnsupported, "no way to end a room")
			}
			return struct{}{}, v.Rooms.Ban.DissolveRoom(ctx, o.CallID)
		})
	return err
}

// charge takes the price of a settled call from the payer, once for its key.
func (p *pairs) charge(ctx context.Context, c pairing.Charge) error {
	if c.Coins == 0 {
		return nil // the note that a call began, or one that was free
	}
	err := p.coins.Adjust(ctx, vendors.Adjustment{RequestID: "pair:" + c.Key, User: c.Payer.String(), Delta: -c.Coins, Reason: "pair call"})
	if errors.Is(err, wallet.ErrInsufficient) {
		return vendors.Refuse(p.coins.Keeper(), vendors.OpAdjust, vendors.ErrInsufficient, "")
	}
	return err
}

func (p *pairs) balance(ctx context.Context, _ string, uid ticket.UID) (int64, error) {
	return p.coins.Balance(ctx, uid.String())
}

func (p *pairs) online(ctx context.Context, app string, uid ticket.UID) (bool, error) {
	return vendors.Via(ctx, p.routes, vendors.Request{Capability: vendors.CapPresence, User: app + "/" + uid.String()},
		func(ctx context.Context, v *vendors.Vendor) (bool, error) {
			return v.Presence.Online(ctx, uid.String())
		})
}

// pairEvent is one step as the business server is told of it; the higher
// version of an ask is the later.
type pairEvent struct {
	Type      string        `json:"type"`
	Timestamp time.Time     `json:"timestamp"`
	Data      pairEventData `json:"data"`
}

type pairEventData struct {
	App     string     `json:"app"`
	AskNo   string     `json:"ask_no"`
	Version int64      `json:"version"`
	UID     ticket.UID `json:"uid"`
	PeerUID ticket.UID `json:"peer_uid,omitempty"`
	RoundNo int        `json:"round_no"`
	Reason  string     `json:"reason,omitempty"`
	CallID  string     `json:"call_id,omitempty"`
	StartAt int64      `json:"start_at,omitempty"`
}

// notify posts a signed event. Its id is the same at every attempt.
func (p *pairs) notify(ctx context.Context, n pairing.Notice) error {
	if p.hook == nil {
		return nil
	}
	body, err := json.Marshal(pairEvent{Type: n.Name, Timestamp: n.At.Time().UTC(), Data: pairEventData{
		App: n.App, AskNo: n.AskNo, Version: n.Version, UID: n.UID, PeerUID: n.Peer, RoundNo: n.Round,
		Reason: string(n.Reason), CallID: n.CallID, StartAt: n.StartAt,
	}})
	if err != nil {
		return err
	}
	_, err = p.hook.Post(ctx, fmt.Sprintf("%s:%d:%s:%d", n.AskNo, n.Version, n.Name, n.UID), body)
	return err
}

// handleVendorEvent passes a vendor's event to pair matching. The vendor knows no
// apps: one account serves them all, and so the event is for each.
func (s *server) handleVendorEvent(ctx context.Context, e vendors.Event) {
	if e.Vendor == vendors.VendorSelf {
		return // it was told as it happened
	}
	for _, app := range s.apps.IDs() {
		if err := s.pairing.Hear(ctx, app, e); err != nil && ctx.Err() == nil {
			s.log.Warn("vendor event lost", "component", "pairing", "event", e.ID, "error", err)
		}
	}
}
