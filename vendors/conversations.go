package vendors

import (
	"context"
	"time"
)

// Conversation is what one user has with a person, a group or a chat room.
type Conversation struct {
	User   string
	Kind   TargetKind
	Target string
}

// HistoryQuery asks for the messages of a conversation after one moment and up to
// another, in milliseconds.
type HistoryQuery struct {
	Conversation
	After time.Time // that moment itself is left out
	Until time.Time // that moment itself counts
	Limit int       // rows at most, 1 and up
}

// Stored is a message as the vendor keeps it.
type Stored struct {
	ID      string // as in TargetResult.MessageID
	From    string
	SentAt  time.Time
	Content Content // Custom for a type that is none of ours
}

// History reads what the vendor stored. A service that the account has not bought
// is ErrUnsupported.
type History interface {
	// Messages lists what q.User has of the conversation, oldest first. The last
	// one's SentAt is the next query's After.
	Messages(ctx context.Context, q HistoryQuery) ([]Stored, error)
}

// Edit names a message that was sent and what it is to say from now on. Its type
// stays.
type Edit struct {
	Kind      TargetKind
	From      string // who sent it
	Target    string
	MessageID string
	Content   Content
}

// Editor changes messages that were sent.
type Editor interface {
	// Edit is for who has the message and for the history. ErrUnsupported for a
	// kind of target whose messages stay as they are.
	Edit(ctx context.Context, e Edit) error
}

// NoticeLevel says which messages of a conversation notify its user.
type NoticeLevel string

// The levels of notice.
const (
	NoticeDefault  NoticeLevel = "default"      // as the group or the app has it
	NoticeAll      NoticeLevel = "all"          // every message
	NoticeMentions NoticeLevel = "mentions"     // what names the user or all
	NoticeOwn      NoticeLevel = "own_mentions" // what names the user
	NoticeToAll    NoticeLevel = "to_all"       // what names all
	NoticeNone     NoticeLevel = "none"
)

// Notices says how loud a conversation is for one user.
type Notices interface {
	// SetNotice holds until it is set anew. A level that there is not is ErrInvalid.
	SetNotice(ctx context.Context, c Conversation, level NoticeLevel) error
	// Notice is NoticeDefault where none was set.
	Notice(ctx context.Context, c Conversation) (NoticeLevel, error)
}

// Push is a notification on the devices of users, without a message.
type Push struct {
	Users []string
	Title string // may be empty
	Text  string
}

// Pushes notifies.
type Pushes interface {
	// Push notifies once and returns the vendor's id of it, empty when it gives none.
	// A write, as Messages.Send is.
	Push(ctx context.Context, p Push) (id string, err error)
}

// Remark is the name by which one user knows another, as notifications show it.
type Remark struct {
	User string
	Name string
}

// Remarks keeps what users call each other.
type Remarks interface {
	// SetRemarks gives these users their names for user; those of others stay.
	SetRemarks(ctx context.Context, user string, names []Remark) error
	// RemoveRemark takes one name back; one that there is not is no error.
	RemoveRemark(ctx context.Context, user, of string) error
}
