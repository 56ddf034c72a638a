// Package access says who may call: the apps that this process serves, their
// server keys, and the client tokens that one secret per app signs.
package access

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"switchboard/app/problem"
	"switchboard/vendors"
)

// What can be wrong with a caller. Test with errors.Is.
var (
	ErrUnknownApp   = problem.New(problem.Unauthenticated, "unknown app")
	ErrServerKey    = problem.New(problem.Unauthenticated, "the server key is not this app's")
	ErrToken        = problem.New(problem.Unauthenticated, "the token is not valid")
	ErrTokenExpired = problem.New(problem.Unauthenticated, "the token has expired")
)

// App is one tenant: its id goes over the wire as app-id.
type App struct {
	ID        string
	Key       vendors.Secret // server key, sent as app-key by the app's back end
	JWTSecret vendors.Secret // signs client tokens
	// Open lets callers of the conversation API who prove nothing read, upload and
	// listen as anybody: the app's id is in every client.
	Open bool
	// OpenMeant says that Open is meant for production too.
	OpenMeant bool
	// OpenHistory lets members read what was said before they joined.
	OpenHistory bool
	// Retention is for how many days what is named is kept; what it leaves out, as the
	// process has it.
	Retention map[string]int
	// Tenant says which vendor accounts serve the app.
	Tenant vendors.Tenant
}

// Config is the tenants of this process.
type Config struct {
	Apps     Apps          `desc:"JSON list of apps: [{\"id\",\"key\",\"jwt_secret\",\"token_required\",\"open\",\"open_history\",\"retention\",\"accounts\",\"routes\"}]; token_required is true unless it says false, which production refuses without open true; empty is allowed in sandbox mode only, which has app 666666 with key master; accounts lists the vendor accounts that serve the app, which no other app has then unless it lists them too, left out: those that no app lists; routes has routes of the app's own: {\"messages\": \"rongcloud:a,linkv\"}; retention is for how many days the app's data is kept, 0 for ever: {\"messages\": 365, \"uploads\": 90, \"pairing\": 180, \"ledger\": 30, \"events\": 7}, and what it leaves out is as SWITCHBOARD_RETENTION_* and SWITCHBOARD_EVENTS_KEEP say"`
	TokenTTL time.Duration `split_words:"true" default:"24h" desc:"life of the client tokens that /inner/get_token mints"`
}

// Validate returns every mistake; each begins with the variable's name. Apps are
// checked as they are read.
func (c Config) Validate() error {
	if c.TokenTTL < time.Second {
		return errors.New("TOKEN_TTL: must be at least 1s")
	}
	return nil
}

// Apps reads SWITCHBOARD_APPS.
type Apps []App

const maxAppID = 64 // bytes; the store's keys are made for it

const minSecret = 16 // bytes; a shorter HS256 secret can be guessed off line

// entry is one app of the list.
type entry struct {
	ID            string `json:"id"`
	Key           string `json:"key"`
	JWTSecret     string `json:"jwt_secret"`
	TokenRequired *bool  `json:"token_required"`
	Open          bool   `json:"open"`
	OpenHistory   bool   `json:"open_history"`

	Retention map[string]int `json:"retention"`

	Accounts []string                      `json:"accounts"`
	Routes   map[vendors.Capability]string `json:"routes"`
}

// Decode reads the JSON list; unknown members and weak secrets are refused. The
// error never repeats the value: it holds secrets.
func (a *Apps) Decode(value string) error {
	if value == "" {
		return nil
	}
	var list []entry
	if err := strictJSON(value, &list); err != nil {
		return errors.New("want a JSON list of {id, key, jwt_secret, token_required, open, open_history, retention, accounts, routes}")
	}
	seen := map[string]bool{}
	for _, e := range list {
		if err := e.check(); err != nil {
			return err
		}
		if seen[e.ID] {
			return fmt.Errorf("app %s is listed twice", e.ID)
		}
		seen[e.ID] = true
		tenant, err := e.tenant()
		if err != nil {
			return fmt.Errorf("app %s: %w", e.ID, err)
		}
		*a = append(*a, App{
			ID: e.ID, Key: vendors.Secret(e.Key), JWTSecret: vendors.Secret(e.JWTSecret),
			Open: e.open(), OpenMeant: e.Open, OpenHistory: e.OpenHistory, Retention: e.Retention, Tenant: tenant,
		})
	}
	return nil
}

