package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"switchboard/vendors"
	"switchboard/vendors/linkv"
	"switchboard/vendors/rongcloud"
	"switchboard/vendors/upstream"
	"switchboard/vendors/youme"
)

// accounts are the open vendor accounts. Those of the environment come first, in
// the order of a route that configuration leaves out, then those of the accounts
// file by name. The file may change while the program runs: accounts come and go,
// and one may have several keys, all of them live, so that a vendor's key is changed
// without a gap and without a restart.
type accounts struct {
	cfg    Config
	opt    upstream.Options
	open   map[string]account
	order  []string
	routes *vendors.Router
}

// account is what its keys were opened from, and the vendors that they are.
type account struct {
	keys []byte
	live []*vendors.Vendor
}

// openAccounts opens every configured account and routes over them.
func openAccounts(cfg Config, opt upstream.Options) (*accounts, error) {
	a := &accounts{cfg: cfg, opt: opt, open: map[string]account{}}
	want, err := a.read()
	if err != nil {
		return nil, err
	}
	variables := map[string]string{} // that an account's settings come from, when it is not in the file
	for _, e := range environment(cfg) {
		if bytes.Equal(want[e.name], e.keys) {
			kind, _, _ := strings.Cut(e.name, ":")
			variables[e.name] = strings.ToUpper(kind) + "_*"
		}
		a.order = append(a.order, e.name)
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if !slices.Contains(a.order, name) {
			a.order = append(a.order, name)
		}
	}
	var first []*vendors.Vendor
	for _, name := range a.order {
		live, err := a.openKeys(name, want[name])
		if err != nil {
			a.close()
			return nil, fmt.Errorf("%s_%s: %w", envPrefix, cmp.Or(variables[name], "ACCOUNTS_FILE"), err)
		}
		a.open[name] = account{want[name], live}
		first = append(first, live[0])
	}
	if a.routes, err = vendors.NewRouter(first, nil); err != nil {
		a.close()
		return nil, err
	}
	for _, name := range a.order {
		if err := a.routes.Replace(name, a.open[name].live...); err != nil {
			a.close()
			return nil, err
		}
	}
	return a, nil
}

type configured struct {
	name string
	keys json.RawMessage
}

// environment lists the accounts that the environment has, best first.
// RongCloud's other host is an account of its own, right behind the first: what
// could not be sent there is then sent here.
func environment(cfg Config) (out []configured) {
	for _, kind := range vendorKinds {
		if !kind.configured(cfg) {
			continue
		}
		out = append(out, configured{kind.name, json.RawMessage("[{}]")})
		if backup, has := cfg.RongCloud.Backup(); has && kind.name == "rongcloud" {
			keys, _ := json.Marshal([]map[string]string{{"base_url": backup.BaseURL, "backup_url": backup.BackupURL}}) // texts
			out = append(out, configured{"rongcloud:backup", keys})
		}
	}
	return out
}

// read returns the keys by account: the environment's, and over them the accounts
// file's.
func (a *accounts) read() (map[string]json.RawMessage, error) {
	want := map[string]json.RawMessage{}
	for _, e := range environment(a.cfg) {
		want[e.name] = e.keys
	}
	if a.cfg.AccountsFile == "" {
		return want, nil
	}
	raw, err := os.ReadFile(a.cfg.AccountsFile)
	if err != nil {
		return nil, fmt.Errorf("%s_ACCOUNTS_FILE: %w", envPrefix, err)
	}
	if err := json.Unmarshal(raw, &want); err != nil {
		return nil, fmt.Errorf("%s_ACCOUNTS_FILE: %w", envPrefix, err)
	}
	return want, nil
}

type vendorKind struct {
	name       string
	configured func(Config) bool
	open       func(name string, cfg Config, key []byte, opt upstream.Options) (*vendors.Vendor, error)
}

// vendorKinds is the one place that knows all vendors. open lays one key's
// settings over those of the environment.
var vendorKinds = []vendorKind{
	{"rongcloud", func(c Config) bool { return c.RongCloud.Configured() }, func(name string, c Config, key []byte, opt upstream.Options) (*vendors.Vendor, error) {
		if err := overlay(key, &c.RongCloud); err != nil {
			return nil, err
		}
		return rongcloud.Open(name, c.RongCloud, opt)
	}},
	{"linkv", func(c Config) bool { return c.LinkV.Configured() }, func(name string, c Config, key []byte, opt upstream.Options) (*vendors.Vendor, error) {
		if err := overlay(key, &c.LinkV); err != nil {
			return nil, err
		}
		return linkv.Open(name, c.LinkV, opt)
	}},
	{"youme", func(c Config) bool { return c.YouMe.Configured() }, func(name string, c Config, key []byte, opt upstream.Options) (*vendors.Vendor, error) {
		if err := overlay(key, &c.YouMe); err != nil {
			return nil, err
		}
		return youme.Open(name, c.YouMe, opt)
	}},
}

