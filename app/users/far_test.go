package users_test

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"switchboard/app/owners"
	"switchboard/app/owners/ownersql"
	"switchboard/app/sqldb"
	"switchboard/app/sqldb/sqldbtest"
	"switchboard/app/users"
	"switchboard/app/users/usersql"
	"switchboard/vendors"
)

// day is how a far account answers.
type day int

const (
	up    day = iota
	away      // calls are not sent
	lost      // calls hang: they are sent, not executed, and nobody knows
	late      // calls are executed and the answer is dropped
	never     // calls are refused for good
)

// far is a vendor account in memory.
type far struct {
	name string

	mu    sync.Mutex // guards what follows
	day   day
	state map[string]string // by thing: what a user is shown as, is held until, hears
	calls []string
	meant func() // called before a call is executed
}

func (f *far) write(op, user string, do func()) error {
	f.mu.Lock()
	meant := f.meant
	f.mu.Unlock()
	if meant != nil {
		meant()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, op+" "+user)
	fail := func(o vendors.Outcome, why error) error {
		return &vendors.Error{Vendor: f.name, Op: op, Outcome: o, Effect: vendors.Write, Sent: o != vendors.NotSent, Err: why}
	}
	switch f.day {
	case away:
		return fail(vendors.NotSent, nil)
	case never:
		return fail(vendors.DefiniteNo, vendors.ErrNotFound)
	case lost:
		return fail(vendors.Ambiguous, nil)
	}
	do()
	if f.day == late {
		return fail(vendors.Ambiguous, nil)
	}
	return nil
}

func (f *far) is(d day) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.day = d
}

func (f *far) has(thing string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.state[thing]
}

func (f *far) made() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.calls)
}

func (f *far) put(thing, value string) func() { return func() { f.state[thing] = value } }

func (f *far) Block(_ context.Context, list []string, d time.Duration) ([]vendors.MemberResult, error) {
	value := "open"
	if d > 0 {
		value = d.Round(time.Minute).String()
	}
	return vendors.AllMembers(list, f.write("block", list[0], f.put("block "+list[0], value)))
}

func (f *far) Unblock(_ context.Context, list []string) ([]vendors.MemberResult, error) {
	return vendors.AllMembers(list, f.write("unblock", list[0], f.put("block "+list[0], "")))
}

func (f *far) RefreshProfile(_ context.Context, u vendors.User) error {
	return f.write("profile", u.ID, f.put("profile "+u.ID, u.Name+u.Portrait))
}

func (f *far) AddToBlacklist(_ context.Context, user string, others []string) ([]vendors.MemberResult, error) {
	return f.blacklist(user, others, "refused")
}

func (f *far) RemoveFromBlacklist(_ context.Context, user string, others []string) ([]vendors.MemberResult, error) {
	return f.blacklist(user, others, "")
}

func (f *far) blacklist(user string, others []string, value string) ([]vendors.MemberResult, error) {
	return vendors.AllMembers(others, f.write("blacklist", user, func() {
		for _, o := range others {
			f.state["blacklist "+user+" "+o] = value
		}
	}))
}

func (f *far) SetRemarks(_ context.Context, user string, names []vendors.Remark) error {
	return f.write("remark", user, func() {
		for _, n := range names {
			f.state["remark "+user+" "+n.User] = n.Name
		}
	})
}

func (f *far) RemoveRemark(_ context.Context, user, of string) error {
	return f.write("remark", user, f.put("remark "+user+" "+of, ""))
}

func (f *far) SetNotice(_ context.Context, c vendors.Conversation, level vendors.NoticeLevel) error {
	return f.write("notice", c.User, f.put("notice "+c.User+" "+c.Target, string(level)))
}

func (f *far) Notice(context.Context, vendors.Conversation) (vendors.NoticeLevel, error) {
	return "", nil
}

func (f *far) Revoke(_ context.Context, list []string, t time.Time) ([]vendors.MemberResult, error) {
	return vendors.AllMembers(list, f.write("revoke", list[0], f.put("revoke "+list[0], t.UTC().Format(time.TimeOnly))))
}

func (f *far) Issue(context.Context, vendors.User) (vendors.Credential, error) {
	return vendors.Credential{}, nil
}

func (f *far) ListSessions(_ context.Context, user string) (list []vendors.Session, err error) {
	err = f.write("list", user, func() {
		if device := f.state["session "+user]; device != "" {
			list = append(list, vendors.Session{Device: device})
		}
	})
	return list, err
}

func (f *far) EndSessions(_ context.Context, user, _ string) error {
	return f.write("end", user, func() {})
}

func (f *far) CreateGroup(_ context.Context, g vendors.Group) (vendors.GroupRef, error) {
	return vendors.GroupRef{}, nil
}