func (e entry) open() bool { return e.TokenRequired != nil && !*e.TokenRequired }

// tenant reads which accounts serve the app. Whether they are configured is known to
// the router alone.
func (e entry) tenant() (t vendors.Tenant, err error) {
	for i, name := range e.Accounts {
		if name == "" || slices.Contains(e.Accounts[:i], name) {
			return t, fmt.Errorf("accounts: %q is empty or listed twice", name)
		}
	}
	t.Accounts, t.Routes = e.Accounts, make(map[vendors.Capability]vendors.Route, len(e.Routes))
	for c, text := range e.Routes {
		if !slices.Contains(vendors.Capabilities(), c) {
			return t, fmt.Errorf("routes: no capability %q: one of %v", c, vendors.Capabilities())
		}
		if t.Routes[c], err = vendors.ParseRoute(text); err != nil {
			return t, fmt.Errorf("routes: %s: %w", c, err)
		}
	}
	return t, nil
}

// Tenants are the apps' parts of the routing.
func (a Apps) Tenants() map[string]vendors.Tenant {
	out := make(map[string]vendors.Tenant, len(a))
	for _, app := range a {
		out[app.ID] = app.Tenant
	}
	return out
}

// An id is joined to others with a slash, and stands in headers and logs.
func (e entry) check() error {
	switch {
	case e.ID == "" || e.Key == "":
		return errors.New("every app needs an id and a key")
	case len(e.ID) > maxAppID:
		return fmt.Errorf("an app id has at most %d bytes", maxAppID)
	case strings.ContainsFunc(e.ID, func(r rune) bool { return !plain(r) }):
		return errors.New("an app id is made of letters, digits, _ . and -")
	case len(e.JWTSecret) < minSecret:
		return fmt.Errorf("app %s: jwt_secret needs at least %d bytes", e.ID, minSecret)
	case e.Open && !e.open():
		return fmt.Errorf("app %s: open goes with token_required false", e.ID)
	}
	return nil
}

// plain says whether r may stand in an app's id and in a token.
func plain(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '.' || r == '-'
}

// Directory looks apps up. Once Refuse was called it is immutable; it is safe for concurrent use.
type Directory struct {
	apps     map[string]tenant
	first    string
	ttl      time.Duration
	remember Remember
	refuses  func(app, user string, issued time.Time) bool // nil: none
}

type tenant struct {
	App
	keySum [sha256.Size]byte // so that comparing takes the same time whatever the key
	secret []byte
}

// New builds the directory. There must be at least one app. remember spares the
// work of verifying a token again; nil: every time.
func New(cfg Config, remember Remember) (*Directory, error) {
	if len(cfg.Apps) == 0 {
		return nil, errors.New("no app is configured")
	}
	d := &Directory{apps: make(map[string]tenant, len(cfg.Apps)), first: cfg.Apps[0].ID, ttl: cfg.TokenTTL, remember: remember}
	for _, a := range cfg.Apps {
		d.apps[a.ID] = tenant{App: a, keySum: sha256.Sum256([]byte(a.Key.Reveal())), secret: []byte(a.JWTSecret.Reveal())}
	}
	return d, nil
}

// IDs lists the apps.
func (d *Directory) IDs() []string { return slices.Sorted(maps.Keys(d.apps)) }

// App returns the app named id; the only app there is when id is empty. With
// several apps an empty id is ErrUnknownApp.
func (d *Directory) App(id string) (App, error) {
	if id == "" && len(d.apps) == 1 {
		id = d.first
	}
	t, ok := d.apps[id]
	if !ok {
		return App{}, ErrUnknownApp
	}
	return t.App, nil
}

// Server proves that the caller is the back end of app id. The comparison takes
// the same time whatever the key, and an app that does not exist looks like a
// wrong key. With several apps an empty id is ErrUnknownApp.
func (d *Directory) Server(id, key string) (App, error) {
	app, err := d.App(id)
	if err != nil && id == "" {
		return App{}, err
	}
	want, given := d.apps[app.ID].keySum, sha256.Sum256([]byte(key))
	if subtle.ConstantTimeCompare(given[:], want[:]) != 1 || err != nil {
		return App{}, ErrServerKey
	}
	return app, nil
}

func strictJSON(value string, into any) error {
	dec := json.NewDecoder(strings.NewReader(value))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return err
	}
	if dec.More() {
		return errors.New("more than one value")
	}
	return nil
}
