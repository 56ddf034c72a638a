// Package pairingtest is the contract of a pairing.Store as a test suite, and a
// storm of concurrent replicas that every store has to survive.
package pairingtest

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"switchboard/app/pairing"
)

const app = "app"

// Run runs the suite; open returns an empty store.
func Run(t *testing.T, open func(t *testing.T) pairing.Store) {
	for name, test := range map[string]func(*testing.T, pairing.Store){
		"ATicketComesBackAsItWasWritten":        roundTrip,
		"AStaleVersionWritesNothing":            staleVersion,
		"AClaimIsUniquePerPerson":               uniqueClaim,
		"ALostClaimUndoesTheWholeBatch":         wholeBatch,
		"AClaimIsDroppedOnlyByItsAskAndEpoch":   fencedDrop,
		"AClaimChangesItsAskInOneBatch":         swappedClaim,
		"OneOfManyWritersWins":                  oneWinner,
		"OneOfManyClaimersWins":                 oneClaimer,
		"DueTicketsComeOldestFirst":             dueOrder,
		"ALeaseThatRanOutIsReaped":              reaped,
		"RecordsArePagedNewestFirst":            paged,
		"ADeletedRecordIsHiddenFromOneSideOnly": hidden,
		"MetListsBothRoles":                     met,
		"OlderEvidenceChangesNothing":           evidence,
		"AReleaseKeepsCardCooldownAndPause":     released,
		"ChangesListWhatIsNewAndWhoIsClaimed":   changes,
		"AConfigurationComesBackAsItWasWritten": configs,
		"AListOfHostsTellsItsVersion":           hosts,
		"ChangesOfOneListComeOneAfterTheOther":  rivalHosts,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

func ctx() context.Context { return context.Background() }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func cfg() *pairing.Config {
	c := pairing.Default()
	return &c
}

var started = time.Unix(1_700_000_000, 0)

// open writes a new ticket of uid.
func open(t *testing.T, s pairing.Store, askNo string, uid pairing.UID) pairing.Ticket {
	t.Helper()
	tk, fx := pairing.Open(cfg(), pairing.At(started), pairing.Ask{AskNo: askNo, App: app, Scene: 1, UID: uid, ConfigID: "c"})
	must(t, s.Commit(ctx(), pairing.Batch{Writes: []pairing.Write{{Ticket: tk, Due: tk.DueAt(cfg())}}, Take: fx.Take}))
	return tk
}

func step(tk pairing.Ticket, ev pairing.Event) (pairing.Ticket, pairing.Batch) {
	next, fx, _ := pairing.Step(cfg(), &tk, pairing.At(started.Add(time.Second)), nil, ev)
	return next, pairing.Batch{Writes: []pairing.Write{{Ticket: next, Prev: tk.Version, Due: next.DueAt(cfg())}}, Drop: fx.Drop, Take: fx.Take, Records: fx.Records}
}

func roundTrip(t *testing.T, s pairing.Store) {
	tk := open(t, s, "1", 7)
	next, b := step(tk, pairing.Dispatch{Picks: []pairing.Pick{{UID: 8}}})
	must(t, s.Commit(ctx(), b))
	got, err := s.Load(ctx(), "1")
	must(t, err)
	if !reflect.DeepEqual(got, next) {
		t.Fatalf("read %+v\nwrote %+v", got, next)
	}
	if _, err := s.Load(ctx(), "2"); !errors.Is(err, pairing.ErrUnknownAsk) {
		t.Fatalf("an unknown ask: %v", err)
	}
}

func staleVersion(t *testing.T, s pairing.Store) {
	tk := open(t, s, "1", 7)
	_, first := step(tk, pairing.Cancel{UID: 7})
	must(t, s.Commit(ctx(), first))
	_, second := step(tk, pairing.Dispatch{Picks: []pairing.Pick{{UID: 8}}})
	if err := s.Commit(ctx(), second); !errors.Is(err, pairing.ErrConflict) {
		t.Fatalf("a stale write: %v", err)
	}
	if _, held, _ := s.Holder(ctx(), app, 8); held {
		t.Fatal("a stale write left a claim")
	}
	if err := s.Commit(ctx(), pairing.Batch{Writes: []pairing.Write{{Ticket: tk}}}); !errors.Is(err, pairing.ErrConflict) {
		t.Fatalf("a number in use: %v", err)
	}
}

func uniqueClaim(t *testing.T, s pairing.Store) {
	open(t, s, "1", 7)
	tk, fx := pairing.Open(cfg(), pairing.At(started), pairing.Ask{AskNo: "2", App: app, Scene: 1, UID: 7})
	err := s.Commit(ctx(), pairing.Batch{Writes: []pairing.Write{{Ticket: tk}}, Take: fx.Take})
	var claimed *pairing.ClaimedError
	if !errors.As(err, &claimed) || !slices.Equal(claimed.UIDs, []pairing.UID{7}) {
		t.Fatalf("a second claim: %v", err)
	}
	if _, err := s.Load(ctx(), "2"); !errors.Is(err, pairing.ErrUnknownAsk) {
		t.Fatal("the refused ask was written")
	}
	other := fx.Take[0]
	other.App = "other"
	tk.AskNo, tk.App = "3", "other"
	must(t, s.Commit(ctx(), pairing.Batch{Writes: []pairing.Write{{Ticket: tk}}, Take: []pairing.Claim{other}}))
}

func wholeBatch(t *testing.T, s pairing.Store) {
	open(t, s, "1", 7)
	tk := open(t, s, "2", 8)
	_, b := step(tk, pairing.Dispatch{Picks: []pairing.Pick{{UID: 9}}})
	b.Take = append(b.Take, pairing.Claim{App: app, UID: 7, AskNo: "2", Epoch: 2})
	var claimed *pairing.ClaimedError
	if err := s.Commit(ctx(), b); !errors.As(err, &claimed) {
		t.Fatalf("a batch with a lost claim: %v", err)
	}
	if _, held, _ := s.Holder(ctx(), app, 9); held {
		t.Fatal("half of the batch was written")
	}
	if got, _ := s.Load(ctx(), "2"); got.Version != tk.Version {
		t.Fatal("the ticket was written without its claims")
	}
}

func fencedDrop(t *testing.T, s pairing.Store) {
	tk := open(t, s, "1", 7)
	have, _, _ := s.Holder(ctx(), app, 7)
	for _, wrong := range []pairing.Claim{{App: app, UID: 7, AskNo: "1", Epoch: have.Epoch + 1}, {App: app, UID: 7, AskNo: "2", Epoch: have.Epoch}} {
		tk.Version++
		must(t, s.Commit(ctx(), pairing.Batch{Writes: []pairing.Write{{Ticket: tk, Prev: tk.Version - 1}}, Drop: []pairing.Release{{Claim: wrong}}}))
		if _, held, _ := s.Holder(ctx(), app, 7); !held {
			t.Fatalf("%+v dropped %+v", wrong, have)
		}
	}
}

func swappedClaim(t *testing.T, s pairing.Store) {
	older, younger := open(t, s, "1", 7), open(t, s, "2", 8)
	_, a := step(older, pairing.Dispatch{Picks: []pairing.Pick{{UID: 8, HeldAsk: "2"}}})
	_, b := step(younger, pairing.Hold{By: "1"})
	a.Writes, a.Drop = append(a.Writes, b.Writes...), b.Drop
	must(t, s.Commit(ctx(), a))
	c, held, err := s.Holder(ctx(), app, 8)
	must(t, err)
	if !held || c.AskNo != "1" || c.Role != pairing.RoleCandidate {
		t.Fatalf("claim %+v", c)
	}
}

const rivals = 8

// race runs do for each rival at once and returns how many succeeded.
func race(do func(i int) error) (won int, errs []error) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	for i := range rivals {
		wg.Go(func() {
			err := do(i)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				won++
			} else {
				errs = append(errs, err)
			}
		})
	}
	wg.Wait()
	return won, errs
}

