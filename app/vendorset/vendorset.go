// Package vendorset is the one table of vendors. The product, the sandbox, the
// certify and explain commands and the mocks alone all go through it: a vendor is
// added by its folder, its mock, its fixture, and here by one field and one row.
package vendorset

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"switchboard/app/certify"
	"switchboard/vendors"
	"switchboard/vendors/ejabberd"
	"switchboard/vendors/linkv"
	"switchboard/vendors/livekit"
	"switchboard/vendors/rongcloud"
	"switchboard/vendors/upstream"
	"switchboard/vendors/vendortest"
	"switchboard/vendors/youme"
)

// EnvPrefix begins the name of every variable of the environment.
const EnvPrefix = "SWITCHBOARD"

// SandboxSecret is the sandbox's secret for all that wants one: it opens nothing
// but mocks.
const SandboxSecret = "sandbox-only-secret"

// Config is every vendor's account as the environment has it. Each adapter owns
// its part.
type Config struct {
	RongCloud rongcloud.Config
	LinkV     linkv.Config
	YouMe     youme.Config
	Ejabberd  ejabberd.Config
	LiveKit   livekit.Config
}

// SandboxRooms is the sandbox's rooms route: RongCloud, which is first elsewhere,
// cannot list rooms. A LiveKit server that is there comes first, its mock last: that
// carries no media.
func (c Config) SandboxRooms() string {
	if c.LiveKit.Configured() {
		return "livekit,youme,rongcloud"
	}
	return "youme,rongcloud,livekit"
}

// table is in the order of a route that configuration leaves out.
var table = []Vendor{
	row[rongcloud.Config]{
		name:     "rongcloud",
		config:   func(c *Config) *rongcloud.Config { return &c.RongCloud },
		open:     rongcloud.Open,
		explain:  rongcloud.Explain,
		backup:   rongcloud.Config.Backup,
		fixture:  certify.RongCloud,
		imitated: certify.RongCloudMock,
		mock:     startRongCloud,
		listen:   "127.0.0.1:9101",
		sandbox:  map[string]string{"APP_KEY": "sandbox", "APP_SECRET": SandboxSecret},
	}.vendor(),
	row[linkv.Config]{
		name:     "linkv",
		config:   func(c *Config) *linkv.Config { return &c.LinkV },
		open:     linkv.Open,
		explain:  linkv.Explain,
		fixture:  certify.LinkV,
		imitated: func(t vendortest.T) vendortest.Fixture { return certify.LinkVMock(t, false) },
		mock:     startLinkV,
		listen:   "127.0.0.1:9102",
		sandbox: map[string]string{
			"APP_ID": "sandbox", "APP_KEY": "sandbox-im", "APP_SECRET": SandboxSecret,
			"LIVE_APP_ID": "LM6000000000000000000001", "LIVE_APP_SECRET": SandboxSecret,
		},
	}.vendor(),
	row[youme.Config]{
		name:     "youme",
		config:   func(c *Config) *youme.Config { return &c.YouMe },
		open:     youme.Open,
		explain:  youme.Explain,
		fixture:  certify.YouMe,
		imitated: func(t vendortest.T) vendortest.Fixture { return certify.YouMeMock(t, false) },
		mock:     startYouMe,
		listen:   "127.0.0.1:9103",
		sandbox:  map[string]string{"APP_KEY": "YOUME-SANDBOX", "APP_SECRET": SandboxSecret, "APP_ID": "1000"},
	}.vendor(),
	row[ejabberd.Config]{
		name:     "ejabberd",
		config:   func(c *Config) *ejabberd.Config { return &c.Ejabberd },
		open:     ejabberd.Open,
		fixture:  certify.Ejabberd,
		imitated: certify.EjabberdMock,
	}.vendor(),
	row[livekit.Config]{
		name:     "livekit",
		config:   func(c *Config) *livekit.Config { return &c.LiveKit },
		open:     livekit.Open,
		explain:  livekit.Explain,
		fixture:  certify.LiveKit,
		imitated: certify.LiveKitMock,
		mock:     startLiveKit,
		listen:   "127.0.0.1:9104",
		sandbox:  map[string]string{"API_KEY": "APIsandbox", "API_SECRET": SandboxSecret + "-of-at-least-32-bytes"},
		beside:   true,
	}.vendor(),
}

// settings is an adapter's Config.
type settings interface {
	// Configured reports whether the account is meant to be used.
	Configured() bool
}

