package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3filter"

	"switchboard/app/pairing/ticket"
	"switchboard/app/sqldb"
	"switchboard/app/sqldb/sqldbtest"
	"switchboard/vendors"
)

const (
	marked = "77310042"    // whose data goes
	marker = "MARKED-WORD" // in every text of theirs
)

var base64Text = regexp.MustCompile(`[A-Za-z0-9+/]{8,}={0,2}`)

// holds says whether a stored value tells of the marked user, also inside base64.
func holds(value string) bool {
	if strings.Contains(value, marked) || strings.Contains(value, marker) {
		return true
	}
	for _, part := range base64Text.FindAllString(value, -1) {
		if raw, err := base64.StdEncoding.DecodeString(part); err == nil && (strings.Contains(string(raw), marked) || strings.Contains(string(raw), marker)) {
			return true
		}
	}
	return false
}

// tells is a row of the database that tells of the marked user.
type tells struct {
	table string
	row   map[string]string // by column
	at    []string          // the columns that do
}

// telling walks every column of every table.
func telling(t *testing.T, db *sqldb.DB) (out []tells) {
	t.Helper()
	list := map[sqldb.Dialect]string{
		sqldb.SQLite:   "SELECT name FROM sqlite_master WHERE type = 'table'",
		sqldb.Postgres: "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()",
		sqldb.MySQL:    "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()",
	}[db.Dialect()]
	rows, err := db.Query(t.Context(), list)
	if err != nil {
		t.Fatal(err)
	}
	tables, err := sqldb.Collect(rows, sqldb.ScanOne[string])
	if err != nil || len(tables) < 25 {
		t.Fatalf("tables %v, %v", tables, err)
	}
	for _, table := range tables {
		for _, row := range everyRow(t, db, table) {
			one := tells{table: table, row: row}
			for column, value := range row {
				if holds(value) {
					one.at = append(one.at, column)
				}
			}
			if one.at != nil {
				out = append(out, one)
			}
		}
	}
	return out
}

