package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/kelseyhightower/envconfig"

	"switchboard/app/access"
	"switchboard/app/conversation"
	"switchboard/app/conversation/relaylink"
	"switchboard/app/events"
	"switchboard/app/ledger"
	"switchboard/app/moderation"
	"switchboard/app/realtime"
	"switchboard/app/uploads"
	"switchboard/app/vendorset"
	"switchboard/app/wallet"
	"switchboard/vendors"
)

const envPrefix = vendorset.EnvPrefix

// testPrefix names variables that only the test suite reads: they may stand in
// the environment of a process under test.
const testPrefix = envPrefix + "_TEST_"

// Config is everything that the environment decides. Each package owns its part;
// this file only nests them.
type Config struct {
	Env      string        `default:"development" desc:"development or production; production refuses to start in sandbox mode"`
	Listen   string        `default:"127.0.0.1:8081" desc:"address of the product API; port 0 takes a free one"`
	DataDir  string        `split_words:"true" default:"./data" desc:"folder of everything that this process keeps"`
	LogLevel slog.Level    `split_words:"true" default:"info" desc:"debug, info, warn or error"`
	Deadline time.Duration `default:"10s" desc:"how long one request may take, vendor calls and all"`
	Drain    time.Duration `default:"10s" desc:"how long a stop waits for requests under way"`

	DatabaseURL  vendors.Secret `split_words:"true" desc:"postgres://... or mysql://...; empty: a SQLite file in the data folder"`
	AccountsFile string         `split_words:"true" desc:"JSON file of further vendor accounts and keys, applied within a second of a change; what it leaves out goes, unless a route names it: {\"rongcloud:sg\": [{\"app_key\": \"...\", \"app_secret\": \"...\"}]}; keys of one account are all live, the first preferred; what a key leaves out is as the vendor's own variables say"`
	AdminKey     vendors.Secret `split_words:"true" desc:"opens /admin, in the header admin-key; empty: /admin is closed, except in the sandbox, whose key is sandbox"`
	BusURL       vendors.Secret `split_words:"true" desc:"redis://... or nats://..., which carries news between replicas; empty: one process alone"`

	Relay relaylink.Mode `default:"none" desc:"none; out: conversations' messages also go to the members through the messages route; both: and what vendors report by callback is stored"`

	AdminAllow Prefixes `split_words:"true" default:"127.0.0.0/8,::1/128" desc:"networks whose TCP peers may read /metrics and reach /admin"`
	InnerAllow Prefixes `split_words:"true" default:"127.0.0.0/8,::1/128" desc:"networks whose TCP peers may call /inner/* without the server key"`

	AccessConfig
	Ledger       ledger.Config
	Words        moderation.Config
	Price        wallet.Prices
	Translate    TranslateConfig
	Pairing      PairingConfig
	Route        RouteConfig
	Realtime     realtime.Config
	Conversation conversation.Config
	UploadConfig
	Events events.Config
	VendorsConfig
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

// TranslateConfig bounds the cache of translations.
type TranslateConfig struct {
	CacheTTL  time.Duration `envconfig:"CACHE_TTL" default:"24h" desc:"how long a translation is kept"`
	CacheSize int           `split_words:"true" default:"100000" desc:"how many translations are kept"`
}

// RouteConfig says, per capability, which vendors may serve it. Empty: every
// configured vendor that can, in the order rongcloud, linkv, youme.
type RouteConfig struct {
	Tokens     string `desc:"vendors that issue client SDK credentials, best first: rongcloud,linkv; or by weight: weighted/rongcloud=3,linkv=1 or hash/rongcloud=1,linkv=1; behind it ;least_bad to call the first when no vendor is healthy, and ;auth_failover to pass over one that refuses our credentials"`
	Messages   string `desc:"vendors that carry messages, as above"`
	Presence   string `desc:"vendors that know who is online, as above"`
	Words      string `desc:"vendors whose sensitive words count, as above"`
	Translator string `desc:"vendors that translate, as above"`
	Wallet     string `desc:"the vendor that keeps coins; only the first is asked"`
	Rooms      string `desc:"vendors that run RTC rooms, as above"`
}

// table reads the routes that are configured; its error names the variable.
func (r RouteConfig) table() (map[vendors.Capability]vendors.Route, error) {
	table := map[vendors.Capability]vendors.Route{}
	for c, value := range map[vendors.Capability]string{
		vendors.CapTokens: r.Tokens, vendors.CapMessages: r.Messages, vendors.CapPresence: r.Presence,
		vendors.CapWords: r.Words, vendors.CapTranslator: r.Translator, vendors.CapWallet: r.Wallet, vendors.CapRooms: r.Rooms,
	} {
		if value == "" {
			continue
		}
		route, err := vendors.ParseRoute(value)
		if err != nil {
			return nil, fmt.Errorf("%s_ROUTE_%s: %w", envPrefix, strings.ToUpper(string(c)), err)
		}
		table[c] = route
	}
	return table, nil
}

// namedRoute names the variable of a route that cannot be.
func namedRoute(err error) error {
	var route *vendors.RouteError
	if errors.As(err, &route) {
		return fmt.Errorf("%s_ROUTE_%s: %w", envPrefix, strings.ToUpper(string(route.Capability)), route.Err)
	}
	return err
}

// Prefixes is a list of networks in CIDR form.
type Prefixes []netip.Prefix

// Decode reads "10.0.0.0/8,::1/128"; a bare address is a network of one.
func (p *Prefixes) Decode(value string) error {
	*p = nil
	for field := range strings.SplitSeq(value, ",") {
		field = strings.TrimSpace(field)
		if field == "" {
			continue
		}
		if addr, err := netip.ParseAddr(field); err == nil {
			*p = append(*p, netip.PrefixFrom(addr, addr.BitLen()))
			continue
		}
		prefix, err := netip.ParsePrefix(field)
		if err != nil {
			return fmt.Errorf("%q is no network such as 10.0.0.0/8", field)
		}
		*p = append(*p, prefix.Masked())
	}
	return nil
}

// loadConfig reads the environment. Its error names every unknown variable, or
// the one whose value is bad, and never repeats a value: it may be a secret.
func loadConfig() (Config, error) {
	var cfg Config
	known := configKeys()
	var unknown []string
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		if strings.HasPrefix(name, envPrefix+"_") && !strings.HasPrefix(name, testPrefix) && !slices.Contains(known, name) {
			unknown = append(unknown, name)
		}
	}
	if len(unknown) > 0 {
		slices.Sort(unknown)
		return cfg, fmt.Errorf("unknown variables: %s (the config command lists the known ones)", strings.Join(unknown, ", "))
	}
	if err := envconfig.Process(envPrefix, &cfg); err != nil {
		var bad *envconfig.ParseError
		if errors.As(err, &bad) {
			return cfg, fmt.Errorf("%s: %s", bad.KeyName, reason(bad))
		}
		return cfg, err
	}
	return cfg, cfg.check()
}

