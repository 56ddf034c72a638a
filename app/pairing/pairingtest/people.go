package pairingtest

import (
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"switchboard/app/pairing"
	"switchboard/app/pairing/ticket"
)

func evidence(t *testing.T, s pairing.Store) {
	on := ticket.Evidence{Proof: ticket.ProofVendor, Online: true, At: 2000, Until: 9000}
	_, err := s.SavePresence(ctx(), app, 7, "phone", on, 0)
	must(t, err)
	c, err := s.SavePresence(ctx(), app, 7, "phone", ticket.Evidence{Proof: ticket.ProofVendor, At: 1000, Until: 8000}, 0)
	must(t, err)
	if c.Sessions["phone"] != on {
		t.Fatalf("older news won: %+v", c)
	}
	c, err = s.SavePresence(ctx(), app, 7, "pad", ticket.Evidence{At: 500, Until: 8000}, 0)
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
	card := ticket.Card{RNA: 0, Offers: 3, Passes: 1, Accept: 0.25, AnswerMS: 1200}
	tk = again(tk)
	must(t, s.Commit(ctx(), pairing.Batch{Writes: []pairing.Write{{Ticket: tk, Prev: tk.Version - 1}},
		Drop: []ticket.Release{{Claim: c, ReadyAt: 5000, Card: &card, Paused: true}}}))
	got, err := s.Candidate(ctx(), app, 7)
	must(t, err)
	if got.Card != card || got.ReadyAt != 5000 || !got.Paused || got.Claimed {
		t.Fatalf("%+v", got)
	}
	got, err = s.SaveAvail(ctx(), app, 7, ticket.Avail{On: true, Until: 9000, At: 1})
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
	_, b := step(tk, ticket.Cancel{UID: 8})
	must(t, s.Commit(ctx(), b))
	_, err = s.SavePresence(ctx(), app, 7, "phone", ticket.Evidence{Online: true, At: at, Until: at + 1000}, 0)
	must(t, err)
	ch, err := s.Changes(ctx(), app, at-1000)
	must(t, err)
	if len(ch.Tickets) != 1 || ch.Tickets[0].AskNo != "1" {
		t.Fatalf("tickets %+v", ch.Tickets)
	}
	claimed := map[ticket.UID]bool{}
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
	c := ticket.DefaultConfig()
	c.Widen, c.SendRate, c.Strategy = []time.Duration{time.Second}, 2.5, ticket.Score
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

func wantHosts(t *testing.T, s pairing.Store, scene int, want ...ticket.UID) int64 {
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
		want   []ticket.UID
	}{
		{pairing.HostChange{Whole: true, Add: []ticket.UID{3, 1, 2, 1}}, []ticket.UID{1, 2, 3}},
		{pairing.HostChange{Add: []ticket.UID{3, 4}, Remove: []ticket.UID{1, 9}}, []ticket.UID{2, 3, 4}},
		{pairing.HostChange{Add: []ticket.UID{2}, Remove: []ticket.UID{2}}, []ticket.UID{2, 3, 4}},
		{pairing.HostChange{Whole: true, Add: []ticket.UID{7}}, []ticket.UID{7}},
		{pairing.HostChange{Whole: true}, nil},
	} {
		must(t, s.ChangeHosts(ctx(), app, 1, c.change))
		version := wantHosts(t, s, 1, c.want...)
		if version <= last {
			t.Fatalf("version %d after %d", version, last)
		}
		last = version
	}
	must(t, s.ChangeHosts(ctx(), app, 1, pairing.HostChange{Add: []ticket.UID{5}}))
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
		uids := make([]ticket.UID, 300)
		for j := range uids {
			uids[j] = ticket.UID(1 + i*1000 + j)
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
