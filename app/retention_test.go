package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"switchboard/app/access"
	"switchboard/app/conversation"
	"switchboard/app/sqldb"
	"switchboard/vendors"
)

// age makes all that the store has of the app's as old as t.
func age(t *testing.T, dir, app string, days int) {
	t.Helper()
	db, err := sqldb.Open(context.Background(), sqldb.Config{DataDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	at := time.Now().AddDate(0, 0, -days)
	if err := db.Write(context.Background(), func(tx *sqldb.Tx) error {
		rows, err := tx.Query("SELECT msg_id FROM messages WHERE app_id = ? ORDER BY msg_id", app)
		if err != nil {
			return err
		}
		ids, err := sqldb.Collect(rows, sqldb.ScanOne[string])
		if err != nil {
			return err
		}
		for i, id := range ids {
			if _, err := tx.Exec("UPDATE messages SET msg_id = ? WHERE app_id = ? AND msg_id = ?",
				conversation.MessageID(conversation.TickAt(at)+conversation.Tick(i), 3, "c"), app, id); err != nil {
				return err
			}
		}
		_, err = tx.Exec("UPDATE files SET at_us = ? WHERE app_id = ?", at.UnixMicro(), app)
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

// What one app keeps for a few days goes, with its files; another app's stays. Whoever
// resumes from before is told so, and operators see all of it.
func TestOldDataGoesByEachAppsOwnDays(t *testing.T) {
	dir := t.TempDir()
	p := start(t, func(c *Config) {
		c.DataDir, c.AdminKey, c.Retention.Every = dir, sandboxAdmin, time.Second
		c.Apps = access.Apps{tenant("keeps"), tenant("sweeps")}
		c.Apps[1].Retention = map[string]int{"messages": 5, "uploads": 5, "events": 7}
	})
	convs, files, before := map[string]string{}, map[string]string{}, map[string]string{}
	for _, app := range []string{"keeps", "sweeps"} {
		var made struct{ ConversationId string }
		p.gateway(t, "/inner/create_conversation", backEndOf(app), map[string]any{"conversation_type": 3, "sessions": []string{"ann", "bob"}}).decode(t, &made)
		convs[app] = made.ConversationId
		ann := map[string]string{"Authorization": "Bearer " + p.tokenIn(t, app, "ann")}
		before[app] = p.say(t, ann, made.ConversationId, "an old word")
		got := p.upload(t, request{Method: "POST", Path: "/im/file/upload", Header: backEndOf(app)}, "x.png", []byte("\x89PNG\r\n\x1a\n"))
		var at string
		got.decode(t, &at)
		files[app] = strings.TrimPrefix(at, p.URL)
	}
	for app := range convs {
		age(t, dir, app, 6)
	}
	status := func(app string) int {
		res, _ := p.fetch(t, "GET", files[app])
		return res.StatusCode
	}
	history := func(app string) int {
		var data struct{ Msg []struct{ MsgId string } }
		bob := map[string]string{"Authorization": "Bearer " + p.tokenIn(t, app, "bob")}
		p.gateway(t, "/get_conversation_msg_by_range", bob, map[string]any{"conversation_id": convs[app]}).decode(t, &data)
		return len(data.Msg)
	}
	waitFor(t, "the sweep", func() bool { return status("sweeps") == 404 && history("sweeps") == 0 })
	if status("keeps") != 200 || history("keeps") != 1 {
		t.Errorf("the other app has %d, %d messages", status("keeps"), history("keeps"))
	}
	for app, want := range map[string]string{"keeps": `"recovered":true`, "sweeps": `"recovered":false`} {
		conn := p.ws(t, p.tokenIn(t, app, "bob"), conversation.EarliestID(time.Now().AddDate(0, 0, -7)))
		if _, text, err := conn.ReadMessage(); err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%s resumes with %s, %v; want %s", app, text, err, want)
		}
		conn.Close()
	}
	if n := p.gauge(t, "switchboard_retention_rows_total"); n < 2 {
		t.Errorf("%d rows are counted", n)
	}
	var shown struct {
		Apps map[string][]struct {
			Part   string
			Days   int
			Oldest *time.Time
			Behind int64 `json:"behind_seconds"`
		}
		Last *time.Time `json:"last_sweep"`
	}
	waitFor(t, "the end of a sweep", func() bool { p.operate(t, "GET", "/admin/retention", nil, &shown); return shown.Last != nil })
	if len(shown.Apps["keeps"]) != 5 || shown.Apps["keeps"][4].Part != "events" || shown.Apps["keeps"][4].Days != 3 || shown.Apps["sweeps"][4].Days != 7 || shown.Apps["sweeps"][0].Days != 5 || shown.Apps["sweeps"][0].Oldest != nil || shown.Apps["keeps"][0].Oldest == nil {
		t.Errorf("shown: %+v", shown)
	}
	if len(p.logged(t, "old data swept")) == 0 {
		t.Error("the log does not tell")
	}
}

// An event is kept as long as its app says: the one that it names, or the one that has the
// account alone.
func TestAnEventIsKeptAsItsAppSays(t *testing.T) {
	apps := access.Apps{tenant("a"), tenant("b")}
	apps[0].Retention, apps[1].Retention = map[string]int{"events": 7}, map[string]int{"events": 2}
	gate, err := access.New(access.Config{Apps: apps}, nil)
	if err != nil {
		t.Fatal(err)
	}
	routes, err := vendors.NewRouter([]*vendors.Vendor{{Name: "own"}, {Name: "shared"}}, nil)
	if err == nil {
		err = routes.ApplyPlan(vendors.Plan{Tenants: map[string]vendors.Tenant{"a": {Accounts: []string{"own", "shared"}}, "b": {Accounts: []string{"shared"}}}})
	}
	if err != nil {
		t.Fatal(err)
	}
	s := &server{apps: gate, routes: routes}
	for _, c := range []struct {
		event vendors.Event
		want  time.Duration
	}{
		{vendors.Event{Vendor: "own"}, 7 * day},
		{vendors.Event{Vendor: "shared"}, 0},
		{vendors.Event{Vendor: "shared", App: "b"}, 2 * day},
		{vendors.Event{Vendor: vendors.VendorSelf, App: "a"}, 7 * day},
		{vendors.Event{Vendor: "gone"}, 0},
	} {
		if got := s.keepsEvent(c.event); got != c.want {
			t.Errorf("%+v: %s, want %s", c.event, got, c.want)
		}
	}
}
