package sqldb_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"
	"time"

	"switchboard/app/conversation/conversationsql"
	"switchboard/app/events/eventsql"
	"switchboard/app/ledger/ledgersql"
	"switchboard/app/pairing"
	"switchboard/app/pairing/pairingsql"
	"switchboard/app/pairing/ticket"
	"switchboard/app/sqldb"
	"switchboard/app/sqldb/sqldbtest"
	"switchboard/app/switches/switchessql"
)

// released are the checksums of the migrations that stores out there have been made
// by. A line is added with a release and never changed.
var released = map[string]string{
	"migrations/mysql/00001_baseline.sql":    "27d71dfc83c9c0a9",
	"migrations/postgres/00001_baseline.sql": "9449b6d17fb3b1a6",
	"migrations/sqlite/00001_baseline.sql":   "744d36d80db842ae",
}

func TestReleasedMigrationsStayAsTheyWere(t *testing.T) {
	for name, want := range released {
		content, err := fs.ReadFile(sqldb.Migrations, name)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(content)
		if got := hex.EncodeToString(sum[:8]); got != want {
			t.Errorf("%s was changed (%s, released as %s): write a new migration instead", name, got, want)
		}
	}
}

// fill runs testdata/baseline.sql, which every dialect understands.
func fill(t *testing.T, cfg sqldb.Config) {
	t.Helper()
	script, err := os.ReadFile("testdata/baseline.sql")
	if err != nil {
		t.Fatal(err)
	}
	db := sqldbtest.Pool(t, cfg, 1)
	for statement := range strings.SplitSeq(string(script), ";\n") {
		if strings.TrimSpace(statement) == "" {
			continue
		}
		if _, err := db.Exec(statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// A store that the first release made, with data of every domain in it, is brought up
// to this version's schema and keeps its data.
func TestAStoreOfTheFirstReleaseIsBroughtUpWithItsData(t *testing.T) {
	for _, store := range sqldbtest.Stores {
		t.Run(store.Name, func(t *testing.T) {
			cfg := store.Config(t)
			if err := sqldb.MigrateTo(t.Context(), cfg, 1); err != nil {
				t.Fatal(err)
			}
			fill(t, cfg)
			checkFilled(t, sqldbtest.Open(t, cfg))
		})
	}
}

func checkFilled(t *testing.T, db *sqldb.DB) {
	ctx := t.Context()
	messages, err := conversationsql.New(db).Messages(ctx, "c1", 1, 0, 10, false)
	if err != nil || len(messages) != 2 || messages[1].Text != "second" || string(messages[1].Attr) != `{"k":1}` || len(messages[1].Mentions) != 1 {
		t.Errorf("messages: %+v, %v", messages, err)
	}
	if n, err := conversationsql.New(db).Joined(ctx, "a", "ann"); err != nil || len(n) != 1 {
		t.Errorf("memberships: %v, %v", n, err)
	}
	if entries, err := ledgersql.New(db).ByRequest(ctx, "r1"); err != nil || len(entries) != 2 || entries[0].Vendor != "linkv" || entries[0].Key != "order-1" {
		t.Errorf("ledger: %+v, %v", entries, err)
	}
	if due, err := eventsql.New(db).Claim(ctx, 10, time.Minute); err != nil || len(due) != 1 || due[0].Attempts != 3 {
		t.Errorf("events: %+v, %v", due, err)
	}
	if changes, err := switchessql.New(db).Load(ctx, 10); err != nil || len(changes) != 1 || changes[0].Actor != "op" {
		t.Errorf("switches: %+v, %v", changes, err)
	}
	checkPairing(t, pairingsql.New(db))
}

func checkPairing(t *testing.T, s *pairingsql.Store) {
	ctx := t.Context()
	found, err := s.Load(ctx, "7000000000000000001")
	if err != nil || found.Asker != 7 || found.State != ticket.Liked || len(found.Offers) != 1 || found.Offers[0].Card.Accept != 0.5 || len(found.Outbox) != 1 {
		t.Errorf("ticket: %+v, %v", found, err)
	}
	if claim, held, err := s.Holder(ctx, "a", 8); err != nil || !held || claim.Epoch != 3 {
		t.Errorf("claim: %+v %t, %v", claim, held, err)
	}
	if c, err := s.Candidate(ctx, "a", 8); err != nil || !c.Claimed || c.Card.Offers != 4 {
		t.Errorf("candidate: %+v, %v", c, err)
	}
	for uid, want := range map[ticket.UID]int{7: 1, 8: 2} {
		records, err := s.Records(ctx, "a", uid, pairing.Cursor{}, 10)
		if err != nil || len(records) != want || records[want-1].Asker != 7 || records[want-1].Peer != 8 || !records[want-1].Liked {
			t.Errorf("records of %d: %+v, %v", uid, records, err)
		}
	}
	if version, hosts, err := s.Hosts(ctx, "a", 1, 0); err != nil || version != 5 || len(hosts) != 2 {
		t.Errorf("hosts: %d %v, %v", version, hosts, err)
	}
	if settings, err := s.Settings(ctx, "a", 1); err != nil || settings["pair.fanout"] != "2" {
		t.Errorf("settings: %v, %v", settings, err)
	}
}

func TestASchemaThatIsNewerThanTheProgramIsRefused(t *testing.T) {
	known, err := os.ReadDir("migrations/sqlite")
	if err != nil {
		t.Fatal(err)
	}
	for _, store := range sqldbtest.Stores {
		t.Run(store.Name, func(t *testing.T) {
			cfg := store.Config(t)
			db := sqldbtest.Open(t, cfg)
			if err := db.Write(t.Context(), func(tx *sqldb.Tx) error {
				_, err := tx.Exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, ?)", true)
				return err
			}); err != nil {
				t.Fatal(err)
			}
			_, err := sqldb.Open(context.Background(), cfg)
			if !errors.Is(err, sqldb.ErrNewerSchema) || !strings.Contains(err.Error(), "version 999") || !strings.Contains(err.Error(), fmt.Sprintf("knows %d;", len(known))) {
				t.Errorf("%v", err)
			}
		})
	}
}
