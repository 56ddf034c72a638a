package pairingtest

import (
	"errors"
	"reflect"
	"slices"
	"testing"

	"switchboard/app/pairing"
	"switchboard/app/pairing/ticket"
)

func record(t *testing.T, s pairing.Store, r ticket.Record) {
	t.Helper()
	r.App = app
	var prev int64
	tk, err := s.Load(ctx(), r.AskNo)
	if errors.Is(err, ticket.ErrUnknownAsk) {
		tk, _ = ticket.Open(cfg(), ticket.At(started), ticket.Ask{AskNo: r.AskNo, App: app, UID: r.Asker})
	} else {
		must(t, err)
		prev, tk = tk.Version, again(tk)
	}
	must(t, s.Commit(ctx(), pairing.Batch{Writes: []pairing.Write{{Ticket: tk, Prev: prev}}, Records: []ticket.Record{r}}))
}

func paged(t *testing.T, s pairing.Store) {
	for i := range 5 {
		r := ticket.Record{AskNo: string(rune('a' + i)), StartAt: int64(100 + i/2), Asker: 7, Peer: 8, EndAt: 200}
		if i%2 == 1 {
			r.Asker, r.Peer = 8, 7
		}
		record(t, s, r)
	}
	var got string
	var at pairing.Cursor
	for len(got) < 10 { // a page that comes again is seen, too
		page, err := s.Records(ctx(), app, 7, at, 2)
		must(t, err)
		if len(page) == 0 {
			break
		}
		for _, r := range page {
			got += r.AskNo
		}
		last := page[len(page)-1]
		at = pairing.Cursor{StartAt: last.StartAt, AskNo: last.AskNo}
	}
	if got != "edcba" {
		t.Fatalf("order %q", got)
	}
	if other, err := s.Records(ctx(), "other", 7, pairing.Cursor{}, 2); err != nil || len(other) != 0 {
		t.Fatalf("another app's: %v %v", other, err)
	}
}

func hidden(t *testing.T, s pairing.Store) {
	record(t, s, ticket.Record{AskNo: "a", StartAt: 100, Asker: 7, Peer: 8, EndAt: 120, Liked: true})
	for _, wrong := range []func() error{
		func() error { return s.DeleteRecord(ctx(), app, "a", 101, 7) },
		func() error { return s.DeleteRecord(ctx(), app, "b", 100, 7) },
		func() error { return s.DeleteRecord(ctx(), app, "a", 100, 9) },
		func() error { return s.DeleteRecord(ctx(), "other", "a", 100, 7) },
	} {
		if err := wrong(); !errors.Is(err, ticket.ErrUnknownAsk) {
			t.Fatalf("R4: %v", err)
		}
	}
	must(t, s.DeleteRecord(ctx(), app, "a", 100, 7)) // R1
	must(t, s.DeleteRecord(ctx(), app, "a", 100, 7)) // R2
	mine, err := s.Records(ctx(), app, 7, pairing.Cursor{}, 10)
	must(t, err)
	theirs, err := s.Records(ctx(), app, 8, pairing.Cursor{}, 10)
	must(t, err)
	if len(mine) != 0 || len(theirs) != 1 || !theirs[0].Liked || theirs[0].EndAt != 120 {
		t.Fatalf("mine %v, theirs %v", mine, theirs)
	}
	if got, _ := s.RecentPeers(ctx(), app, 7, 0, 10); !slices.Equal(got, []ticket.UID{8}) {
		t.Fatalf("met, but deleted: %v", got)
	}
}

func listed(t *testing.T, s pairing.Store, uid ticket.UID) (asks string) {
	t.Helper()
	list, err := s.Records(ctx(), app, uid, pairing.Cursor{}, 100)
	must(t, err)
	for _, r := range list {
		asks += r.AskNo
	}
	return asks
}

