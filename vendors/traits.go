package vendors

import (
	"strings"
	"time"
)

// Traits are what differs between vendors that have the same ability: what a call may
// ask for is known before it is made, and to an operator before a vendor is chosen. A
// trait of an ability that the vendor lacks is zero.
type Traits struct {
	Block         Hold         // Users.Block
	Kick          Hold         // Rooms.Kick with a time; a kick without one keeps nobody out
	Ban           Hold         // Rooms.Ban
	MemberMute    Hold         // MemberMutes
	ChatRoomMute  Hold         // ChatRoomMutes
	ChatRoomBlock Hold         // ChatRoomBlocks
	Sequenced     bool         // Rooms.Permission refuses, as an ErrConflict, a change that one of a higher sequence overtook
	Revoke        RevokeSpan   // Revoker
	Sessions      SessionScope // Sessions
	Delete        Deletion     // Deletions
	UnknownUsers  UnknownUsers // Messages to users
	// SendRepeat is for how long the vendor takes a message of the same key for the one
	// before, so that a send in doubt may be made again there. Zero: it does not.
	SendRepeat time.Duration
	Callbacks  CallbackTerms // Callbacks
	Presence   PresencePoll  // Presence, of a vendor that reports none by Callbacks
	// Content names the convention by which clients read Messages. Clients of a vendor
	// with another convention have to learn it before the app is moved there
	// (docs/vendors/README.md#what-clients-decode).
	Content string
}

// Hold says how a vendor can keep somebody out or silent: any of its bits.
type Hold uint8

// The kinds of hold. What a vendor has no kind for is refused with ErrUnsupported
// before the call.
const (
	HoldTimed  Hold = 1 << iota // for a time that the call names; the vendor ends it
	HoldOpen                    // for no time (zero), until a call ends it
	HoldLifted                  // a call ends it early
)

// Takes reports whether a hold of d is of one of these kinds; zero is an open one.
func (h Hold) Takes(d time.Duration) bool {
	if d == 0 {
		return h&HoldOpen != 0
	}
	return h&HoldTimed != 0
}

// Refuse is why a call for a hold of d is not made; nil: it may be.
func (h Hold) Refuse(vendor, op string, d time.Duration) error {
	switch {
	case d < 0:
		return Refuse(vendor, op, ErrInvalid, "the time must not be negative")
	case h.Takes(d):
		return nil
	case d == 0:
		return Refuse(vendor, op, ErrUnsupported, "the vendor holds for a time alone")
	}
	return Refuse(vendor, op, ErrUnsupported, "the vendor holds until it is told otherwise")
}

// String lists the kinds as operators see them: "timed, lifted".
func (h Hold) String() string {
	var kinds []string
	for i, name := range []string{"timed", "open", "lifted"} {
		if h&(1<<i) != 0 {
			kinds = append(kinds, name)
		}
	}
	if kinds == nil {
		return "none"
	}
	return strings.Join(kinds, ", ")
}

// RevokeSpan says which credentials Revoker can void.
type RevokeSpan string

// The spans.
const (
	RevokeNone   RevokeSpan = ""
	RevokeBefore RevokeSpan = "before" // those issued before any moment that the call names
	RevokeNow    RevokeSpan = "now"    // all that were issued so far; for an earlier moment than now it is ErrUnsupported
)

// RevokeSlack is how old the moment of a revocation may be for a vendor of RevokeNow:
// the call was on its way so long.
const RevokeSlack = time.Minute

// Refuse is why a revocation of what was issued before t is not made; nil: it may be.
func (s RevokeSpan) Refuse(vendor string, t time.Time) error {
	if s == RevokeNow && time.Since(t) > RevokeSlack {
		return Refuse(vendor, OpTokenRevoke, ErrUnsupported, "the vendor voids all that was issued so far")
	}
	return nil
}

// SessionScope says which sessions Sessions can end.
type SessionScope string

// The scopes.
const (
	SessionsNone   SessionScope = ""
	SessionsAll    SessionScope = "all"    // of a user, together
	SessionsDevice SessionScope = "device" // those of one device, too
)

// Trait is one trait that a vendor declares, as operators see it.
type Trait struct {
	Name  string // the ability that it is about, or what of it
	Value string
}

// Declared lists the traits of the abilities that v has, in the order of the port.
func (v *Vendor) Declared() []Trait {
	t := v.Traits
	var out []Trait
	for _, row := range []struct {
		ability string
		has     bool
		value   string
	}{
		{"tokens.revoke", v.Revoker != nil, string(t.Revoke)},
		{"messages", v.Messages != nil, t.Content},
		{"messages.unknown_users", v.Messages != nil && t.UnknownUsers != UnknownTaken, string(t.UnknownUsers)},
		{"messages.repeat", t.SendRepeat > 0, t.SendRepeat.String()},
		{"presence", v.Presence != nil && t.Presence.Every > 0, t.Presence.String()},
		{"sessions", v.Sessions != nil, string(t.Sessions)},
		{"users.block", v.Users != nil, t.Block.String()},
		{"users.delete", v.Deletions != nil, string(t.Delete)},
		{"groups.mute_members", v.MemberMutes != nil, t.MemberMute.String()},
		{"chatrooms.mute", v.ChatRoomMutes != nil, t.ChatRoomMute.String()},
		{"chatrooms.block", v.ChatRoomBlocks != nil, t.ChatRoomBlock.String()},
		{"rooms.kick", v.Rooms.Kick != nil, t.Kick.String()},
		{"rooms.permission", v.Rooms.Permission != nil && t.Sequenced, "sequenced"},
		{"rooms.ban", v.Rooms.Ban != nil, t.Ban.String()},
		{"callbacks", v.Callbacks != nil && t.Callbacks != CallbackTerms{}, t.Callbacks.String()},
	} {
		if row.has {
			out = append(out, Trait{row.ability, row.value})
		}
	}
	return out
}
