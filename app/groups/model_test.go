package groups

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"testing"
	"time"

	"pgregory.net/rapid"

	"switchboard/app/owners"
	"switchboard/vendors"
)

// world is two apps that share two vendors, with good and bad days, and routes that are
// switched. wrong collects what must not be.
type world struct {
	store  *memory
	s      *Service
	routes *vendors.Router
	fars   map[string]*far
	doubts []doubt
	want   map[owners.Key]map[string]bool // who is in it, as far as that was told; absent: not decided
	asked  map[owners.Key]Action          // mute or unmute of bob, the last that was not surely in vain
	wrong  []string
}

// doubt is a write whose outcome its caller was not told.
type doubt struct {
	app      string
	change   Change
	account  string
	executed bool
}

func newWorld() *world {
	w := &world{store: newMemory(), fars: map[string]*far{"acme": newFar("acme", false), "bell": newFar("bell", true)}, want: map[owners.Key]map[string]bool{}, asked: map[owners.Key]Action{}}
	var err error
	if w.routes, err = vendors.NewRouter([]*vendors.Vendor{w.fars["acme"].vendor(), w.fars["bell"].vendor()}, nil); err != nil {
		panic(err)
	}
	w.route("acme", "bell")
	w.s = New(w.routes, owners.New(w.store, slog.New(slog.DiscardHandler)), w.store, owners.NewTimer(w.store, w.routes, slog.New(slog.DiscardHandler)), owners.NewWishes(w.store, slog.New(slog.DiscardHandler)), slog.New(slog.DiscardHandler))
	return w
}

func (w *world) route(names ...string) {
	var r vendors.Route
	for _, n := range names {
		r.Candidates = append(r.Candidates, vendors.Candidate{Vendor: n})
	}
	p := vendors.Plan{Routes: map[vendors.Capability]vendors.Route{vendors.CapGroups: r, vendors.CapChatRooms: r}, Tenants: map[string]vendors.Tenant{"a": {}, "b": {}}}
	if err := w.routes.ApplyPlan(p); err != nil {
		panic(err)
	}
}

func (w *world) fail(format string, args ...any) {
	w.wrong = append(w.wrong, fmt.Sprintf(format, args...))
}

// draw chooses a number from 0 to below n.
type draw func(n int, what string) int

func pick[T any](d draw, what string, of ...T) T { return of[d(len(of), what)] }

// step does one thing.
func (w *world) step(d draw) {
	switch d(10, "step") {
	case 0:
		names := pick(d, "route", []string{"acme", "bell"}, []string{"bell", "acme"}, []string{"bell"})
		w.route(names...)
	case 1, 2:
		w.fars[pick(d, "vendor", "acme", "bell")].mode = mode(d(int(modes), "day"))
	case 3:
		w.heal()
	default:
		w.change(d)
	}
	for _, f := range w.fars {
		for _, stray := range f.strays {
			w.fail("%s was called about what it was never asked to make: %s", f.name, stray)
		}
		f.strays = nil
	}
}

func (w *world) change(d draw) {
	app := pick(d, "app", "a", "b")
	c := Change{Kind: pick(d, "kind", owners.Group, owners.Group, owners.ChatRoom), ID: pick(d, "id", "g1", "g2")}
	if c.Kind == owners.ChatRoom {
		c.Action = pick(d, "action", Create, Mute, Unmute, End)
		if c.Action == Mute || c.Action == Unmute {
			c.Users = []string{"bob"}
		}
		if c.Action == Mute {
			c.Seconds = 60
		}
	} else {
		switch c.Action = pick(d, "action", Create, Add, Add, Remove, Rename, End); c.Action {
		case Create:
			c.By, c.Name, c.Users = "ann", "n", []string{"bob"}
		case Add, Remove:
			c.Users = pick(d, "users", []string{"bob"}, []string{"cat", "dan"}, []string{"bob", "cat", "dan"})
		case Rename:
			c.Name = pick(d, "name", "n1", "n2")
		}
	}
	ctx := vendors.WithApp(context.Background(), app)
	done, err := w.s.Apply(ctx, app, c)
	w.note(app, c, done, err)
}

