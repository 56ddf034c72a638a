package vendorset

import (
	"bytes"
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

	"switchboard/app/periodic"
	"switchboard/vendors"
	"switchboard/vendors/upstream"
)

// Options say which accounts there are.
type Options struct {
	Config   Config // the environment's accounts
	File     string // of further accounts and keys; empty: none
	Upstream upstream.Options
}

// Accounts are the open vendor accounts. Those of the environment come first, in
// the order of the table, then those of the accounts file by name. The file may
// change while the program runs: accounts come and go, and one may have several
// keys, all of them live, so that a vendor's key is changed without a gap and
// without a restart.
type Accounts struct {
	Router *vendors.Router

	opt  Options
	open map[string]account // used by one goroutine at a time: Open, then Run, then Close
}

const maxSticky = 1 << 16 // conversations and calls whose account is remembered

// account is what its keys were opened from, and the vendors that they are.
type account struct {
	keys []byte
	live []*vendors.Vendor
}

// configured is an account of the environment. keys is as the accounts file has
// it: what each key sets otherwise.
type configured struct {
	name string
	keys json.RawMessage
}

// Open opens every configured account and routes over them. The caller closes
// what it returns.
func Open(opt Options) (*Accounts, error) {
	a := &Accounts{opt: opt, open: map[string]account{}}
	want, err := a.read()
	if err != nil {
		return nil, err
	}
	var first []*vendors.Vendor
	order := a.order(want)
	for _, name := range order {
		live, err := a.openKeys(name, want[name])
		if err != nil {
			a.Close()
			return nil, err
		}
		a.open[name] = account{want[name], live}
		first = append(first, live[0])
	}
	if a.Router, err = vendors.NewRouter(first, nil); err != nil {
		a.Close()
		return nil, err
	}
	a.Router.Sticky = upstream.NewBounded[string](maxSticky)
	for _, name := range order {
		if err := a.Router.Replace(name, a.open[name].live...); err != nil {
			a.Close()
			return nil, err
		}
	}
	return a, nil
}

