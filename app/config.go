package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"switchboard/app/access"
	"switchboard/app/bus"
	"switchboard/app/conversation"
	"switchboard/app/conversation/relaylink"
	"switchboard/app/credentials"
	"switchboard/app/environ"
	"switchboard/app/events"
	"switchboard/app/ledger"
	"switchboard/app/moderation"
	"switchboard/app/pairing/pairinglink"
	"switchboard/app/ratelimit"
	"switchboard/app/realtime"
	"switchboard/app/retention"
	"switchboard/app/sqldb"
	"switchboard/app/tracing"
	"switchboard/app/translation"
	"switchboard/app/uploads"
	"switchboard/app/vendorset"
	"switchboard/app/wallet"
	"switchboard/middleware"
	"switchboard/vendors"
	"switchboard/vendors/upstream"
)

const envPrefix = vendorset.EnvPrefix

const production = "production" // of Config.Env

// testPrefix names variables that only the test suite reads: they may stand in
// the environment of a process under test.
const testPrefix = envPrefix + "_TEST_"

// tracingPrefix begins the variables of OpenTelemetry. Others of them concern other
// programs and are no mistakes.
const tracingPrefix = "OTEL"

// Config is everything that the environment decides. Each package owns its part and
// what may be wrong with it; this file only nests and joins them.
type Config struct {
	Env      string        `default:"development" desc:"development or production; production refuses to start in sandbox mode"`
	Listen   string        `default:"127.0.0.1:8081" desc:"address of the product API; port 0 takes a free one"`
	DataDir  string        `split_words:"true" default:"./data" desc:"folder of everything that this process keeps"`
	LogLevel slog.Level    `split_words:"true" default:"info" desc:"debug, info, warn or error"`
	Deadline time.Duration `default:"10s" desc:"how long one request may take, vendor calls and all"`
	Drain    time.Duration `default:"10s" desc:"how long a stop waits for requests under way"`

	DrainDelay time.Duration `split_words:"true" default:"5s" desc:"how long a stop goes on serving first, while /readyz answers 503, so that load balancers look elsewhere before the port closes; not in the sandbox"`

	DatabaseURL    vendors.Secret `split_words:"true" desc:"postgres://... or mysql://...; empty: a SQLite file in the data folder"`
	AccountsFile   string         `split_words:"true" desc:"JSON file of further vendor accounts and keys, applied within a second of a change; what it leaves out goes, unless a route names it: {\"rongcloud:sg\": [{\"app_key\": \"...\", \"app_secret\": \"...\"}]}; keys of one account are all live, the first preferred; what a key leaves out is as the vendor's own variables say"`
	AdminKey       vendors.Secret `split_words:"true" desc:"opens /admin, in the header admin-key; empty: /admin is closed, except in the sandbox, whose key is sandbox"`
	AdminReaderKey vendors.Secret `split_words:"true" desc:"opens what can be looked at under /admin and in the console, and changes nothing; empty: there is none"`
	BusURL         vendors.Secret `split_words:"true" desc:"redis://... or nats://..., which carries news between replicas; empty: one process alone"`

	Relay relaylink.Mode `default:"none" desc:"none; out: conversations' messages also go to the members through the messages route; both: and what vendors report by callback is stored"`

	AdminAllow     environ.Prefixes   `split_words:"true" default:"auto" desc:"networks whose TCP peers may read /metrics and reach /admin, never through a proxy; auto: loopback, in production nobody"`
	InnerAllow     environ.Prefixes   `split_words:"true" default:"auto" desc:"networks whose TCP peers may call /inner/* without the server key, never through a proxy; auto: loopback, in production nobody"`
	AllowedOrigins middleware.Origins `split_words:"true" desc:"origins whose pages may call from a browser, besides our own: https://app.example, a port by * as in http://localhost:*, or * for all; empty: none, in the sandbox localhost and 127.0.0.1 with any port"`
	Hosts          []string           `desc:"host names under which those may call, comma separated; addresses and localhost always"`
	TrustedProxies environ.Prefixes   `split_words:"true" desc:"networks of the proxies that are believed about a client's address, the scheme and the host (Forwarded or X-Forwarded-For, -Proto and -Host); empty: none"`

	AccessConfig
	Ledger       ledger.Config
	Credentials  credentials.Config
	Words        moderation.Config
	Price        wallet.Prices
	Translate    translation.Config
	Pairing      pairinglink.Config
	Route        vendorset.Routes
	Realtime     realtime.Config
	Conversation conversation.Config
	UploadConfig
	Events    events.Config
	Retention retention.Config
	Limit     ratelimit.Config
	VendorsConfig

	Tracing tracing.Config `ignored:"true"` // of OpenTelemetry's own variables
}

// VendorsConfig is the environment's vendor accounts; an alias, since their
// variables carry the vendors' names: SWITCHBOARD_RONGCLOUD_APP_KEY.
type VendorsConfig = vendorset.Config

// AccessConfig is the tenants; an alias, since the variables carry no prefix of
// their own: SWITCHBOARD_APPS.
type AccessConfig = access.Config

// UploadConfig is the files that clients send; an alias, since its variables
// carry names of their own: SWITCHBOARD_BLOB_URL.
type UploadConfig = uploads.Config

