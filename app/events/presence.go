package events

import (
	"context"
	"crypto/rand"
	"sync"
	"time"

	"switchboard/app/periodic"
	"switchboard/vendors"
)

// Watches keeps whom accounts that report no presence are asked about, and what they
// said last. Spans count from the store's own clock.
type Watches interface {
	// Watch has the users watched for the span. Of those who are not watched yet only so
	// many are taken that the account has at most most; refused counts the others.
	Watch(ctx context.Context, account string, users []string, span time.Duration, most int) (refused int, err error)
	// ClaimPoll is true once in every for all replicas together; asOf is then.
	ClaimPoll(ctx context.Context, account string, every time.Duration) (asOf time.Time, mine bool, err error)
	// NextWatched returns up to limit users, those first whom it named longest ago, and
	// forgets those whose span is over.
	NextWatched(ctx context.Context, account string, limit int) ([]string, error)
	// Seen keeps what was found. The event that record makes of each difference is
	// added in the same commit, as Store.Add does; the users whose it is are returned.
	// Who is found offline first makes none. record may be called again for one user:
	// what it made last is kept.
	Seen(ctx context.Context, account string, asOf time.Time, found []Sighting, record func(Sighting) (Record, error), send bool) (changed []string, err error)
}

// Sighting is what was found of a user.
type Sighting struct {
	User   string
	Online bool
	Since  time.Time // zero: not told
}

// PresenceDeps is what polls work with.
type PresenceDeps struct {
	Watches  Watches
	Accounts func() []*vendors.Vendor
	// Searching names up to limit users of the account who are in pair matching now.
	Searching func(ctx context.Context, account string, limit int) ([]string, error)
	// Apps names the apps that an account may serve: where it is one, events are its.
	Apps func(account string) []string
	// Observe is told how each poll ended, and after it how many users were asked about.
	// Nil: nobody counts.
	Observe func(account string, asked, refused int, err error)
}

// Presence asks accounts that report no presence who of the watched users came and went
// (vendors.PresencePoll), and takes that as events. It is safe for concurrent use.
type Presence struct {
	PresenceDeps
	events *Service
}

// NewPresence makes it over the service that takes the events; its owner calls Run.
func NewPresence(events *Service, deps PresenceDeps) *Presence {
	if deps.Observe == nil {
		deps.Observe = func(string, int, int, error) {}
	}
	return &Presence{deps, events}
}

const (
	pollLook = time.Second // how often is looked whether a poll is due
	// watchedPolls is how many polls it takes at most to ask about all who are watched.
	watchedPolls = 10
)

// Watch has users watched at an account that is polled, since an app asked about them. Of
// others nothing is kept.
func (p *Presence) Watch(ctx context.Context, account string, users []string) {
	for _, v := range p.Accounts() {
		if poll := v.Traits.Presence; v.Name == account && poll.Every > 0 {
			p.watch(ctx, v, users, poll.Watch)
		}
	}
}

func (p *Presence) watch(ctx context.Context, v *vendors.Vendor, users []string, span time.Duration) {
	if len(users) == 0 {
		return
	}
	refused, err := p.Watches.Watch(ctx, v.Name, users, span, watchedPolls*v.Traits.Presence.Users)
	switch {
	case err != nil && ctx.Err() == nil:
		p.events.log.Warn("users not watched", "vendor", v.Name, "users", len(users), "error", err)
	case refused > 0:
		p.events.log.Warn("users not watched: too many are", "vendor", v.Name, "users", refused, "most", watchedPolls*v.Traits.Presence.Users)
		p.Observe(v.Name, 0, refused, nil)
	}
}

// Run polls until ctx ends. A poll has to be over before the next one is due. One that
// fails is not made again before: the account's breaker and the interval are the pause.
func (p *Presence) Run(ctx context.Context) error {
	var polls sync.WaitGroup
	periodic.Run(ctx, pollLook, func(ctx context.Context) {
		for _, v := range p.Accounts() {
			if v.Traits.Presence.Every > 0 {
				polls.Go(func() { p.poll(ctx, v) }) // one account's silence is not another's
			}
		}
	})
	polls.Wait()
	return nil
}

// poll asks about some users of one account, when it is due and no other replica does.
func (p *Presence) poll(ctx context.Context, v *vendors.Vendor) {
	ctx, stop := context.WithTimeout(ctx, v.Traits.Presence.Every*9/10)
	defer stop()
	asked := 0
	asOf, mine, err := p.Watches.ClaimPoll(ctx, v.Name, v.Traits.Presence.Every)
	if err == nil && mine {
		asked, err = p.ask(ctx, v, asOf)
	}
	if err != nil && ctx.Err() == context.Canceled {
		return // told to stop
	}
	if err != nil {
		p.events.log.Warn("presence not polled", "vendor", v.Name, "users", asked, "error", err)
	}
	if mine || err != nil {
		p.Observe(v.Name, asked, 0, err)
	}
}

func (p *Presence) ask(ctx context.Context, v *vendors.Vendor, asOf time.Time) (asked int, err error) {
	bounds := v.Traits.Presence
	searching, err := p.Searching(ctx, v.Name, bounds.Users)
	if err != nil {
		return 0, err
	}
	p.watch(ctx, v, searching, watchedPolls*bounds.Every)
	users, err := p.Watches.NextWatched(ctx, v.Name, bounds.Users)
	if err != nil || len(users) == 0 {
		return 0, err
	}
	found, err := v.Statuses(ctx, users)
	if err != nil {
		return len(users), err
	}
	sightings := make([]Sighting, len(found))
	for i, status := range found {
		sightings[i] = Sighting{status.User, status.State == vendors.PresenceOnline, status.At}
	}
	made := map[string]vendors.Event{} // by user
	changed, err := p.Watches.Seen(ctx, v.Name, asOf, sightings, func(s Sighting) (Record, error) {
		made[s.User] = p.event(v.Name, asOf, s)
		return p.events.recordOf(made[s.User])
	}, p.events.sender != nil)
	if err != nil {
		return len(users), err
	}
	told, fresh := make([]vendors.Event, len(changed)), make([]bool, len(changed))
	for i, user := range changed {
		told[i], fresh[i] = made[user], true
	}
	p.events.handOn(ctx, told, fresh)
	p.events.grown()
	return len(users), nil
}

func (p *Presence) event(account string, asOf time.Time, s Sighting) vendors.Event {
	e := vendors.Event{
		ID: "polled-" + rand.Text(), Vendor: account, Kind: vendors.EventPresence, Action: "offline",
		At: s.Since, From: s.User, Snapshot: true, AsOf: asOf,
	}
	if s.Online {
		e.Action = "online"
	}
	if apps := p.Apps(account); len(apps) == 1 {
		e.App = apps[0]
	}
	return e
}
