// Package conversation is the domain of users, conversations, members and
// messages. Two wire dialects stand on it; both see the same messages in the
// same order. The rules are here; what has to hold inside a transaction is
// asked back by the store (Outgoing.Admit).
package conversation

import (
	"encoding/json"
	"errors"
	"time"
)

// Rules says which document's rules a caller lives by.
type Rules uint8

// The rules.
const (
	// Open is the gateway API: any user id of at most 64 bytes without control
	// characters, conversation types 0 to 15 and message types without meaning.
	Open Rules = iota
	// Typed is the conversation API: user ids of letters and digits, types 1 to
	// 4, of which type 1 is between two people and exists once, messages -1 to -6.
	Typed
)

// Conversation types under Typed rules.
const (
	OneToOne  = 1
	Temporary = 2
	Group     = 3
	ChatRoom  = 4
)

// Message types under Typed rules.
const (
	TextMessage     = -1
	ImageMessage    = -2
	VoiceMessage    = -3
	VideoMessage    = -4
	LocationMessage = -5
	FileMessage     = -6
)

// Caller is on whose behalf a call is made. User empty: the app's own server,
// which proved it with its key and may do everything inside its app.
type Caller struct {
	App   string
	User  string
	Rules Rules
}

// Server reports whether the caller is the app's own server.
func (c Caller) Server() bool { return c.User == "" }

// User is a person of one app. Ext nil: none.
type User struct {
	App     string
	ID      string
	Ext     json.RawMessage
	Banned  bool
	Created time.Time
}

// Conversation is where messages are. Times are UTC with microseconds.
type Conversation struct {
	App      string
	ID       string
	Type     int
	Creator  string          // empty when a server made it without one
	Ext      json.RawMessage // nil: none
	Created  time.Time
	Updated  time.Time // zero: never
	Archived bool      // takes no more messages; history stays
	Deleted  bool      // closed for all; only Detail still shows it
	Members  int
	Last     Last
}

// Last is the newest stored message of a conversation. Seq 0: none yet.
type Last struct {
	Seq  int64
	ID   string
	From string
	At   time.Time
}

// Member is a user in a conversation. They see messages whose Seq is over JoinSeq.
type Member struct {
	User    string
	Creator bool
	Joined  time.Time
	JoinSeq int64
}

// Message is one message. Seq is gapless in its conversation and assigned in
// the commit: it is the order. IDs rise with the commits of the whole
// deployment, so they order messages of different conversations as well.
type Message struct {
	App          string
	Conversation string
	ID           string
	Seq          int64 // 0 for a transient message, which is not stored; below 0 for a Notice
	From         string
	Type         int
	Status       int
	Text         string          // the content
	Attr         json.RawMessage // nil: none
	URL          string
	Transient    bool
	NoSync       bool // true: also to the sender's other devices
	MentionAll   bool
	Mentions     []string
	At           time.Time // UTC, microseconds
}

// Logged is a message as the log of an app has it, with the version that its
// conversation's member list has now.
type Logged struct {
	Message
	MemberVersion int64
}

// News tells sessions that something happened, after its commit. It may be
// lost on its way and is never the only way to learn of a message: After is.
type News struct {
	App          string
	Conversation string
	MessageID    string   // of a committed message, up to which the log has grown
	Transient    *Message // a message that is stored nowhere
	Joined       []string // new members
	Left         []string // members who left or were removed
	Closed       bool     // the conversation was deleted
	Banned       string   // a user who was banned
}

// Page is one page of a list that has Total entries.
type Page[T any] struct {
	Items []T
	Page  int // from 1
	Size  int
	Total int
}

// Last is the number of the last page, at least 1.
func (p Page[T]) Last() int { return max(1, (p.Total+p.Size-1)/p.Size) }

// Config bounds what callers may do. Zero values mean the defaults named.
type Config struct {
	GroupMembers int  `split_words:"true" default:"3000" desc:"members of a conversation that is no chat room"`
	RoomMembers  int  `split_words:"true" default:"100000" desc:"members of a chat room (type 4)"`
	ContentBytes int  `split_words:"true" default:"65536" desc:"bytes of a message's text"`
	ExtBytes     int  `split_words:"true" default:"16384" desc:"bytes of an extension, an attr and a url each"`
	Notices      bool `default:"true" desc:"tell members who comes and goes, in messages of type 0 without a sender"`
	// OpenHistory says whether an app's members also see what was said before
	// they joined; nil: never.
	OpenHistory func(app string) bool `ignored:"true"`
	// Relay puts stored messages in the outbox of Relay as well.
	Relay bool `ignored:"true"`
}

// Validate returns every mistake of the environment, where nothing is left to
// defaults; each begins with the variable's name.
func (c Config) Validate() error {
	var errs []error
	for _, v := range []struct {
		name  string
		value int
	}{
		{"GROUP_MEMBERS", c.GroupMembers}, {"ROOM_MEMBERS", c.RoomMembers},
		{"CONTENT_BYTES", c.ContentBytes}, {"EXT_BYTES", c.ExtBytes},
	} {
		if v.value <= 0 {
			errs = append(errs, errors.New(v.name+": must be more than 0"))
		}
	}
	return errors.Join(errs...)
}

func (c Config) withDefaults() Config {
	for _, d := range []struct {
		field *int
		value int
	}{{&c.GroupMembers, 3000}, {&c.RoomMembers, 100_000}, {&c.ContentBytes, 64 << 10}, {&c.ExtBytes, 16 << 10}} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	return c
}

func (c Config) memberLimit(convType int) int {
	if convType == ChatRoom {
		return c.RoomMembers
	}
	return c.GroupMembers
}
