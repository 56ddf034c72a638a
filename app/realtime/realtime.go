// Package realtime delivers committed messages to the sessions of this node:
// bounded queues, one order per conversation, resume by message id, replace
// rules and close codes (docs/conversations.md#sessions). It reads the store's
// log and knows neither the wire nor the web framework: handlers bring both.
package realtime

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"switchboard/app/problem"
)

// Errors of this package. ErrClosed is wrapped by Closed, which has the code.
var (
	ErrClosed    = errors.New("realtime: session closed")
	ErrContested = problem.New(problem.Conflict, "another client of the same device holds the session; name a device of your own")
	// ErrSilent: a node that has sessions of the user, as far as is known, did not tell them.
	ErrSilent   = problem.New(problem.Unavailable, "another replica did not tell its sessions of the user: some may be missing")
	ErrStopping = problem.Masked(problem.Unavailable, "realtime: this node is shutting down", "this server is stopping; connect again")
)

// Config is what an operator may tune.
type Config struct {
	QueueMessages    int           `split_words:"true" default:"1000" desc:"messages that may wait for one session; over it the session is closed with 3001"`
	QueueBytes       int           `split_words:"true" default:"1048576" desc:"bytes that may wait for one session; over it the session is closed with 3001"`
	ReadEvery        time.Duration `split_words:"true" default:"500ms" desc:"how often the store is read without news from the bus: the latency when the bus is lost"`
	GatewayPing      time.Duration `split_words:"true" default:"25s" desc:"interval of the gateway's pings and comments"`
	SocketPing       time.Duration `split_words:"true" default:"10s" desc:"interval of the pings on /im/socket"`
	PlatformSessions int           `split_words:"true" default:"1" desc:"sessions of one user and platform on /notify that name no device, on one replica when more than 1; one more closes the oldest with 3500"`
	UserSessions     int           `split_words:"true" default:"64" desc:"sessions of one user on one replica, over all platforms and devices; one more closes the oldest with 3500"`
	PollLinger       time.Duration `split_words:"true" default:"60s" desc:"how long messages are kept for a client between two long polls"`
}

// Validate returns every mistake; each begins with the variable's name.
func (c Config) Validate() error {
	var errs []error
	for _, v := range []struct {
		name  string
		value int64
	}{
		{"QUEUE_MESSAGES", int64(c.QueueMessages)}, {"QUEUE_BYTES", int64(c.QueueBytes)}, {"READ_EVERY", int64(c.ReadEvery)},
		{"GATEWAY_PING", int64(c.GatewayPing)}, {"SOCKET_PING", int64(c.SocketPing)}, {"POLL_LINGER", int64(c.PollLinger)},
		{"PLATFORM_SESSIONS", int64(c.PlatformSessions)}, {"USER_SESSIONS", int64(c.UserSessions)},
	} {
		if v.value <= 0 {
			errs = append(errs, errors.New(v.name+": must be more than 0"))
		}
	}
	return errors.Join(errs...)
}

// Dialect is a wire format and the rule for who replaces whom.
type Dialect uint8

// Gateway is the gateway API: one session per user and platform. Socket is the conversation API:
// one session per user and device.
const (
	Gateway Dialect = iota
	Socket
	dialects
)

// User is one user of one app.
type User struct{ App, ID string }

// Key names the place that one session takes: a newer session with the same key
// replaces the older. DeviceID is the platform (Gateway) or the device (Socket).
type Key struct {
	User
	Dialect  Dialect
	DeviceID string
}

// Device is one device of a user, by the name that its client gave. A gateway session that
// named none is of the device that its platform's number names.
type Device struct {
	User
	Name string
}

// of reports whether the place is the device's, on whatever platform.
func (k Key) of(d Device) bool {
	return k.User == d.User && k.Device() == d.Name
}

// Device is the name by which Hub.EndDevice knows the place.
func (k Key) Device() string {
	if k.Dialect != Gateway {
		return k.DeviceID
	}
	platform, name, named := strings.Cut(k.DeviceID, "/")
	if !named {
		name, _, _ = strings.Cut(platform, "#") // one of several, as Open puts it
	}
	return name
}

// Platform is the number of the client's platform; 0: the dialect has none.
func (k Key) Platform() int {
	if k.Dialect != Gateway {
		return 0
	}
	digits := strings.IndexFunc(k.DeviceID, func(r rune) bool { return r < '0' || r > '9' })
	if digits < 0 {
		digits = len(k.DeviceID)
	}
	n, _ := strconv.Atoi(k.DeviceID[:digits])
	return n
}

// Message is one thing to deliver: a message of a conversation, or a command to
// one user when Conversation is empty. It is shared by all who receive it and
// must not change once it was handed over.
type Message struct {
	App           string
	Conversation  string
	ID            string // 16 characters and dashes; text order is the order of the log
	Seq           int64  // gapless within the conversation; 0: not stored (transient, command); below 0: a notice
	From          string
	ToSender      bool     // the sender's own sessions get it too
	About         []string // of a notice: who gets it, members or not
	AboutOnly     bool     // nobody else gets it
	MemberVersion int64    // version of the conversation's member list when this was read, from 1
	Body          any      // what the Encoder understands

	frames [dialects]atomic.Pointer[[]byte]
}

// Encoder writes m in a dialect. The hub calls it once per message and dialect,
// whatever the number of receivers.
type Encoder func(d Dialect, m *Message) []byte

// Log is the store's log of each app's messages. Its order is the order of
// commits and of ids: once a message can be read, no message with a smaller id
// appears.
type Log interface {
	// Last returns the id of the app's newest message, empty when there is none.
	Last(ctx context.Context, app string) (string, error)
	// After returns at most limit messages that follow the id, oldest first.
	After(ctx context.Context, app, id string, limit int) ([]*Message, error)
	// Missed returns what follows the id and the user may see, oldest first.
	// Recovered false: it is more than a resume serves, or id is no message id.
	Missed(ctx context.Context, u User, id string) (missed []*Message, recovered bool, err error)
}

// Members is what the hub reads of membership.
type Members interface {
	// Joined returns the conversations that the user is a member of now.
	Joined(ctx context.Context, u User) ([]Joined, error)
	// Changes returns what happened to the conversation's member list after the
	// version, and the version that the answer brings the reader to. After
	// version 0 it is the whole list.
	Changes(ctx context.Context, app, conversation string, version int64) ([]Change, int64, error)
}

// Joined is one membership of a user.
type Joined struct {
	Conversation  string
	Seq           int64 // the user sees messages with a greater Seq
	MemberVersion int64 // version of the member list at the time of reading
}

// Change is the state of one member at the version of the answer.
type Change struct {
	User string
	Seq  int64 // the user sees messages with a greater Seq
	Left bool
}

// Transport is one connection. The hub never calls Send and Ping at once; Close
// may come at any time and makes a running Send return.
type Transport interface {
	Send(batch []*Message) error
	Ping() error
	Close(code Code)
}

// Presence says that a user came or went: Devices is the number of sessions on
// this node after the change.
type Presence struct {
	User    User
	Devices int
}

// Frame returns m in the dialect, encoded at the first call.
func (h *Hub) Frame(d Dialect, m *Message) []byte {
	if f := m.frames[d].Load(); f != nil {
		return *f
	}
	f := h.deps.Encode(d, m)
	m.frames[d].Store(&f)
	return f
}
