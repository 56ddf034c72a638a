// Package sqldbtest opens fresh stores for tests: SQLite always, PostgreSQL
// and MySQL when SWITCHBOARD_TEST_POSTGRES and SWITCHBOARD_TEST_MYSQL name servers.
package sqldbtest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"net/url"
	"os"
	"strings"
	"testing"

	_ "github.com/go-sql-driver/mysql" // the server's own connection
	_ "github.com/jackc/pgx/v5/stdlib"

	"switchboard/app/sqldb"
)

// Each runs test on every kind of store that is at hand, each fresh.
func Each(t *testing.T, test func(t *testing.T, db *sqldb.DB)) {
	t.Run("sqlite", func(t *testing.T) { test(t, Open(t, SQLite(t))) })
	t.Run("postgres", func(t *testing.T) { test(t, Open(t, Postgres(t))) })
	t.Run("mysql", func(t *testing.T) { test(t, Open(t, MySQL(t))) })
}

// Open opens cfg and closes it with the test.
func Open(t testing.TB, cfg sqldb.Config) *sqldb.DB {
	t.Helper()
	db, err := sqldb.Open(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// SQLite is a file of its own.
func SQLite(t testing.TB) sqldb.Config { return sqldb.Config{DataDir: t.TempDir()} }

// Postgres is a schema of its own, dropped with the test, which is skipped when
// there is no server.
func Postgres(t testing.TB) sqldb.Config {
	t.Helper()
	raw := server(t, "SWITCHBOARD_TEST_POSTGRES")
	name := fresh()
	admin(t, "pgx", raw, "CREATE SCHEMA "+name, "DROP SCHEMA "+name+" CASCADE")
	return sqldb.Config{URL: withQuery(t, raw, "search_path", name)}
}

// MySQL is a database of its own, dropped with the test, which is skipped when
// there is no server.
func MySQL(t testing.TB) sqldb.Config {
	t.Helper()
	raw := server(t, "SWITCHBOARD_TEST_MYSQL")
	name := fresh()
	dsn := strings.TrimPrefix(raw, "mysql://")
	if !strings.Contains(dsn, "(") {
		u, err := url.Parse(raw)
		if err != nil {
			t.Fatal("SWITCHBOARD_TEST_MYSQL is not a url")
		}
		dsn = u.User.String() + "@tcp(" + u.Host + ")" + u.Path
	}
	admin(t, "mysql", dsn, "CREATE DATABASE "+name, "DROP DATABASE "+name)
	return sqldb.Config{URL: "mysql://" + dsn[:strings.LastIndex(dsn, "/")+1] + name}
}

func server(t testing.TB, variable string) string {
	t.Helper()
	raw := os.Getenv(variable)
	if raw == "" {
		t.Skipf("%s is not set: no such server to test with", variable)
	}
	return raw
}

func fresh() string {
	var b [6]byte
	_, _ = rand.Read(b[:])
	return "sbtest_" + hex.EncodeToString(b[:])
}

func withQuery(t testing.TB, raw, key, value string) string {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal("the test server's url is not a url")
	}
	q := u.Query()
	q.Set(key, value)
	u.RawQuery = q.Encode()
	return u.String()
}

func admin(t testing.TB, driver, dsn, create, drop string) {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(create); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := db.Exec(drop); err != nil {
			t.Error(err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
}
