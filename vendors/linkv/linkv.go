// Package linkv speaks LinkV's server API: IM calls signed in headers, and live
// and coin calls signed in the form. What is known of the
// vendor, and how: docs/vendors/linkv.md.
package linkv

import (
	"net/http"

	"switchboard/vendors"
	"switchboard/vendors/upstream"
)

// Config is one LinkV account. The IM and the live credentials are two sets:
// either may be left out, and then what it serves is missing.
type Config struct {
	AppID         string         `split_words:"true" desc:"IM app id; empty: no tokens, messages, presence or groups"`
	AppKey        string         `split_words:"true" desc:"IM app key"`
	AppSecret     vendors.Secret `split_words:"true" desc:"IM app secret"`
	LiveAppID     string         `split_words:"true" desc:"live app id as sent (LM and 22 digits); empty: no wallet and no live open id"`
	LiveAppSecret vendors.Secret `split_words:"true" desc:"live app secret"`
	BaseURL       string         `split_words:"true" desc:"scheme and host of the IM API; LinkV names it with the account"`
	LiveBaseURL   string         `split_words:"true" desc:"scheme and host of the live API; empty: the same as BASE_URL"`
	AID           string         `envconfig:"AID" default:"switchboard" desc:"aid sent when a user is registered at the live side: the device, for calls that come from a server"`
	Portrait      string         `split_words:"true" default:"https://example.com/portrait.png" desc:"picture of users who have none: LinkV insists on one when it first sees a user"`
	CoinDays      int            `split_words:"true" default:"91" desc:"days until added coins expire at LinkV, counted from the start of the day (UTC)"`
}

// Configured reports whether any of the account's settings that have no default
// is there.
func (c Config) Configured() bool {
	return c.AppID != "" || c.AppKey != "" || c.AppSecret != "" || c.LiveAppID != "" || c.LiveAppSecret != "" || c.BaseURL != ""
}

// Validate reports the first setting that is wrong.
func (c Config) Validate() error {
	required := func(setting, with string) error {
		return &vendors.SettingError{Setting: setting, Problem: "is required with", With: with}
	}
	switch {
	case c.AppID == "" && c.LiveAppID == "":
		return &vendors.SettingError{Setting: "APP_ID", Problem: "is required for IM, or for coins", With: "LIVE_APP_ID"}
	case c.AppID != "" && c.AppKey == "":
		return required("APP_KEY", "APP_ID")
	case c.AppID != "" && c.AppSecret == "":
		return required("APP_SECRET", "APP_ID")
	case c.LiveAppID != "" && c.LiveAppSecret == "":
		return required("LIVE_APP_SECRET", "LIVE_APP_ID")
	case !upstream.ValidURL(c.BaseURL):
		return &vendors.SettingError{Setting: "BASE_URL", Problem: upstream.URLProblem}
	case c.LiveBaseURL != "" && !upstream.ValidURL(c.LiveBaseURL):
		return &vendors.SettingError{Setting: "LIVE_BASE_URL", Problem: upstream.URLProblem}
	case c.CoinDays < 1:
		return &vendors.SettingError{Setting: "COIN_DAYS", Problem: "must be 1 or more"}
	}
	return nil
}

// adapter holds what all capabilities share. im and live are nil when their
// credentials are not configured.
type adapter struct {
	name    string
	cfg     Config
	im      *upstream.Client
	live    *upstream.Client
	openIDs *upstream.Cache[string]
}

// Open connects one LinkV account. The caller closes the vendor.
func Open(name string, cfg Config, opt upstream.Options) (*vendors.Vendor, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if cfg.LiveBaseURL == "" {
		cfg.LiveBaseURL = cfg.BaseURL
	}
	a := &adapter{name: name, cfg: cfg}
	v := &vendors.Vendor{Name: name, Limits: limits}
	if cfg.AppID != "" {
		if err := a.openIM(v, opt); err != nil {
			return nil, err
		}
	}
	if cfg.LiveAppID != "" {
		if err := a.openLive(v, opt); err != nil {
			return nil, err
		}
	}
	v.Connection, v.Close = a.link(), a.close
	return v, nil
}

func (a *adapter) link() vendors.Connection {
	switch {
	case a.live == nil:
		return a.im
	case a.im == nil:
		return a.live
	default:
		return link{im: a.im, live: a.live}
	}
}

func (a *adapter) openIM(v *vendors.Vendor, opt upstream.Options) (err error) {
	a.im, err = upstream.New(upstream.Config{
		Vendor: a.name, BaseURL: a.cfg.BaseURL, Limits: limits,
		Secrets: []vendors.Secret{a.cfg.AppSecret},
	}, opt)
	v.Tokens, v.Users, v.Blacklist, v.Traits = a, a, a, traits
	v.Messages, v.Presence, v.Groups = a, a, a
	v.GroupNames, v.GroupOwners, v.GroupLists = a, a, a
	v.MemberMutes, v.GroupMutes = a, a
	return err
}

func (a *adapter) openLive(v *vendors.Vendor, opt upstream.Options) (err error) {
	a.live, err = upstream.New(upstream.Config{
		Vendor: a.name, BaseURL: a.cfg.LiveBaseURL, Limits: limits,
		Secrets: []vendors.Secret{a.cfg.LiveAppSecret},
	}, opt)
	a.openIDs = upstream.NewCache[string](a.name, vendors.OpTokenIssue, openIDFor, openIDMax)
	v.Wallet, v.Orders = a, a
	return err
}

func (a *adapter) close() {
	if a.im != nil {
		a.im.Close()
	}
	if a.live != nil {
		a.live.Close()
	}
}

// imCall is a POST to the IM side on behalf of user.
func (a *adapter) imCall(op string, class upstream.Class, user, path string, form upstream.Fields) upstream.Call {
	return upstream.Call{
		Op: op, Class: class, Method: http.MethodPost, Path: path, Form: form,
		Sign:  a.signIM(user),
		Check: check,
	}
}

// liveCall is a POST to the live side, which takes its credentials in the form.
func (a *adapter) liveCall(op string, class upstream.Class, path string, form upstream.Fields) upstream.Call {
	return upstream.Call{
		Op: op, Class: class, Method: http.MethodPost, Path: path, Form: form,
		Sign:  a.signLive,
		Check: check,
	}
}
