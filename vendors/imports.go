package vendors

import "context"

// UserImport makes users known to the vendor who never connected there.
type UserImport interface {
	// ImportUsers registers users with their names and portraits, or refreshes those of
	// who is known: at most Limits[OpUserImport].Targets of them. Doing so again
	// changes nothing more.
	ImportUsers(ctx context.Context, users []User) ([]MemberResult, error)
}

// UnknownUsers says what a vendor does with a message to somebody who is not known to it.
type UnknownUsers string

// What becomes of such a message.
const (
	UnknownTaken   UnknownUsers = ""        // it is kept for when they come
	UnknownRefused UnknownUsers = "refused" // ErrNotFound
	UnknownDropped UnknownUsers = "dropped" // it is accepted, and nobody ever gets it
)
