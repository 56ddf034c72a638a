// Package livekit speaks LiveKit's server API: rooms, join tokens and webhooks of an
// RTC server. Every call is a JSON POST to Twirp with a token of its own that allows
// that call alone. What is known of the vendor, and how: docs/vendors/livekit.md.
package livekit

import (
	"net/http"
	"strings"
	"time"

	"switchboard/vendors"
	"switchboard/vendors/upstream"
)

// Config is one LiveKit deployment, or one project of its cloud.
type Config struct {
	URL               string         `envconfig:"URL" desc:"where clients connect: wss://PROJECT.livekit.cloud or ws://HOST:7880; empty: BASE_URL with ws for http"`
	BaseURL           string         `split_words:"true" desc:"scheme and host of the server API, where servers reach it elsewhere than clients; empty: URL with http for ws"`
	APIKey            string         `envconfig:"API_KEY" desc:"API key of the deployment or project"`
	APISecret         vendors.Secret `envconfig:"API_SECRET" desc:"secret of the API key; it signs calls and join tokens"`
	CallbackAPIKey    string         `envconfig:"CALLBACK_API_KEY" desc:"API key that the server's webhooks are signed with when it is another one (webhook.api_key)"`
	CallbackAPISecret vendors.Secret `envconfig:"CALLBACK_API_SECRET" desc:"secret of CALLBACK_API_KEY"`
	Egress            bool           `desc:"the deployment has an egress service, so rooms can be recorded"`
	RecordingPath     string         `split_words:"true" default:"recordings/{room_name}-{time}" desc:"where the egress service puts a recording that is asked for without a path; it fills in the names in braces"`
}

// Configured reports whether any setting that has no default is there.
func (c Config) Configured() bool {
	return c.URL != "" || c.BaseURL != "" || c.APIKey != "" || c.APISecret != ""
}

// Validate reports the first setting that is wrong.
func (c Config) Validate() error {
	required := func(setting, with string) error {
		return &vendors.SettingError{Setting: setting, Problem: "is required with", With: with}
	}
	switch {
	case c.URL == "" && c.BaseURL == "":
		return required("URL", "API_KEY")
	case c.APIKey == "":
		return required("API_KEY", "URL")
	case c.APISecret == "":
		return required("API_SECRET", "API_KEY")
	case (c.CallbackAPIKey == "") != (c.CallbackAPISecret == ""):
		return required("CALLBACK_API_SECRET", "CALLBACK_API_KEY")
	case c.URL != "" && !upstream.ValidURL(scheme(c.URL, "http")):
		return &vendors.SettingError{Setting: "URL", Problem: "must be a ws or wss URL with a host"}
	case !upstream.ValidURL(c.base()):
		return &vendors.SettingError{Setting: "BASE_URL", Problem: upstream.URLProblem}
	}
	return nil
}

// scheme gives raw, a URL of http or ws, the family that to names and keeps its TLS.
func scheme(raw, to string) string {
	for _, from := range []string{"http", "ws"} {
		if rest, found := strings.CutPrefix(raw, from); found && (strings.HasPrefix(rest, "://") || strings.HasPrefix(rest, "s://")) {
			return to + rest
		}
	}
	return raw
}

// base is where the server API is.
func (c Config) base() string {
	if c.BaseURL != "" {
		return scheme(c.BaseURL, "http")
	}
	return scheme(c.URL, "http")
}

// ClientURL is where clients connect, a URL of ws or wss.
func (c Config) ClientURL() string {
	if c.URL != "" {
		return scheme(c.URL, "ws")
	}
	return scheme(c.BaseURL, "ws")
}

type adapter struct {
	name string
	cfg  Config
	up   *upstream.Client
}

// Open connects one LiveKit deployment. The caller closes the vendor.
func Open(name string, cfg Config, opt upstream.Options) (*vendors.Vendor, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	up, err := upstream.New(upstream.Config{
		Vendor: name, BaseURL: cfg.base(), Limits: limits,
		Secrets: []vendors.Secret{cfg.APISecret, cfg.CallbackAPISecret},
	}, opt)
	if err != nil {
		return nil, err
	}
	a := &adapter{name: name, cfg: cfg, up: up}
	v := &vendors.Vendor{
		Name: name, Limits: limits, Connection: up, Close: up.Close, Callbacks: a, Reconciler: a, Traits: traits,
		Rooms: vendors.Rooms{
			Tokens: a, List: a, Query: a, Speakers: a, Kick: a, Dissolve: a, Push: a, Data: a, Permission: a, Mute: a,
		},
	}
	if cfg.Egress {
		v.Rooms.Recorder = a
	}
	return v, nil
}

// method is one call of the API: service and method as Twirp has them, and the grant
// that the call's own token carries.
type method struct {
	path  string
	grant func(room string) videoGrant
}

var (
	creates = func(string) videoGrant { return videoGrant{RoomCreate: true} }
	lists   = func(string) videoGrant { return videoGrant{RoomList: true} }
	records = func(string) videoGrant { return videoGrant{RoomRecord: true} }
	admins  = func(room string) videoGrant { return videoGrant{RoomAdmin: true, Room: room} }
)

// The methods with the grant that each needs (docs/vendors/livekit.md#grants).
var (
	listRooms         = method{"RoomService/ListRooms", lists}
	deleteRoom        = method{"RoomService/DeleteRoom", creates}
	listParticipants  = method{"RoomService/ListParticipants", admins}
	getParticipant    = method{"RoomService/GetParticipant", admins}
	removeParticipant = method{"RoomService/RemoveParticipant", admins}
	updateParticipant = method{"RoomService/UpdateParticipant", admins}
	muteTrack         = method{"RoomService/MutePublishedTrack", admins}
	sendData          = method{"RoomService/SendData", admins}
	startEgress       = method{"Egress/StartRoomCompositeEgress", records}
	stopEgress        = method{"Egress/StopEgress", records}
	listEgress        = method{"Egress/ListEgress", records}
)

const callLife = time.Minute // of a call's own token; the server allows another minute

// call is one call of m about room. payload names a member that a success has; empty:
// it is any object.
func (a *adapter) call(op string, class upstream.Class, m method, room string, body any, payload string) upstream.Call {
	grant := m.grant(room)
	return upstream.Call{
		Op: op, Class: class, Method: http.MethodPost, Path: "/twirp/livekit." + m.path, JSON: body,
		Sign: func(r *upstream.Request) {
			token := sign(a.cfg, claims{Video: &grant}, "", r.Now, callLife)
			r.Header = append(r.Header, [2]string{"Authorization", "Bearer " + token})
		},
		Check: func(ans upstream.Answer) error { return check(ans, payload) },
	}
}

// refuse is the error of a call that is not made.
func (a *adapter) refuse(op string, why error, text string) error {
	return vendors.Refuse(a.name, op, why, text)
}

// unreadable is the error of a success that lacks what it was asked for.
func (a *adapter) unreadable(op string) error {
	return &vendors.Error{Vendor: a.name, Op: op, Outcome: vendors.Ambiguous, Err: vendors.ErrUnreadable, Sent: true}
}