// A round's end frees nobody, one of the two or both, or somebody whose claim is
// another's by now; they may have been unknown before.
func recordedFreed(t *testing.T, s pairing.Store) {
	card := ticket.Card{Offers: 3}
	var want string
	for i, freed := range []struct {
		asker, peer bool
		card        *ticket.Card
		epoch       int64 // of what is to be freed; 0 as it is held
	}{
		{asker: true, peer: true},
		{},
		{asker: true},
		{peer: true, card: &card},
		{asker: true, peer: true, card: &card},
		{asker: true, peer: true, epoch: 99},
	} {
		ask, at := string(rune('a'+i)), int64(100+i)
		tk, _ := ticket.Open(cfg(), ticket.At(started), ticket.Ask{AskNo: ask, App: app, UID: 7})
		mine, theirs := ticket.Claim{App: app, UID: 7, AskNo: ask, Epoch: 1}, ticket.Claim{App: app, UID: 8, AskNo: ask, Epoch: 1}
		must(t, s.Commit(ctx(), pairing.Batch{Writes: []pairing.Write{{Ticket: tk}}, Take: []ticket.Claim{mine, theirs}}))
		next := again(tk)
		b := pairing.Batch{
			Writes:  []pairing.Write{{Ticket: next, Prev: tk.Version}},
			Records: []ticket.Record{{App: app, AskNo: ask, StartAt: at, Asker: 7, Peer: 8, EndAt: at}},
		}
		for _, c := range []struct {
			ticket.Claim
			freed bool
		}{{mine, freed.asker}, {theirs, freed.peer}} {
			if freed.epoch != 0 {
				c.Epoch = freed.epoch
			}
			if c.freed {
				b.Drop = append(b.Drop, ticket.Release{Claim: c.Claim, ReadyAt: ticket.Instant(at), Card: freed.card})
			}
		}
		must(t, s.Commit(ctx(), b))
		want = ask + want
		if mine, theirs := listed(t, s, 7), listed(t, s, 8); mine != want || theirs != want {
			t.Fatalf("%+v: %q and %q, want %q", freed, mine, theirs, want)
		}
		last := again(next)
		must(t, s.Commit(ctx(), pairing.Batch{Writes: []pairing.Write{{Ticket: last, Prev: next.Version}}, Drop: []ticket.Release{{Claim: mine}, {Claim: theirs}}}))
	}
	if mine, theirs := listed(t, s, 7), listed(t, s, 8); mine != want || theirs != want {
		t.Fatalf("freed later: %q and %q, want %q", mine, theirs, want)
	}
}

// Claims keep a person out of two rounds, but a lease may run out.
func recordedAtOnce(t *testing.T, s pairing.Store) {
	won, errs := race(func(i int) error {
		ask := string(rune('a' + i))
		tk, _ := ticket.Open(cfg(), ticket.At(started), ticket.Ask{AskNo: ask, App: app, UID: ticket.UID(100 + i)})
		r := ticket.Record{App: app, AskNo: ask, StartAt: 100, Asker: ticket.UID(100 + i), Peer: 7, EndAt: 200}
		return s.Commit(ctx(), pairing.Batch{Writes: []pairing.Write{{Ticket: tk}}, Records: []ticket.Record{r}})
	})
	if got := listed(t, s, 7); won != rivals || len(got) != rivals {
		t.Fatalf("%d of %d written, %d listed: %v", won, rivals, len(got), errs)
	}
}

