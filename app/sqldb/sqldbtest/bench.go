package sqldbtest

import (
	"database/sql"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"switchboard/app/sqldb"
)

const measured = 1500 * time.Millisecond

// measure calls write from many writers at once and returns calls a second and
// the times of the median and of the slowest hundredth.
func measure(b *testing.B, writers int, write func(writer, n int) error) (rate float64, p50, p99 time.Duration) {
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		took []time.Duration
	)
	start := time.Now()
	for w := range writers {
		wg.Go(func() {
			var mine []time.Duration
			for n := 0; time.Since(start) < measured; n++ {
				begin := time.Now()
				if err := write(w, n); err != nil {
					b.Error(err)
					return
				}
				mine = append(mine, time.Since(begin))
			}
			mu.Lock()
			took = append(took, mine...)
			mu.Unlock()
		})
	}
	wg.Wait()
	elapsed := time.Since(start)
	if len(took) == 0 {
		b.Fatal("nothing was written")
	}
	slices.Sort(took)
	return float64(len(took)) / elapsed.Seconds(), took[len(took)/2], took[len(took)*99/100]
}

// Compare measures the store against a pool that commits each write on its own,
// one after the other, on the same database.
func Compare(b *testing.B, writers int, grouped, naive func(writer, n int) error) {
	for b.Loop() {
		rate, p50, p99 := measure(b, writers, grouped)
		alone, alone50, alone99 := measure(b, writers, naive)
		b.ReportMetric(rate, "grouped/s")
		b.ReportMetric(float64(p50.Microseconds())/1000, "p50-ms")
		b.ReportMetric(float64(p99.Microseconds())/1000, "p99-ms")
		b.ReportMetric(alone, "naive/s")
		b.ReportMetric(float64(alone50.Microseconds())/1000, "naive-p50-ms")
		b.ReportMetric(float64(alone99.Microseconds())/1000, "naive-p99-ms")
		b.ReportMetric(rate/alone, "x-naive")
	}
}

// Stores are all kinds of store, for benchmarks.
var Stores = []struct {
	Name   string
	Config func(testing.TB) sqldb.Config
}{{"sqlite", SQLite}, {"postgres", Postgres}, {"mysql", MySQL}}

// Pool opens cfg as one would without this package: a connection per writer.
func Pool(b testing.TB, cfg sqldb.Config, writers int) *sql.DB {
	b.Helper()
	driver, dsn := "sqlite3", "file:"+filepath.Join(cfg.DataDir, "switchboard.db")+
		"?_pragma=busy_timeout(60000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_txlock=immediate"
	switch {
	case strings.HasPrefix(cfg.URL, "postgres"):
		driver, dsn = "pgx", cfg.URL
	case strings.HasPrefix(cfg.URL, "mysql"):
		c, err := mysql.ParseDSN(strings.TrimPrefix(cfg.URL, "mysql://"))
		if err != nil {
			b.Fatal(err)
		}
		c.InterpolateParams, c.ClientFoundRows = true, true
		driver, dsn = "mysql", c.FormatDSN()
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	db.SetMaxOpenConns(min(writers, 60)) // servers take 100 by default, and others use them too
	db.SetMaxIdleConns(min(writers, 60))
	return db
}

// Rebind writes ? as PostgreSQL wants it.
func Rebind(cfg sqldb.Config, query string) string {
	if !strings.HasPrefix(cfg.URL, "postgres") {
		return query
	}
	for n := 1; strings.Contains(query, "?"); n++ {
		query = strings.Replace(query, "?", "$"+strconv.Itoa(n), 1)
	}
	return query
}

// InTx runs statements that must each match one row in a transaction of their own.
func InTx(db *sql.DB, run func(tx *sql.Tx) error) error {
	for {
		tx, err := db.Begin()
		if err != nil {
			return err
		}
		if err = run(tx); err == nil {
			err = tx.Commit()
		}
		if err == nil {
			return nil
		}
		_ = tx.Rollback()
		if s := err.Error(); !strings.Contains(s, "40P01") && !strings.Contains(s, "1213") && !strings.Contains(s, "SQLITE_BUSY") {
			return err
		}
	}
}