// note keeps what the caller was told.
func (w *world) note(app string, c Change, done Done, err error) {
	k, account := c.Key(app), done.Record.Account
	unclear := vendors.OutcomeOf(err) == vendors.Ambiguous
	for _, row := range done.Rows {
		switch {
		case row.Err == nil && c.Action != Mute && c.Action != Unmute:
			w.tell(k, row.User, c.Action != Remove)
		case row.State == vendors.MemberUnknown:
			unclear = true
			delete(w.want[k], row.User)
		}
	}
	if (c.Action == Mute || c.Action == Unmute) && (unclear || err == nil && done.Rows[0].Err == nil) {
		w.asked[k] = c.Action
	}
	if unclear {
		for _, u := range c.Users {
			delete(w.want[k], u)
		}
		w.doubts = append(w.doubts, doubt{app, c, account, w.fars[account].executed})
	}
	if c.Action == End && (err == nil || notThere(err)) {
		delete(w.want, k)
	}
}

func (w *world) tell(k owners.Key, user string, in bool) {
	if w.want[k] == nil {
		w.want[k] = map[string]bool{}
	}
	w.want[k][user] = in
}

// heal ends all bad days and lets time pass: no doubt may stay open, and what is
// recorded is what the vendors have.
func (w *world) heal() {
	ctx := context.Background()
	for _, f := range w.fars {
		f.mode = up
	}
	w.store.age = 2 * settledAfter
	for _, d := range w.doubts {
		w.settle(ctx, d)
	}
	w.doubts = nil
	if err := w.s.Sweep(ctx); err != nil {
		w.fail("sweep: %v", err)
	}
	w.store.age = 0
	w.compare()
}

func (w *world) settle(ctx context.Context, d doubt) {
	payload, _ := json.Marshal(d.change)
	k := d.change.Key(d.app)
	before, found, _ := w.store.Get(ctx, k)
	_, done, err := w.s.Settle(vendors.WithApp(ctx, d.app), d.app, d.account, time.Now().Add(-2*settledAfter), payload, nil)
	switch {
	case errors.Is(err, vendors.ErrNotDone) && d.executed && found && before.State != owners.Gone && !w.twice(d):
		w.fail("%s of %s was executed, and is said not to be", d.change.Action, k)
	case err == nil && (d.change.Action == Add || d.change.Action == Remove):
		for _, row := range done.Rows {
			if row.Err == nil {
				w.tell(k, row.User, d.change.Action == Add)
			}
		}
	case err == nil && d.change.Action == End:
		delete(w.want, k)
	case err == nil && (d.change.Action == Mute || d.change.Action == Unmute):
		if is := w.fars[d.account].muted[done.Record.VendorID+"/bob"]; w.asked[k] != d.change.Action || is != (d.change.Action == Mute) {
			w.fail("%s in %s was made again, and %s was asked for last; muted: %v", d.change.Action, k, w.asked[k], is)
		}
	}
}

// twice reports whether the same is in doubt twice: then the earlier one may have been
// done and undone before the later one, which looks as if it were never done. A repeat
// of either wants what the later one wanted.
func (w *world) twice(d doubt) bool {
	same := 0
	for _, other := range w.doubts {
		if other.app == d.app && other.change.digest() == d.change.digest() {
			same++
		}
	}
	return same > 1
}

