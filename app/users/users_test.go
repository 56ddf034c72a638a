package users_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"switchboard/app/users"
	"switchboard/vendors"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// told is what fates say: "acme accepted, bell refused".
func told(fates []users.Fate) string {
	var out []string
	for _, f := range fates {
		text := f.Account + " " + f.ID + " " + string(f.State)
		if f.Emulated && f.Err == nil {
			text += " emulated"
		}
		out = append(out, text)
	}
	return strings.Join(out, ", ")
}

// blocks are the accounts that are known to keep the user out, and for how long.
func (w *world) blocks(t *testing.T, user string) string {
	t.Helper()
	held, err := w.s.Blocks(t.Context(), "a", user)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, f := range held {
		text := f.Account + " open"
		if !f.Until.IsZero() {
			text = f.Account + " " + time.Until(f.Until).Round(time.Minute).String()
		}
		out = append(out, text)
	}
	return strings.Join(out, ", ")
}

// A block goes to every routed account that can, as each of them takes it, and what is
// known of it is what they took, or may have taken.
func TestABlockIsMadeAtEveryAccountAsItTakesIt(t *testing.T) {
	store := newWorld(t, nil, "acme")
	timed, open := vendors.HoldTimed|vendors.HoldLifted, vendors.HoldOpen|vendors.HoldLifted
	for _, tc := range []struct {
		name       string
		traits     vendors.Hold // of bell; acme holds for a time
		d          time.Duration
		acme, bell day
		fates      string
		at         string // what bell holds the user for
		blocks     string
	}{
		{"for a time", timed, time.Hour, up, up, "acme ann accepted, bell ann accepted", "1h0m0s", "acme 1h0m0s, bell 1h0m0s"},
		{"for good, where that is 30 days", timed, 0, up, up, "acme ann accepted, bell ann accepted", "720h0m0s", "acme 720h0m0s, bell 720h0m0s"},
		{"for good, where that can be", open | timed, 0, up, up, "acme ann accepted, bell ann accepted", "open", "acme 720h0m0s, bell open"},
		{"for a time at one that knows none", open, time.Hour, up, up, "acme ann accepted, bell ann accepted emulated", "open", "acme 1h0m0s, bell 1h0m0s"},
		{"at one that can do neither", vendors.HoldOpen, time.Hour, up, up, "acme ann accepted, bell ann refused", "", "acme 1h0m0s"},
		{"one is away", timed, time.Hour, up, away, "acme ann accepted, bell ann refused", "", "acme 1h0m0s"},
		{"one refuses", timed, time.Hour, up, never, "acme ann accepted, bell ann refused", "", "acme 1h0m0s"},
		{"one is in doubt", timed, time.Hour, up, lost, "acme ann accepted, bell ann unknown", "", "acme 1h0m0s, bell 1h0m0s"},
		{"all are away", timed, time.Hour, away, away, "acme ann refused, bell ann refused", "", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := store.afresh(t, func(v *vendors.Vendor) {
				if v.Name == "bell" {
					v.Traits.Block = tc.traits
				}
			}, "acme", "bell")
			w.fars["acme"].is(tc.acme)
			w.fars["bell"].is(tc.bell)
			fates, err := w.s.Block(t.Context(), "a", "ann", "w", tc.d)
			if err != nil || told(fates) != tc.fates {
				t.Errorf("%s, %v", told(fates), err)
			}
			if got := w.fars["bell"].has("block ann"); got != tc.at {
				t.Errorf("bell holds for %q", got)
			}
			if got := w.blocks(t, "ann"); got != tc.blocks {
				t.Errorf("known: %s", got)
			}
			if got := w.blocks(t, "bob"); got != "" {
				t.Errorf("of somebody else: %s", got)
			}
		})
	}
}

// A block ends where it is, whatever the route says by then.
func TestABlockEndsAtTheAccountsThatHaveIt(t *testing.T) {
	w := newWorld(t, nil, "acme", "bell", "dove")
	w.route(t, "acme", "bell")
	if _, err := w.s.Block(t.Context(), "a", "ann", "w1", time.Hour); err != nil {
		t.Fatal(err)
	}
	w.route(t, "acme", "dove")
	w.fars["bell"].is(away)
	fates, err := w.s.Unblock(t.Context(), "a", "ann", "w2")
	if err != nil || told(fates) != "acme ann accepted, bell ann refused, dove ann accepted" {
		t.Errorf("%s, %v", told(fates), err)
	}
	if got := w.blocks(t, "ann"); got != "bell 1h0m0s" {
		t.Errorf("known: %s", got)
	}
	w.fars["bell"].is(up)
	if fates, err := w.s.Unblock(t.Context(), "a", "ann", "w3"); err != nil || w.blocks(t, "ann") != "" || w.fars["bell"].has("block ann") != "" {
		t.Errorf("%s, %v; known: %s", told(fates), err, w.blocks(t, "ann"))
	}
}

