package users_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"switchboard/app/owners"
	"switchboard/app/users"
	"switchboard/vendors"
)

// change is one write about ann in two forms, of which the second is asked for later.
type change struct {
	name  string
	thing string
	state string // of the far account
	write func(w *world, id, value string) ([]users.Fate, error)
	first string // the far account's state after each
	then  string
}

var moment = time.Now().UTC().Truncate(time.Hour)

func changes(t *testing.T) []change {
	ctx := t.Context()
	return []change{
		{"profile", users.ThingProfile, "profile ann", func(w *world, id, value string) ([]users.Fate, error) {
			return w.s.Profiles(ctx, "a", id, []vendors.User{{ID: "ann", Name: value}})
		}, "Ann", "Anna"},
		{"block", users.ThingBlock, "block ann", func(w *world, id, value string) ([]users.Fate, error) {
			if value == "" {
				return w.s.Unblock(ctx, "a", "ann", id)
			}
			return w.s.Block(ctx, "a", "ann", id, time.Hour)
		}, "1h0m0s", ""},
		{"unblock", users.ThingBlock, "block ann", func(w *world, id, value string) ([]users.Fate, error) {
			if value == "" {
				return w.s.Unblock(ctx, "a", "ann", id)
			}
			return w.s.Block(ctx, "a", "ann", id, time.Hour)
		}, "", "1h0m0s"},
		{"blacklist", users.ThingBlacklist("bob"), "blacklist ann bob", refuse(ctx), "refused", ""},
		{"hear again", users.ThingBlacklist("bob"), "blacklist ann bob", refuse(ctx), "", "refused"},
		{"remark", users.ThingRemark("bob"), "remark ann bob", remark(ctx), "Bobby", "Robert"},
		{"no remark", users.ThingRemark("bob"), "remark ann bob", remark(ctx), "", "Robert"},
		{"notices", users.ThingNotice(vendors.ToUsers, "bob"), "notice ann bob", func(w *world, id, value string) ([]users.Fate, error) {
			return w.s.SetNotice(ctx, "a", id, vendors.Conversation{User: "ann", Kind: vendors.ToUsers, Target: "bob"}, vendors.NoticeLevel(value))
		}, "none", "all"},
		{"credentials", users.ThingCredentials, "revoke ann", func(w *world, id, value string) ([]users.Fate, error) {
			at := moment
			if value == later.Format(time.TimeOnly) {
				at = later
			}
			done, _, err := w.s.EndSessions(ctx, "a", "ann", id, at)
			return done, err
		}, moment.Format(time.TimeOnly), later.Format(time.TimeOnly)},
	}
}

var later = moment.Add(time.Second)

func refuse(ctx context.Context) func(w *world, id, value string) ([]users.Fate, error) {
	return func(w *world, id, value string) ([]users.Fate, error) {
		if value == "" {
			return w.s.RemoveFromBlacklist(ctx, "a", "ann", id, []string{"bob"})
		}
		return w.s.AddToBlacklist(ctx, "a", "ann", id, []string{"bob"})
	}
}

func remark(ctx context.Context) func(w *world, id, value string) ([]users.Fate, error) {
	return func(w *world, id, value string) ([]users.Fate, error) {
		if value == "" {
			return w.s.RemoveRemark(ctx, "a", "ann", id, "bob")
		}
		return w.s.SetRemarks(ctx, "a", "ann", id, []vendors.Remark{{User: "bob", Name: value}})
	}
}

// settle makes the write in doubt again.
func (w *world) settle(t *testing.T, id string, c change) ([]users.Fate, error) {
	return w.s.Settle(t.Context(), "a", id, []users.Doubt{{User: "ann", Thing: c.thing, Account: "acme"}})
}

// A write in doubt is made again, whether the vendor executed it or not and however long
// it is away. It is as it was asked for then, and nothing stays in doubt.
func TestAWriteInDoubtIsMadeAgain(t *testing.T) {
	w := newWorld(t, nil, "acme") // one store: to make it costs more than the test
	acme := w.fars["acme"]
	for _, c := range changes(t) {
		for _, d := range []day{lost, late} {
			t.Run(fmt.Sprint(c.name, " ", d), func(t *testing.T) {
				id := t.Name()
				acme.state[c.state] = "as before"
				acme.is(d)
				fates, err := c.write(w, id, c.first)
				if err != nil || len(fates) != 1 || fates[0].State != vendors.MemberUnknown {
					t.Fatalf("%s, %v", told(fates), err)
				}
				for _, still := range []day{away, lost, never, d} {
					acme.is(still)
					if fates, err := w.settle(t, id, c); err == nil || vendors.OutcomeOf(err) == vendors.DefiniteNo {
						t.Fatalf("settled on a day %d: %s, %v", still, told(fates), err)
					}
				}
				acme.is(up)
				fates, err = w.settle(t, id, c)
				if err != nil || len(fates) != 1 || fates[0].State != vendors.MemberAccepted || fates[0].Err != nil {
					t.Fatalf("%s, %v", told(fates), err)
				}
				if got := acme.has(c.state); got != c.first {
					t.Errorf("%s is %q", c.state, got)
				}
				if _, err := w.settle(t, id, c); err == nil {
					t.Error("it is settled and made again all the same")
				}
			})
		}
	}
}