// readConfig reads the environment as it is, for commands that serve nothing and
// need a part of it: health and sign explain work beside settings that are wrong.
func readConfig() (cfg Config, err error) {
	err = errors.Join(environ.Load(envPrefix, &cfg, testPrefix), environ.Load(tracingPrefix, &cfg.Tracing, tracingPrefix+"_"))
	cfg.settle()
	return cfg, err
}

// loadConfig reads the environment and returns every mistake in it. What could be
// read is checked although something else could not: all mistakes are told at once.
func loadConfig() (Config, error) {
	cfg, err := readConfig()
	return cfg, errors.Join(err, cfg.Validate())
}

// settle puts in what auto stands for.
func (c *Config) settle() {
	c.Limit.Settle(c.Env == production)
	for _, allow := range []*environ.Prefixes{&c.AdminAllow, &c.InnerAllow} {
		if !allow.IsAuto() {
			continue
		}
		*allow = nil
		if c.Env != production {
			*allow = environ.Loopback()
		}
	}
}

// Validate returns every mistake, each with the variable's full name. Nothing is
// opened by it.
func (c Config) Validate() error {
	errs := []error{environ.Named(envPrefix+"_", c.own())}
	for _, part := range []struct {
		prefix string
		config interface{ Validate() error }
	}{
		{"", c.AccessConfig}, {"LEDGER_", c.Ledger}, {"CREDENTIALS_", c.Credentials}, {"WORDS_", c.Words}, {"PRICE_", c.Price}, {"TRANSLATE_", c.Translate},
		{"PAIRING_", c.Pairing}, {"ROUTE_", c.Route}, {"REALTIME_", c.Realtime}, {"CONVERSATION_", c.Conversation},
		{"", c.UploadConfig}, {"EVENTS_", c.Events}, {"RETENTION_", c.Retention}, {"LIMIT_", c.Limit},
	} {
		errs = append(errs, environ.Named(envPrefix+"_"+part.prefix, part.config.Validate()))
	}
	errs = append(errs, environ.Named(tracingPrefix+"_", c.Tracing.Validate()))
	if c.Env == production {
		errs = append(errs, environ.Named(envPrefix+"_", c.production()))
	}
	errs = append(errs, vendorset.Validate(c.accounts()), environ.Named(envPrefix+"_", c.outside()))
	return errors.Join(errs...)
}

// accounts is where the vendors' accounts come from.
func (c Config) accounts() vendorset.Options {
	return vendorset.Options{
		Config: c.VendorsConfig, File: c.AccountsFile, Upstream: upstream.Options{Encrypted: c.Env == production},
	}
}

// production returns what is a mistake in production alone.
func (c Config) production() error {
	errs := []error{c.AccessConfig.Production()}
	if c.AdminKey != "" {
		if err := access.CheckKey(c.AdminKey, access.MinAdminKey); err != nil {
			errs = append(errs, fmt.Errorf("ADMIN_KEY: %w", err))
		}
	}
	if c.AdminReaderKey != "" {
		if err := access.CheckKey(c.AdminReaderKey, access.MinAdminKey); err != nil {
			errs = append(errs, fmt.Errorf("ADMIN_READER_KEY: %w", err))
		}
	}
	if c.Public == "" {
		errs = append(errs, errors.New("PUBLIC_URL: required in production: the URLs of uploads begin with it, and would else begin with whatever a caller says the host is"))
	}
	return errors.Join(errs...)
}

// own returns the mistakes in what belongs to no package.
func (c Config) own() error {
	var errs []error
	if c.Env != "development" && c.Env != production {
		errs = append(errs, errors.New("ENV: want development or production"))
	}
	if c.AdminReaderKey != "" && c.AdminReaderKey == c.AdminKey {
		errs = append(errs, errors.New("ADMIN_READER_KEY: is the same as ADMIN_KEY"))
	}
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		errs = append(errs, errors.New("LISTEN: want host:port"))
	}
	if c.DataDir == "" {
		errs = append(errs, errors.New("DATA_DIR: want a folder"))
	}
	if c.Deadline <= 0 {
		errs = append(errs, errors.New("DEADLINE: must be more than 0"))
	}
	if c.DrainDelay < 0 || c.DrainDelay > 10*time.Minute {
		errs = append(errs, errors.New("DRAIN_DELAY: must be from 0s to 10m"))
	}
	if c.Drain <= 0 {
		errs = append(errs, errors.New("DRAIN: must be more than 0"))
	}
	errs = append(errs, c.retention())
	if err := (sqldb.Config{URL: c.DatabaseURL.Reveal()}).Validate(); err != nil {
		errs = append(errs, fmt.Errorf("DATABASE_URL: %w", err))
	}
	if err := bus.Validate(c.BusURL.Reveal()); err != nil {
		errs = append(errs, fmt.Errorf("BUS_URL: %w", err))
	}
	if c.Relay == relaylink.Both && len(c.Apps) > 1 {
		errs = append(errs, errors.New("RELAY: both needs exactly one app: vendors' reports name none"))
	}
	return errors.Join(errs...)
}
