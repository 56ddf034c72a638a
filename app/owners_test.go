package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"switchboard/app/owners"
	"switchboard/app/owners/ownersql"
	"switchboard/app/sqldb"
)

func TestOperatorsSeeAndMoveOwners(t *testing.T) {
	dir := t.TempDir()
	db, err := sqldb.Open(t.Context(), sqldb.Config{DataDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	store := ownersql.New(db)
	for i := range 3 {
		r := owners.Record{Key: owners.Key{App: sandboxApp, Kind: owners.Group, ID: fmt.Sprint("g", i)}, Account: "rongcloud", VendorID: fmt.Sprint("v", i), State: owners.Made}
		if saved, err := store.Save(t.Context(), r, nil); !saved || err != nil {
			t.Fatal(saved, err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	p := start(t, func(c *Config) { c.DataDir = dir })
	type page struct {
		Owners []struct {
			ID, Account, State string
			VendorID           string `json:"vendor_id"`
		}
		Cursor string
		Moves  []struct{ By, Reason, ID string }
	}
	var first, second, after page
	p.operate(t, "GET", "/admin/owners?app="+sandboxApp+"&kind=group&limit=2", nil, &first)
	p.operate(t, "GET", "/admin/owners?limit=2&cursor="+first.Cursor, nil, &second)
	if len(first.Owners) != 2 || len(second.Owners) != 1 || second.Owners[0].ID != "g2" || second.Cursor != "" {
		t.Fatalf("%+v, then %+v", first, second)
	}
	p.operate(t, "POST", "/admin/owners", `{"by":"ann","reason":"made anew","app":"`+sandboxApp+`","kind":"group","id":"g1","account":"linkv","vendor_id":"w1"}`, nil)
	p.operate(t, "GET", "/admin/owners?account=linkv", nil, &after)
	if len(after.Owners) != 1 || after.Owners[0].VendorID != "w1" || after.Owners[0].State != "made" || len(after.Moves) != 1 || after.Moves[0].By != "ann" || after.Moves[0].ID != "g1" {
		t.Errorf("%+v", after)
	}
	for _, c := range []struct {
		name, method, path, body string
		status                   int
		says                     string
	}{
		{"no name", "POST", "", `{"app":"a","kind":"group","id":"g1","account":"linkv"}`, 400, "by"},
		{"a kind that is none", "POST", "", `{"by":"ann","app":"a","kind":"club","id":"g1","account":"linkv"}`, 400, "kind"},
		{"an account that is not there", "POST", "", `{"by":"ann","app":"a","kind":"group","id":"g1","account":"acme"}`, 400, "acme"},
		{"another app's", "POST", "", `{"by":"ann","app":"a","kind":"group","id":"g1","account":"linkv"}`, 404, "no such"},
		{"onto another's id", "POST", "", `{"by":"ann","app":"` + sandboxApp + `","kind":"group","id":"g2","account":"linkv","vendor_id":"w1"}`, 409, "something else"},
		{"a field that is none", "POST", "", `{"by":"ann","to":"linkv"}`, 400, "to"},
		{"a state that is none", "GET", "?state=lost", "", 400, "state"},
		{"a page of 201", "GET", "?limit=201", "", 400, "limit"},
		{"another's cursor", "GET", "?cursor=x", "", 400, "cursor"},
	} {
		got := p.do(t, request{Method: c.method, Path: "/admin/owners" + c.path, Header: adminKey, Body: c.body, Bad: true})
		if got.Status != c.status || !strings.Contains(string(got.Body), c.says) {
			t.Errorf("%s: %d %s", c.name, got.Status, got.Body)
		}
	}
	if got := p.do(t, request{Method: http.MethodGet, Path: "/admin/owners"}); got.Status != 401 {
		t.Errorf("without the key: %d", got.Status)
	}
}
