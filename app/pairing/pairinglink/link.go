// Package pairinglink joins pair matching to the vendors, the wallet, the sessions
// of the product and the business server.
package pairinglink

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"switchboard/app/environ"
	"switchboard/app/pairing"
	"switchboard/app/pairing/ticket"
	"switchboard/app/realtime"
	"switchboard/app/wallet"
	"switchboard/app/webhook"
	"switchboard/vendors"
)

// Deps is what a Link works with.
type Deps struct {
	Prices wallet.Prices
	Routes *vendors.Router
	Wallet *wallet.Service
	// Command sends an instruction to a user's sessions on every node.
	Command func(to realtime.User, name string, data json.RawMessage, ttl time.Duration)
	// Reaches reports whether Command reaches the user's sessions wherever they are. It
	// must not block.
	Reaches func(realtime.User) bool
	// Settings reads the rows of the table pair_settings.
	Settings pairing.Source
	// RoomAccount tells which account has a call's room; "" when none is known to.
	RoomAccount func(ctx context.Context, app, room string) (string, error)
	// Profiles keeps what the business server says of users: Config.Profile.TTL, and
	// Stale beyond that while it cannot be asked.
	Profiles Lookup
	Log      *slog.Logger
}

// Lookup returns what load gives for key, from a cache when it has it; callers that
// ask for the same key at once share one load.
type Lookup func(ctx context.Context, key string, load func(context.Context) (pairing.Profile, error)) (pairing.Profile, error)

// Link is what pair matching asks of the rest of the product. It is safe for
// concurrent use.
type Link struct {
	cfg      Config
	deps     Deps
	webhook  *webhook.Sender // nil: the business server is not told
	client   *http.Client    // asks the business server for settings and profiles
	capacity *sendCapacity
}

// New refuses what Config.Validate does. The caller closes the link.
func New(cfg Config, deps Deps) (*Link, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	deps.Log = deps.Log.With("component", "pairing")
	l := &Link{cfg: cfg, deps: deps, client: &http.Client{Timeout: businessTimeout}, capacity: &sendCapacity{routes: deps.Routes}}
	if cfg.EventsURL == "" {
		return l, nil
	}
	var err error
	l.webhook, err = webhook.New(cfg.EventsURL, cfg.EventsSecret)
	return l, environ.Named("EVENTS_", err)
}

const businessTimeout = 5 * time.Second // for one request to the business server

// Close closes the connections that are not in use.
func (l *Link) Close() {
	l.client.CloseIdleConnections()
	if l.webhook != nil {
		l.webhook.Close()
	}
}

// Options is what the link does for pair matching; the store, the apps and the
// metrics are the caller's.
func (l *Link) Options() pairing.Options {
	o := pairing.Options{
		Log: l.deps.Log, SkewMax: l.cfg.SkewMax,
		Configs: &pairing.Configs{Source: l.source(), Refresh: l.cfg.Refresh, StaleMax: l.cfg.StaleMax},
		Send:    l.send, HangUp: l.hangUp, Charge: l.charge, Notify: l.notify,
		Balance: l.balance, Online: l.online, ChannelUp: l.channelUp, SendCapacity: l.capacity.now,
	}
	if l.cfg.Profile.URL != "" {
		o.Profile = newProfiles(l.cfg.Profile, l.client, l.deps.Profiles, l.deps.Log).get
	}
	return o
}

// hangUp dissolves the call's room at the account that has it, else where a vendor of
// the rooms route can.
func (l *Link) hangUp(ctx context.Context, o pairing.Order) error {
	account, err := l.deps.RoomAccount(ctx, o.App, o.CallID)
	if err != nil {
		return err
	}
	_, err = vendors.Via(vendors.WithApp(ctx, o.App), l.deps.Routes, vendors.Request{Capability: vendors.CapRooms, Effect: vendors.Write, Account: account},
		func(ctx context.Context, v *vendors.Vendor) (struct{}, error) {
			if v.Rooms.Dissolve == nil {
				return struct{}{}, vendors.Refuse(v.Name, vendors.OpRoomDissolve, vendors.ErrUnsupported, "no way to end a room")
			}
			return struct{}{}, v.Rooms.Dissolve.DissolveRoom(ctx, o.CallID)
		})
	return err
}

// charge takes the price of a settled call from the payer, once for its key.
func (l *Link) charge(ctx context.Context, c pairing.Charge) error {
	if c.Coins == 0 {
		return nil // the note that a call began, or one that was free
	}
	ctx = vendors.WithApp(ctx, c.App)
	err := l.deps.Wallet.Adjust(ctx, vendors.Adjustment{RequestID: "pair:" + c.Key, User: c.Payer.String(), Delta: -c.Coins, Reason: "pair call"})
	if errors.Is(err, wallet.ErrInsufficient) {
		return vendors.Refuse(l.deps.Wallet.Keeper(ctx), vendors.OpAdjust, vendors.ErrInsufficient, "")
	}
	return err
}

func (l *Link) balance(ctx context.Context, app string, uid ticket.UID) (int64, error) {
	return l.deps.Wallet.Balance(vendors.WithApp(ctx, app), uid.String())
}

func (l *Link) online(ctx context.Context, app string, uid ticket.UID) (bool, error) {
	return vendors.Via(vendors.WithApp(ctx, app), l.deps.Routes, vendors.Request{Capability: vendors.CapPresence, User: app + "/" + uid.String()},
		func(ctx context.Context, v *vendors.Vendor) (bool, error) {
			found, err := v.Presence.Statuses(ctx, []string{uid.String()})
			return err == nil && found[0].State == vendors.PresenceOnline, err
		})
}
