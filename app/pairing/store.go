package pairing

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"switchboard/app/pairing/ticket"
	"switchboard/app/problem"
)

// ErrConflict: a ticket's version moved on, or its number is in use; nothing was written.
var ErrConflict = errors.New("the ticket has changed meanwhile")

// ClaimedError: somebody in Batch.Take is taken already; nothing was written.
type ClaimedError struct{ UIDs []ticket.UID }

// Error names the people.
func (e *ClaimedError) Error() string { return fmt.Sprintf("already claimed: %v", e.UIDs) }

// Write replaces the ticket whose version is Prev; Prev 0 inserts it. Nobody
// changes Ticket any more. Due is when a Tick is wanted next, 0: never; a ticket
// that wants offers has one.
type Write struct {
	Ticket *ticket.Ticket
	Prev   int64
	Due    ticket.Instant
}

// Batch is what one step writes, all of it or nothing: first the drops, then
// the takes, so that a claim can change its ask inside one batch. A record is
// written once, after those that its people had before, and nobody has two of
// them in one batch: who is in a round has no other.
type Batch struct {
	Writes  []Write
	Drop    []ticket.Release
	Take    []ticket.Claim
	Records []ticket.Record
}

// Tickets keeps tickets and claims.
type Tickets interface {
	// Load reads one ticket, which nobody changes; ErrUnknownAsk when there is none.
	Load(ctx context.Context, askNo string) (*ticket.Ticket, error)
	// Holder returns the claim on a person, if there is one.
	Holder(ctx context.Context, app string, uid ticket.UID) (ticket.Claim, bool, error)
	// Commit writes b at once. ErrConflict or *ClaimedError: nothing was written.
	Commit(ctx context.Context, b Batch) error
	// Due returns at most limit tickets whose Due is not after now, the oldest
	// first. Another replica does not get the same ones for about a second.
	Due(ctx context.Context, now ticket.Instant, limit int) ([]string, error)
	// Clock is the store's own time, the one that deadlines are compared with.
	Clock(ctx context.Context) (ticket.Instant, error)
	// Reap drops claims whose lease has run out and whose ask is over or gone.
	Reap(ctx context.Context, now ticket.Instant) (int, error)
}

// Records keeps connected rounds that have ended for the two people who had them.
type Records interface {
	// Records lists uid's records that they did not delete, newest first, from
	// before the cursor (a StartAt and ask; zero: from the newest).
	Records(ctx context.Context, app string, uid ticket.UID, before Cursor, limit int) ([]ticket.Record, error)
	// DeleteRecord hides one record from uid. ErrUnknownAsk when it is not theirs
	// or not there; again is no error.
	DeleteRecord(ctx context.Context, app, askNo string, startAt int64, uid ticket.UID) error
	// RecentPeers lists whom uid was connected with since, deleted or not, in no order; of
	// more than limit the last ones.
	RecentPeers(ctx context.Context, app string, uid ticket.UID, since ticket.Instant, limit int) ([]ticket.UID, error)
}

// Cursor is a place in a list of records.
type Cursor struct {
	StartAt int64
	AskNo   string
}

// Compare is negative when c began before d.
func (c Cursor) Compare(d Cursor) int {
	return cmp.Or(cmp.Compare(c.StartAt, d.StartAt), cmp.Compare(c.AskNo, d.AskNo))
}

// Candidates keeps what is known of people beside their claims.
type Candidates interface {
	// SavePresence stores what a session showed. Evidence older than what is
	// stored for the same session changes nothing (Y5). Who is seen online while
	// their own yes holds keeps it until lease. It returns the person.
	SavePresence(ctx context.Context, app string, uid ticket.UID, session string, e ticket.Evidence, lease ticket.Instant) (ticket.Candidate, error)
	// SaveAvail stores a person's own word; on ends a pause. It returns the person.
	SaveAvail(ctx context.Context, app string, uid ticket.UID, a ticket.Avail) (ticket.Candidate, error)
	// Candidate reads one person; zero but for App and UID when they are unknown.
	Candidate(ctx context.Context, app string, uid ticket.UID) (ticket.Candidate, error)
	// Changes returns people and unfinished tickets of app that changed since,
	// in the store's clock, with whether each person is claimed.
	Changes(ctx context.Context, app string, since ticket.Instant) (Changes, error)
}

// Changes is what other replicas did.
type Changes struct {
	Candidates []ticket.Candidate
	Tickets    []*ticket.Ticket
}

// Snapshots keeps the configurations that live tickets go by.
type Snapshots interface {
	SaveConfig(ctx context.Context, id string, cfg ticket.Config) error
	LoadConfig(ctx context.Context, id string) (ticket.Config, error)
}

// Store is all that pairing keeps.
type Store interface {
	Tickets
	Records
	Candidates
	Snapshots
	HostLists
}

// ErrHosts: a change names more than HostsMax people.
var ErrHosts = problem.New(problem.Invalid, "more than 50,000 hosts in one change")

// HostsMax is how many people one change of a list of hosts may name.
const HostsMax = 50_000

// HostChange changes the list of those who may be offered asks under
// pool.mode=list. Whole replaces the list by Add.
type HostChange struct {
	Whole       bool
	Add, Remove []ticket.UID
}

// HostLists keeps the lists of hosts, one for each app and scene.
type HostLists interface {
	// ChangeHosts makes a change, all of it or nothing.
	ChangeHosts(ctx context.Context, app string, scene int, c HostChange) error
	// Hosts returns the list and its version, which rises with every change; 0:
	// there never was a list. A list whose version is known is not read again.
	Hosts(ctx context.Context, app string, scene int, known int64) (version int64, hosts []ticket.UID, err error)
}