// What was asked for later holds: no write before it is made again, whether the later one
// was done or is itself in doubt, and by whichever request. One that surely was not made
// is no later one.
func TestANewerWriteWins(t *testing.T) {
	w := newWorld(t, nil, "acme")
	acme := w.fars["acme"]
	for _, c := range changes(t) {
		t.Run(c.name, func(t *testing.T) {
			for _, tc := range []struct {
				name       string
				newer      day
				want       string
				old, young bool // which can be settled
			}{
				{"done", up, c.then, false, false},
				{"in doubt", lost, c.then, false, true},
				{"in doubt and done", late, c.then, false, true},
				{"not sent", away, c.first, true, false},
				{"refused", never, c.first, true, false},
			} {
				old, young := c.name+" "+tc.name+" old", c.name+" "+tc.name+" young"
				acme.is(lost)
				if _, err := c.write(w, old, c.first); err != nil {
					t.Fatal(err)
				}
				acme.is(tc.newer)
				_, _ = c.write(w, young, c.then)
				acme.is(up)
				if _, err := w.settle(t, old, c); (err == nil) != tc.old {
					t.Errorf("%s: the older one: %v", tc.name, err)
				}
				if _, err := w.settle(t, young, c); (err == nil) != tc.young {
					t.Errorf("%s: the newer one: %v", tc.name, err)
				}
				if got := acme.has(c.state); got != tc.want {
					t.Errorf("%s: %s is %q, want %q", tc.name, c.state, got, tc.want)
				}
			}
		})
	}
}

// While a write is made again a newer one waits, so that it comes behind it at the vendor.
func TestANewerWriteWaitsWhileAnOlderOneIsMadeAgain(t *testing.T) {
	w := newWorld(t, nil, "acme")
	acme := w.fars["acme"]
	for _, c := range changes(t) {
		t.Run(c.name, func(t *testing.T) {
			before := acme.made()
			acme.is(lost)
			if _, err := c.write(w, "old "+c.name, c.first); err != nil {
				t.Fatal(err)
			}
			acme.is(up)
			newer, settling := make(chan error, 1), make(chan struct{})
			acme.meant = func() {
				acme.mu.Lock()
				acme.meant = nil
				acme.mu.Unlock()
				close(settling)
				time.Sleep(300 * time.Millisecond) // the newer one has begun meanwhile
				if n := acme.made() - before; n != 1 {
					t.Errorf("%d calls while one is made again", n)
				}
			}
			go func() {
				<-settling
				_, err := c.write(w, "young "+c.name, c.then)
				newer <- err
			}()
			if _, err := w.settle(t, "old "+c.name, c); err != nil {
				t.Error(err)
			}
			if err := <-newer; err != nil {
				t.Error(err)
			}
			if got := acme.has(c.state); got != c.then {
				t.Errorf("%s is %q: the older one came last", c.state, got)
			}
		})
	}
}