// overlay sets in cfg what key names, by the environment's names without prefix,
// in either case: app_key, BASE_URL. The error holds no value.
func overlay(key []byte, cfg any) error {
	var settings map[string]json.RawMessage
	if err := json.Unmarshal(key, &settings); err != nil {
		return err
	}
	fields := map[string]json.RawMessage{} // encoding/json matches these in either case
	for name, value := range settings {
		fields[strings.ReplaceAll(name, "_", "")] = value
	}
	flat, err := json.Marshal(fields)
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(flat))
	d.DisallowUnknownFields()
	return d.Decode(cfg)
}

const maxAccount = 64 // bytes of an account's name, as the store keeps it

// openKeys opens one account with each of its keys, or with none of them.
func (a *accounts) openKeys(name string, raw []byte) (live []*vendors.Vendor, err error) {
	if len(name) > maxAccount {
		return nil, fmt.Errorf("account %.64s...: a name has at most %d bytes", name, maxAccount)
	}
	kind, _, _ := strings.Cut(name, ":")
	i := slices.IndexFunc(vendorKinds, func(k vendorKind) bool { return k.name == kind })
	if i < 0 {
		return nil, fmt.Errorf("account %s: no such vendor", name)
	}
	var keys []json.RawMessage
	if err := json.Unmarshal(raw, &keys); err != nil || len(keys) == 0 {
		return nil, fmt.Errorf("account %s: a list of at least one key is expected", name)
	}
	for _, key := range keys {
		v, err := vendorKinds[i].open(name, a.cfg, key, a.opt)
		if err != nil {
			closeAll(live)
			return nil, fmt.Errorf("opening account %s: %w", name, err)
		}
		live = append(live, v)
	}
	return live, nil
}

func closeAll(live []*vendors.Vendor) {
	for _, v := range live {
		v.Close()
	}
}

func (a *accounts) close() {
	for _, acc := range a.open {
		closeAll(acc.live)
	}
}

// accountsEvery is how late a change of the file is applied at most, with some
// room within a second.
const accountsEvery = 400 * time.Millisecond

// run follows the accounts file until ctx ends. applied is told of what changed,
// for the audit.
func (a *accounts) run(ctx context.Context, log *slog.Logger, applied func(account, what string)) {
	tick := time.NewTicker(accountsEvery)
	defer tick.Stop()
	refused := ""
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		want, err := a.read()
		if err == nil {
			err = a.follow(want, applied)
		}
		if err == nil {
			refused = ""
		} else if err.Error() != refused { // the same trouble is told once
			refused = err.Error()
			log.Warn("the accounts file is not applied whole", "error", err)
		}
	}
}

// follow opens the accounts whose keys changed, swaps them in, and closes what
// they replace; accounts that are named no longer go. Calls under way finish. What
// cannot be opened stays as it was, and so does an account that a route names.
func (a *accounts) follow(want map[string]json.RawMessage, applied func(account, what string)) error {
	var refused []error
	for _, name := range slices.Sorted(maps.Keys(want)) {
		old := a.open[name]
		if bytes.Equal(old.keys, want[name]) {
			continue
		}
		live, err := a.openKeys(name, want[name])
		if err == nil {
			if err = a.routes.Replace(name, live...); err != nil {
				closeAll(live)
			}
		}
		if err != nil {
			refused = append(refused, err)
			continue
		}
		a.open[name] = account{want[name], live}
		closeAll(old.live)
		applied(name, fmt.Sprintf("live keys: %d, before: %d", len(live), len(old.live)))
	}
	for _, name := range slices.Sorted(maps.Keys(a.open)) {
		if _, named := want[name]; named {
			continue
		}
		if err := a.routes.Remove(name); err != nil {
			refused = append(refused, fmt.Errorf("account %s stays: %w", name, err))
			continue
		}
		closeAll(a.open[name].live)
		delete(a.open, name)
		applied(name, "removed")
	}
	return errors.Join(refused...)
}
