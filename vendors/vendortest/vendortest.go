// Package vendortest is the vendor port's contract as a test suite. An adapter's
// test builds a Fixture over its mock and calls Run; Certify runs the same
// checks outside go test. A proxy between adapter and far end injects the faults
// and records what the far end received, so that no adapter can skip a check.
package vendortest

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"switchboard/vendors"
)

// Fixture is one far end, seeded and ready, and how to open the vendor on it.
// Every check gets a fixture of its own.
type Fixture struct {
	// Open opens the vendor with valid credentials against baseURL, which is
	// the proxy in front of BaseURL. The suite closes what it opened.
	Open    func(baseURL string) (*vendors.Vendor, error)
	BaseURL string // the far end itself
	// Settles is how long the far end may still show what it was told to end, such as a
	// session; zero: not at all.
	Settles time.Duration
	// Seed makes what the fields name at the far end, for a check that is made and not
	// for one that is absent; nil: it is there.
	Seed func(T)

	// Lacks names every capability that the vendor does not have: fields of
	// vendors.Vendor, and of vendors.Rooms as "Rooms.List". It is compared
	// both ways: one that is lost, or forgotten here, fails.
	Lacks []string

	// Unsupported names operations of capabilities that the vendor has, but
	// cannot do: they must be refused with ErrUnsupported before the call.
	Unsupported []string
	// Untried names operations that cannot be tried at this far end, such as a message
	// from somebody who would have to be present in a room.
	Untried []string
	// Warm names operations that first look something up at the vendor and
	// keep it. They are made once before an exchange is spoiled, so that the
	// spoiled one is the operation's own.
	Warm []string
	// Looks says how many reads precede an operation's own exchange each time that it
	// is made, at a vendor that takes writes without a word of whom they reach.
	Looks map[string]int
	// Restore puts Known and Peer back into Room, made anew if need be, before an
	// operation is made for one more time. Nil: operations leave them there.
	Restore func()
	// CountsLag is how old the counts of a list of rooms may be.
	CountsLag time.Duration
	// Bare names operations whose success is an empty object.
	Bare []string
	// NoAnswer names operations about a room for which the vendor says, when there is
	// no such room, that it is away itself: they must be refused as ErrNotFound, and
	// no breaker may open.
	NoAnswer []string

	// Traits is what the vendor documents, stated independently of the adapter.
	Traits vendors.Traits

	Secrets []vendors.Secret // must never show in an error

	// Nonce returns what makes the credentials in a request good only once.
	Nonce func(Seen) string

	Known string // a user whom the far end has
	Peer  string // another one
	// Bystander is a third one, in the group as well, who is muted and blocked where
	// operations are tried side by side: a vendor that looks first takes nothing from
	// Peer meanwhile. Empty: Peer.
	Bystander string
	Group     string // a group with Known and Peer in it; empty: none
	Chat      string // a chat room with Known and Peer in it; empty: none
	Room      string // an RTC room with Known and Peer in it; empty: none

	// Kinds are the targets that the vendor can publish to. For any other
	// kind Send must refuse with ErrUnsupported before the call.
	Kinds []vendors.TargetKind
	// Wire states how the far end should see content c: the vendor's type
	// name and its JSON. False: the vendor has no form for it and Send must
	// refuse with ErrUnsupported before the call.
	Wire func(c vendors.Content) (typ, content string, ok bool)

	// Partial is an answer that accepts a publish but not for every target;
	// nil: the vendor has no such answer.
	Partial *PartialCase

	// Limits is what the vendor documents, stated independently of the
	// adapter. IDLetter is not compared.
	Limits vendors.Limits
	// Codes are answers in the vendor's own shape and what they mean.
	Codes []CodeCase

	Callbacks []CallbackCase
	SignsBody bool // the vendor's signature covers the callback's body
	// Spoil returns a copy of a callback signed with a wrong secret.
	Spoil func(CallbackCase) *http.Request

	Far FarEnd
}

// CodeCase is one answer of the vendor that is not a success.
type CodeCase struct {
	Op      string // vendors.Op... to try it with; empty: a read and a write
	Status  int
	Body    string
	Code    string // must be kept raw in the error
	Outcome vendors.Outcome
	Is      error // a sentinel of package vendors; nil: not compared
}

// PartialCase is an answer of the vendor to a publish to To, by which Failed
// did not get it.
type PartialCase struct {
	Kind   vendors.TargetKind
	To     []string
	Failed []string
	Status int
	Body   string
}

// CallbackCase is one request that the vendor makes to us, and what it says.
// The ID and Vendor of the wanted events are not compared with the got ones.
type CallbackCase struct {
	Name    string
	Request func(body []byte) *http.Request // signed as the vendor signs body, and without it
	Body    []byte
	Want    []vendors.Event
}

// Received is a message as the far end took it.
type Received struct {
	From    string
	Target  string // the user, group or room it was sent to
	Kind    vendors.TargetKind
	Type    string // the vendor's type name
	Content string // the vendor's JSON
}

// Everybody is the kind of what reached a user by a broadcast. Its target is
// the user.
const Everybody vendors.TargetKind = "everybody"

