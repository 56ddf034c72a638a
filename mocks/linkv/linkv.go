// Package linkv is LinkV on this machine: IM, groups and coins, with LinkV's
// signatures, its field names and its errors. What is
// known, and what this mock had to invent: docs/vendors/linkv.md.
package linkv

import (
	"net/http"
	"time"

	"switchboard/mocks/mock"
	"switchboard/openapi"
)

// Account is one customer's credentials. What is empty is made up from the
// seed and the namespace's name, the same every time.
type Account struct {
	AppID         string // IM app id
	AppKey        string // IM app key
	AppSecret     string // IM app secret
	LiveAppID     string // as sent: "LM" and 22 digits
	LiveAppSecret string
}

// Config is one mock server. Its zero value works.
type Config struct {
	Account             // of the default namespace
	Listen       string // for Start; empty: a free loopback port
	Seed         uint64
	StartBalance int64 // coins of a user when the live side first sees them
	// OtherTypes answers numbers where the default is text and text where it
	// is a number: LinkV's documents contradict themselves everywhere.
	OtherTypes bool
	// DocSignature lets getToken's signature be sign, as the document says and
	// no working client does.
	DocSignature bool
	TokenTTL     time.Duration // how long an IM token is good for; zero: for ever
	CheckAnswers bool          // hold answers against the openapi; see mock.Options
	SpecLater    bool          // read the openapi with the first request; see mock.Options
}

// Mock is LinkV as an http.Handler, with all its namespaces.
type Mock struct {
	*mock.Engine[*App]
}

// Server is a Mock on a port.
type Server struct {
	*Mock
	*mock.Server
}

// New builds LinkV. Close it when done.
func New(cfg Config) (*Mock, error) {
	w := words{other: cfg.OtherTypes}
	e, err := mock.New(mock.Vendor[*App]{
		Name:       "linkv",
		Spec:       openapi.LinkV,
		Operations: operations(),
		Keys:       []string{"app_id", "app_key", "live_app_id"},
		Fill:       fill,
		Open:       func(n *mock.Namespace) *App { return newApp(n, cfg, w) },
		Read:       read,
		Verify:     (*App).verify,
		Refuse:     w.refuse,
		Trigger:    (*App).trigger,
	}, mock.Options{Seed: cfg.Seed, Credentials: cfg.Account.credentials(), CheckAnswers: cfg.CheckAnswers, SpecLater: cfg.SpecLater})
	if err != nil {
		return nil, err
	}
	return &Mock{Engine: e}, nil
}

// Handler serves LinkV and the admin API.
func (m *Mock) Handler() http.Handler { return m.Engine }

// Start builds LinkV and serves it. Close ends it.
func Start(cfg Config) (*Server, error) {
	m, err := New(cfg)
	if err != nil {
		return nil, err
	}
	s, err := mock.Listen(cfg.Listen, m.Handler(), m.Close)
	if err != nil {
		return nil, err
	}
	return &Server{m, s}, nil
}

func (a Account) credentials() map[string]string {
	return map[string]string{
		"app_id": a.AppID, "app_key": a.AppKey, "app_secret": a.AppSecret,
		"live_app_id": a.LiveAppID, "live_app_secret": a.LiveAppSecret,
	}
}

func fill(given map[string]string, r *mock.Random) {
	for _, f := range []struct{ name, value string }{
		{"app_id", "im" + r.Digits(10)},
		{"app_key", r.Token(24)},
		{"app_secret", r.Hex(32)},
		{"live_app_id", "LM" + r.Digits(22)},
		{"live_app_secret", r.Hex(32)},
	} {
		if given[f.name] == "" {
			given[f.name] = f.value
		}
	}
}
