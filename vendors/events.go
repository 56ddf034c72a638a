package vendors

import (
	"encoding/json"
	"time"
)

// EventKind says what a vendor's callback is about.
type EventKind string

// The kinds of event that callbacks are normalised to.
const (
	EventMessage    EventKind = "message"    // a message passed through the vendor
	EventPresence   EventKind = "presence"   // a user came or went
	EventChatRoom   EventKind = "chatroom"   // a chat room was created, joined, left, destroyed
	EventRoom       EventKind = "room"       // an RTC room was created, joined, left, destroyed
	EventRecording  EventKind = "recording"  // a recording of an RTC room started, changed, ended; Content tells it
	EventCall       EventKind = "call"       // call signalling between two users
	EventModeration EventKind = "moderation" // the vendor asks whether to deliver
)

// ReasonReplaced says that a user left a room since they came in a second time: the
// user is still there.
const ReasonReplaced = "replaced"

// VendorSelf stands in Event.Vendor for what happened on the product's own sessions.
const VendorSelf = "switchboard"

// Event is one thing that a vendor told us, in one schema for all vendors.
// Fields that a kind does not have stay zero.
type Event struct {
	ID         string // the same for every delivery of the same event
	Vendor     string // the account's name, or VendorSelf
	App        string // whose event it is; empty for a vendor's: it knows no apps
	Kind       EventKind
	Action     string // "sent", "online", "offline", "created", "joined", "left", "destroyed", "invited", "accepted", "ended" ...
	At         time.Time
	From       string
	Target     string // user, group or room
	TargetKind TargetKind
	Users      []string
	MessageID  string
	Type       string // the vendor's message type name
	Text       string // what people read of Content; empty for what is no text
	Content    json.RawMessage
	Session    string    // presence: the connection, or the replica that saw it; room: the room's session
	Seq        int64     // its number among the events of one object, where the vendor counts them; 0: it does not
	Device     string    // of the user, as Session.Device
	Attempt    int       // which delivery of the event this is, from 1; 0: the vendor does not tell
	Snapshot   bool      // the vendor did not report it: it follows from what there is now, see Reconciler and PresencePoll
	AsOf       time.Time // of a Snapshot: when the vendor was asked; what it tells was true then or a moment later
	Client     string    // kind of the user's client, in the vendor's words: "iOS"
	Address    string    // of the user's client, as the vendor saw it
	Reason     string    // why it happened: "api", "ejected", "banned", "empty", "abnormal", or the vendor's number behind a word
}

// Verdict is our decision on a message that a vendor asks about. The zero
// value lets it pass as it is.
type Verdict struct {
	Block   bool
	Replace json.RawMessage // delivered in place of Event.Content; nil: as it is
	Note    string          // told to the sender when Block is set
}

// Reply is an answer to a callback in the vendor's own form.
type Reply struct {
	Status      int
	ContentType string // empty when Body is
	Body        []byte
}