// Validate returns every mistake that Open would meet; each names its variable.
func Validate(opt Options) error {
	a := &Accounts{opt: opt}
	want, err := a.read()
	if err != nil {
		return err
	}
	var errs []error
	for _, name := range a.order(want) {
		live, err := a.openKeys(name, want[name])
		closeAll(live)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// Close closes every account; calls under way finish.
func (a *Accounts) Close() {
	for _, acc := range a.open {
		closeAll(acc.live)
	}
}

func closeAll(live []*vendors.Vendor) {
	for _, v := range live {
		v.Close()
	}
}

// environment lists the accounts that the environment has, best first. An
// account's backup is right behind it: what could not be sent there is then sent
// here.
func environment(c Config) (out []configured) {
	for _, v := range table {
		if !v.Configured(c) {
			continue
		}
		out = append(out, configured{v.Name, json.RawMessage("[{}]")})
		if other := v.backup(c); other != nil {
			keys, _ := json.Marshal([]map[string]string{other}) // texts
			out = append(out, configured{v.Name + ":backup", keys})
		}
	}
	return out
}

// order is the environment's accounts, then the file's by name.
func (a *Accounts) order(want map[string]json.RawMessage) (names []string) {
	for _, e := range environment(a.opt.Config) {
		names = append(names, e.name)
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// read returns the keys by account: the environment's, and over them the accounts
// file's.
func (a *Accounts) read() (map[string]json.RawMessage, error) {
	want := map[string]json.RawMessage{}
	for _, e := range environment(a.opt.Config) {
		want[e.name] = e.keys
	}
	if a.opt.File == "" {
		return want, nil
	}
	listed, err := readAccounts(a.opt.File)
	if err != nil {
		return nil, fmt.Errorf("%s_ACCOUNTS_FILE: %w", EnvPrefix, err)
	}
	maps.Copy(want, listed)
	return want, nil
}

// readAccounts reads the accounts file. Only an object says which accounts there are:
// an empty file, or null, is the trace of a write that went wrong.
func readAccounts(path string) (listed map[string]json.RawMessage, err error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(raw, &listed); err != nil {
		return nil, err
	}
	if listed == nil {
		return nil, errors.New("an object of accounts is expected, not null")
	}
	return listed, nil
}

const maxAccount = 64 // bytes of an account's name, as the store keeps it

// openKeys opens one account with each of its keys, or with none of them. Its
// error names the variable or the account that has to be mended, and no value.
func (a *Accounts) openKeys(name string, raw []byte) (live []*vendors.Vendor, err error) {
	if len(name) > maxAccount {
		return nil, fmt.Errorf("%s_ACCOUNTS_FILE: account %.64s...: a name has at most %d bytes", EnvPrefix, name, maxAccount)
	}
	kind, _, _ := strings.Cut(name, ":")
	vendor, found := Find(kind)
	if !found {
		return nil, fmt.Errorf("%s_ACCOUNTS_FILE: account %s: no vendor %q: one of %s", EnvPrefix, name, kind, strings.Join(Names(), ", "))
	}
	var keys []json.RawMessage
	if err := json.Unmarshal(raw, &keys); err != nil || len(keys) == 0 {
		return nil, fmt.Errorf("%s_ACCOUNTS_FILE: account %s: a list of at least one key is expected", EnvPrefix, name)
	}
	for _, key := range keys {
		v, err := vendor.open(name, a.opt.Config, key, a.opt.Upstream)
		if err != nil {
			closeAll(live)
			return nil, a.named(vendor, name, raw, err)
		}
		live = append(live, v)
	}
	return live, nil
}

// named makes err name the settings as they are called where the account stands.
func (a *Accounts) named(v Vendor, name string, raw []byte, err error) error {
	var setting *vendors.SettingError
	fromEnv := slices.ContainsFunc(environment(a.opt.Config), func(e configured) bool {
		return e.name == name && bytes.Equal(e.keys, raw)
	})
	switch isSetting := errors.As(err, &setting); {
	case fromEnv && isSetting:
		return errors.New(setting.Named(v.Variable))
	case fromEnv:
		return fmt.Errorf("%s: %w", v.Variable("*"), err)
	case isSetting:
		return fmt.Errorf("%s_ACCOUNTS_FILE: account %s: %s", EnvPrefix, name, setting.Named(strings.ToLower))
	}
	return fmt.Errorf("%s_ACCOUNTS_FILE: account %s: %w", EnvPrefix, name, err)
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

// followEvery is how late a change of the file is applied at most, with some
// room within a second.
const followEvery = 400 * time.Millisecond

// Run follows the accounts file until ctx ends. applied is told of what changed,
// for the audit.
func (a *Accounts) Run(ctx context.Context, log *slog.Logger, applied func(account, change string)) error {
	refused := ""
	periodic.Run(ctx, followEvery, func(context.Context) {
		want, err := a.read()
		if err == nil {
			err = a.follow(want, applied)
		}
		if err == nil {
			refused = ""
		} else if err.Error() != refused { // the same trouble is told once
			refused = err.Error()
			log.Warn("accounts file not applied in full", "error", err)
		}
	})
	return nil
}

// follow opens the accounts whose keys changed, swaps them in, and closes what
// they replace; accounts that are named no longer go. Calls under way finish. What
// cannot be opened stays as it was, and so does an account that a route names.
func (a *Accounts) follow(want map[string]json.RawMessage, applied func(account, what string)) error {
	var refused []error
	for _, name := range slices.Sorted(maps.Keys(want)) {
		old := a.open[name]
		if bytes.Equal(old.keys, want[name]) {
			continue
		}
		live, err := a.openKeys(name, want[name])
		if err == nil {
			if err = a.Router.Replace(name, live...); err != nil {
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
		if err := a.Router.Remove(name); err != nil {
			refused = append(refused, fmt.Errorf("account %s stays: %w", name, err))
			continue
		}
		closeAll(a.open[name].live)
		delete(a.open, name)
		applied(name, "removed")
	}
	return errors.Join(refused...)
}
