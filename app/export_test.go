package main

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"switchboard/app/sqldb"
)

// exported says in which section a row of each table is, and by which column it is known
// there.
var exported = map[string]struct{ section, column string }{
	"users": {"profile", "id"}, "members": {"conversations", "conv_id"}, "messages": {"messages", "msg_id"}, "files": {"files", "name"},
	"pair_records": {"pairing", "ask_no"}, "pair_tickets": {"pairing_asks", "ask_no"}, "pair_people": {"pairing_person", "online_ms"}, "pair_hosts": {"pairing_person", "scene"},
	"restraints": {"holds", "id"}, "owners": {"owned", "id"}, "room_grants": {"rooms", "room"}, "profiles": {"vendor_profiles", "account"},
	"wishes": {"wishes", "thing"}, "watched_users": {"presence", "account"}, "events": {"events", "id"}, "ledger": {"ledger", "idem_key"},
	"owner_audit": {"audit", "reason"}, "erasures": {"audit", "id"},
}

// withheld is why a row is in no export; "": it has to be in one.
func withheld(r tells) string {
	row := r.row
	app, known := row["app_id"]
	if !known {
		app = row["app"]
	}
	if app != "" && app != sandboxApp {
		return "another app's user of the same id"
	}
	switch r.table {
	case "conversations":
		return "what is kept of the conversation: the user's part in it is under members and messages"
	case "send_keys", "create_keys":
		return "keys that the client made up, against repetitions: of what was sent, which is under messages"
	case "presence":
		return "at which process a session is: of this moment alone"
	case "lifts":
		return "when a hold ends: it is under restraints"
	case "pair_claims":
		return "by which search the user is held: it is under pair_tickets"
	case "messages":
		if row["sender"] != marked {
			return "somebody else's words"
		}
	case "pair_records":
		if row["uid"] != marked {
			return "the partner's record"
		}
	case "pair_tickets":
		if !strings.Contains(row["doc"], `"asker":`+marked) {
			return "somebody else's search"
		}
	case "restraints":
		if row["kind"] == "block" && row["user_id"] == marked {
			return "somebody else's blacklist"
		}
	}
	return ""
}

// Every table is walked: each row that tells of a user is in their export, or there is a
// reason why not.
func TestTheExportHasEveryRowThatTellsOfTheUser(t *testing.T) {
	dir := t.TempDir()
	p := start(t, func(c *Config) { c.DataDir, c.AdminKey = dir, sandboxAdmin })
	db, err := sqldb.Open(t.Context(), sqldb.Config{DataDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	plant(t, p, db)
	export := p.do(t, request{Method: "GET", Path: "/api/server/users/" + marked + "/data", Header: serverKey, Bad: true})
	sections := map[string]string{}
	for line := range strings.Lines(string(export.Body)) {
		var l struct {
			Section string
			Data    json.RawMessage
		}
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatal(err)
		}
		sections[l.Section] += string(l.Data) + "\n"
	}
	seen := map[string]bool{}
	for _, r := range telling(t, db) {
		if withheld(r) != "" {
			continue
		}
		seen[r.table] = true
		in, known := exported[r.table]
		value := r.row[in.column]
		switch {
		case !known:
			t.Errorf("%s tells of users (%v): it has to be in the export, or in this test with a reason", r.table, r.at)
		case r.table == "restraints" && r.row["kind"] == "block":
			in.section, value = "blocks", r.row["user_id"] // the account, or who is not heard
		case r.table == "pair_people":
			value = `"available"`
		}
		if known && !strings.Contains(sections[in.section], value) {
			t.Errorf("the export's %s lacks %s %q: %s", in.section, r.table, value, sections[in.section])
		}
	}
	for _, table := range slices.Sorted(maps.Keys(exported)) {
		if !seen[table] {
			t.Errorf("nothing is planted in %s", table)
		}
	}
	if strings.Contains(string(export.Body), "a word of bob's") {
		t.Error("the export has what others said")
	}
}