// A block whose time is over by now is not made again.
func TestABlockThatWouldBeOverIsNotMadeAgain(t *testing.T) {
	w := newWorld(t, nil, "acme")
	w.fars["acme"].is(lost)
	if _, err := w.s.Block(t.Context(), "a", "ann", "w", 50*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	w.fars["acme"].is(up)
	time.Sleep(60 * time.Millisecond)
	if _, err := w.s.Settle(t.Context(), "a", "w", []users.Doubt{{User: "ann", Thing: users.ThingBlock, Account: "acme"}}); err == nil || w.fars["acme"].made() != 1 {
		t.Errorf("%v, %d calls", err, w.fars["acme"].made())
	}
}

// Of several rows all are settled or none, each at its account, and a row that was made
// again in vain is made again with the others.
func TestRowsOfOneWriteAreSettledTogether(t *testing.T) {
	w := newWorld(t, nil, "acme", "bell")
	for _, f := range w.fars {
		f.is(lost)
	}
	if _, err := w.s.Profiles(t.Context(), "a", "w", []vendors.User{{ID: "ann", Name: "Ann"}, {ID: "bob", Name: "Bob"}}); err != nil {
		t.Fatal(err)
	}
	rows := []users.Doubt{{User: "ann", Thing: users.ThingProfile, Account: "acme"}, {User: "bob", Thing: users.ThingProfile, Account: "acme"}, {User: "bob", Thing: users.ThingProfile, Account: "bell"}}
	w.fars["acme"].is(up)
	for range 2 {
		if fates, err := w.s.Settle(t.Context(), "a", "w", rows); err == nil {
			t.Fatalf("with one away: %s", told(fates))
		}
	}
	w.fars["bell"].is(up)
	fates, err := w.s.Settle(t.Context(), "a", "w", rows)
	if err != nil || told(fates) != "acme ann accepted, acme bob accepted, bell bob accepted" {
		t.Errorf("%s, %v", told(fates), err)
	}
	if w.fars["bell"].has("profile ann") != "" || w.fars["bell"].has("profile bob") != "Bob" {
		t.Error("made again where nothing was in doubt")
	}
	if shown, err := w.s.Shown(t.Context(), "a", "bob"); err != nil || len(shown) != 2 {
		t.Errorf("shown %+v, %v", shown, err)
	}
}

// Vendors that void all credentials issued so far are not asked again: newer ones would be
// void too.
func TestCredentialsOfSinceAreNotVoided(t *testing.T) {
	w := newWorld(t, func(v *vendors.Vendor) { v.Traits.Revoke = vendors.RevokeNow }, "acme")
	w.fars["acme"].is(lost)
	if _, _, err := w.s.EndSessions(t.Context(), "a", "ann", "w", time.Now()); err != nil {
		t.Fatal(err)
	}
	w.fars["acme"].is(up)
	if _, err := w.s.Settle(t.Context(), "a", "w", []users.Doubt{{User: "ann", Thing: users.ThingCredentials, Account: "acme"}}); err == nil || w.fars["acme"].made() != 1 {
		t.Errorf("%v, %d calls", err, w.fars["acme"].made())
	}
}

// Whatever days a vendor has and whichever doubts are looked into when: what is made
// again is what was asked for last, of all that may have been made.
func TestWhatIsMadeAgainIsWhatWasAskedForLast(t *testing.T) {
	w := newWorld(t, nil, "acme")
	user := 0
	rapid.Check(t, func(t *rapid.T) {
		acme, ctx := w.fars["acme"], t.Context()
		user++
		ann := fmt.Sprint("ann", user)
		type write struct {
			id, value string
			doubt     bool
		}
		var all []write
		last := "" // what was asked for last, less what surely was not made
		for i := range rapid.IntRange(1, 8).Draw(t, "steps") {
			if len(all) > 0 && rapid.Bool().Draw(t, "settle") {
				which := rapid.IntRange(0, len(all)-1).Draw(t, "which")
				acme.is(rapid.SampledFrom([]day{up, up, away, lost, late, never}).Draw(t, "day"))
				_, err := w.s.Settle(ctx, "a", all[which].id, []users.Doubt{{User: ann, Thing: users.ThingRemark("bob"), Account: "acme"}})
				if err == nil && (all[which].value != last || acme.has("remark "+ann+" bob") != last) {
					t.Fatalf("%q was settled, %q asked for last, %q is there", all[which].value, last, acme.has("remark "+ann+" bob"))
				}
				if err == nil && !all[which].doubt {
					t.Fatalf("%q was not in doubt", all[which].value)
				}
				continue
			}
			d := rapid.SampledFrom([]day{up, away, lost, late, never}).Draw(t, "day")
			acme.is(d)
			one := write{fmt.Sprint("w", i), fmt.Sprint("name", i), d == lost || d == late}
			fates, err := w.s.SetRemarks(ctx, "a", ann, one.id, []vendors.Remark{{User: "bob", Name: one.value}})
			if err != nil || (fates[0].State == vendors.MemberUnknown) != one.doubt {
				t.Fatalf("%s, %v", told(fates), err)
			}
			if d != away && d != never {
				last = one.value
			}
			all = append(all, one)
		}
	})
}

// A wish that cannot be noted makes no call: it could not be told apart from a later one.
func TestNothingIsAskedForThatIsNotNoted(t *testing.T) {
	w := newWorld(t, nil, "acme")
	_ = w.db.Close()
	for _, c := range changes(t) {
		fates, err := c.write(w, "w", c.first)
		refused := len(fates) == 1 && fates[0].Err != nil
		if !refused && err == nil || w.fars["acme"].made() != 0 {
			t.Errorf("%s: %s, %v, %d calls", c.name, told(fates), err, w.fars["acme"].made())
		}
		if len(fates) == 1 && fates[0].State == vendors.MemberUnknown {
			t.Errorf("%s is in doubt", c.name)
		}
	}
	if _, err := w.settle(t, "w", change{thing: users.ThingBlock}); err == nil || errors.Is(err, owners.ErrNoWish) {
		t.Error(err)
	}
}