// Where the account is not the app's alone it may have another app's user of that id.
func TestNobodyIsBlockedWhereAppsShareAnAccount(t *testing.T) {
	w := newWorld(t, nil, "acme")
	plan := vendors.Plan{Tenants: map[string]vendors.Tenant{"a": {}, "b": {}}}
	if err := w.routes.ApplyPlan(plan); err != nil {
		t.Fatal(err)
	}
	fates, err := w.s.Block(t.Context(), "a", "ann", "w", time.Hour)
	if err != nil || len(fates) != 1 || !errors.Is(fates[0].Err, users.ErrShared) {
		t.Errorf("%+v, %v", fates, err)
	}
	w.routes.All()[0].Sessions = w.fars["acme"]
	if list := w.s.ListSessions(t.Context(), "a", "ann"); len(list) != 1 || !errors.Is(list[0].Err, users.ErrShared) {
		t.Errorf("%+v", list)
	}
	w.routes.All()[0].Sessions = nil
	done, _, err := w.s.EndSessions(t.Context(), "a", "ann", "w", time.Now())
	if err != nil || len(done) != 1 || !errors.Is(done[0].Err, users.ErrShared) || w.fars["acme"].made() != 0 {
		t.Errorf("%+v, %v; %d calls", done, err, w.fars["acme"].made())
	}
}

