// Package ejabberd speaks ejabberd's HTTP API (mod_http_api): one POST for each
// command. What is known of the server, and how: docs/vendors/ejabberd.md.
package ejabberd

import (
	"net/http"
	"strings"
	"time"

	"switchboard/vendors"
	"switchboard/vendors/upstream"
)

// Config is one virtual host of one ejabberd.
type Config struct {
	BaseURL         string         `split_words:"true" desc:"where mod_http_api listens, with its path: https://xmpp.example.com:5443/api"`
	User            string         `split_words:"true" desc:"account that may give commands, as a JID: admin@example.com"`
	Password        vendors.Secret `split_words:"true" desc:"password of that account"`
	Host            string         `split_words:"true" desc:"virtual host whose users these are; public, handed to client SDKs"`
	MUCService      string         `split_words:"true" desc:"multi-user chat service of groups; empty: conference. and the host"`
	ChatRoomService string         `split_words:"true" desc:"multi-user chat service of chat rooms, another one than that of groups; empty: chatrooms. and the host"`
	APIVersion      string         `split_words:"true" desc:"version of the API's arguments, as it stands behind a command: v0 from ejabberd 24.12 on; empty for older ones, which know no other"`
	PasswordKey     vendors.Secret `split_words:"true" desc:"secret from which users' passwords are made: whoever changes it voids them all. Either this or JWT_KEY; with neither no credentials are issued"`
	JWTKey          vendors.Secret `split_words:"true" desc:"key of the server's jwt_key as its JWK has it (k, base64url): credentials are then signed here and cannot be revoked before they end"`
	JWTLife         time.Duration  `split_words:"true" default:"24h" desc:"how long a signed credential is good"`
	BlockGroup      string         `split_words:"true" desc:"shared roster group whose members the server's c2s rule denies; empty: nobody can be blocked"`
	PresenceEvery   time.Duration  `split_words:"true" default:"10s" desc:"how often the server, which reports nothing, is asked who of the watched users came and went; by one replica at a time; 0: never, else at least 1s"`
	PresenceUsers   int            `split_words:"true" default:"100" desc:"users asked about at a time, one call each; ten times as many are watched at most"`
	PresenceWatch   time.Duration  `split_words:"true" default:"10m" desc:"how long users are watched after an app asked for their presence; those in pair matching are watched while they are in it"`
}

// Configured reports whether the account is meant to be used.
func (c Config) Configured() bool { return c.BaseURL != "" || c.User != "" || c.Password != "" }

// Validate reports the first setting that is wrong.
func (c Config) Validate() error {
	for _, s := range []struct{ name, value string }{
		{"BASE_URL", c.BaseURL}, {"USER", c.User}, {"PASSWORD", c.Password.Reveal()}, {"HOST", c.Host},
	} {
		if s.value == "" {
			return &vendors.SettingError{Setting: s.name, Problem: "is required: an account has BASE_URL, USER, PASSWORD and HOST"}
		}
	}
	switch {
	case !upstream.ValidURL(c.BaseURL):
		return &vendors.SettingError{Setting: "BASE_URL", Problem: upstream.URLProblem}
	case !strings.Contains(c.User, "@"):
		return &vendors.SettingError{Setting: "USER", Problem: "must be a JID: name@host"}
	case c.PasswordKey != "" && c.JWTKey != "":
		return &vendors.SettingError{Setting: "PASSWORD_KEY", Problem: "does not go together with", With: "JWT_KEY"}
	case c.JWTKey != "" && len(c.jwtKey()) < minJWTKey:
		return &vendors.SettingError{Setting: "JWT_KEY", Problem: "must be the k of a JWK: base64url of at least 32 bytes"}
	case c.JWTKey != "" && c.JWTLife < time.Minute:
		return &vendors.SettingError{Setting: "JWT_LIFE", Problem: "must be at least a minute"}
	case c.PasswordKey != "" && len(c.PasswordKey) < minPasswordKey:
		return &vendors.SettingError{Setting: "PASSWORD_KEY", Problem: "must have at least 16 characters"}
	case c.withDefaults().MUCService == c.withDefaults().ChatRoomService:
		return &vendors.SettingError{Setting: "CHAT_ROOM_SERVICE", Problem: "must differ from", With: "MUC_SERVICE"}
	}
	return c.poll().Validate()
}

func (c Config) poll() vendors.PresencePoll {
	if c.PresenceEvery == 0 {
		return vendors.PresencePoll{}
	}
	return vendors.PresencePoll{Every: c.PresenceEvery, Users: c.PresenceUsers, Watch: c.PresenceWatch}
}

func (c Config) withDefaults() Config {
	if c.MUCService == "" {
		c.MUCService = "conference." + c.Host
	}
	if c.ChatRoomService == "" {
		c.ChatRoomService = "chatrooms." + c.Host
	}
	return c
}

// adapter is every capability of one virtual host.
type adapter struct {
	name string
	cfg  Config
	up   *upstream.Client
	// generations are the users' passwords that were found to be current, so that
	// they are found at once the next time.
	generations *upstream.Bounded[int]
}

// Open connects one virtual host. The caller closes the vendor.
func Open(name string, cfg Config, opt upstream.Options) (*vendors.Vendor, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	up, err := upstream.New(upstream.Config{
		Vendor: name, BaseURL: cfg.BaseURL, Limits: limits,
		Secrets: []vendors.Secret{cfg.Password, cfg.PasswordKey, cfg.JWTKey},
	}, opt)
	if err != nil {
		return nil, err
	}
	a := &adapter{name: name, cfg: cfg, up: up, generations: upstream.NewBounded[int](knownGenerations)}
	v := &vendors.Vendor{
		Name: name, Limits: limits, Connection: up, Close: up.Close,
		Profiles: a, Messages: a, Presence: a, Sessions: a, UserImport: a, Deletions: a,
		Groups: a, GroupNames: a, GroupLists: a, MemberMutes: a,
		ChatRooms: a, ChatRoomBlocks: a,
		Traits: vendors.Traits{MemberMute: held, ChatRoomBlock: held, Sessions: vendors.SessionsDevice, Delete: vendors.DeletionNow, UnknownUsers: vendors.UnknownRefused, Content: namespace, Presence: cfg.poll()},
	}
	if cfg.PasswordKey != "" {
		v.Tokens, v.Revoker, v.Traits.Revoke = passwords{a}, passwords{a}, vendors.RevokeNow
	}
	if cfg.JWTKey != "" {
		v.Tokens = signedTokens{a}
	}
	if cfg.BlockGroup != "" {
		v.Users, v.Traits.Block = a, held
	}
	return v, nil
}

// args are a command's arguments by name. The server refuses one that is missing
// and one too many (docs/vendors/ejabberd.md#request).
type args map[string]any

// call is one command, whose answer check reads.
func (a *adapter) call(op string, class upstream.Class, command string, in args, check func(upstream.Answer) error) upstream.Call {
	path := "/" + command
	if a.cfg.APIVersion != "" {
		path += "/" + a.cfg.APIVersion
	}
	return upstream.Call{Op: op, Class: class, Method: http.MethodPost, Path: path, JSON: in, Sign: a.sign, Check: check}
}

// sign adds the account's credentials.
func (a *adapter) sign(r *upstream.Request) {
	r.Header = append(r.Header, [2]string{"Authorization", a.cfg.basic()})
}

// refuse is a call that is not made.
func (a *adapter) refuse(op string, why error, text string) error {
	return vendors.Refuse(a.name, op, why, text)
}