func oneWinner(t *testing.T, s pairing.Store) {
	tk := open(t, s, "1", 7)
	_, b := step(tk, pairing.Cancel{UID: 7})
	won, errs := race(func(int) error { return s.Commit(ctx(), b) })
	for _, err := range errs {
		if !errors.Is(err, pairing.ErrConflict) {
			t.Error(err)
		}
	}
	if won != 1 {
		t.Fatalf("%d writers won", won)
	}
}

func oneClaimer(t *testing.T, s pairing.Store) {
	var tickets []pairing.Ticket
	for i := range rivals {
		tickets = append(tickets, open(t, s, string(rune('a'+i)), pairing.UID(100+i)))
	}
	won, errs := race(func(i int) error {
		_, b := step(tickets[i], pairing.Dispatch{Picks: []pairing.Pick{{UID: 7}}})
		return s.Commit(ctx(), b)
	})
	for _, err := range errs {
		var claimed *pairing.ClaimedError
		if !errors.As(err, &claimed) {
			t.Error(err)
		}
	}
	if won != 1 {
		t.Fatalf("%d askers got the same candidate", won)
	}
}

func dueOrder(t *testing.T, s pairing.Store) {
	for i, due := range []pairing.Instant{300, 100, 0, 200} {
		tk, _ := pairing.Open(cfg(), pairing.At(started), pairing.Ask{AskNo: string(rune('a' + i)), App: app, UID: pairing.UID(i)})
		must(t, s.Commit(ctx(), pairing.Batch{Writes: []pairing.Write{{Ticket: tk, Due: due}}}))
	}
	got, err := s.Due(ctx(), 250, 10)
	must(t, err)
	if !slices.Equal(got, []string{"b", "d"}) {
		t.Fatalf("due %v", got)
	}
}

