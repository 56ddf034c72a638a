package storage_test

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"switchboard/app/conversation"
	"switchboard/app/storage"
	"switchboard/app/storage/storagetest"
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

// compare measures the store against a pool that commits each write on its own,
// one after the other, on the same database.
func compare(b *testing.B, writers int, grouped, naive func(writer, n int) error) {
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

var benchmarked = []struct {
	name   string
	config func(testing.TB) storage.Config
}{{"sqlite", storagetest.SQLite}, {"postgres", storagetest.Postgres}, {"mysql", storagetest.MySQL}}

// pool opens cfg as one would without this package: a connection per writer.
func pool(b *testing.B, cfg storage.Config, writers int) *sql.DB {
	b.Helper()
	driver, dsn := "sqlite", "file:"+filepath.Join(cfg.DataDir, "switchboard.db")+
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

// rebind writes ? as PostgreSQL wants it.
func rebind(cfg storage.Config, query string) string {
	if !strings.HasPrefix(cfg.URL, "postgres") {
		return query
	}
	for n := 1; strings.Contains(query, "?"); n++ {
		query = strings.Replace(query, "?", "$"+strconv.Itoa(n), 1)
	}
	return query
}

// inTx runs statements that must each match one row in a transaction of their own.
func inTx(db *sql.DB, run func(tx *sql.Tx) error) error {
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

// BenchmarkWrite is two statements a write, an update of one of 1,000 rows and an insert.
func BenchmarkWrite(b *testing.B) {
	for _, store := range benchmarked {
		for _, writers := range []int{16, 128} {
			b.Run(fmt.Sprintf("%s/%d", store.name, writers), func(b *testing.B) {
				cfg := store.config(b)
				db := storagetest.Open(b, cfg)
				if err := prepareCounters(db); err != nil {
					b.Fatal(err)
				}
				plain := pool(b, cfg, writers)
				update := "UPDATE counters SET n = n + 1 WHERE name = ?"
				insert := "INSERT INTO entries (name, n) VALUES (?, ?)"
				row := func(w, n int) string { return fmt.Sprintf("row-%d", (w*7919+n)%1000) }
				compare(b, writers, func(w, n int) error {
					return db.WriteKeyed(context.Background(), row(w, n), func(tx *storage.Tx) error {
						if _, err := tx.Exec(update, row(w, n)); err != nil {
							return err
						}
						_, err := tx.Exec(insert, row(w, n), n)
						return err
					})
				}, func(w, n int) error {
					return inTx(plain, func(tx *sql.Tx) error {
						if _, err := tx.Exec(rebind(cfg, update), row(w, n)); err != nil {
							return err
						}
						_, err := tx.Exec(rebind(cfg, insert), row(w, n), n)
						return err
					})
				})
			})
		}
	}
}

func prepareCounters(db *storage.DB) error {
	return db.Write(context.Background(), func(tx *storage.Tx) error {
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

// BenchmarkSend is durable messages: to one conversation, or spread over 500.
// The naive pool does the least that keeps a conversation's order: it counts
// the conversation up and inserts the message.
func BenchmarkSend(b *testing.B) {
	for _, store := range benchmarked {
		for _, convs := range []int{1, 500} {
			for _, writers := range []int{16, 128} {
				name := map[int]string{1: "hot", 500: "spread"}[convs]
				b.Run(fmt.Sprintf("%s/%s/%d", store.name, name, writers), func(b *testing.B) {
					cfg := store.config(b)
					s := conversation.New(storage.NewConversations(storagetest.Open(b, cfg)), conversation.Config{}, func(conversation.News) {})
					ids := make([]string, convs)
					for i := range ids {
						ids[i] = group(b, s, "Tom", "Jerry")
					}
					plain := pool(b, cfg, writers)
					var id atomic.Int64 // of naive messages, over all rounds
					compare(b, writers, func(w, n int) error {
						_, err := s.Send(context.Background(), as("Tom"), conversation.Post{
							Conversation: ids[(w*7919+n)%convs], Type: conversation.TextMessage, Text: "HELLO !",
						})
						return err
					}, func(w, n int) error {
						return naiveSend(plain, cfg, ids[(w*7919+n)%convs], fmt.Sprint(id.Add(1)))
					})
				})
			}
		}
	}
}

func naiveSend(db *sql.DB, cfg storage.Config, conv, id string) error {
	return inTx(db, func(tx *sql.Tx) error {
		if _, err := tx.Exec(rebind(cfg, "UPDATE conversations SET last_seq = last_seq + 1, last_us = ? WHERE id = ?"), time.Now().UnixMicro(), conv); err != nil {
			return err
		}
		var seq int64
		if err := tx.QueryRow(rebind(cfg, "SELECT last_seq FROM conversations WHERE id = ?"), conv).Scan(&seq); err != nil {
			return err
		}
		_, err := tx.Exec(rebind(cfg, `INSERT INTO messages (conv_id, seq, app_id, msg_id, sender, type, status, content, url, no_sync, mention_all, mentions, at_us)
			VALUES (?, ?, '666666', ?, 'Tom', -1, 0, 'HELLO !', '', 0, 0, '', ?)`), conv, seq, id, time.Now().UnixMicro())
		return err
	})
}

// A sanity check of the benchmark itself, so that it cannot compare nothing.
func TestTheBenchmarksSendsAreRealMessages(t *testing.T) {
	cfg := storagetest.SQLite(t)
	s := conversation.New(storage.NewConversations(storagetest.Open(t, cfg)), conversation.Config{}, func(conversation.News) {})
	conv := group(t, s, "Tom")
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: filepath.Join(cfg.DataDir, "switchboard.db")}).EscapedPath())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for i := range 3 {
		if err := naiveSend(db, cfg, conv, fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
	}
	if m := say(t, s, conv, "Tom", "x"); m.Seq != 4 {
		t.Errorf("seq %d after three naive sends", m.Seq)
	}
}
