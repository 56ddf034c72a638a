package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"switchboard/app/access"
	mocklinkv "switchboard/mocks/linkv"
	mockrong "switchboard/mocks/rongcloud"
	"switchboard/vendors"
	"switchboard/vendors/rongcloud"
	"switchboard/vendors/upstream"
)

// twoVendors is the program with RongCloud before LinkV, for one app or several that
// share both accounts.
type twoVendors struct {
	*process
	rong  *mockrong.Server
	linkv *mocklinkv.Server
	keys  int
}

func startOnTwoVendors(t *testing.T, apps ...string) *twoVendors {
	t.Helper()
	rong, err := mockrong.Start(mockrong.Config{Account: mockrong.Account{AppKey: "rong", AppSecret: sandboxSecret}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = rong.Close() })
	linkv, err := mocklinkv.Start(mocklinkv.Config{Account: mocklinkv.Account{AppID: "imapp", AppKey: "imkey", AppSecret: sandboxSecret}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = linkv.Close() })
	p := start(t, func(c *Config) {
		c.RongCloud.AppKey, c.RongCloud.AppSecret, c.RongCloud.BaseURL = "rong", sandboxSecret, rong.URL
		c.LinkV.AppID, c.LinkV.AppKey, c.LinkV.AppSecret, c.LinkV.BaseURL = "imapp", "imkey", vendors.Secret(sandboxSecret), linkv.URL
		c.AdminKey = sandboxAdmin
		c.Ledger.FirstCheck = 20 * time.Millisecond
		for _, app := range apps {
			c.Apps = append(c.Apps, access.App{ID: app, Key: sandboxKey, JWTSecret: sandboxSecret})
		}
	})
	for _, account := range []string{"rongcloud", "linkv"} { // what is planted here must open no breaker
		p.operate(t, "POST", "/admin/vendors/"+account+"/breaker", `{"by":"test","mode":"closed"}`, nil)
	}
	return &twoVendors{process: p, rong: rong, linkv: linkv}
}

// call makes a request of the app's back end, with a key of its own.
func (v *twoVendors) call(t *testing.T, app, method, path string, body any) answer {
	t.Helper()
	v.keys++
	return v.keyed(t, app, method, path, body, fmt.Sprint("key", v.keys))
}

func (v *twoVendors) keyed(t *testing.T, app, method, path string, body any, key string) answer {
	t.Helper()
	r := request{Method: method, Path: "/api/server" + path, Header: backEndOf(app), Body: body}
	if method != "GET" {
		r.Header["Idempotency-Key"] = key
	}
	return v.do(t, r)
}

func (v *twoVendors) route(t *testing.T, order string) {
	t.Helper()
	v.operate(t, "PUT", "/admin/routes", `{"by":"test","routes":{"groups":"`+order+`","messages":"`+order+`"}}`, nil)
}

type groupData struct {
	Group, Room, Name, Owner, Vendor, State string
	VendorID                                string `json:"vendor_id"`
	Rows                                    []struct{ ID, State, Vendor, Reason string }
}

func (v *twoVendors) make(t *testing.T, app, id string, members ...string) groupData {
	t.Helper()
	var made groupData
	got := v.call(t, app, "POST", "/groups", map[string]any{"group": id, "name": "of " + app, "owner": "ann", "members": append([]string{}, members...)})
	if got.Code != 0 {
		t.Fatalf("%s/%s: %s", app, id, got.Body)
	}
	got.decode(t, &made)
	return made
}

func (v *twoVendors) users(t *testing.T, app, path string) []string {
	t.Helper()
	var out []string
	for cursor := ""; ; {
		var page struct {
			Users  []string
			Cursor string
			AsOf   int64 `json:"as_of"`
		}
		got := v.call(t, app, "GET", path+"?limit=2&cursor="+cursor, nil)
		if got.Code != 0 {
			return []string{fmt.Sprint(got.Status)}
		}
		got.decode(t, &page)
		if len(page.Users) > 2 || time.Since(time.Unix(page.AsOf, 0)).Abs() > time.Minute {
			t.Errorf("%s: %s", path, got.Body)
		}
		if out = append(out, page.Users...); page.Cursor == "" {
			return out
		}
		cursor = page.Cursor
	}
}

