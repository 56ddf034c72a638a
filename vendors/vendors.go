// Package vendors is the port: what an IM or RTC vendor can do for us, in our
// words. Adapters live one folder per vendor and say what; package upstream
// says how a call is made; package vendortest is the contract as a test suite.
package vendors

import (
	"context"
	"encoding/json"
	"net/http"
	"time"
)

// A write that names many users answers a row for each of them, in the order in which
// they were named. With a *PartialError the rows stand beside it; with any other error
// there are none, and it is true of all users.

// Vendor is one account at one vendor: a set of capabilities, each nil when the
// vendor cannot do it. A nil field is visible at start-up and no wrapper can
// lose a capability by forgetting to forward it.
type Vendor struct {
	// Name is the vendor, with the account behind a colon when there is more
	// than one: "rongcloud", "rongcloud:sg". Routes and metrics use it.
	Name string

	Tokens         Tokens
	Revoker        Revoker
	Sessions       Sessions
	Users          Users
	UserImport     UserImport
	Deletions      Deletions
	Profiles       Profiles
	Blacklist      Blacklist
	Messages       Messages
	Templates      Templates
	Broadcasts     Broadcasts
	Recaller       Recaller
	MessageLookup  MessageLookup
	Editor         Editor
	History        History
	Notices        Notices
	Pushes         Pushes
	Remarks        Remarks
	Presence       Presence
	Words          Words
	WordAdmin      WordAdmin
	Translator     Translator
	Wallet         Wallet
	Orders         Orders
	Groups         Groups
	GroupNames     GroupNames
	GroupOwners    GroupOwners
	GroupLists     GroupLists
	MemberMutes    MemberMutes
	GroupMutes     GroupMutes
	ChatRooms      ChatRooms
	ChatRoomMutes  ChatRoomMutes
	ChatRoomBlocks ChatRoomBlocks
	Rooms          Rooms
	Callbacks      Callbacks
	Reconciler     Reconciler

	// CallbackSecrets are those that the address of an unsigned callback may hold: see
	// CallbackTerms.Unsigned.
	CallbackSecrets []Secret

	// Limits are the vendor's own numbers, by operation; an operation that is
	// not listed has none that we know of.
	Limits Limits

	// Traits are how the vendor does what it can do.
	Traits Traits

	// Connection is the adapter's *upstream.Client: what operators see and switch.
	// Nil for a vendor that is not reached over HTTP.
	Connection Connection

	// Close drops the idle connections to the vendor; calls under way finish.
	Close func()
}

// User is a person as the vendor has to know them. Name and Portrait may be
// empty; an adapter whose vendor insists fills in what the vendor accepts.
type User struct {
	ID       string
	Name     string
	Portrait string // URL
}

// Credential is what a client SDK needs to connect as one user.
type Credential struct {
	SDK       string    // which client SDK understands it: the vendor's name
	AppKey    string    // public application key of that SDK
	Token     string    // secret of this user; never logged
	OpenID    string    // the vendor's own id for the user, empty when it keeps ours
	ExpiresAt time.Time // zero: does not expire by itself
	URL       string    // where the client connects, for a vendor that has no fixed place
	Room      string    // the one room that it opens; empty: it is not for a room
}

// Tokens issues client SDK credentials.
type Tokens interface {
	// Issue registers u at the vendor when needed and returns a credential.
	// Asking again gives another valid credential and never voids the last.
	Issue(ctx context.Context, u User) (Credential, error)
}

// Revoker voids client SDK credentials.
type Revoker interface {
	// Revoke voids the credentials that were issued to users before t.
	Revoke(ctx context.Context, users []string, t time.Time) ([]MemberResult, error)
}

// Users suspends people at the vendor.
type Users interface {
	// Block cuts the users off for d, at once, and refuses them until then; zero: until
	// Unblock. Traits.Block says which of the two the vendor takes.
	Block(ctx context.Context, users []string, d time.Duration) ([]MemberResult, error)
	// Unblock ends a Block early; a user who is not blocked is no error.
	Unblock(ctx context.Context, users []string) ([]MemberResult, error)
}

// Profiles changes how the vendor shows a user, for instance in a push.
type Profiles interface {
	// RefreshProfile sets u's name and portrait; an empty one stays as it is.
	// Both empty is ErrInvalid.
	RefreshProfile(ctx context.Context, u User) error
}

// Blacklist holds, for one user, those whose messages they do not want.
type Blacklist interface {
	AddToBlacklist(ctx context.Context, user string, blocked []string) ([]MemberResult, error)
	RemoveFromBlacklist(ctx context.Context, user string, blocked []string) ([]MemberResult, error)
}

// TargetKind says what Message.To names.
type TargetKind string

// The kinds of target. A system message is addressed to users but belongs to
// no conversation between people and cannot be answered.
const (
	ToUsers     TargetKind = "user"
	ToGroups    TargetKind = "group"
	ToChatRooms TargetKind = "chatroom"
	ToSystem    TargetKind = "system"
)

// ContentKind says which fields of Content count.
type ContentKind string