// reason says what is wrong with a value. Our own decoders' errors name none that
// is secret; the library's repeat the value.
func reason(bad *envconfig.ParseError) string {
	switch bad.TypeName {
	case "main.Prefixes", "relaylink.Mode", "access.Apps":
		return bad.Err.Error()
	case "time.Duration":
		return "want a time such as 500ms or 10s"
	case "slog.Level":
		return "want debug, info, warn or error"
	case "int", "int64":
		return "want a whole number"
	case "map[string]string":
		return "want name:value pairs, comma separated"
	}
	return "not a valid " + bad.TypeName
}

func (c Config) check() error {
	for _, v := range []struct {
		name  string
		value int64
	}{
		{"DEADLINE", int64(c.Deadline)}, {"DRAIN", int64(c.Drain)},
		{"TRANSLATE_CACHE_TTL", int64(c.Translate.CacheTTL)}, {"TRANSLATE_CACHE_SIZE", int64(c.Translate.CacheSize)},
		{"REALTIME_QUEUE_MESSAGES", int64(c.Realtime.QueueMessages)}, {"REALTIME_QUEUE_BYTES", int64(c.Realtime.QueueBytes)},
		{"REALTIME_READ_EVERY", int64(c.Realtime.ReadEvery)}, {"REALTIME_POLL_LINGER", int64(c.Realtime.PollLinger)},
		{"REALTIME_GATEWAY_PING", int64(c.Realtime.GatewayPing)}, {"REALTIME_SOCKET_PING", int64(c.Realtime.SocketPing)},
		{"CONVERSATION_GROUP_MEMBERS", int64(c.Conversation.GroupMembers)}, {"CONVERSATION_ROOM_MEMBERS", int64(c.Conversation.RoomMembers)},
		{"CONVERSATION_CONTENT_BYTES", int64(c.Conversation.ContentBytes)}, {"CONVERSATION_EXT_BYTES", int64(c.Conversation.ExtBytes)},
	} {
		if v.value <= 0 {
			return fmt.Errorf("%s_%s: must be more than 0", envPrefix, v.name)
		}
	}
	switch {
	case c.Env != "development" && c.Env != "production":
		return fmt.Errorf("%s_ENV: want development or production", envPrefix)
	case c.TokenTTL < time.Second:
		return fmt.Errorf("%s_TOKEN_TTL: must be at least 1s", envPrefix)
	}
	if err := c.Price.Validate(); err != nil {
		return fmt.Errorf("%s_PRICE_*: %w", envPrefix, err)
	}
	if err := c.Ledger.Validate(); err != nil {
		return fmt.Errorf("%s_LEDGER_*: %w", envPrefix, err)
	}
	if err := c.Pairing.check(); err != nil {
		return fmt.Errorf("%s_PAIRING_%w", envPrefix, err)
	}
	_, err := c.Route.table()
	return err
}