func TestWhatNoAccountCanIsRefusedBeforeAnyCall(t *testing.T) {
	w := newWorld(t, func(v *vendors.Vendor) {
		v.Users, v.Profiles, v.Blacklist, v.Remarks, v.Notices = nil, nil, nil, nil, nil
	}, "acme")
	for name, err := range map[string]error{
		"block":     second(w.s.Block(t.Context(), "a", "ann", "w", 0)),
		"unblock":   second(w.s.Unblock(t.Context(), "a", "ann", "w")),
		"profiles":  second(w.s.Profiles(t.Context(), "a", "w", []vendors.User{{ID: "ann", Name: "Ann"}})),
		"blacklist": second(w.s.AddToBlacklist(t.Context(), "a", "ann", "w", []string{"bob"})),
		"remark":    second(w.s.RemoveRemark(t.Context(), "a", "ann", "w", "bob")),
		"push":      second(w.s.Push(t.Context(), "a", vendors.Push{Users: []string{"ann"}, Text: "x"})),
	} {
		if unable := new(vendors.UnableError); !errors.As(err, &unable) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := w.fars["acme"].made(); n != 0 {
		t.Errorf("%d calls", n)
	}
}

func second[A any](_ A, err error) error { return err }

// Sessions end as far as each account can; what it lacks is named.
func TestSessionsEndAsFarAsEachAccountCan(t *testing.T) {
	w := newWorld(t, func(v *vendors.Vendor) {
		switch v.Name {
		case "acme":
			v.Sessions = v.Revoker.(*far)
		case "bell":
			v.Revoker = nil
		}
	}, "acme", "bell", "dove")
	w.fars["dove"].is(away)
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	done, left, err := w.s.EndSessions(t.Context(), "a", "ann", "w", now)
	if err != nil || told(done) != "acme credentials accepted, acme connections accepted, dove credentials refused" ||
		told(left) != "bell credentials accepted, bell connections accepted, dove connections accepted" {
		t.Errorf("%s; left %s; %v", told(done), told(left), err)
	}
	if got := w.fars["acme"].has("revoke ann"); got != "12:00:00" {
		t.Errorf("revoked before %q", got)
	}
}

// Each account that issues credentials tells what it knows, or why it does not.
func TestConnectionsAreListedAsFarAsEachAccountTells(t *testing.T) {
	w := newWorld(t, func(v *vendors.Vendor) {
		if v.Name != "bell" {
			v.Sessions = v.Users.(*far)
		}
	}, "acme", "bell", "dove", "elm")
	w.route(t, "bell", "dove", "elm") // acme issued before
	w.fars["acme"].put("session ann", "phone")()
	w.fars["dove"].is(away)
	var got []string
	for _, l := range w.s.ListSessions(t.Context(), "a", "ann") {
		text := l.Account
		for _, s := range l.Sessions {
			text += " " + s.Device
		}
		if l.Err != nil {
			text += " !"
		}
		if errors.Is(l.Err, users.ErrUntold) {
			text += "!"
		}
		got = append(got, text)
	}
	if !slices.Equal(got, []string{"bell !!", "dove !", "elm", "acme phone"}) {
		t.Errorf("%q", got)
	}
}

// People are registered in portions that the account takes, each of them once, and how
// they are shown is known from then on, of those alone whom the account took.
func TestPeopleAreRegisteredOnceInPortions(t *testing.T) {
	w := newWorld(t, func(v *vendors.Vendor) {
		v.UserImport, v.Limits = importer{v.Users.(*far)}, vendors.Limits{vendors.OpUserImport: {Targets: 2}}
	}, "acme")
	var list []vendors.User
	for i := range 5 {
		list = append(list, vendors.User{ID: fmt.Sprint("u", i), Name: fmt.Sprint("n", i)})
	}
	acme := w.fars["acme"]
	acme.meant = func() {
		if acme.made() == 1 {
			acme.is(away) // the second portion
		} else {
			acme.is(up)
		}
	}
	fates, err := w.s.Profiles(t.Context(), "a", "w", list)
	if err != nil || told(fates) != "acme u0 accepted, acme u1 accepted, acme u2 refused, acme u3 refused, acme u4 accepted" {
		t.Errorf("%s, %v", told(fates), err)
	}
	if !slices.Equal(acme.calls, []string{"import u0,u1", "import u2,u3", "import u4"}) {
		t.Errorf("%v", acme.calls)
	}
	for id, want := range map[string]string{"u0": "n0", "u2": "", "u4": "n4"} {
		shown, err := w.s.Shown(t.Context(), "a", id)
		name := ""
		if len(shown) == 1 {
			name = shown[0].Name
		}
		if err != nil || name != want {
			t.Errorf("%s: %+v, %v", id, shown, err)
		}
	}
}

// A blacklist is what was asked for here, in doubt too, and pages.
func TestABlacklistIsWhatWasAskedFor(t *testing.T) {
	w := newWorld(t, nil, "acme")
	add := func(d day, others ...string) {
		t.Helper()
		w.fars["acme"].is(d)
		_, _ = w.s.AddToBlacklist(t.Context(), "a", "ann", "add", others)
	}
	listed := func(behind string, limit int) string {
		t.Helper()
		got, err := w.s.Blacklisted(t.Context(), "a", "ann", behind, limit)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(got, " ")
	}
	add(up, "bob", "cat", "dan")
	add(away, "eve")
	add(late, "fay")
	if got := listed("", 3) + "|" + listed("dan", 3); got != "bob cat dan|fay" {
		t.Errorf("%s", got)
	}
	w.fars["acme"].is(lost)
	_, _ = w.s.RemoveFromBlacklist(t.Context(), "a", "ann", "remove", []string{"bob"})
	w.fars["acme"].is(up)
	if _, err := w.s.RemoveFromBlacklist(t.Context(), "a", "ann", "remove", []string{"cat"}); err != nil {
		t.Fatal(err)
	}
	if got := listed("", 9); got != "bob dan fay" {
		t.Errorf("with one end in doubt and one done: %s", got)
	}
}

func TestAPushGoesInPortionsAndIsNotMadeAgain(t *testing.T) {
	w := newWorld(t, nil, "acme")
	pushes := pusher{w.fars["acme"]}
	w.routes.All()[0].Pushes = pushes
	w.routes.All()[0].Limits[vendors.OpPush] = vendors.Limit{Targets: 2}
	fates, err := w.s.Push(t.Context(), "a", vendors.Push{Users: []string{"u1", "u2", "u3"}, Text: "x"})
	if err != nil || len(fates) != 3 || !slices.Equal(pushes.calls, []string{"push u1,u2", "push u3"}) {
		t.Errorf("%s, %v: %v", told(fates), err, pushes.calls)
	}
	pushes.is(lost)
	if fates, err := w.s.Push(t.Context(), "a", vendors.Push{Users: []string{"u1"}, Text: "x"}); err != nil || told(fates) != "acme u1 unknown" {
		t.Errorf("in doubt: %s, %v", told(fates), err)
	}
}

type pusher struct{ *far }

func (p pusher) Push(_ context.Context, x vendors.Push) (string, error) {
	return "", p.write("push", strings.Join(x.Users, ","), func() {})
}