// compare holds the records against the vendors.
func (w *world) compare() {
	at := map[string]owners.Key{} // account, kind and vendor's id
	for k, r := range w.store.rows {
		place := r.Account + "/" + string(r.Kind) + "/" + r.VendorID
		if other, taken := at[place]; taken {
			w.fail("%s and %s are both %s", k, other, place)
		}
		at[place] = k
		f := w.fars[r.Account]
		switch {
		case r.State == owners.Doubt || r.State == owners.Reserved:
			w.fail("%s is left %s", k, r.State)
		case r.State == owners.Gone:
		case k.Kind == owners.ChatRoom && !f.rooms[r.VendorID]:
			w.fail("%s is recorded, and %s has it not", k, r.Account)
		case k.Kind == owners.Group:
			w.compareGroup(k, f.groups[r.VendorID])
		}
	}
	for name, f := range w.fars {
		for id, g := range f.groups {
			if k, known := at[name+"/group/"+id]; len(g.members) > 0 && (!known || w.store.rows[k].State != owners.Made) {
				w.fail("%s has group %s, and no record has it", name, id)
			}
		}
		for id := range f.rooms {
			if k, known := at[name+"/chatroom/"+id]; !known || w.store.rows[k].State != owners.Made {
				w.fail("%s has chat room %s, and no record has it", name, id)
			}
		}
	}
}

func (w *world) compareGroup(k owners.Key, g *farGroup) {
	if g == nil || g.ended {
		w.fail("%s is recorded, and its vendor has it not", k)
		return
	}
	for user, in := range w.want[k] {
		if g.members[user] != in {
			w.fail("%s in %s: %v, want %v", user, k, g.members[user], in)
		}
	}
}

const steps = 60

// Groups and chat rooms of two apps at two vendors, through outages, lost answers and
// switched routes: no call at another than the owner, nobody lost, no doubt left open.
func TestRandomDaysLeaveNothingLostOrOpen(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld()
		for range steps {
			w.step(func(n int, what string) int { return rapid.IntRange(0, n-1).Draw(t, what) })
			if len(w.wrong) > 0 {
				t.Fatal(w.wrong)
			}
		}
		if w.heal(); len(w.wrong) > 0 {
			t.Fatal(w.wrong)
		}
	})
}

// The model is worth what it finds: each of these faults has to be noticed.
func TestTheModelFindsPlantedFaults(t *testing.T) {
	for name, plant := range map[string]func(w *world){
		"calls follow the route": func(w *world) {
			w.store.onGet = func(r *owners.Record) { r.Account = w.routes.RouteFor("", vendors.CapGroups)[0].Name }
		},
		"a create in doubt is forgotten": func(w *world) {
			w.store.onSave = func(r *owners.Record) bool { return r.State == owners.Doubt }
		},
		"a create in doubt is taken for made": func(w *world) {
			w.store.onSave = func(r *owners.Record) bool {
				if r.State == owners.Doubt {
					r.State = owners.Made
				}
				return false
			}
		},
		"an end is not written down": func(w *world) {
			w.store.onSave = func(r *owners.Record) bool {
				if r.State == owners.Gone {
					r.State = owners.Made
				}
				return false
			}
		},
		"two apps meet at the vendor": func(w *world) {
			w.store.meet = true
			w.store.onSave = func(r *owners.Record) bool { r.VendorID = r.ID; return false }
		},
		"the account of a create is written down wrong": func(w *world) {
			w.store.onSave = func(r *owners.Record) bool {
				if r.State == owners.Made && r.Version == 1 {
					r.Account = map[string]string{"acme": "bell", "bell": "acme"}[r.Account]
				}
				return false
			}
		},
		"members are added elsewhere than said": func(w *world) {
			w.fars["acme"].deaf = true
		},
	} {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(300) {
				w := newWorld()
				plant(w)
				random := rand.New(rand.NewPCG(seed, 1))
				for range steps {
					if w.step(func(n int, _ string) int { return random.IntN(n) }); len(w.wrong) > 0 {
						return
					}
				}
				if w.heal(); len(w.wrong) > 0 {
					return
				}
			}
			t.Error("not noticed in 300 lives")
		})
	}
}
