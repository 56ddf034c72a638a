package pairinglink

import (
	"context"
	"errors"
	"net/url"
	"strconv"

	"switchboard/app/pairing"
	"switchboard/vendors"
)

// source lays what the configured source says over the keys and the prices. A
// file may come later than the start, which only warns of it.
func (l *Link) source() pairing.Source {
	rows := pairing.Everywhere(nil)
	switch u, err := url.Parse(l.cfg.Source); {
	case l.cfg.Source == "":
	case l.cfg.Source == "sql":
		rows = l.deps.Settings
	case err == nil && (u.Scheme == "http" || u.Scheme == "https"):
		rows = pairing.HTTP(l.client, u)
	default:
		rows = pairing.File(l.cfg.Source)
		if _, err := rows(context.Background(), "", 0); err != nil && !errors.Is(err, pairing.ErrNoConfig) {
			l.deps.Log.Warn("settings not read, asks end as 200003 until they are", "variable", "SWITCHBOARD_PAIRING_SOURCE", "error", err)
		}
	}
	return func(ctx context.Context, app string, scene int) (map[string]string, error) {
		row, err := rows(ctx, app, scene)
		if err != nil {
			return nil, err
		}
		out := l.base(vendors.WithApp(ctx, app))
		for k, v := range row {
			out[k] = v
		}
		return out, nil
	}
}

// base is what the environment says: prices, where somebody keeps coins; whom to
// tell; the keys.
func (l *Link) base(ctx context.Context) map[string]string {
	out := map[string]string{"pair.free": l.deps.Prices.Free.String(), "pair.events": strconv.FormatBool(l.webhook != nil)}
	if l.deps.Wallet.Keeper(ctx) != "" {
		for _, k := range []string{"pair.price", "pair.balance.min_ask", "pair.balance.min_like"} {
			out[k] = strconv.FormatInt(l.deps.Prices.Pair, 10)
		}
	}
	for k, v := range prefixed(l.cfg.Keys) {
		out[k] = v
	}
	return out
}