func everyRow(t *testing.T, db *sqldb.DB, table string) (out []map[string]string) {
	t.Helper()
	rows, err := db.Query(t.Context(), "SELECT * FROM "+table)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		values, at, row := make([]any, len(columns)), make([]any, len(columns)), map[string]string{}
		for i := range values {
			at[i] = &values[i]
		}
		if err := rows.Scan(at...); err != nil {
			t.Fatal(err)
		}
		for i, v := range values {
			row[columns[i]] = fmt.Sprint(v)
			if raw, is := v.([]byte); is {
				row[columns[i]] = string(raw)
			}
		}
		out = append(out, row)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// places counts by table and column where the marked user is found.
func places(t *testing.T, db *sqldb.DB) map[string]int {
	t.Helper()
	found := map[string]int{}
	for _, one := range telling(t, db) {
		for _, column := range one.at {
			found[one.table+"."+column]++
		}
	}
	return found
}

// inFiles are the uploads whose name or content tells of the marked user.
func inFiles(t *testing.T, dir string) (found []string) {
	t.Helper()
	all, err := os.ReadDir(filepath.Join(dir, "uploads"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range all {
		raw, err := os.ReadFile(filepath.Join(dir, "uploads", f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if holds(f.Name()) || holds(string(raw)) {
			found = append(found, f.Name())
		}
	}
	return found
}

// Exports are lines, which the contract calls a text.
func init() {
	openapi3filter.RegisterBodyDecoder("application/x-ndjson", openapi3filter.PlainBodyDecoder)
}

type erasureAnswer struct {
	ID, State, Pseudonym, Waits, Part string
	Counts                            map[string]int
	Vendors                           []struct{ Vendor, What, State, Reason string }
}

// plant leaves the marked user's data wherever the API and the schema let it.
func plant(t *testing.T, p *process, db *sqldb.DB) (conv, pair string) {
	t.Helper()
	me, bob := p.as(t, marked), p.as(t, "2002")
	var made struct{ ConversationId string }
	p.gateway(t, "/inner/create_conversation", serverKey, map[string]any{"conversation_type": 3, "sessions": []string{marked, "2002", "2003"}}).decode(t, &made)
	conv = made.ConversationId
	p.gateway(t, "/send_msg", me, map[string]any{"conversation_id": conv, "type": 1, "content": "one " + marker, "client_msg_id": "key " + marker})
	p.say(t, bob, conv, "a word of bob's")
	p.say(t, me, conv, "two "+marker)
	got := p.do(t, request{Path: "/im/conversations", Header: with(with(serverKey, "Idempotency-Key", "made once"), "Content-Type", "application/json"),
		Body: map[string]any{"conv_type": 1, "conv_creater_id": marked, "client_ids": []string{"2002"}}, Bad: true})
	_ = got
	file := p.upload(t, request{Method: "POST", Path: "/im/file/upload", Header: with(me, "app-id", sandboxApp)}, marker+".png", []byte("\x89PNG\r\n\x1a\n"+marker))
	if file.Code != 0 {
		t.Fatalf("upload: %s", file.Body)
	}
	back := func(method, path string, body any) {
		t.Helper()
		if got := p.do(t, request{Method: method, Path: path, Header: with(serverKey, "Idempotency-Key", "k"+path+method), Body: body}); got.Code != 0 {
			t.Logf("%s %s: %s", method, path, got.Body)
		}
	}
	back("PUT", "/api/server/users/"+marked, map[string]any{"name": marker, "portrait": "https://x.example/" + marker})
	back("POST", "/api/server/users/"+marked+"/blacklist", map[string]any{"users": []string{"2002"}})
	back("POST", "/api/server/users/2002/blacklist", map[string]any{"users": []string{marked}})
	back("POST", "/api/server/users/"+marked+"/block", map[string]any{"seconds": 3600})
	back("POST", "/api/server/users/"+marked+"/unblock", map[string]any{})
	back("POST", "/api/server/wallet/adjust", map[string]any{"uid": marked, "delta": 5, "request_id": "coins-1"})
	back("POST", "/api/server/im/send/tip", map[string]any{"from": marked, "targets": []string{"2002"}, "msg": marker})
	back("POST", "/api/server/groups", map[string]any{"group": "g1", "name": "a group", "owner": marked, "members": []string{marked, "2002"}})
	now := time.Now()
	if err := db.Write(context.Background(), func(tx *sqldb.Tx) error {
		for _, st := range []struct {
			query string
			args  []any
		}{
			{"INSERT INTO pair_records (app, uid, start_at, ask_no, peer, asked, round_no, call_id, end_at, liked, hidden) VALUES (?, ?, ?, 'ask', 2002, 1, 1, 'call', ?, 0, 0)", []any{sandboxApp, 77310042, now.Unix(), now.Unix() + 5}},
			{"INSERT INTO pair_records (app, uid, start_at, ask_no, peer, asked, round_no, call_id, end_at, liked, hidden) VALUES (?, 2002, ?, 'ask', ?, 0, 1, 'call', ?, 0, 0)", []any{sandboxApp, now.Unix(), 77310042, now.Unix() + 5}},
			{"INSERT INTO pair_people (app, uid, ready_ms, idle_ms, paused, card, avail, sessions, online_ms, changed_ms) VALUES (?, ?, 0, 0, 1, '{}', '{}', '{}', 0, 0)", []any{sandboxApp, 77310042}},
			{"INSERT INTO pair_hosts (app, scene, uid) VALUES (?, 1, ?)", []any{sandboxApp, 77310042}},
			{"INSERT INTO events (id, payload, attempts, created_us, due_us, order_key, seq, until_us) VALUES (?, ?, 0, ?, NULL, '', 0, 0)", []any{vendors.VendorSelf + "/e1", []byte(`{"data":{"app":"` + sandboxApp + `","from":"` + marked + `","text":"` + marker + `"}}`), now.UnixMicro()}},
			{"INSERT INTO room_grants (app_id, room, user_id, rights, until_us) VALUES (?, 'r', ?, '', ?)", []any{sandboxApp, marked, now.Add(time.Hour).UnixMicro()}},
			{"INSERT INTO owner_audit (app_id, kind, id, version, at_us, actor, reason, moved) VALUES (?, 'block', ?, 1, ?, 'ann', 'moved', '{}')", []any{sandboxApp, marked, now.UnixMicro()}},
			{"INSERT INTO restraints (app_id, kind, id, what, user_id, until_us, at_us) VALUES (?, 'group', 'g9', 'mute', ?, 0, 1)", []any{sandboxApp, marked}},
			{"INSERT INTO lifts (app_id, kind, id, what, user_id, account, vendor_id, person, due_us, tries) VALUES (?, 'group', 'g9', 'mute', ?, 'rongcloud', 'g9', ?, ?, 0)", []any{sandboxApp, marked, marked, now.Add(time.Hour).UnixMicro()}},
			{"INSERT INTO wishes (app_id, kind, id, thing, account, write_id, want, token, claimed_us, at_us) VALUES (?, 'block', ?, 'remark/2002', 'rongcloud', 'w', '{\"do\":\"remark\"}', 't', 0, ?)", []any{sandboxApp, marked, now.UnixMicro()}},
			{"INSERT INTO watched_users (account, user_id, until_us, asked_us, seen_us, online) VALUES ('rongcloud', ?, ?, 0, 0, 0)", []any{marked, now.Add(time.Hour).UnixMicro()}},
			{"INSERT INTO create_keys (app_id, caller, rules, idem_key, digest, conv_id, fresh, at_us) VALUES (?, ?, 1, 'made once', '', 'c', 0, ?)", []any{sandboxApp, marked, now.UnixMicro()}},
			{"INSERT INTO pair_tickets (ask_no, app, state, version, due_ms, changed_ms, doc) VALUES ('ask-of-the-marked', ?, ?, 1, NULL, ?, ?)", []any{sandboxApp, int(ticket.Ended), now.UnixMilli(), fmt.Sprintf(`{"ask":"ask-of-the-marked","app":%q,"asker":%s,"version":1,"state":%d}`, sandboxApp, marked, ticket.Ended)}},
			{"INSERT INTO pair_tickets (ask_no, app, state, version, due_ms, changed_ms, doc) VALUES ('ask-of-another', ?, ?, 1, NULL, ?, ?)", []any{sandboxApp, int(ticket.Ended), now.UnixMilli(), fmt.Sprintf(`{"ask":"ask-of-another","app":%q,"asker":2002,"version":1,"state":%d,"rounds":[{"no":1,"peer":%s}]}`, sandboxApp, ticket.Ended, marked)}},
			// Another app's user of the same id.
			{"INSERT INTO users (app_id, id, ext, banned, created_us) VALUES ('another', ?, NULL, 0, 1)", []any{marked}},
			{"INSERT INTO pair_people (app, uid, ready_ms, idle_ms, paused, card, avail, sessions, online_ms, changed_ms) VALUES ('another', ?, 0, 0, 1, '{}', '{}', '{}', 0, 0)", []any{77310042}},
		} {
			if _, err := tx.Exec(st.query, st.args...); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return conv, pair
}

// What may tell of the user after the end: names that the app's own back end chose, which
// go with the entry's retention, and another app's user of the same id.
var mayStay = map[string]int{"ledger.idem_key": -1, "users.id": 1, "pair_people.uid": 1}

// Every table and column of the database, and the folder of files, is walked: nothing of
// the user's is found but where it may be.
func TestAnErasedUserIsFoundNowhere(t *testing.T) {
	t.Parallel()
	for _, store := range sqldbtest.Stores {
		t.Run(store.Name, func(t *testing.T) {
			cfg := store.Config(t)
			dir := t.TempDir()
			if cfg.URL == "" {
				cfg.DataDir = dir
			}
			p := start(t, func(c *Config) {
				c.DatabaseURL, c.DataDir, c.AdminKey = vendors.Secret(cfg.URL), dir, sandboxAdmin
			})
			db, err := sqldb.Open(t.Context(), cfg)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			conv, _ := plant(t, p, db)
			old := p.as(t, marked)
			before := places(t, db)
			if len(before) < 12 || len(inFiles(t, dir)) == 0 {
				t.Fatalf("planted in %v", before)
			}
			bob := p.as(t, "2002")
			var first, last struct {
				Msg []struct{ MsgId, FromSession, Content string }
			}
			p.gateway(t, "/get_conversation_msg_by_range", bob, map[string]any{"conversation_id": conv}).decode(t, &first)

			export := p.do(t, request{Method: "GET", Path: "/api/server/users/" + marked + "/data", Header: serverKey, Bad: true})
			for _, want := range []string{"one " + marker, `"section":"files"`, `"section":"pairing"`, `"section":"end"`} {
				if !strings.Contains(string(export.Body), want) {
					t.Errorf("the export lacks %s: %s", want, export.Body)
				}
			}
			if strings.Contains(string(export.Body), "a word of bob's") {
				t.Error("the export has what others said")
			}

			var job, again erasureAnswer
			key := with(serverKey, "Idempotency-Key", "erase-1")
			p.do(t, request{Method: "DELETE", Path: "/api/server/users/" + marked + "/data", Header: key}).decode(t, &job)
			waitFor(t, "the end of the erasure", func() bool {
				p.do(t, request{Method: "GET", Path: "/api/server/erasures/" + job.ID, Header: serverKey}).decode(t, &again)
				return again.State == "done"
			})
			if p.do(t, request{Method: "DELETE", Path: "/api/server/users/" + marked + "/data", Header: key}).decode(t, &again); again.ID != job.ID {
				t.Errorf("the same key erases again: %s, then %s", job.ID, again.ID)
			}
			if len(again.Vendors) == 0 || again.Counts["messages"] == 0 || again.Counts["files"] != 1 {
				t.Errorf("told: %+v", again)
			}
			for place, n := range places(t, db) {
				if most, may := mayStay[place]; !may || most >= 0 && n > most {
					t.Errorf("%s tells of the user %d times", place, n)
				}
			}
			if left := inFiles(t, dir); len(left) > 0 {
				t.Errorf("files %v are left", left)
			}
			// Others keep their history in its order and places.
			p.gateway(t, "/get_conversation_msg_by_range", bob, map[string]any{"conversation_id": conv}).decode(t, &last)
			if len(last.Msg) != len(first.Msg) {
				t.Fatalf("%d messages, there were %d", len(last.Msg), len(first.Msg))
			}
			for i, m := range last.Msg {
				if m.MsgId != first.Msg[i].MsgId || m.FromSession == marked || m.FromSession == "2002" && m.Content != first.Msg[i].Content {
					t.Errorf("message %d is %+v, was %+v", i, m, first.Msg[i])
				}
			}
			// The old token is void, and whoever comes with the id is new.
			if got := p.do(t, request{Path: "/get_joined_conversation", Header: old, Body: map[string]any{}, Bad: true}); got.Code == 0 {
				t.Errorf("an old token is taken: %s", got.Body)
			}
			var joined json.RawMessage
			p.gateway(t, "/get_joined_conversation", p.as(t, marked), map[string]any{}).decode(t, &joined)
			if strings.Contains(string(joined), conv) {
				t.Errorf("who is new is in %s", joined)
			}
		})
	}
}

func TestOnlyOnesOwnUsersAreErased(t *testing.T) {
	t.Parallel()
	p, c0 := start(t, func(c *Config) { c.Apps, c.AdminKey = twoApps(), sandboxAdmin }), twoApps()[0]
	other := map[string]string{"app-id": c0.ID, "app-key": c0.Key.Reveal()}
	mine := map[string]string{"app-id": "strict", "app-key": "strict-key"}
	var job erasureAnswer
	p.do(t, request{Method: "DELETE", Path: "/api/server/users/ann/data", Header: mine}).decode(t, &job)
	for _, c := range []struct {
		method, path string
		header       map[string]string
		status       int
	}{
		{"DELETE", "/api/server/users/ann/data", map[string]string{"app-id": "strict", "app-key": "wrong"}, 401},
		{"GET", "/api/server/users/ann/data", map[string]string{"app-id": "strict", "app-key": "wrong"}, 401},
		{"GET", "/api/server/erasures/" + job.ID, other, 404},
		{"GET", "/api/server/erasures/nothing", mine, 404},
		{"POST", "/admin/erasures", adminKey, 400},
	} {
		got := p.do(t, request{Method: c.method, Path: c.path, Header: c.header, Body: map[string]any{"app": "nobody", "user": "ann", "by": "me"}, Bad: true})
		if got.Status != c.status {
			t.Errorf("%s %s: %d %s, want %d", c.method, c.path, got.Status, got.Body, c.status)
		}
	}
	var audit struct {
		Erasures []struct{ ID, App, By, State string }
	}
	waitFor(t, "the end of the erasure", func() bool {
		p.operate(t, "GET", "/admin/erasures?app=strict", nil, &audit)
		return len(audit.Erasures) == 1 && audit.Erasures[0].State == "done"
	})
	if audit.Erasures[0].By != "back end" {
		t.Errorf("audit: %+v", audit)
	}
}