func reaped(t *testing.T, s pairing.Store) {
	tk := open(t, s, "1", 7)
	c, _, _ := s.Holder(ctx(), app, 7)
	late := c.LeaseUntil + 1
	if n, err := s.Reap(ctx(), late); err != nil || n != 0 {
		t.Fatalf("a live ticket's claim was reaped: %d %v", n, err)
	}
	next, b := step(tk, pairing.Cancel{UID: 7})
	b.Drop = nil // lost
	must(t, s.Commit(ctx(), b))
	if n, err := s.Reap(ctx(), c.LeaseUntil-1); err != nil || n != 0 {
		t.Fatalf("reaped before its lease ran out: %d %v", n, err)
	}
	if n, err := s.Reap(ctx(), late); err != nil || n != 1 {
		t.Fatalf("reaped %d %v after %v", n, err, next.State)
	}
}

func record(t *testing.T, s pairing.Store, r pairing.Record) {
	t.Helper()
	r.App = app
	tk, err := s.Load(ctx(), r.AskNo)
	prev := tk.Version
	if errors.Is(err, pairing.ErrUnknownAsk) {
		tk, _ = pairing.Open(cfg(), pairing.At(started), pairing.Ask{AskNo: r.AskNo, App: app, UID: r.Asker})
	} else {
		tk.Version++
	}
	must(t, s.Commit(ctx(), pairing.Batch{Writes: []pairing.Write{{Ticket: tk, Prev: prev}}, Records: []pairing.Record{r}}))
}