// A group belongs to the vendor that made it, whatever the route says later.
func TestAGroupStaysWithItsOwner(t *testing.T) {
	v := startOnTwoVendors(t, "a")
	first := v.make(t, "a", "g1", "bob", "cat")
	v.route(t, "linkv,rongcloud")
	second := v.make(t, "a", "g2", "bob")
	if first.Vendor != "rongcloud" || first.VendorID != "g1" || second.Vendor != "linkv" || len(first.Rows) != 3 || first.Rows[0].State != "accepted" {
		t.Fatalf("%+v %+v", first, second)
	}
	for id, account := range map[string]string{"g1": "rongcloud", "g2": "linkv"} {
		path := "/groups/" + id
		added := v.call(t, "a", "POST", path+"/members", map[string]any{"users": []any{"dan", 7, "dan"}})
		var rows groupData
		if added.decode(t, &rows); added.Code != 0 || len(rows.Rows) != 2 || rows.Rows[1].ID != "7" || rows.Rows[1].Vendor != account {
			t.Errorf("%s: %s", id, added.Body)
		}
		if got := v.call(t, "a", "DELETE", path+"/members", `{"users":["bob"]}`); got.Code != 0 {
			t.Errorf("%s: %s", id, got.Body)
		}
		if got := v.call(t, "a", "PATCH", path, `{"name":"new"}`); got.Code != 0 || !strings.Contains(string(got.Body), `"name":"new"`) {
			t.Errorf("%s: %s", id, got.Body)
		}
		for _, body := range []string{`{"users":["dan"]}`, `{"all":true}`} {
			if got := v.call(t, "a", "POST", path+"/mutes", body); got.Code != 0 {
				t.Errorf("%s %s: %s", id, body, got.Body)
			}
		}
		if got := v.call(t, "a", "GET", path+"/mutes", nil); !strings.Contains(string(got.Body), `"all":true`) || !strings.Contains(string(got.Body), `[{"id":"dan","until":null}]`) {
			t.Errorf("%s: %s", id, got.Body)
		}
		for _, body := range []string{`{"users":["dan"]}`, `{"all":true}`} {
			if got := v.call(t, "a", "DELETE", path+"/mutes", body); got.Code != 0 {
				t.Errorf("%s %s: %s", id, body, got.Body)
			}
		}
		if got := v.call(t, "a", "GET", path+"/mutes", nil); !strings.Contains(string(got.Body), `"users":[]`) || !strings.Contains(string(got.Body), `"all":false`) {
			t.Errorf("%s: %s", id, got.Body)
		}
	}
	if one, two := v.users(t, "a", "/groups/g1/members"), v.users(t, "a", "/groups/g2/members"); !slices.Equal(one, []string{"7", "ann", "cat", "dan"}) || !slices.Equal(two, []string{"7", "ann", "dan"}) {
		t.Errorf("%v, %v", one, two)
	}
	if got := v.call(t, "a", "GET", "/users/dan/groups", nil); !strings.Contains(string(got.Body), `{"group":"g1","name":"new","vendor":"rongcloud","vendor_id":"g1"},{"group":"g2","name":"new","vendor":"linkv","vendor_id":"g2"}`) {
		t.Errorf("%s", got.Body)
	}
	sent := v.call(t, "a", "POST", "/messages", `{"from":"ann","to":{"kind":"group","ids":["g1","g2"]},"content":{"kind":"text","text":"hello"}}`)
	var fates groupData
	if sent.decode(t, &fates); sent.Code != 0 || len(fates.Rows) != 2 || fates.Rows[0].Vendor != "rongcloud" || fates.Rows[1].Vendor != "linkv" {
		t.Errorf("a message to both: %s", sent.Body)
	}
	// Handing over is LinkV's alone; whose a group is decides who asks.
	if got := v.call(t, "a", "PUT", "/groups/g1/owner", `{"owner":"dan"}`); got.Status != 501 || !sameJSON(got.Data, `{"unable":["rongcloud"],"able":["linkv"]}`) {
		t.Errorf("%d %s", got.Status, got.Body)
	}
	if got := v.call(t, "a", "PUT", "/groups/g2/owner", `{"owner":"dan"}`); got.Code != 0 || !strings.Contains(string(got.Body), `"owner":"dan"`) {
		t.Errorf("%s", got.Body)
	}
	if got := v.call(t, "a", "POST", "/groups/g2/mutes", `{"users":["7"],"seconds":60}`); got.Code != 0 || !strings.Contains(string(got.Body), `"emulated":true`) {
		t.Errorf("LinkV mutes until it is told otherwise, which we do in time: %s", got.Body)
	}
	for _, id := range []string{"g1", "g2"} {
		if got := v.call(t, "a", "DELETE", "/groups/"+id, nil); got.Code != 0 {
			t.Errorf("%s: %s", id, got.Body)
		}
		if got := v.call(t, "a", "GET", "/groups/"+id, nil); got.Status != 404 {
			t.Errorf("%s is gone: %d %s", id, got.Status, got.Body)
		}
		// LinkV keeps the id of what it dissolved: ours is free all the same.
		if again := v.make(t, "a", id, "eve"); again.VendorID == id || again.Vendor != "linkv" {
			t.Errorf("made anew: %+v", again)
		}
		if got := v.users(t, "a", "/groups/"+id+"/members"); !slices.Equal(got, []string{"ann", "eve"}) {
			t.Errorf("%s made anew: %v", id, got)
		}
	}
}