// row is one vendor with its own Config.
type row[C settings] struct {
	name     string // of the account, too, when there is one alone
	config   func(*Config) *C
	open     func(account string, cfg C, opt upstream.Options) (*vendors.Vendor, error)
	explain  func(cfg C, in vendors.SignInput) []vendors.Explanation // nil: nothing is signed
	backup   func(cfg C) map[string]string                           // what the account NAME:backup sets otherwise, by setting; nil: there is none
	fixture  func(cfg C) (vendortest.Fixture, error)
	imitated func(vendortest.T) vendortest.Fixture // the fixture of the vendor's mock
	mock     func(MockOptions) (Mock, error)       // nil: there is none to be used by itself
	beside   bool                                  // an account of it may stand beside the mocks: its server runs on any machine
	listen   string                                // where "go run ./mocks" has the mock
	sandbox  map[string]string                     // the mock's credentials in the sandbox, which are no secrets
}

// Vendor is one row, to be used without knowing which.
type Vendor struct {
	Name   string
	Listen string // where the mock alone listens unless told otherwise
	// Beside is true of a vendor whose server runs on any machine: the sandbox takes the
	// environment's account of it, and mocks of the others.
	Beside bool
	// Sandbox is the mock's credentials in the sandbox, by setting.
	Sandbox map[string]string

	// Configured reports whether the environment has an account.
	Configured func(Config) bool
	// Explain shows how the environment's account signs the values of a request; nil:
	// it signs nothing.
	Explain func(Config, vendors.SignInput) []vendors.Explanation
	// StartMock starts the vendor's mock. The caller closes it. Nil: there is none; the
	// server itself can be had.
	StartMock func(MockOptions) (Mock, error)

	open     func(account string, c Config, key []byte, opt upstream.Options) (*vendors.Vendor, error)
	overlay  func(c *Config, key []byte) error
	backup   func(Config) map[string]string
	fixture  func(Config) (vendortest.Fixture, error)
	imitated func(vendortest.T) vendortest.Fixture
}

func (r row[C]) vendor() Vendor {
	overlaid := func(c *Config, key []byte) error { return overlay(key, r.config(c)) }
	v := Vendor{
		Name: r.name, Listen: r.listen, Beside: r.beside, Sandbox: r.sandbox, StartMock: r.mock, imitated: r.imitated, overlay: overlaid,
		Configured: func(c Config) bool { return (*r.config(&c)).Configured() },
		fixture:    func(c Config) (vendortest.Fixture, error) { return r.fixture(*r.config(&c)) },
		open: func(account string, c Config, key []byte, opt upstream.Options) (*vendors.Vendor, error) {
			if err := overlaid(&c, key); err != nil {
				return nil, err
			}
			return r.open(account, *r.config(&c), opt)
		},
		backup: func(c Config) map[string]string {
			if r.backup == nil {
				return nil
			}
			return r.backup(*r.config(&c))
		},
	}
	if r.explain != nil {
		v.Explain = func(c Config, in vendors.SignInput) []vendors.Explanation {
			return r.explain(*r.config(&c), in)
		}
	}
	return v
}

// All returns every vendor, in the order of a route that configuration leaves out.
func All() []Vendor { return table }

// Mocked returns the vendors that have a mock to be used by itself, in the same order.
func Mocked() []Vendor {
	return slices.DeleteFunc(slices.Clone(table), func(v Vendor) bool { return v.StartMock == nil })
}

// Names returns the names of all vendors.
func Names() []string {
	var names []string
	for _, v := range table {
		names = append(names, v.Name)
	}
	return names
}

// Find returns the vendor of that name.
func Find(name string) (Vendor, bool) {
	for _, v := range table {
		if v.Name == name {
			return v, true
		}
	}
	return Vendor{}, false
}

// Any reports whether the environment has an account of any vendor, of those that may
// stand beside the mocks when beside is set.
func (c Config) Any(beside bool) bool {
	for _, v := range table {
		if v.Configured(c) && (beside || !v.Beside) {
			return true
		}
	}
	return false
}

// Variable is the name of the variable that holds a setting: "APP_KEY".
func (v Vendor) Variable(setting string) string {
	return EnvPrefix + "_" + strings.ToUpper(v.Name) + "_" + setting
}

// Use points the environment's account in c at a mock.
func (v Vendor) Use(c *Config, m Mock) error {
	key := map[string]any{"base_url": m.URL}
	for _, s := range m.Settings {
		key[strings.ToLower(s.Name)] = s.Value
	}
	raw, err := json.Marshal(key)
	if err == nil {
		err = v.overlay(c, raw)
	}
	if err != nil {
		return fmt.Errorf("mock %s: %w", v.Name, err)
	}
	return nil
}
