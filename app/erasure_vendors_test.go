package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// erase begins an erasure.
func (p *process) erase(t testing.TB, user string) (job erasureAnswer) {
	t.Helper()
	p.do(t, request{Method: "DELETE", Path: "/api/server/users/" + user + "/data", Header: serverKey}).decode(t, &job)
	return job
}

// erased waits for the end of an erasure.
func (p *process) erased(t testing.TB, id string) (job erasureAnswer) {
	t.Helper()
	waitFor(t, "the end of the erasure", func() bool {
		job = p.erasure(t, id)
		return job.State == "done"
	})
	return job
}

func (p *process) erasure(t testing.TB, id string) (job erasureAnswer) {
	t.Helper()
	p.do(t, request{Method: "GET", Path: "/api/server/erasures/" + id, Header: serverKey}).decode(t, &job)
	return job
}

// fate is what the erasure says of what at a vendor; "": nothing.
func (a erasureAnswer) fate(vendor, what string) string {
	for _, f := range a.Vendors {
		if f.Vendor == vendor && f.What == what {
			return f.State
		}
	}
	return ""
}

// inactive are the users whom the RongCloud mock has deactivated.
func inactive(t testing.TB, mock string) (out []string) {
	t.Helper()
	var all []struct {
		ID       string
		Inactive bool
	}
	if err := json.Unmarshal([]byte(get(t, mock+"/_mock/state/users")), &all); err != nil {
		t.Fatal(err)
	}
	for _, u := range all {
		if u.Inactive {
			out = append(out, u.ID)
		}
	}
	slices.Sort(out)
	return out
}

// Vendors that delete accounts are asked to, once it is known that it has to be; the answer
// says of each account what was asked and what came of it.
func TestVendorsAreAskedToDeleteWhoIsErased(t *testing.T) {
	p, live, _ := startOnLiveKit(t)
	rong := p.mock(t, "rongcloud")
	breaker := func(mode string) {
		p.operate(t, "POST", "/admin/vendors/rongcloud/breaker", map[string]any{"by": "test", "mode": mode}, nil)
	}
	server := func(path string, body any) {
		t.Helper()
		if got := p.do(t, request{Path: "/api/server/" + path, Header: serverKey, Body: body}); got.Code != 0 {
			t.Fatalf("%s: %s", path, got.Body)
		}
	}
	breaker("closed")

	// Ann is in a group and in a live room; bob and cy are with her.
	server("groups", map[string]any{"group": "g1", "name": "a group", "owner": "bob", "members": []string{"ann", "bob"}})
	server("rooms/stage/grants", map[string]any{"users": []string{"ann", "bob"}, "seconds": 600})
	for _, user := range []string{"ann", "bob"} {
		_, c := p.rtcToken(t, p.as(t, user), map[string]any{"room": "stage"})
		if err := live.Join(c.Token); err != nil {
			t.Fatal(err)
		}
	}
	ann := p.erased(t, p.erase(t, "ann").ID)
	if ann.fate("rongcloud", "account") != "asked" || ann.fate("rongcloud", "groups") != "done" || ann.fate("livekit", "rooms") != "done" ||
		ann.fate("linkv", "account") != "cannot" || ann.fate("livekit", "account") != "" {
		t.Errorf("told: %+v", ann.Vendors)
	}
	if got := inactive(t, rong); !slices.Equal(got, []string{"ann"}) {
		t.Errorf("deactivated: %v", got)
	}
	if groups := get(t, rong+"/_mock/state/groups"); strings.Contains(groups, "ann") || !strings.Contains(groups, "bob") {
		t.Errorf("groups: %s", groups)
	}
	if got := live.Members("stage"); !slices.Equal(got, []string{"bob"}) {
		t.Errorf("in the room: %v", got)
	}

	// Bob's room stays where it was made when rooms go elsewhere. Nobody knows whether his
	// deletion was executed: it is made again. A refusal of cy's is told; dan's waits until
	// the vendor is there again.
	p.operate(t, "PUT", "/admin/routes", map[string]any{"by": "test", "reason": "rooms move", "routes": map[string]string{"rooms": "youme"}}, nil)
	spoil(t, rong, "user.deactivate", 1, map[string]any{"kind": "drop", "after": true})
	before := served(t, rong, "user.deactivate")
	bob := p.erased(t, p.erase(t, "bob").ID)
	if n := served(t, rong, "user.deactivate") - before; bob.fate("rongcloud", "account") != "asked" || n != 2 {
		t.Errorf("%d calls, told: %+v", n, bob.Vendors)
	}
	if got := live.Members("stage"); len(got) != 0 || bob.fate("livekit", "rooms") != "done" {
		t.Errorf("in the room that is off the route: %v, told: %+v", got, bob.Vendors)
	}
	var doubts struct{ Doubts []any }
	if p.operate(t, "GET", "/admin/doubts", nil, &doubts); len(doubts.Doubts) != 0 {
		t.Errorf("left in doubt: %+v", doubts)
	}
	spoil(t, rong, "user.deactivate", 1, map[string]any{"kind": "status", "status": 400, "body": `{"code":1002,"errorMessage":"no"}`})
	if cy := p.erased(t, p.erase(t, "cy").ID); cy.fate("rongcloud", "account") != "cannot" {
		t.Errorf("refused, and told: %+v", cy.Vendors)
	}
	breaker("open")
	dan := p.erase(t, "dan")
	waitFor(t, "the erasure waits for the vendor", func() bool { j := p.erasure(t, dan.ID); return j.Part == "accounts" && j.Waits != "" })
	breaker("closed")
	if dan = p.erased(t, dan.ID); dan.fate("rongcloud", "account") != "asked" {
		t.Errorf("told: %+v", dan.Vendors)
	}
	if got := inactive(t, rong); !slices.Equal(got, []string{"ann", "bob", "dan"}) {
		t.Errorf("deactivated: %v", got)
	}
}