func TestAppsOfOneAccountDoNotSeeEachOthersGroups(t *testing.T) {
	v := startOnTwoVendors(t, "a", "b")
	one, two := v.make(t, "a", "g", "bob"), v.make(t, "b", "g", "bob", "cat")
	if one.VendorID == two.VendorID || one.VendorID == "g" {
		t.Fatalf("%+v, %+v", one, two)
	}
	for _, id := range []string{one.VendorID, "elsewhere"} { // what the account calls a's, and what nobody made here
		for _, c := range []struct {
			method, path string
			body         any
		}{
			{"GET", "", nil}, {"PATCH", "", `{"name":"mine"}`}, {"DELETE", "", nil}, {"GET", "/members", nil}, {"POST", "/members", `{"users":["eve"]}`},
			{"DELETE", "/members", `{"users":["bob"]}`}, {"PUT", "/owner", `{"owner":"eve"}`}, {"GET", "/mutes", nil}, {"POST", "/mutes", `{"all":true}`}, {"DELETE", "/mutes", `{"users":["bob"]}`},
		} {
			if got := v.call(t, "b", c.method, "/groups/"+id+c.path, c.body); got.Status != 404 {
				t.Errorf("%s %s%s: %d %s", c.method, id, c.path, got.Status, got.Body)
			}
		}
	}
	if got := v.call(t, "b", "DELETE", "/groups/g/members", `{"users":["bob"]}`); got.Code != 0 {
		t.Error(string(got.Body))
	}
	if got := v.users(t, "a", "/groups/g/members"); !slices.Equal(got, []string{"ann", "bob"}) {
		t.Errorf("a's: %v", got)
	}
	if got := v.call(t, "a", "GET", "/users/cat/groups", nil); !strings.Contains(string(got.Body), `"groups":[]`) {
		t.Errorf("cat is in b's group: %s", got.Body)
	}
	if got := v.call(t, "b", "GET", "/groups", nil); strings.Count(string(got.Body), `"group":`) != 1 || !strings.Contains(string(got.Body), two.VendorID) {
		t.Errorf("%s", got.Body)
	}
	ra, rb := v.call(t, "a", "POST", "/chatrooms", `{"room":"r"}`), v.call(t, "b", "POST", "/chatrooms", `{"room":"r"}`)
	if ra.Code != 0 || rb.Code != 0 {
		t.Fatalf("%s %s", ra.Body, rb.Body)
	}
	if got := v.call(t, "b", "DELETE", "/chatrooms/r", nil); got.Code != 0 {
		t.Error(string(got.Body))
	}
	if got := v.call(t, "a", "GET", "/chatrooms/r/users", nil); got.Code != 0 {
		t.Errorf("b ended a's room: %s", got.Body)
	}
}

