// Package youme speaks YouMe's Talk server API: voice rooms. Every call is a
// JSON POST whose credentials stand in the query. What is known
// of the vendor, and how: docs/vendors/youme.md.
package youme

import (
	"net/http"
	"net/url"

	"switchboard/vendors"
	"switchboard/vendors/upstream"
)

// Config is one YouMe app.
type Config struct {
	AppKey          string         `split_words:"true" desc:"app key of the YouMe console (YOUME and 40 digits)"`
	AppSecret       vendors.Secret `split_words:"true" desc:"app secret of the YouMe console"`
	AppID           int            `split_words:"true" desc:"game id (AppID) of the app: most commands insist on it"`
	Identifier      string         `split_words:"true" default:"admin" desc:"account in whose name commands are given"`
	BaseURL         string         `split_words:"true" default:"https://api.youme.im" desc:"scheme and host of the API; overseas accounts have another"`
	IdentityCommand string         `split_words:"true" default:"change_user_ Identity" desc:"name of the command that changes identities: the document writes it with a space"`
	AuthCodes       []string       `split_words:"true" desc:"ErrorCodes by which YouMe refuses credentials or their time, comma separated; it publishes none, so ask it. Empty: every code is a plain refusal and raises no alarm"`
}

// Configured reports whether any setting that has no default is there.
func (c Config) Configured() bool { return c.AppKey != "" || c.AppSecret != "" || c.AppID != 0 }

// Validate reports the first setting that is wrong.
func (c Config) Validate() error {
	switch {
	case c.AppKey == "":
		return &vendors.SettingError{Setting: "APP_KEY", Problem: "is required with", With: "APP_SECRET"}
	case c.AppSecret == "":
		return &vendors.SettingError{Setting: "APP_SECRET", Problem: "is required with", With: "APP_KEY"}
	case c.AppID <= 0:
		return &vendors.SettingError{Setting: "APP_ID", Problem: "must be a positive number, and is required with", With: "APP_KEY"}
	case c.Identifier == "":
		return &vendors.SettingError{Setting: "IDENTIFIER", Problem: "must not be empty"}
	case c.IdentityCommand == "":
		return &vendors.SettingError{Setting: "IDENTITY_COMMAND", Problem: "must not be empty"}
	case !upstream.ValidURL(c.BaseURL):
		return &vendors.SettingError{Setting: "BASE_URL", Problem: upstream.URLProblem}
	}
	return nil
}

type adapter struct {
	name string
	cfg  Config
	up   *upstream.Client
}

// Open connects one YouMe app. The caller closes the vendor.
func Open(name string, cfg Config, opt upstream.Options) (*vendors.Vendor, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	up, err := upstream.New(upstream.Config{
		Vendor: name, BaseURL: cfg.BaseURL, Limits: limits,
		Secrets: []vendors.Secret{cfg.AppSecret},
	}, opt)
	if err != nil {
		return nil, err
	}
	a := &adapter{name: name, cfg: cfg, up: up}
	return &vendors.Vendor{
		Name: name, Limits: limits, Connection: up, Close: up.Close,
		Traits: vendors.Traits{Kick: vendors.HoldTimed, Sequenced: true},
		Rooms: vendors.Rooms{
			List: a, Query: a, Speakers: a, Kick: a, Push: a, Permission: a, Calls: a,
		},
	}, nil
}

// call is one command. payload names a field that an answer without the
// envelope must have to be a success; empty: only the envelope says so.
func (a *adapter) call(op string, class upstream.Class, command string, body any, payload string) upstream.Call {
	return upstream.Call{
		Op: op, Class: class, Method: http.MethodPost,
		Path: "/v1/im/" + url.PathEscape(command), JSON: body,
		Sign:  a.sign,
		Check: func(ans upstream.Answer) error { return check(ans, payload, a.cfg.AuthCodes) },
	}
}
