package vendors

import (
	"context"
	"time"
)

// Group is a lasting set of users who share a conversation.
type Group struct {
	ID      string
	Name    string
	Creator string
	Members []string // with or without Creator, who is always one
}

// GroupRef names a group or a chat room at its vendor.
type GroupRef struct {
	ID  string // for every later call about it
	Own bool   // the vendor kept the id that it was given; else ID is the vendor's own
}

// Groups keeps groups at the vendor so that group publishes reach somebody.
type Groups interface {
	// CreateGroup makes g with its members. The reference is also there beside a
	// *PartialError: the group was made, and the members that are left were not added.
	CreateGroup(ctx context.Context, g Group) (GroupRef, error)
	// ChangeGroup adds and removes members; either list may be empty. The rows are
	// those of add, then those of remove.
	ChangeGroup(ctx context.Context, id string, add, remove []string) ([]MemberResult, error)
	DismissGroup(ctx context.Context, id, by string) error
}

// GroupNames renames groups.
type GroupNames interface {
	// RenameGroup is asked by user by. A vendor that knows owners takes it
	// from the owner alone; any other does not look. An empty name is
	// ErrInvalid.
	RenameGroup(ctx context.Context, id, name, by string) error
}

// GroupOwners hands groups over, at vendors that know owners.
type GroupOwners interface {
	// TransferGroup makes to, who is a member, the owner in place of from.
	TransferGroup(ctx context.Context, id, from, to string) error
}

// GroupName is a group as a list of groups has it.
type GroupName struct {
	ID   string
	Name string
}

// GroupLists reads who is where. What is not there has an empty list or is an
// error, as the vendor has it.
type GroupLists interface {
	// GroupMembers lists everybody in the group.
	GroupMembers(ctx context.Context, id string) ([]string, error)
	// UserGroups lists every group that user is in.
	UserGroups(ctx context.Context, user string) ([]GroupName, error)
}

// MemberMute names members of a group who are not to talk in it.
type MemberMute struct {
	Group string
	By    string // who asks; see GroupNames
	Users []string
	// For is how long; zero: until they are unmuted. See Traits.MemberMute.
	For time.Duration
}

// MemberMutes keeps single members of a group from talking in it.
type MemberMutes interface {
	MuteMembers(ctx context.Context, m MemberMute) ([]MemberResult, error)
	// UnmuteMembers ends a mute early; m.For does not count.
	UnmuteMembers(ctx context.Context, m MemberMute) ([]MemberResult, error)
}

// GroupMutes keeps a whole group from talking, less those whom the vendor
// excepts: an owner, or a list of its own.
type GroupMutes interface {
	// MuteGroup is asked by user by; see GroupNames.
	MuteGroup(ctx context.Context, id, by string) error
	UnmuteGroup(ctx context.Context, id, by string) error
}
