package vendors

import (
	"context"
	"time"
)

// Rooms is what a vendor can do about RTC rooms. Every field may be nil on its
// own: vendors differ much here.
type Rooms struct {
	Tokens     RoomTokens
	List       RoomList
	Query      RoomQuery
	Speakers   RoomSpeakers
	Kick       RoomKick
	Ban        RoomBan
	Dissolve   RoomDissolve
	Push       RoomPush
	Data       RoomData
	Permission RoomPermission
	Mute       RoomMute
	Recorder   RoomRecorder
	Calls      UserCalls
}

// RoomCount is a room and how many users are in it. Session names this life of the
// room: a room of the same id that was made again has another. Empty: the vendor
// names none.
type RoomCount struct {
	ID      string
	Session string
	Users   int
}

// RoomPage is a part of the app's rooms.
type RoomPage struct {
	Rooms []RoomCount
	Next  string    // the cursor of the next page; empty: this was the last
	AsOf  time.Time // when the vendor said so, for an answer that was kept; zero: just now
}

// RoomList lists the app's rooms.
type RoomList interface {
	// ListRooms returns the page that cursor names, the first for "". A cursor is the
	// vendor's own; one that it did not give is ErrInvalid.
	ListRooms(ctx context.Context, cursor string) (RoomPage, error)
}

// RoomState is what can be said of a room.
type RoomState string

// The states of a room.
const (
	RoomAbsent RoomState = "absent"
	RoomIdle   RoomState = "idle"   // exists, nobody in it
	RoomActive RoomState = "active" // at least one user
)

// RoomStatus is the state of one room now.
type RoomStatus struct {
	ID      string
	Session string // see RoomCount; empty when there is no room
	State   RoomState
	Users   int
	AsOf    time.Time // see RoomPage
}

// RoomQuery reads one room.
type RoomQuery interface {
	// RoomStatus answers RoomAbsent, not an error, for a room that is not there.
	RoomStatus(ctx context.Context, room string) (RoomStatus, error)
	// RoomUsers lists who is in the room; ErrNotFound when there is no such room.
	RoomUsers(ctx context.Context, room string) ([]string, error)
}

// RoomSpeakers lists who holds a microphone.
type RoomSpeakers interface {
	RoomSpeakers(ctx context.Context, room string) ([]string, error)
}

// RoomKick puts a user out of a room.
type RoomKick interface {
	// KickUser removes user. For is how long the user may not come back; with
	// zero they may at once. By names the operator for the vendor's own record.
	KickUser(ctx context.Context, k Kick) error
}

// Kick is one removal from a room.
type Kick struct {
	Room string
	User string
	For  time.Duration
	By   string
}

// RoomBan keeps users out of a room.
type RoomBan interface {
	BanUsers(ctx context.Context, room string, users []string, d time.Duration) error
	UnbanUsers(ctx context.Context, room string, users []string) error
}

// RoomDissolve ends rooms.
type RoomDissolve interface {
	// DissolveRoom puts everybody out and closes the room.
	DissolveRoom(ctx context.Context, room string) error
}

// RoomText is a text sent into a room. To empty: to everybody in it.
type RoomText struct {
	Room string
	From string
	To   string
	Text string
}

// RoomPush sends text into a room.
type RoomPush interface {
	PushText(ctx context.Context, t RoomText) error
}

// UserMedia is what a user sends into a room now.
type UserMedia struct {
	Room         string
	Video        bool
	Audio        bool
	FrameRate    int // frames a second
	VideoBitRate int // kbit/s
	AudioBitRate int // kbit/s
}

// CallQuery asks for one day of a user's calls. Day is YYYY-MM-DD in the
// vendor's own time zone; From counts records from zero, Limit is 1 to 100.
type CallQuery struct {
	User  string
	Day   string
	From  int
	Limit int
}

// CallRecord is one stay of a user in a room.
type CallRecord struct {
	Room     string
	JoinedAt time.Time
	LeftAt   time.Time
	Duration time.Duration
}

// UserCalls reads what a user does and did in rooms.
type UserCalls interface {
	// UserState lists the rooms the user is in now; empty when in none.
	UserState(ctx context.Context, user string) ([]UserMedia, error)
	UserCalls(ctx context.Context, q CallQuery) ([]CallRecord, error)
}