func paged(t *testing.T, s pairing.Store) {
	for i := range 5 {
		r := pairing.Record{AskNo: string(rune('a' + i)), StartAt: int64(100 + i/2), Asker: 7, Peer: 8, EndAt: 200}
		if i%2 == 1 {
			r.Asker, r.Peer = 8, 7
		}
		record(t, s, r)
	}
	var got string
	var at pairing.Cursor
	for {
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
}

func hidden(t *testing.T, s pairing.Store) {
	record(t, s, pairing.Record{AskNo: "a", StartAt: 100, Asker: 7, Peer: 8})
	if err := s.DeleteRecord(ctx(), app, "a", 100, 7); !errors.Is(err, pairing.ErrRecordLive) {
		t.Fatalf("R3: %v", err)
	}
	record(t, s, pairing.Record{AskNo: "a", StartAt: 100, Asker: 7, Peer: 8, EndAt: 120, Liked: true})
	for _, wrong := range []func() error{
		func() error { return s.DeleteRecord(ctx(), app, "a", 101, 7) },
		func() error { return s.DeleteRecord(ctx(), app, "b", 100, 7) },
		func() error { return s.DeleteRecord(ctx(), app, "a", 100, 9) },
		func() error { return s.DeleteRecord(ctx(), "other", "a", 100, 7) },
	} {
		if err := wrong(); !errors.Is(err, pairing.ErrUnknownAsk) {
			t.Fatalf("R4: %v", err)
		}
	}
	must(t, s.DeleteRecord(ctx(), app, "a", 100, 7)) // R1
	must(t, s.DeleteRecord(ctx(), app, "a", 100, 7)) // R2
	mine, err := s.Records(ctx(), app, 7, pairing.Cursor{}, 10)
	must(t, err)
	his, err := s.Records(ctx(), app, 8, pairing.Cursor{}, 10)
	must(t, err)
	if len(mine) != 0 || len(his) != 1 || !his[0].Liked || his[0].EndAt != 120 {
		t.Fatalf("mine %v, his %v", mine, his)
	}
}

func met(t *testing.T, s pairing.Store) {
	record(t, s, pairing.Record{AskNo: "a", StartAt: 100, Asker: 7, Peer: 8, EndAt: 110})
	record(t, s, pairing.Record{AskNo: "b", StartAt: 200, Asker: 9, Peer: 7, EndAt: 210})
	record(t, s, pairing.Record{AskNo: "c", StartAt: 50, Asker: 7, Peer: 10, EndAt: 60})
	got, err := s.Met(ctx(), app, 7, 100_000, 10)
	must(t, err)
	if !slices.Equal(got, []pairing.UID{9, 8}) {
		t.Fatalf("met %v", got)
	}
	if got, _ = s.Met(ctx(), app, 7, 0, 1); !slices.Equal(got, []pairing.UID{9}) {
		t.Fatalf("the last one met: %v", got)
	}
}

func evidence(t *testing.T, s pairing.Store) {
	on := pairing.Evidence{Proof: pairing.ProofVendor, Online: true, At: 2000, Until: 9000}
	_, err := s.SavePresence(ctx(), app, 7, "phone", on, 0)
	must(t, err)
	c, err := s.SavePresence(ctx(), app, 7, "phone", pairing.Evidence{Proof: pairing.ProofVendor, At: 1000, Until: 8000}, 0)
	must(t, err)
	if c.Sessions["phone"] != on {
		t.Fatalf("older news won: %+v", c)
	}
	c, err = s.SavePresence(ctx(), app, 7, "pad", pairing.Evidence{At: 500, Until: 8000}, 0)
	must(t, err)
	if len(c.Sessions) != 2 {
		t.Fatalf("sessions %+v", c.Sessions)
	}
	read, err := s.Candidate(ctx(), app, 7)
	must(t, err)
	if !reflect.DeepEqual(read, c) {
		t.Fatalf("read %+v, want %+v", read, c)
	}
}

func released(t *testing.T, s pairing.Store) {
	tk := open(t, s, "1", 7)
	c, _, _ := s.Holder(ctx(), app, 7)
	card := pairing.Card{RNA: 0, Offers: 3, Passes: 1, Accept: 0.25, AnswerMS: 1200}
	tk.Version++
	must(t, s.Commit(ctx(), pairing.Batch{Writes: []pairing.Write{{Ticket: tk, Prev: tk.Version - 1}},
		Drop: []pairing.Release{{Claim: c, ReadyAt: 5000, Card: &card, Paused: true}}}))
	got, err := s.Candidate(ctx(), app, 7)
	must(t, err)
	if got.Card != card || got.ReadyAt != 5000 || !got.Paused || got.Claimed {
		t.Fatalf("%+v", got)
	}
	got, err = s.SaveAvail(ctx(), app, 7, pairing.Avail{On: true, Until: 9000, At: 1})
	must(t, err)
	if got.Paused || got.Card != card {
		t.Fatalf("after opting in: %+v", got)
	}
}

func changes(t *testing.T, s pairing.Store) {
	at, err := s.Clock(ctx())
	must(t, err)
	open(t, s, "1", 7)
	tk := open(t, s, "2", 8)
	_, b := step(tk, pairing.Cancel{UID: 8})
	must(t, s.Commit(ctx(), b))
	_, err = s.SavePresence(ctx(), app, 7, "phone", pairing.Evidence{Online: true, At: at, Until: at + 1000}, 0)
	must(t, err)
	ch, err := s.Changes(ctx(), app, at-1000)
	must(t, err)
	if len(ch.Tickets) != 1 || ch.Tickets[0].AskNo != "1" {
		t.Fatalf("tickets %+v", ch.Tickets)
	}
	claimed := map[pairing.UID]bool{}
	for _, c := range ch.Candidates {
		claimed[c.UID] = c.Claimed
	}
	if !claimed[7] || claimed[8] {
		t.Fatalf("claimed %v", claimed)
	}
	if ch, err = s.Changes(ctx(), app, at+60_000); err != nil || len(ch.Tickets)+len(ch.Candidates) != 0 {
		t.Fatalf("nothing is that new: %+v %v", ch, err)
	}
}

func configs(t *testing.T, s pairing.Store) {
	c := pairing.Default()
	c.Widen, c.SendRate, c.Strategy = []time.Duration{time.Second}, 2.5, pairing.Score
	must(t, s.SaveConfig(ctx(), "x", c))
	must(t, s.SaveConfig(ctx(), "x", c))
	got, err := s.LoadConfig(ctx(), "x")
	must(t, err)
	if !reflect.DeepEqual(got, c) {
		t.Fatalf("read %+v", got)
	}
	if _, err := s.LoadConfig(ctx(), "y"); !errors.Is(err, pairing.ErrNoConfig) {
		t.Fatalf("an unknown id: %v", err)
	}
}

func wantHosts(t *testing.T, s pairing.Store, scene int, want ...pairing.UID) int64 {
	t.Helper()
	version, got, err := s.Hosts(ctx(), app, scene, -1)
	must(t, err)
	if !slices.Equal(got, want) {
		t.Fatalf("hosts %v, want %v", got, want)
	}
	return version
}

func hosts(t *testing.T, s pairing.Store) {
	if v := wantHosts(t, s, 1); v != 0 {
		t.Fatalf("a list that never was has version %d", v)
	}
	last := int64(0)
	for _, c := range []struct {
		change pairing.HostChange
		want   []pairing.UID
	}{
		{pairing.HostChange{Whole: true, Add: []pairing.UID{3, 1, 2, 1}}, []pairing.UID{1, 2, 3}},
		{pairing.HostChange{Add: []pairing.UID{3, 4}, Remove: []pairing.UID{1, 9}}, []pairing.UID{2, 3, 4}},
		{pairing.HostChange{Add: []pairing.UID{2}, Remove: []pairing.UID{2}}, []pairing.UID{2, 3, 4}},
		{pairing.HostChange{Whole: true, Add: []pairing.UID{7}}, []pairing.UID{7}},
		{pairing.HostChange{Whole: true}, nil},
	} {
		must(t, s.ChangeHosts(ctx(), app, 1, c.change))
		version := wantHosts(t, s, 1, c.want...)
		if version <= last {
			t.Fatalf("version %d after %d", version, last)
		}
		last = version
	}
	must(t, s.ChangeHosts(ctx(), app, 1, pairing.HostChange{Add: []pairing.UID{5}}))
	if v, got, err := s.Hosts(ctx(), app, 1, last+1); v != last+1 || got != nil || err != nil {
		t.Fatalf("a known version: %d %v %v", v, got, err)
	}
	wantHosts(t, s, 2)
	if _, got, err := s.Hosts(ctx(), "other", 1, -1); err != nil || got != nil {
		t.Fatalf("another app's: %v %v", got, err)
	}
}

func rivalHosts(t *testing.T, s pairing.Store) {
	won, errs := race(func(i int) error {
		uids := make([]pairing.UID, 300)
		for j := range uids {
			uids[j] = pairing.UID(1 + i*1000 + j)
		}
		return s.ChangeHosts(ctx(), app, 1, pairing.HostChange{Whole: true, Add: uids})
	})
	if won != rivals {
		t.Fatal(errs)
	}
	version, got, err := s.Hosts(ctx(), app, 1, -1)
	must(t, err)
	if version != rivals || len(got) != 300 || got[299]-got[0] != 299 {
		t.Fatalf("version %d, %d hosts from %d to %d: two lists are mixed", version, len(got), got[0], got[len(got)-1])
	}
}
