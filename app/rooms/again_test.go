package rooms_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"testing"
	"time"

	"switchboard/app/owners"
	"switchboard/app/owners/ownersql"
	"switchboard/app/rooms"
	"switchboard/app/sqldb/sqldbtest"
	"switchboard/vendors"
)

// stage is a vendor's room: what it was asked for, and how it answers.
type stage struct {
	asked []any // identities, and how long users are banned
	err   error
}

func (s *stage) SetPermission(_ context.Context, c vendors.PermissionChange) error {
	s.asked = append(s.asked, c.Identity)
	return s.err
}

func (s *stage) BanUsers(_ context.Context, _ string, _ []string, d time.Duration) error {
	s.asked = append(s.asked, d.Round(time.Minute))
	return s.err
}

func (s *stage) UnbanUsers(context.Context, string, []string) error {
	s.asked = append(s.asked, "unban")
	return s.err
}

// A change in doubt is made again where the vendor orders changes or none can have come
// between, and never behind a later one about the same user.
func TestARoomsWriteInDoubtIsMadeAgainUnlessALaterOneBegan(t *testing.T) {
	const permission, ban, unban = vendors.OpRoomPermission, vendors.OpRoomBan, vendors.OpRoomUnban
	host := func(sequence int64) rooms.Change {
		return rooms.Change{Room: "r", Users: []string{"ann"}, Identity: vendors.IdentityHost, Sequence: sequence}
	}
	guest := rooms.Change{Room: "r", Users: []string{"ann"}, Identity: vendors.IdentityGuest}
	hour := rooms.Change{Room: "r", Users: []string{"ann"}, Seconds: 3600}
	for _, c := range []struct {
		name      string
		sequenced bool
		op        string
		lost      rooms.Change
		after     string // the operation of a later change; empty: none
		later     rooms.Change
		answers   error // of the vendor, from the later change on
		again     any   // what is asked for again; nil: nothing is
		unsettled bool
	}{
		{name: "an identity with a sequence", sequenced: true, op: permission, lost: host(5), again: vendors.IdentityHost},
		{name: "one that a higher sequence overtook", sequenced: true, op: permission, lost: host(5), answers: vendors.Refuse("acme", permission, vendors.ErrConflict, ""), again: vendors.IdentityHost, unsettled: true},
		{name: "an identity without one", sequenced: true, op: permission, lost: host(0), unsettled: true},
		{name: "one behind which one without came", sequenced: true, op: permission, lost: host(5), after: permission, later: guest, unsettled: true},
		{name: "at a vendor that orders nothing", op: permission, lost: host(5), unsettled: true},
		{name: "a ban", op: ban, lost: hour, again: time.Hour},
		{name: "a ban that was ended", op: ban, lost: hour, after: unban, later: hour, unsettled: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			far := &stage{err: &vendors.Error{Vendor: "acme", Op: c.op, Outcome: vendors.Ambiguous, Effect: vendors.Write, Sent: true}}
			v := &vendors.Vendor{Name: "acme", Rooms: vendors.Rooms{Permission: far, Ban: far}, Traits: vendors.Traits{Sequenced: c.sequenced, Ban: vendors.HoldTimed | vendors.HoldLifted}}
			routes, err := vendors.NewRouter([]*vendors.Vendor{v}, nil)
			if err != nil {
				t.Fatal(err)
			}
			s := rooms.New(routes, owners.NewWishes(ownersql.New(sqldbtest.Open(t, sqldbtest.SQLite(t))), slog.New(slog.DiscardHandler)))
			ask := func(op string, change rooms.Change) error {
				if op == permission {
					return s.Permit(t.Context(), "app", rooms.At{}, change)
				}
				return s.Ban(t.Context(), "app", op, rooms.At{}, change)
			}
			if err := ask(c.op, c.lost); vendors.OutcomeOf(err) != vendors.Ambiguous {
				t.Fatalf("lost: %v", err)
			}
			if far.err = c.answers; c.after != "" {
				if err := ask(c.after, c.later); err != nil {
					t.Fatal(err)
				}
			}
			before := len(far.asked)
			payload, err := json.Marshal(c.lost)
			if err != nil {
				t.Fatal(err)
			}
			_, err = s.Recipes()[c.op](t.Context(), "app", "acme", time.Now(), payload, nil)
			if (err != nil) != c.unsettled || err != nil && vendors.OutcomeOf(err) == vendors.DefiniteNo {
				t.Errorf("settled: %v", err)
			}
			if again := far.asked[before:]; (c.again == nil) != (len(again) == 0) || c.again != nil && again[0] != c.again {
				t.Errorf("asked again: %v, want %v", again, c.again)
			}
		})
	}
}