// Without other apps at the account, what was made elsewhere is where the route says.
func TestAGroupThatWasMadeElsewhereIsAtTheRoute(t *testing.T) {
	v := startOnTwoVendors(t, "a")
	if got := v.call(t, "a", "GET", "/groups/old", nil); got.Status != 404 {
		t.Errorf("nobody has it: %d %s", got.Status, got.Body)
	}
	if got := v.call(t, "a", "POST", "/groups/old/members", `{"users":["bob"]}`); got.Code != 0 {
		t.Fatalf("%s", got.Body)
	}
	if got := v.call(t, "a", "GET", "/groups/old", nil); got.Code != 0 || !strings.Contains(string(got.Body), `"made_at":null`) || !strings.Contains(string(got.Body), `"vendor":"rongcloud"`) {
		t.Errorf("%s", got.Body)
	}
	if got := v.call(t, "a", "PATCH", "/groups/old", `{"name":"x"}`); got.Status != 400 || !strings.Contains(string(got.Body), "by") {
		t.Errorf("whose is it? %d %s", got.Status, got.Body)
	}
	if got := v.call(t, "a", "DELETE", "/groups/old", `{"by":"bob"}`); got.Code != 0 {
		t.Errorf("%s", got.Body)
	}
}

func TestBadRequestsAboutGroupsAreRefused(t *testing.T) {
	v := startOnTwoVendors(t, "a")
	v.make(t, "a", "g", "bob")
	many := make([]string, 1001)
	for i := range many {
		many[i] = fmt.Sprint("u", i)
	}
	for _, c := range []struct {
		name, method, path string
		body               any
		status             int
		says               string
	}{
		{"no id", "POST", "/groups", `{"name":"n","owner":1}`, 400, "group"},
		{"no owner", "POST", "/groups", `{"group":"x","name":"n"}`, 400, "owner"},
		{"no name", "POST", "/groups", `{"group":"x","owner":1}`, 400, "name"},
		{"a long name", "POST", "/groups", `{"group":"x","owner":1,"name":"` + strings.Repeat("é", 257) + `"}`, 400, "name"},
		{"a long id", "POST", "/groups", `{"group":"` + strings.Repeat("x", 65) + `","owner":1,"name":"n"}`, 400, "group"},
		{"there already", "POST", "/groups", `{"group":"g","owner":1,"name":"n"}`, 409, "exists"},
		{"nobody", "POST", "/groups/g/members", `{"users":[]}`, 400, "users"},
		{"too many", "POST", "/groups/g/members", map[string]any{"users": many}, 400, "users"},
		{"no id in the list", "POST", "/groups/g/members", `{"users":[""]}`, 400, "users"},
		{"less than no time", "POST", "/groups/g/mutes", `{"users":["bob"],"seconds":-1}`, 400, "seconds"},
		{"a control character", "GET", "/groups/a%00b", nil, 400, "group"},
		{"another's cursor", "GET", "/groups/g/members?cursor=x", nil, 400, "cursor"},
		{"a page of 201", "GET", "/groups?limit=201", nil, 400, "limit"},
		{"no time in a chat room", "POST", "/chatrooms/r/mutes", `{"users":["bob"]}`, 400, "seconds"},
		{"a chat room of nobody", "DELETE", "/chatrooms/r/blocks", `{}`, 400, "users"},
		{"no such chat room", "GET", "/chatrooms/none/users", nil, 404, "no such"},
	} {
		r := request{Method: c.method, Path: "/api/server" + c.path, Header: backEndOf("a"), Body: c.body, Bad: true}
		if got := v.do(t, r); got.Status != c.status || got.Err == nil || !strings.Contains(*got.Err, c.says) {
			t.Errorf("%s: %d %.200s", c.name, got.Status, got.Body)
		}
	}
	if got := v.do(t, request{Method: "GET", Path: "/api/server/groups"}); got.Status != 401 {
		t.Errorf("without a key: %d", got.Status)
	}
}

