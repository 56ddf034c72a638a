package vendors

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// PresenceState says how a user can be reached.
type PresenceState string

// The states of presence. A vendor that tells only two has no PresencePush.
const (
	PresenceOnline  PresenceState = "online"  // a live connection
	PresencePush    PresenceState = "push"    // none, and the vendor's push reaches a device
	PresenceOffline PresenceState = "offline" // neither, or the vendor does not know the user
)

// Status is one user's presence.
type Status struct {
	User    string
	State   PresenceState
	Devices []string  // with a live connection, as Session.Device; empty where the vendor does not tell
	At      time.Time // since when; zero: not told
}

// Presence asks whether users can be reached now.
type Presence interface {
	// Statuses answers one for each of users, in that order, at most
	// Limits[OpPresence].Targets of them; see Vendor.Statuses.
	Statuses(ctx context.Context, users []string) ([]Status, error)
}

// PresencePoll is how a vendor is asked who came and who went, since it reports neither.
// Zero: it is not asked.
type PresencePoll struct {
	Every time.Duration // between two polls of an account, by all replicas together
	Users int           // asked about in one poll at most
	Watch time.Duration // for how long a user is asked about whom an app wanted to know of
}

// String tells the bounds as operators see them.
func (p PresencePoll) String() string {
	return fmt.Sprintf("polled every %s, %d users at a time, each for %s", p.Every, p.Users, p.Watch)
}

// Validate refuses bounds that are none. Its error names no vendor.
func (p PresencePoll) Validate() error {
	switch {
	case p.Every == 0:
		return nil
	case p.Every < time.Second:
		return &SettingError{Setting: "PRESENCE_EVERY", Problem: "must be 0 or at least 1s"}
	case p.Users < 1 || p.Users > 1000:
		return &SettingError{Setting: "PRESENCE_USERS", Problem: "must be between 1 and 1000"}
	case p.Watch < p.Every:
		return &SettingError{Setting: "PRESENCE_WATCH", Problem: "must be no shorter than", With: "PRESENCE_EVERY"}
	}
	return nil
}

// statusesAtOnce bounds the calls of one Vendor.Statuses under way.
const statusesAtOnce = 8

// Statuses asks for any number of users, in as many calls as the vendor needs. The first
// failure is that of all: a read is asked elsewhere as a whole.
func (v *Vendor) Statuses(ctx context.Context, users []string) ([]Status, error) {
	most := v.Limits[OpPresence].Targets
	if most <= 0 || len(users) <= most {
		return v.Presence.Statuses(ctx, users)
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	parts := slices.Collect(slices.Chunk(users, most))
	found := make([][]Status, len(parts))
	var wg sync.WaitGroup
	var once sync.Once
	var failed error
	slots := make(chan struct{}, statusesAtOnce)
	for i, part := range parts {
		slots <- struct{}{}
		if ctx.Err() != nil {
			break
		}
		wg.Go(func() {
			defer func() { <-slots }()
			var err error
			if found[i], err = v.Presence.Statuses(ctx, part); err != nil {
				once.Do(func() { failed = err })
				stop()
			}
		})
	}
	wg.Wait()
	if failed == nil && ctx.Err() != nil {
		failed = &Error{Vendor: v.Name, Op: OpPresence, Outcome: Cancelled, Err: ctx.Err()}
	}
	if failed != nil {
		return nil, failed
	}
	return slices.Concat(found...), nil
}
