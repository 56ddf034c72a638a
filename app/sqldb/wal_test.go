package sqldb_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"switchboard/app/sqldb"
	"switchboard/app/sqldb/sqldbtest"
)

func TestAWriteIsAnsweredAndShownOnceTheLogIsSynced(t *testing.T) {
	db := sqldbtest.Open(t, sqldbtest.SQLite(t))
	table(t, db)
	syncing, disk := make(chan struct{}, 16), make(chan error)
	db.SyncLog(func(*os.File) error { syncing <- struct{}{}; return <-disk })
	defer close(disk)

	first, second := make(chan error, 1), make(chan error, 1)
	before := db.Stats().Commits
	go func() { first <- insert(db, "first") }()
	<-syncing
	go func() { second <- insert(db, "second") }()
	for db.Stats().Commits < before+2 { // the lane does not wait for the disk
		time.Sleep(time.Millisecond)
	}
	short, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	var n int
	if err := db.QueryRow(short, "SELECT n FROM counters WHERE name = 'first'").Scan(&n); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a reader was shown what may still be lost: %v", err)
	}
	if rows, err := db.Query(short, "SELECT n FROM counters"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("readers were shown what may still be lost: %v", err)
		_ = rows.Close()
	}
	select {
	case <-first:
		t.Fatal("a write was answered before the log was synced")
	case <-second:
		t.Fatal("a write was answered before the log was synced")
	default:
	}

	disk <- nil // this sync may have begun before the second commit
	if err := <-first; err != nil {
		t.Fatal(err)
	}
	<-syncing
	select {
	case <-second:
		t.Fatal("the second write was answered by the first one's sync")
	default:
	}
	disk <- nil
	if err := <-second; err != nil {
		t.Fatal(err)
	}
	if !has(t, db, "first") || !has(t, db, "second") {
		t.Error("not there after the sync")
	}
}

func TestALogThatCannotBeSyncedIsNotTrustedAgain(t *testing.T) {
	cfg := sqldbtest.SQLite(t)
	db := sqldbtest.Open(t, cfg)
	table(t, db)
	fault := errors.New("input/output error")
	db.SyncLog(func(*os.File) error { return fault })
	if err := insert(db, "in doubt"); !errors.Is(err, sqldb.ErrOutcomeUnknown) || !errors.Is(err, fault) {
		t.Errorf("the write that was not synced: %v", err)
	}
	db.SyncLog(func(*os.File) error { return nil })
	if err := insert(db, "refused"); !errors.Is(err, sqldb.ErrUnavailable) || errors.Is(err, sqldb.ErrOutcomeUnknown) {
		t.Errorf("a write after it: %v", err)
	}
	var n int
	if err := db.QueryRow(t.Context(), "SELECT n FROM counters WHERE name = 'in doubt'").Scan(&n); !errors.Is(err, sqldb.ErrUnavailable) {
		t.Errorf("a read after it: %v", err)
	}
	if err := db.Ready(t.Context()); !errors.Is(err, sqldb.ErrUnavailable) {
		t.Errorf("ready: %v", err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	again := sqldbtest.Open(t, cfg)
	if err := insert(again, "after the start"); err != nil {
		t.Error(err)
	}
	if has(t, again, "refused") {
		t.Error("a write that was refused for sure is there")
	}
}

// disk keeps what the files held when a sync was last asked for: what a power
// cut would leave in the worst case.
type disk struct {
	from, to string
	copies   atomic.Int64
}

func (d *disk) dir(n int64) string { return filepath.Join(d.to, fmt.Sprint(n)) }

func (d *disk) sync(log *os.File) error {
	dir := d.dir(d.copies.Load() + 1)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	for _, name := range []string{"switchboard.db", "switchboard.db-wal"} {
		content, err := os.ReadFile(filepath.Join(d.from, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), content, 0o600)
		}
		if err != nil {
			return err
		}
	}
	d.copies.Add(1)
	return log.Sync()
}

func TestWhatWasAcknowledgedIsThereAfterAPowerCut(t *testing.T) {
	cfg := sqldbtest.SQLite(t)
	db := sqldbtest.Open(t, cfg)
	table(t, db)
	d := &disk{from: cfg.DataDir, to: t.TempDir()}
	db.SyncLog(d.sync)
	var (
		mu    sync.Mutex
		acked = map[int64][]string{} // by the copy that there was
		wg    sync.WaitGroup
	)
	for w := range 4 {
		wg.Go(func() {
			for n := range 10 {
				name := fmt.Sprint(w, "-", n)
				if err := insert(db, name); err != nil {
					t.Error(err)
					return
				}
				there := d.copies.Load()
				mu.Lock()
				acked[there] = append(acked[there], name)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	for there, names := range acked {
		cut := sqldbtest.Open(t, sqldb.Config{DataDir: d.dir(there)})
		for _, name := range names {
			if !has(t, cut, name) {
				t.Errorf("%s was acknowledged before sync %d had it", name, there)
			}
		}
	}
}
