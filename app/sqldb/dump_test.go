package sqldb_test

import (
	"bytes"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"switchboard/app/sqldb"
	"switchboard/app/sqldb/sqldbtest"
)

// What docs/operations.md#files-and-backups says of databases: their own dump, taken
// while the program writes, is one moment of the store, and the program goes on from it.
func TestADatabasesOwnDumpIsOneMomentOfTheStore(t *testing.T) {
	for _, store := range sqldbtest.Stores {
		if store.Name == "sqlite" {
			continue // app backup
		}
		t.Run(store.Name, func(t *testing.T) {
			cfg := store.Config(t)
			db, err := sqldb.Open(t.Context(), cfg)
			if err != nil {
				t.Fatal(err)
			}
			put := func(n int) {
				if err := db.Write(t.Context(), func(tx *sqldb.Tx) error {
					_, err := tx.Exec("INSERT INTO upload_usage (app_id, bytes) VALUES (?, ?)", fmt.Sprintf("app%06d", n), n)
					return err
				}); err != nil {
					t.Error(err)
				}
			}
			said := 0
			for ; said < 100; said++ {
				put(said)
			}
			stop := make(chan struct{})
			var writer sync.WaitGroup
			writer.Go(func() {
				for n := 100; ; n++ {
					select {
					case <-stop:
						said = n
						return
					default:
						put(n)
					}
				}
			})
			dump := dumped(t, cfg.URL)
			close(stop)
			writer.Wait()
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			restored(t, cfg.URL, dump)
			again := sqldbtest.Open(t, cfg)
			var rows, last int
			if err := again.QueryRow(t.Context(), "SELECT COUNT(*), MAX(bytes) FROM upload_usage").Scan(&rows, &last); err != nil {
				t.Fatal(err)
			}
			if rows < 100 || rows > said || last != rows-1 {
				t.Errorf("%d rows up to %d: 100 were written before the dump, %d until it ended", rows, last, said)
			}
			if err := again.Ready(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

func dumped(t *testing.T, raw string) []byte {
	t.Helper()
	if strings.HasPrefix(raw, "postgres") {
		at, schema := postgresSchema(t, raw)
		return runTool(t, nil, "pg_dump", "--no-owner", "--schema="+schema, at)
	}
	return runTool(t, nil, "mariadb-dump", append(mysqlFlags(t, raw), "--single-transaction", "--databases", filepath.Base(raw), "--add-drop-database")...)
}

// restored puts the dump in place of what is there.
func restored(t *testing.T, raw string, dump []byte) {
	t.Helper()
	if strings.HasPrefix(raw, "postgres") {
		at, schema := postgresSchema(t, raw)
		runTool(t, nil, "psql", "-q", "-v", "ON_ERROR_STOP=1", "-c", "DROP SCHEMA "+schema+" CASCADE", at)
		runTool(t, dump, "psql", "-q", "-v", "ON_ERROR_STOP=1", at)
		return
	}
	runTool(t, dump, "mariadb", mysqlFlags(t, raw)...)
}

func postgresSchema(t *testing.T, raw string) (at, schema string) {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal("not a url")
	}
	q := u.Query()
	schema = q.Get("search_path")
	q.Del("search_path")
	u.RawQuery = q.Encode()
	return u.String(), schema
}

// mysqlFlags says where user:password@tcp(host:port)/database is.
func mysqlFlags(t *testing.T, raw string) []string {
	t.Helper()
	who, rest, _ := strings.Cut(strings.TrimPrefix(raw, "mysql://"), "@tcp(")
	where, _, _ := strings.Cut(rest, ")")
	host, port, _ := strings.Cut(where, ":")
	user, password, _ := strings.Cut(who, ":")
	return []string{"--host=" + host, "--port=" + port, "--user=" + user, "--password=" + password}
}

// runTool runs a client program of the database, which lies beside its server where
// the path does not have it: what it printed.
func runTool(t *testing.T, in []byte, name string, args ...string) []byte {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		beside, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
		if len(beside) == 0 {
			t.Skipf("%s is not installed", name)
		}
		name = beside[len(beside)-1]
	}
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Env = append(os.Environ(), "PGCONNECT_TIMEOUT=10")
	cmd.Stdin = bytes.NewReader(in)
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v: %s", name, err, complaint.Bytes())
	}
	return out.Bytes()
}
