// Package rongcloud speaks RongCloud's server API v1 and its RTC calls. What is
// known of the vendor, and how: docs/vendors/rongcloud.md.
package rongcloud

import (
	"context"
	"net/http"
	"time"

	"switchboard/vendors"
	"switchboard/vendors/upstream"
)

// Config is one RongCloud account.
type Config struct {
	AppKey    string         `split_words:"true" desc:"application key; public, handed to client SDKs"`
	AppSecret vendors.Secret `split_words:"true" desc:"application secret: signs calls and verifies callbacks"`
	BaseURL   string         `split_words:"true" default:"https://api.rong-api.com" desc:"scheme and host of the region's server API"`
	BackupURL string         `split_words:"true" desc:"the region's other host, opened as vendor rongcloud:backup and routed behind the first; empty: none"`
	// The product API types a command's data as an object, RongCloud's pages as
	// a text: docs/vendors/rongcloud.md#object-names.
	CommandData string        `split_words:"true" default:"object" desc:"how RC:CmdMsg carries its data: object, or string as RongCloud documents it"`
	CallbackAge time.Duration `split_words:"true" default:"15m" desc:"how old a callback's timestamp may be; 0: any age"`
}

// Configured reports whether the account's credentials are there.
func (c Config) Configured() bool { return c.AppKey != "" || c.AppSecret != "" }

// Backup is what the same account at the region's other host sets otherwise, by
// setting; nil: none is configured. It is opened as an account of its own and
// routed behind the first: what could not be sent there is then sent here
// (docs/vendors/rongcloud.md#connections).
func (c Config) Backup() map[string]string {
	if c.BackupURL == "" {
		return nil
	}
	return map[string]string{"base_url": c.BackupURL, "backup_url": ""}
}

// Validate reports the first setting that is wrong.
func (c Config) Validate() error {
	switch {
	case c.AppKey == "":
		return &vendors.SettingError{Setting: "APP_KEY", Problem: "is required with", With: "APP_SECRET"}
	case c.AppSecret == "":
		return &vendors.SettingError{Setting: "APP_SECRET", Problem: "is required with", With: "APP_KEY"}
	case c.CommandData != "object" && c.CommandData != "string":
		return &vendors.SettingError{Setting: "COMMAND_DATA", Problem: "must be object or string"}
	case c.CallbackAge < 0:
		return &vendors.SettingError{Setting: "CALLBACK_AGE", Problem: "must not be negative"}
	case c.BackupURL != "" && !upstream.ValidURL(c.BackupURL):
		return &vendors.SettingError{Setting: "BACKUP_URL", Problem: upstream.URLProblem}
	case !upstream.ValidURL(c.BaseURL):
		return &vendors.SettingError{Setting: "BASE_URL", Problem: upstream.URLProblem}
	}
	return nil
}

// adapter is every capability of one account.
type adapter struct {
	name   string
	cfg    Config
	up     *upstream.Client
	served *served
}

// Open connects one account. The caller closes the vendor.
func Open(name string, cfg Config, opt upstream.Options) (*vendors.Vendor, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	up, err := upstream.New(upstream.Config{
		Vendor: name, BaseURL: cfg.BaseURL, Limits: limits,
		Uses:    79,               // asked for: fewer than 80 (docs/vendors/rongcloud.md#connections)
		Idle:    50 * time.Second, // the vendor asks for less than 55 s: docs/vendors/rongcloud.md#connections
		Secrets: []vendors.Secret{cfg.AppSecret},
	}, opt)
	if err != nil {
		return nil, err
	}
	a := &adapter{name: name, cfg: cfg, up: up, served: newServed(cfg.CallbackAge)}
	return &vendors.Vendor{
		Name:   name,
		Tokens: a, Revoker: a, Users: a, Deletions: a, Profiles: a, Blacklist: a,
		Messages: a, Templates: a, Broadcasts: a, Recaller: a, Editor: a, History: a, Presence: a,
		Notices: a, Pushes: a, Remarks: a,
		Words: a, WordAdmin: a, Translator: a,
		Groups: a, GroupNames: a, GroupLists: a, MemberMutes: a, GroupMutes: a,
		ChatRooms: a, ChatRoomMutes: a, ChatRoomBlocks: a,
		Rooms:      vendors.Rooms{Query: a, Kick: a, Ban: a, Dissolve: a},
		Callbacks:  a,
		Limits:     limits,
		Traits:     traits,
		Connection: up,
		Close:      up.Close,
	}, nil
}

// form is a call of version 1 with an urlencoded body.
func (a *adapter) form(ctx context.Context, op string, class upstream.Class, path string, form upstream.Fields) upstream.Call {
	return upstream.Call{
		Op: op, Class: class, Method: http.MethodPost, Path: path, Form: form,
		Header: requestID(ctx), Sign: a.sign, Check: check,
	}
}

// json is a call with a JSON body: docs/vendors/rongcloud.md#transport lists which.
func (a *adapter) json(ctx context.Context, op string, class upstream.Class, method, path string, body any) upstream.Call {
	return upstream.Call{
		Op: op, Class: class, Method: method, Path: path, JSON: body,
		Header: requestID(ctx), Sign: a.sign, Check: check,
	}
}

// maxRequestID is the length of an X-Request-ID in characters: docs/vendors/rongcloud.md#signing.
const maxRequestID = 36

// requestID passes our request's id on, where the vendor takes one so long.
func requestID(ctx context.Context) upstream.Fields {
	if id := vendors.RequestID(ctx); id != "" && len(id) <= maxRequestID {
		return upstream.Fields{{"X-Request-Id", id}}
	}
	return nil
}

// refuse is a call that is not made.
func (a *adapter) refuse(op string, why error, text string) error {
	return vendors.Refuse(a.name, op, why, text)
}
