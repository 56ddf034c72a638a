// Package livekit is LiveKit's server API on this machine: rooms, participants, data
// and recordings over Twirp in JSON and protobuf, with LiveKit's tokens and webhooks.
// It carries no media: who is in a room and what they send is told by tests, or by the
// admin API. What is known of the vendor, and how: docs/vendors/livekit.md.
package livekit

import (
	"net/http"
	"time"

	"switchboard/mocks/mock"
	"switchboard/openapi"
)

// Account is one API key and its secret. What is empty is made up from the seed and the
// namespace's name, the same every time.
type Account struct {
	APIKey    string
	APISecret string
}

// Config is one mock server. Its zero value works.
type Config struct {
	Account             // of the default namespace
	Listen       string // for Start; empty: a free loopback port
	Seed         uint64
	Webhooks     string        // where events go; empty: nowhere
	NoEgress     bool          // there is no egress service, as on a server without Redis
	RemoteUnmute bool          // room.enable_remote_unmute
	NoAnswer     time.Duration // how long the server waits for a room that is not there; zero: 3 s
	CheckAnswers bool          // hold answers against the openapi; see mock.Options
	SpecLater    bool          // read the openapi with the first request; see mock.Options
}

// Mock is LiveKit as an http.Handler, with all its namespaces.
type Mock struct {
	*mock.Engine[*App]
}

// Server is a Mock on a port.
type Server struct {
	*Mock
	*mock.Server
}

// New builds LiveKit. Close it when done.
func New(cfg Config) (*Mock, error) {
	if cfg.NoAnswer == 0 {
		cfg.NoAnswer = 3 * time.Second
	}
	e, err := mock.New(mock.Vendor[*App]{
		Name:       "livekit",
		Spec:       openapi.LiveKit,
		Operations: operations(),
		SignFirst:  true,
		Callbacks:  []string{webhookName},
		Keys:       []string{"api_key"},
		Fill:       fill,
		Open:       func(n *mock.Namespace) *App { return newApp(n, cfg) },
		Read:       read,
		Verify:     (*App).verify,
		Refuse:     refuse,
		Encode:     encodeAnswer,
		Sign:       signWebhook,
		Schedule:   []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second},
		Trigger:    (*App).trigger,
	}, mock.Options{
		Seed: cfg.Seed, Credentials: cfg.Account.credentials(), CheckAnswers: cfg.CheckAnswers, SpecLater: cfg.SpecLater,
	})
	if err != nil {
		return nil, err
	}
	return &Mock{Engine: e}, nil
}

// Handler serves LiveKit and the admin API. GET / is how the server is asked whether it
// lives.
func (m *Mock) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && r.URL.Path == "/" {
			_, _ = w.Write([]byte("OK"))
			return
		}
		m.Engine.ServeHTTP(w, r)
	})
}

// Start builds LiveKit and serves it. Close ends it.
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
	return map[string]string{"api_key": a.APIKey, "api_secret": a.APISecret}
}

func fill(given map[string]string, r *mock.Random) {
	for _, f := range []struct{ name, value string }{{"api_key", "API" + r.Token(12)}, {"api_secret", r.Token(43)}} {
		if given[f.name] == "" {
			given[f.name] = f.value
		}
	}
}
