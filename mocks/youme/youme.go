// Package youme is YouMe on this machine: the Talk room commands and the IM
// commands that are known, with YouMe's checksum and its spellings. What
// is known, and what this mock had to invent: docs/vendors/youme.md.
package youme

import (
	"net/http"
	"strconv"
	"time"

	"switchboard/mocks/mock"
	"switchboard/openapi"
)

// Account is one customer's credentials. What is empty is made up from the
// seed and the namespace's name, the same every time.
type Account struct {
	AppKey     string // "YOUME" and 40 upper hex digits
	AppSecret  string
	AppID      int64  // zero: made up
	Identifier string // the console's administrator; empty: admin
	RestAPIKey string // signs version 2
}

// Config is one mock server. Its zero value works.
type Config struct {
	Account             // of the default namespace
	Listen       string // for Start; empty: a free loopback port
	Seed         uint64
	PlainAnswers bool // queries answer without the envelope, as the document's samples do
	StrictIDs    bool // user ids are letters and digits only, as the vendor's FAQ says
	// Zone is that of QueryDate; nil: UTC+8, which is likely and not confirmed.
	Zone         *time.Location
	CheckAnswers bool // hold answers against the openapi; see mock.Options
	SpecLater    bool // read the openapi with the first request; see mock.Options
}

// Mock is YouMe as an http.Handler, with all its namespaces.
type Mock struct {
	*mock.Engine[*App]
}

// Server is a Mock on a port.
type Server struct {
	*Mock
	*mock.Server
}

// New builds YouMe. Close it when done.
func New(cfg Config) (*Mock, error) {
	if cfg.Zone == nil {
		cfg.Zone = time.FixedZone("UTC+8", 8*60*60)
	}
	e, err := mock.New(mock.Vendor[*App]{
		Name:       "youme",
		Spec:       openapi.YouMe,
		Operations: operations(),
		Lenient:    true,
		Callbacks:  []string{CopyCallback},
		Keys:       []string{"app_key"},
		Fill:       fill,
		Open:       func(n *mock.Namespace) *App { return newApp(n, cfg) },
		Read:       read,
		Verify:     (*App).verify,
		Refuse:     refuse,
		Schedule:   copySchedule,
		Trigger:    (*App).trigger,
	}, mock.Options{Seed: cfg.Seed, Credentials: cfg.Account.credentials(), CheckAnswers: cfg.CheckAnswers, SpecLater: cfg.SpecLater})
	if err != nil {
		return nil, err
	}
	return &Mock{Engine: e}, nil
}

// Handler serves YouMe and the admin API.
func (m *Mock) Handler() http.Handler { return m.Engine }

// Start builds YouMe and serves it. Close ends it.
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
	given := map[string]string{"app_key": a.AppKey, "app_secret": a.AppSecret, "identifier": a.Identifier, "restapi_key": a.RestAPIKey}
	if a.AppID != 0 {
		given["app_id"] = strconv.FormatInt(a.AppID, 10)
	}
	return given
}

// fill also replaces an app_id that is no number, which only the admin API can
// give.
func fill(given map[string]string, r *mock.Random) {
	for _, f := range []struct{ name, value string }{
		{"app_key", "YOUME" + r.UpperHex(40)},
		{"app_secret", r.Hex(40)},
		{"identifier", "admin"},
	} {
		if given[f.name] == "" {
			given[f.name] = f.value
		}
	}
	id := r.Digits(6)
	if _, err := strconv.ParseInt(given["app_id"], 10, 64); err != nil {
		given["app_id"] = id
	}
	if key := r.Hex(32); given["restapi_key"] == "" {
		given["restapi_key"] = key
	}
}
