package owners

import (
	"context"
	"time"
)

// What says what somebody is kept from.
type What string

// The restraints.
const (
	Mute What = "mute" // talking in it
	Bar  What = "bar"  // coming into it
)

// Restraint is one user who is kept from something in a group or a room.
type Restraint struct {
	User  string    // empty: everybody
	Until time.Time // zero: until it is ended
}

// Restraints are what this product asked vendors for and they took: the vendors'
// own lists are not in the port. What is done elsewhere is not among them.
type Restraints interface {
	// Restrain keeps users from what for d, zero: until Free; a later one replaces an
	// earlier one.
	Restrain(ctx context.Context, k Key, what What, users []string, d time.Duration) error
	// Free ends it.
	Free(ctx context.Context, k Key, what What, users []string) error
	// FreeAll forgets all that is known of k: it is gone.
	FreeAll(ctx context.Context, k Key) error
	// Restrained lists who is restrained now and sorts behind a user, "" for all.
	Restrained(ctx context.Context, k Key, what What, behind string, limit int) ([]Restraint, error)
	// Everybody reports whether all of k are restrained.
	Everybody(ctx context.Context, k Key, what What) (bool, error)
}