// The kinds of content that every vendor has a form for, and Custom, which is
// passed through as the vendor's own type name and JSON.
const (
	Text    ContentKind = "text"    // Text; stored, counted, shown as a message
	Tip     ContentKind = "tip"     // Text; a gray line in the conversation, no push
	Command ContentKind = "command" // Name and Data; not stored, not shown
	Custom  ContentKind = "custom"  // Type and Data as the vendor knows them
)

// Content is what a message carries.
type Content struct {
	Kind  ContentKind
	Text  string
	Name  string          // command name
	Type  string          // vendor type name, for Custom only
	Data  json.RawMessage // command data or custom body; valid JSON
	Extra string          // opaque text for the receiving client
	File  *File           `json:",omitempty"` // of Image, Voice, Video and Document
	Place *Place          `json:",omitempty"` // of Location
}

// Message is one publish to one or more targets.
type Message struct {
	Kind    TargetKind
	From    string
	To      []string // at most Limits[OpMessageSend...].Targets of them
	Content Content
	// Transient asks for delivery to those online only, not stored anywhere;
	// definite_no with ErrUnsupported where the vendor has no such thing.
	Transient bool
	// Filter asks the vendor to run its own sensitive words over the text.
	Filter bool
	// Push is what devices show; nil: what the vendor makes of the content. A vendor
	// that has no such thing refuses it with ErrUnsupported.
	Push *Notification `json:",omitempty"`
	// Key is for vendors that know a message again by it; others pass it over. It is
	// no part of what the message says.
	Key MessageKey `json:"-"`
}

// Receipt tells what became of each target of an accepted publish.
type Receipt struct {
	Targets []TargetResult // one for each Message.To, in that order
}

// TargetResult is the fate of one target. Err is nil when the vendor took the
// message for it, and an *Error otherwise.
type TargetResult struct {
	Target    string
	MessageID string    // vendor's id; empty when the vendor gives none
	Seq       string    // see MessageRef
	At        time.Time // see MessageRef
	Vendor    string    // the account that took it; filled in by whoever chose it, not by the adapter
	Err       error
}

// Messages publishes.
type Messages interface {
	// Send publishes m once. A nil error means that the vendor accepted the
	// call; single targets may still have failed, see Receipt. A write: not
	// repeated by itself after an ambiguous outcome, unless Traits.SendRepeat
	// says that the vendor takes a message of the same key for the one before.
	Send(ctx context.Context, m Message) (Receipt, error)
}

// Template is one text that each target reads with words of its own filled in.
type Template struct {
	Kind TargetKind // ToUsers or ToSystem
	From string
	Text string // a name in braces stands for a value: "hello {name}"
	To   []Filling
}

// Filling is one target of a Template and the values for it, by name.
type Filling struct {
	Target string
	Values map[string]string
}

// Templates publishes a text message in as many versions as it has targets.
type Templates interface {
	// SendTemplate publishes t once, as Messages.Send does. Placeholders that
	// a target has no value for are ErrInvalid.
	SendTemplate(ctx context.Context, t Template) (Receipt, error)
}

// Broadcast is one message to all users of the account.
type Broadcast struct {
	From       string
	Content    Content
	OnlineOnly bool // to those alone who are online now
}

// Broadcasts publishes to everybody.
type Broadcasts interface {
	// Broadcast publishes b once and returns the vendor's id of the message,
	// empty when it gives none. A write, as Messages.Send is. A service that
	// the account has not bought is ErrUnsupported.
	Broadcast(ctx context.Context, b Broadcast) (messageID string, err error)
}

// Recall names a message to take back.
type Recall struct {
	Kind    TargetKind
	From    string
	Target  string
	Message MessageRef
}

// Recaller takes messages back from the receivers' devices.
type Recaller interface {
	Recall(ctx context.Context, r Recall) error
}

// Word is one entry of a vendor's sensitive-word list.
type Word struct {
	Text    string
	Replace string // what stands in for it; empty: the message is blocked
}

// Words reads a vendor's sensitive-word list.
type Words interface {
	ListWords(ctx context.Context) ([]Word, error)
}

// WordAdmin changes a vendor's sensitive-word list. Changes may take the
// vendor minutes to hours to act on.
type WordAdmin interface {
	AddWords(ctx context.Context, words []Word) error
	RemoveWords(ctx context.Context, words []string) error
}

// Translation is one text to translate. Languages are ISO 639-1 codes; From
// may be empty: the vendor detects it.
type Translation struct {
	Text string
	From string
	To   string
}

// Translator translates one text per call.
type Translator interface {
	Translate(ctx context.Context, t Translation) (string, error)
}

// Callbacks verifies and reads what the vendor sends us.
type Callbacks interface {
	// Parse verifies the vendor's signature over r and reads its events. body
	// is r's body, already read. An unsigned or badly signed request is an
	// *Error with Outcome AuthFault; an unreadable one is DefiniteNo.
	Parse(r *http.Request, body []byte) ([]Event, error)
	// Reply is what to answer for events that Parse returned. v counts only
	// when one of them is an EventModeration; all else is acknowledged.
	Reply(events []Event, v Verdict) Reply
}
