// Package rongcloud is a mock of RongCloud's server API: its signature, paths,
// limits, state and callbacks, read from the vendor's pages alone. What is known,
// and what this mock had to invent: docs/vendors/rongcloud.md.
package rongcloud

import (
	"net/http"
	"time"

	"switchboard/mocks/mock"
	"switchboard/openapi"
)

// The credentials of an account.
const (
	keyName    = "app_key"
	secretName = "app_secret"
)

// Account is one customer's credentials. What is empty is made up from the
// seed and the namespace's name.
type Account struct {
	AppKey    string
	AppSecret string
}

// Config says how the account at the vendor is set up. The zero value is the
// vendor as documented, with made-up credentials.
type Config struct {
	Account             // of the default namespace
	Listen       string // for Start; empty: a free loopback port
	Seed         uint64 // of tokens and message ids
	CheckAnswers bool   // hold every answer against the openapi; see mock.Options
	SpecLater    bool   // read the openapi with the first request; see mock.Options

	MaxSkew      time.Duration // refuse older and newer timestamps; zero: take any
	NonceOnce    bool          // refuse a nonce that was used before
	NoRateLimits bool          // never answer 1008
	Off          []Service     // services that are not enabled in the console

	StrictCommandData bool // RC:CmdMsg data must be text, not an object
	StrictIDs         bool // user and group ids must be letters and digits, as the documents say

	// The three console switches for messages sent by the server API
	// (docs/vendors/rongcloud.md#publish); off at the vendor unless asked for.
	FilterServerSends bool // sensitive words
	CheckServerSends  bool // pre-send callback
	RouteServerSends  bool // message routing callback

	RouteBlocked     bool // also route messages that were blocked
	OldCallbackNames bool // signTimestamp and no appKey, as before

	TokenLife      time.Duration     // zero: tokens do not expire by themselves
	MaxUsers       int               // 100 in a development environment; zero: no bound
	WordQuota      int               // zero: 50
	WordDelay      time.Duration     // until a new word takes effect: 15 min at the vendor; zero: at once
	KeepAliveQuota int               // zero: 5
	Callbacks      map[string]string // callback name -> URL; "" for all others
}

// Service is something that the console can switch off.
type Service string

// The services that can be off. A call to one answers 1009, translation 28400.
const (
	Broadcast    Service = "broadcast"
	Bots         Service = "bots"
	CloudStorage Service = "cloud-storage" // the history that v3 queries read
	MessageLog   Service = "message-log"   // the file of each hour
	Hosting      Service = "hosting"       // profiles, friends and groups that the vendor keeps
	ChatRoomMute Service = "chatroom-mute"
	KeepAlive    Service = "keepalive"
	Translation  Service = "translation"
)

// Mock is RongCloud as an http.Handler, with all its namespaces. The App is
// that of the default one.
type Mock struct {
	*mock.Engine[*App]
	*App
}

// Server is a Mock on a port.
type Server struct {
	*Mock
	*mock.Server
}

// New builds RongCloud. Close it when done.
func New(cfg Config) (*Mock, error) {
	return build(cfg, openapi.RongCloud)
}

func build(cfg Config, spec []byte) (*Mock, error) {
	e, err := mock.New(mock.Vendor[*App]{
		Name:       "rongcloud",
		Spec:       spec,
		Operations: operations(),
		SignFirst:  true,
		Lenient:    true,
		Callbacks:  []string{CallbackMessage, CallbackPreSend, CallbackOnline, CallbackChatRoom, CallbackRTC},
		Keys:       []string{keyName},
		Fill:       fill,
		Open:       func(n *mock.Namespace) *App { return open(cfg, n) },
		Read:       forgive,
		Verify:     (*App).verify,
		Refuse:     refuse,
		Sign:       cfg.signCallback,
		Schedule:   callbackRetries,
		Trigger:    (*App).trigger,
		Show:       (*App).show,
	}, mock.Options{
		Seed: cfg.Seed, CheckAnswers: cfg.CheckAnswers, SpecLater: cfg.SpecLater,
		Credentials: map[string]string{keyName: cfg.AppKey, secretName: cfg.AppSecret},
	})
	if err != nil {
		return nil, err
	}
	return &Mock{Engine: e, App: e.Default()}, nil
}

func fill(given map[string]string, r *mock.Random) {
	if given[keyName] == "" {
		given[keyName] = r.Token(13)
	}
	if given[secretName] == "" {
		given[secretName] = r.Token(14)
	}
}

// Handler serves RongCloud and, below /_mock/, the admin API.
func (m *Mock) Handler() http.Handler { return m }

// Namespace opens a further account with its own state, clock, faults and
// journal on the same server.
func (m *Mock) Namespace(name string, account Account) (*App, error) {
	return m.Create(name, map[string]string{keyName: account.AppKey, secretName: account.AppSecret})
}

// Start builds RongCloud and serves it. Close ends it.
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