func TestAChatRoomIsKeptWhereItWasMade(t *testing.T) {
	v := startOnTwoVendors(t, "a")
	made := v.call(t, "a", "POST", "/chatrooms", `{"room":"stage","name":"Stage"}`)
	if made.Code != 0 || !strings.Contains(string(made.Body), `"vendor":"rongcloud"`) {
		t.Fatalf("%s", made.Body)
	}
	app := v.rong.Default()
	for i := range 5 {
		if err := app.JoinChatRoom("stage", fmt.Sprint("u", i)); err != nil {
			t.Fatal(err)
		}
	}
	if got := v.users(t, "a", "/chatrooms/stage/users"); !slices.Equal(got, []string{"u0", "u1", "u2", "u3", "u4"}) {
		t.Errorf("%v", got)
	}
	many := make([]string, 45) // RongCloud takes 20 in a call
	for i := range many {
		many[i] = fmt.Sprint("m", i)
	}
	if got := v.call(t, "a", "POST", "/chatrooms/stage/mutes", map[string]any{"users": many, "seconds": 600}); got.Code != 0 || strings.Count(string(got.Body), "accepted") != 45 {
		t.Errorf("%s", got.Body)
	}
	if got := v.call(t, "a", "POST", "/chatrooms/stage/blocks", `{"users":["u1"],"seconds":600}`); got.Code != 0 || slices.Contains(v.users(t, "a", "/chatrooms/stage/users"), "u1") {
		t.Errorf("u1 is still in: %s", got.Body)
	}
	if got := v.call(t, "a", "GET", "/chatrooms/stage/blocks", nil); !strings.Contains(string(got.Body), `{"id":"u1","until":1`) {
		t.Errorf("%s", got.Body)
	}
	for _, path := range []string{"/chatrooms/stage/mutes", "/chatrooms/stage/blocks"} {
		if got := v.call(t, "a", "DELETE", path, `{"users":["u1","m1"]}`); got.Code != 0 {
			t.Errorf("%s: %s", path, got.Body)
		}
	}
	if got := v.call(t, "a", "POST", "/chatrooms", `{"room":"stage"}`); got.Status != 409 {
		t.Errorf("made twice: %d %s", got.Status, got.Body)
	}
	// RongCloud does this by itself after an idle hour.
	far, err := rongcloud.Open("far", rongcloud.Config{AppKey: "rong", AppSecret: sandboxSecret, BaseURL: v.rong.URL, CommandData: "object"}, upstream.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	if err := far.ChatRooms.DestroyChatRoom(t.Context(), "stage"); err != nil {
		t.Fatal(err)
	}
	again := v.call(t, "a", "POST", "/chatrooms", `{"room":"stage"}`)
	if again.Code != 0 || strings.Contains(string(again.Body), `"vendor_id":"stage"`) {
		t.Errorf("made anew: %d %s", again.Status, again.Body)
	}
	if got := v.call(t, "a", "DELETE", "/chatrooms/stage", nil); got.Code != 0 {
		t.Errorf("%s", got.Body)
	}
	if got := v.call(t, "a", "GET", "/chatrooms", nil); !strings.Contains(string(got.Body), `"chatrooms":[]`) {
		t.Errorf("%s", got.Body)
	}
}