func (f *far) ChangeGroup(_ context.Context, id string, _, remove []string) ([]vendors.MemberResult, error) {
	return vendors.AllMembers(remove, f.write("leave "+id, remove[0], f.put("group "+remove[0], "")))
}

func (f *far) DismissGroup(context.Context, string, string) error { return nil }

func (f *far) GroupMembers(context.Context, string) ([]string, error) { return nil, nil }

func (f *far) UserGroups(_ context.Context, user string) (in []vendors.GroupName, err error) {
	if id := f.has("group " + user); id != "" {
		in = append(in, vendors.GroupName{ID: id})
	}
	return in, nil
}

// importer is the ability to register, of which a refusal is each user's own.
type importer struct{ *far }

func (i importer) ImportUsers(_ context.Context, list []vendors.User) ([]vendors.MemberResult, error) {
	ids := make([]string, len(list))
	for n, u := range list {
		ids[n] = u.ID
	}
	return vendors.AllMembers(ids, i.write("import", strings.Join(ids, ","), func() {
		for _, u := range list {
			i.state["profile "+u.ID] = u.Name + u.Portrait
		}
	}))
}

// vendor is the account with all that it can, changed by edit.
func (f *far) vendor(edit func(*vendors.Vendor)) *vendors.Vendor {
	v := &vendors.Vendor{
		Name: f.name, Tokens: f, Users: f, Profiles: f, Blacklist: f, Remarks: f, Notices: f, Revoker: f, Groups: f, GroupLists: f, Limits: vendors.Limits{},
		Traits: vendors.Traits{Block: vendors.HoldTimed | vendors.HoldLifted, Revoke: vendors.RevokeBefore},
	}
	if edit != nil {
		edit(v)
	}
	return v
}

// world is the service over accounts in memory and a store on disk.
type world struct {
	s      *users.Service
	timer  *owners.Timer
	routes *vendors.Router
	fars   map[string]*far
	db     *sqldb.DB
}

func newFar(name string) *far { return &far{name: name, state: map[string]string{}} }

// newWorld routes tokens to all accounts, in their order; edit may change each.
func newWorld(t *testing.T, edit func(*vendors.Vendor), names ...string) *world {
	t.Helper()
	return onStore(t, sqldbtest.Open(t, sqldbtest.SQLite(t)), edit, names...)
}

// afresh is another world on the emptied store of w: to make one costs more than a test.
func (w *world) afresh(t *testing.T, edit func(*vendors.Vendor), names ...string) *world {
	t.Helper()
	for _, table := range []string{"wishes", "restraints", "lifts", "profiles"} {
		if err := w.db.Write(t.Context(), func(tx *sqldb.Tx) error { _, err := tx.Exec("DELETE FROM " + table); return err }); err != nil {
			t.Fatal(err)
		}
	}
	return onStore(t, w.db, edit, names...)
}

func onStore(t *testing.T, db *sqldb.DB, edit func(*vendors.Vendor), names ...string) *world {
	t.Helper()
	w := &world{fars: map[string]*far{}, db: db}
	var all []*vendors.Vendor
	for _, n := range names {
		w.fars[n] = newFar(n)
		all = append(all, w.fars[n].vendor(edit))
	}
	var err error
	if w.routes, err = vendors.NewRouter(all, nil); err != nil {
		t.Fatal(err)
	}
	w.route(t, names...)
	kept, log := ownersql.New(db), slog.New(slog.DiscardHandler)
	w.timer = owners.NewTimer(kept, w.routes, log)
	w.s = users.New(w.routes, kept, w.timer, owners.NewWishes(kept, log), usersql.New(db))
	return w
}

func (w *world) route(t *testing.T, names ...string) {
	t.Helper()
	var r vendors.Route
	for _, n := range names {
		r.Candidates = append(r.Candidates, vendors.Candidate{Vendor: n})
	}
	plan := vendors.Plan{Routes: map[vendors.Capability]vendors.Route{vendors.CapTokens: r}, Tenants: map[string]vendors.Tenant{"a": {}}}
	if err := w.routes.ApplyPlan(plan); err != nil {
		t.Fatal(err)
	}
}

// routeAll routes everything to one account.
func (w *world) routeAll(t *testing.T, name string) {
	t.Helper()
	plan := vendors.Plan{Routes: map[vendors.Capability]vendors.Route{}, Tenants: map[string]vendors.Tenant{"a": {}}}
	for _, c := range vendors.Capabilities() {
		if w.routes.Live(name)[0].Has(c) {
			plan.Routes[c] = vendors.Route{Candidates: []vendors.Candidate{{Vendor: name}}}
		}
	}
	if err := w.routes.ApplyPlan(plan); err != nil {
		t.Fatal(err)
	}
}
