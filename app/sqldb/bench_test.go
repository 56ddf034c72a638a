package sqldb_test

import (
	"context"
	"database/sql"
	"fmt"
	"testing"

	"switchboard/app/sqldb"
	"switchboard/app/sqldb/sqldbtest"
)

// BenchmarkWrite is two statements a write, an update of one of 1,000 rows and an insert.
func BenchmarkWrite(b *testing.B) {
	for _, store := range sqldbtest.Stores {
		for _, writers := range []int{16, 128} {
			b.Run(fmt.Sprintf("%s/%d", store.Name, writers), func(b *testing.B) {
				cfg := store.Config(b)
				db := sqldbtest.Open(b, cfg)
				if err := prepareCounters(db); err != nil {
					b.Fatal(err)
				}
				plain := sqldbtest.Pool(b, cfg, writers)
				update := "UPDATE counters SET n = n + 1 WHERE name = ?"
				insert := "INSERT INTO entries (name, n) VALUES (?, ?)"
				row := func(w, n int) string { return fmt.Sprintf("row-%d", (w*7919+n)%1000) }
				sqldbtest.Compare(b, writers, func(w, n int) error {
					return db.WriteKeyed(context.Background(), row(w, n), func(tx *sqldb.Tx) error {
						if _, err := tx.Exec(update, row(w, n)); err != nil {
							return err
						}
						_, err := tx.Exec(insert, row(w, n), n)
						return err
					})
				}, func(w, n int) error {
					return sqldbtest.InTx(plain, func(tx *sql.Tx) error {
						if _, err := tx.Exec(sqldbtest.Rebind(cfg, update), row(w, n)); err != nil {
							return err
						}
						_, err := tx.Exec(sqldbtest.Rebind(cfg, insert), row(w, n), n)
						return err
					})
				})
			})
		}
	}
}

func prepareCounters(db *sqldb.DB) error {
	return db.Write(context.Background(), func(tx *sqldb.Tx) error {
		for _, q := range []string{
			"CREATE TABLE counters (name VARCHAR(64) NOT NULL PRIMARY KEY, n BIGINT NOT NULL)",
			"CREATE TABLE entries (name VARCHAR(64) NOT NULL, n BIGINT NOT NULL)",
		} {
			if _, err := tx.Exec(q); err != nil {
				return err
			}
		}
		for i := range 1000 {
			if _, err := tx.Exec("INSERT INTO counters (name, n) VALUES (?, 0)", fmt.Sprintf("row-%d", i)); err != nil {
				return err
			}
		}
		return nil
	})
}