// FarEnd looks into the far end's own state, past the adapter. A field that is
// nil leaves the checks that need it unchecked, and the log says which; in
// front of a real vendor all may be nil.
type FarEnd struct {
	Inbox      func(user string) []Received // in order of arrival
	TokenUser  func(token string) string    // whose live token it is; empty: nobody's
	Coins      func(user string) int64
	Orders     func(user string) []vendors.Order                 // credited, oldest first, without request ids
	Blocked    func(user string) (until time.Time, blocked bool) // the zero time: until the user is unblocked
	HasUser    func(user string) bool                            // the far end knows the user
	Sessions   func(user string) []vendors.Session
	Connect    func(user, device string) // a client of the user comes
	Blacklist  func(user string) []string
	Words      func() []vendors.Word
	Members    func(group string) []string // nil: no such group
	GroupName  func(group string) string
	GroupOwner func(group string) string
	GroupMuted func(group string) bool
	// MemberMute reports whether user may not talk in group, and until when;
	// the zero time: until the user is unmuted.
	MemberMute func(group, user string) (until time.Time, muted bool)
	ChatRoom   func(id string) bool // exists
	// ChatRoomMute and ChatRoomBlock report whether user may not talk in room,
	// or not enter it, and until when.
	ChatRoomMute  func(room, user string) (until time.Time, muted bool)
	ChatRoomBlock func(room, user string) (until time.Time, blocked bool)
	Profile       func(user string) vendors.User
	Notice        func(vendors.Conversation) vendors.NoticeLevel
	Pushed        func(user string) []vendors.Push // that reached user, oldest first, each with all its users
	Remarks       func(user string) []vendors.Remark
	RoomUsers     func(room string) []string // nil: no such room
	RoomBanned    func(room, user string) bool
	RoomTexts     func(room string) []vendors.RoomText
	Identity      func(room, user string) vendors.Identity
	// Session names the room's life; Remake ends it and makes another with the same
	// id and the same users.
	Session func(room string) string
	Remake  func(room string)
	// JoinGrant is what the far end would let the bearer of a join token do. For is
	// what is left of its time; false: it would let nobody in.
	JoinGrant  func(token string) (vendors.JoinGrant, bool)
	Permission func(room, user string) vendors.Permission
	// Publish has the user send these media, unmuted; Muted tells those of the user
	// that are.
	Publish     func(room, user string, media ...vendors.Media)
	Muted       func(room, user string) []vendors.Media
	Packets     func(user string) []vendors.RoomPacket // that reached the user, oldest first, without Key
	Recordings  func(room string) []vendors.RecordingInfo
	Recalled    func(messageID string) bool
	SetOnline   func(user string, online bool)
	SetSpeakers func(room string, users ...string)
	SetWords    func(words ...vendors.Word)
	SetCalls    func(user, day string, calls ...vendors.CallRecord)
	Translated  func(text, to string) string // what the far end makes of it
}

// T is what a check needs of its runner. *testing.T is one.
type T interface {
	Helper()
	Context() context.Context
	Cleanup(func())
	Logf(format string, args ...any)
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// A runner is a T that has subtests of its own type, as *testing.T has.
type runner[R any] interface {
	T
	Run(name string, f func(R)) bool
}

// Run runs every check as a subtest of t with a fixture of its own.
func Run[R runner[R]](t R, open func(R) Fixture) {
	for _, c := range checks() {
		t.Run(c.name, func(t R) {
			if why := c.against(t, open(t)); why != "" {
				t.Logf("%s", why)
			}
		})
	}
}

// A check is one sentence of the contract.
type check struct {
	name  string
	needs []string           // capabilities, as in Fixture.Lacks; all are needed
	sees  func(Fixture) bool // what of the fixture it needs; nil: nothing more
	run   func(T, *env)
}

// against runs c, or returns why it cannot say anything about this vendor.
func (c check) against(t T, f Fixture) string {
	e := newEnv(t, f)
	for _, need := range c.needs {
		if !e.has[need] {
			return "absent: the vendor has no " + need
		}
	}
	if c.sees != nil && !c.sees(f) {
		return "unchecked: the far end does not show what this needs"
	}
	if f.Seed != nil {
		f.Seed(t)
	}
	c.run(t, e)
	return ""
}

// checks is the contract, in reading order.
func checks() []check {
	all := [][]check{
		capabilityChecks(), traitChecks(), messageChecks(), messageKeyChecks(), tokenChecks(), deletionChecks(), peopleChecks(), readChecks(), walletChecks(), orderChecks(),
		groupChecks(), memberChecks(), groupAdminChecks(), chatRoomChecks(), broadcastChecks(), conversationChecks(), noticeChecks(), roomChecks(), limitChecks(), outcomeChecks(), hygieneChecks(), callbackChecks(), reconcilerChecks(),
	}
	var out []check
	for _, part := range all {
		out = append(out, part...)
	}
	return out
}

// sameJSON reports whether two texts are the same JSON value.
func sameJSON(a, b string) bool {
	var x, y any
	if json.Unmarshal([]byte(a), &x) != nil || json.Unmarshal([]byte(b), &y) != nil {
		return a == b
	}
	p, _ := json.Marshal(x)
	q, _ := json.Marshal(y)
	return string(p) == string(q)
}

// ctx shortens the signatures of the many small closures in this package.
type ctx = context.Context
