package sqldb_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/util/vfsutil"
	"github.com/ncruces/go-sqlite3/vfs"

	"switchboard/app/sqldb"
	"switchboard/app/sqldb/sqldbtest"
)

// disk is SQLite's way to the file system, with what a test does when SQLite makes
// its log durable.
type disk struct {
	vfs.VFSFilename
	sync atomic.Pointer[func(real func() error) error]
}

// newDisk lets cfg's store go through a disk.
func newDisk(t *testing.T, cfg sqldb.Config) (*disk, sqldb.Config) {
	t.Helper()
	d := &disk{VFSFilename: vfs.Find("").(vfs.VFSFilename)}
	name := strings.ReplaceAll(t.Name(), "/", "-")
	vfs.Register(name, d)
	t.Cleanup(func() { vfs.Unregister(name) })
	return d, cfg.WithVFS(name)
}

func (d *disk) onSync(do func(real func() error) error) { d.sync.Store(&do) }

// OpenFilename implements vfs.VFSFilename.
func (d *disk) OpenFilename(name *vfs.Filename, flags vfs.OpenFlag) (vfs.File, vfs.OpenFlag, error) {
	f, flags, err := vfsutil.WrapOpenFilename(d.VFSFilename, name, flags)
	if err == nil {
		f = &diskFile{File: f, disk: d, log: flags&vfs.OPEN_WAL != 0}
	}
	return f, flags, err
}

type diskFile struct {
	vfs.File
	disk *disk
	log  bool
}

// SharedMemory implements vfs.FileSharedMemory.
func (f *diskFile) SharedMemory() vfs.SharedMemory { return vfsutil.WrapSharedMemory(f.File) }

// Sync implements vfs.File.
func (f *diskFile) Sync(flags vfs.SyncFlag) error {
	do := f.disk.sync.Load()
	if do == nil || !f.log {
		return f.File.Sync(flags)
	}
	return (*do)(func() error { return f.File.Sync(flags) })
}

func TestAWriteIsAnsweredAndShownOnceTheLogIsSynced(t *testing.T) {
	d, cfg := newDisk(t, sqldbtest.SQLite(t))
	db := sqldbtest.Open(t, cfg)
	table(t, db)
	syncing, answer := make(chan struct{}, 16), make(chan error)
	d.onSync(func(real func() error) error {
		syncing <- struct{}{}
		return errors.Join(<-answer, real())
	})
	first, second := make(chan error, 1), make(chan error, 1)
	go func() { first <- insert(db, "first") }()
	<-syncing
	go func() { second <- insert(db, "second") }()
	if has(t, db, "first") {
		t.Error("a reader was shown what may still be lost")
	}
	for _, c := range []chan error{first, second} {
		select {
		case <-c:
			t.Fatal("a write was answered before the log was synced")
		case <-time.After(20 * time.Millisecond):
		}
	}
	answer <- nil
	if err := <-first; err != nil {
		t.Fatal(err)
	}
	<-syncing
	if !has(t, db, "first") || has(t, db, "second") {
		t.Error("readers see what is synced, and nothing else")
	}
	select {
	case <-second:
		t.Fatal("the second write was answered by the first one's sync")
	default:
	}
	close(answer)
	if err := <-second; err != nil {
		t.Fatal(err)
	}
	if !has(t, db, "second") {
		t.Error("not there after the sync")
	}
}

// What a sync that failed has left on the disk is not known: the write is in doubt,
// and what is written later stands on what was synced before.
func TestALogThatCannotBeSyncedLeavesItsWriteInDoubt(t *testing.T) {
	d, cfg := newDisk(t, sqldbtest.SQLite(t))
	db := sqldbtest.Open(t, cfg)
	table(t, db)
	if err := insert(db, "before"); err != nil {
		t.Fatal(err)
	}
	d.onSync(func(func() error) error { return sqlite3.IOERR_FSYNC })
	if err := insert(db, "in doubt"); !errors.Is(err, sqldb.ErrOutcomeUnknown) || !errors.Is(err, sqldb.ErrUnavailable) {
		t.Errorf("the write that was not synced: %v", err)
	}
	if err := db.Ready(t.Context()); !errors.Is(err, sqldb.ErrUnavailable) {
		t.Errorf("ready: %v", err)
	}
	d.onSync(func(real func() error) error { return real() })
	if err := insert(db, "after"); err != nil {
		t.Errorf("a write when the disk works again: %v", err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	again := sqldbtest.Open(t, cfg)
	if !has(t, again, "before") || !has(t, again, "after") {
		t.Error("a write that was acknowledged is lost")
	}
}

// cuts keeps what the files held each time a sync was asked for: what a power cut
// after it would leave in the worst case.
type cuts struct {
	from, to string
	copies   atomic.Int64
}

func (c *cuts) dir(n int64) string { return filepath.Join(c.to, fmt.Sprint(n)) }

func (c *cuts) sync(real func() error) error {
	dir := c.dir(c.copies.Load() + 1)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	for _, name := range []string{"switchboard.db", "switchboard.db-wal"} {
		content, err := os.ReadFile(filepath.Join(c.from, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), content, 0o600)
		}
		if err != nil {
			return err
		}
	}
	c.copies.Add(1)
	return real()
}

func TestWhatWasAcknowledgedIsThereAfterAPowerCut(t *testing.T) {
	d, cfg := newDisk(t, sqldbtest.SQLite(t))
	db := sqldbtest.Open(t, cfg)
	table(t, db)
	c := &cuts{from: cfg.DataDir, to: t.TempDir()}
	d.onSync(c.sync)
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
				there := c.copies.Load()
				mu.Lock()
				acked[there] = append(acked[there], name)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if len(acked) == 0 {
		t.Fatal("nothing was synced")
	}
	for there, names := range acked {
		cut := sqldbtest.Open(t, sqldb.Config{DataDir: c.dir(there)})
		for _, name := range names {
			if !has(t, cut, name) {
				t.Errorf("%s was acknowledged before sync %d had it", name, there)
			}
		}
	}
}