// A page follows a cursor whose record was deleted since, or is not stored: that of
// the call that ran when the cursor was made.
func unlisted(t *testing.T, s pairing.Store) {
	for i := range 7 {
		record(t, s, ticket.Record{AskNo: string(rune('a' + i)), StartAt: int64(100 + i), Asker: 7, Peer: ticket.UID(20 + i), EndAt: int64(100 + i)})
	}
	for _, i := range []int64{1, 3, 4, 5} {
		must(t, s.DeleteRecord(ctx(), app, string(rune('a'+i)), 100+i, 7))
	}
	for _, tc := range []struct {
		before pairing.Cursor
		limit  int
		want   string
	}{
		{pairing.Cursor{}, 2, "gc"},
		{pairing.Cursor{StartAt: 106, AskNo: "g"}, 1, "c"},
		{pairing.Cursor{StartAt: 104, AskNo: "e"}, 2, "ca"},  // deleted
		{pairing.Cursor{StartAt: 107, AskNo: "h"}, 9, "gca"}, // not there
		{pairing.Cursor{StartAt: 102, AskNo: "z"}, 9, "ca"},
		{pairing.Cursor{StartAt: 102, AskNo: "b"}, 9, "a"},
		{pairing.Cursor{StartAt: 100, AskNo: "a"}, 9, ""},
		{pairing.Cursor{StartAt: 1, AskNo: "z"}, 1, ""},
	} {
		page, err := s.Records(ctx(), app, 7, tc.before, tc.limit)
		must(t, err)
		var got string
		for _, r := range page {
			got += r.AskNo
		}
		if got != tc.want {
			t.Errorf("%d before %v: %q, want %q", tc.limit, tc.before, got, tc.want)
		}
	}
	if theirs, err := s.Records(ctx(), app, 23, pairing.Cursor{StartAt: 104, AskNo: "e"}, 9); err != nil || len(theirs) != 1 {
		t.Errorf("from another's record: %v %v", theirs, err)
	}
}

// No ask has its asker for a peer. If one had, its record would be one, not an error.
func oneself(t *testing.T, s pairing.Store) {
	record(t, s, ticket.Record{AskNo: "a", StartAt: 100, Asker: 7, Peer: 7, EndAt: 110})
	list, err := s.Records(ctx(), app, 7, pairing.Cursor{}, 10)
	must(t, err)
	met, err := s.RecentPeers(ctx(), app, 7, 0, 10)
	must(t, err)
	if len(list) != 1 || !slices.Equal(met, []ticket.UID{7}) {
		t.Fatalf("records %v, met %v", list, met)
	}
}

func met(t *testing.T, s pairing.Store) {
	record(t, s, ticket.Record{AskNo: "c", StartAt: 50, Asker: 7, Peer: 10, EndAt: 60})
	record(t, s, ticket.Record{AskNo: "a", StartAt: 100, Asker: 7, Peer: 8, EndAt: 110})
	record(t, s, ticket.Record{AskNo: "b", StartAt: 200, Asker: 9, Peer: 7, EndAt: 210})
	got, err := s.RecentPeers(ctx(), app, 7, 100_000, 10)
	must(t, err)
	slices.Sort(got)
	if !slices.Equal(got, []ticket.UID{8, 9}) {
		t.Fatalf("met %v", got)
	}
	if got, _ = s.RecentPeers(ctx(), app, 7, 0, 1); !slices.Equal(got, []ticket.UID{9}) {
		t.Fatalf("the last one met: %v", got)
	}
	if got, _ = s.RecentPeers(ctx(), "other", 7, 0, 10); len(got) != 0 {
		t.Fatalf("met in another app: %v", got)
	}
}

// Keep writes records, some of them deleted, and returns a test that another store
// has the same.
func Keep(t *testing.T, s pairing.Store) func(pairing.Store) {
	for i := range 6 {
		record(t, s, ticket.Record{AskNo: string(rune('a' + i)), StartAt: int64(100 + i), Asker: 7, Peer: ticket.UID(8 + i%2), Round: i, CallID: "c", EndAt: 200, Liked: i > 2})
	}
	must(t, s.DeleteRecord(ctx(), app, "e", 104, 7))
	must(t, s.DeleteRecord(ctx(), app, "b", 101, 9))
	lists := func(s pairing.Store) (out [3][]ticket.Record) {
		for i := range out {
			list, err := s.Records(ctx(), app, ticket.UID(7+i), pairing.Cursor{}, 10)
			must(t, err)
			out[i] = list
		}
		return out
	}
	want := lists(s)
	return func(other pairing.Store) {
		t.Helper()
		if got := lists(other); !reflect.DeepEqual(got, want) || len(got[0]) != 5 || len(got[1]) != 3 || len(got[2]) != 2 {
			t.Errorf("records\n%v\nwere\n%v", got, want)
		}
	}
}
