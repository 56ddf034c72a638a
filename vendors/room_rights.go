package vendors

import (
	"context"
	"slices"
	"time"
)

// Media is one kind of stream that a user sends into a room.
type Media string

// The media. A screen is sent with its sound.
const (
	Microphone Media = "microphone"
	Camera     Media = "camera"
	Screen     Media = "screen"
)

// AllMedia lists every kind.
func AllMedia() []Media { return []Media{Microphone, Camera, Screen} }

// Permission is what a user may do in a room.
type Permission struct {
	Publish   []Media // without order
	Subscribe bool    // receives what others send
	Data      bool    // sends data to others
}

// Same reports whether both allow the same.
func (p Permission) Same(q Permission) bool {
	for _, m := range AllMedia() {
		if slices.Contains(p.Publish, m) != slices.Contains(q.Publish, m) {
			return false
		}
	}
	return p.Subscribe == q.Subscribe && p.Data == q.Data
}

// Check refuses a permission for media that there are not.
func (p Permission) Check(vendor string) error {
	for _, m := range p.Publish {
		if !slices.Contains(AllMedia(), m) {
			return Refuse(vendor, OpRoomPermission, ErrInvalid, "no such medium")
		}
	}
	return nil
}

// JoinGrant is what a join credential is to allow its bearer in one room.
type JoinGrant struct {
	Room string
	User User
	Permission
	Admin  bool          // may call the vendor's server API for this room
	Hidden bool          // is not shown to the others
	For    time.Duration // until the credential expires; whoever has joined by then stays
}

// Check refuses a grant that no vendor could serve: nobody, no room, no time, or a
// medium that there is not.
func (g JoinGrant) Check(vendor string) error {
	if g.Room == "" || g.User.ID == "" || g.For <= 0 || g.Permission.Check(vendor) != nil {
		return Refuse(vendor, OpRoomToken, ErrInvalid, "a grant needs a room, a user, a time above zero and known media")
	}
	return nil
}

// RoomTokens issues join credentials.
type RoomTokens interface {
	// IssueJoin returns a credential with exactly the rights of g. A right that the
	// vendor cannot express is ErrUnsupported: never wider, never silently narrower.
	// Credential.URL and Room are set.
	IssueJoin(ctx context.Context, g JoinGrant) (Credential, error)
}

// Identity is a permission by name: a preset. Vendors that number theirs keep
// more apart than a Permission does.
type Identity string

// The identities, as YouMe numbers them 1 to 6 (docs/vendors/youme.md#talk-commands).
const (
	IdentityFree      Identity = "free"      // speaks at will
	IdentityOnRequest Identity = "request"   // needs a microphone grant
	IdentityListener  Identity = "listener"  // hears only
	IdentityCommander Identity = "commander" // directs
	IdentityHost      Identity = "host"
	IdentityGuest     Identity = "guest"
)

// Permission is what an identity comes to at a vendor that knows permissions alone;
// false for none of the six.
func (i Identity) Permission() (Permission, bool) {
	switch i {
	case IdentityFree, IdentityCommander, IdentityHost:
		return Permission{Publish: AllMedia(), Subscribe: true, Data: true}, true
	case IdentityOnRequest: // asks for the microphone by data
		return Permission{Subscribe: true, Data: true}, true
	case IdentityListener, IdentityGuest:
		return Permission{Subscribe: true}, true
	}
	return Permission{}, false
}

// PermissionChange gives a user in a room other rights: those of Identity, or of
// Permission when that is empty. Sequence rises with every change of that user, for
// vendors of Traits.Sequenced, and others pass it over; zero lets the adapter choose.
type PermissionChange struct {
	Room       string
	User       string
	Identity   Identity
	Permission Permission
	Sequence   int64
}

// RoomPermission changes what users may do in a room.
type RoomPermission interface {
	// SetPermission replaces all of the user's rights. What the user sends without
	// the right to it ends at once. Rights that the vendor cannot express are
	// ErrUnsupported.
	SetPermission(ctx context.Context, c PermissionChange) error
}

// MediaMute silences what a user sends now, or ends that.
type MediaMute struct {
	Room  string
	User  string
	Media Media
	Muted bool
}

// RoomMute mutes users' streams without taking the right to send.
type RoomMute interface {
	// MuteMedia is ErrNotFound when the user sends no such medium, and
	// ErrUnsupported when the vendor lets only the user end a mute.
	MuteMedia(ctx context.Context, m MediaMute) error
}
