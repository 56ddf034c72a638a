package sqldb

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const holderVariable = "SWITCHBOARD_TEST_LOCK_HOLDER"

// TestLockHolder is no test but the other process of the one below.
func TestLockHolder(t *testing.T) {
	dir := os.Getenv(holderVariable)
	if dir == "" {
		return
	}
	if _, err := Open(t.Context(), Config{DataDir: dir, Serve: true}); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("holds")
	select {}
}

// One process serves a SQLite file. Another that wants to is refused, also where the file
// of the lock was left behind, until the first has ended, by kill -9 too; one that only
// works on the file is not in its way.
func TestOneProcessServesASQLiteFile(t *testing.T) {
	dir := t.TempDir()
	holder := func() (*exec.Cmd, string) {
		cmd := exec.Command(os.Args[0], "-test.run=^TestLockHolder$")
		cmd.Env = append(os.Environ(), holderVariable+"="+dir)
		out, err := cmd.StdoutPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		line, _ := bufio.NewReader(out).ReadString('\n')
		t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
		return cmd, line
	}
	first, line := holder()
	if line != "holds\n" {
		t.Fatal(line)
	}
	if _, line := holder(); !strings.Contains(line, ErrServed.Error()) {
		t.Errorf("a second process: %q", line)
	}
	if db, err := Open(t.Context(), Config{DataDir: dir, Serve: true}); !errors.Is(err, ErrServed) {
		t.Fatalf("this process: %v %v", db, err)
	}
	if err := Snapshot(t.Context(), dir, filepath.Join(t.TempDir(), "snapshot")); err != nil {
		t.Errorf("a snapshot: %v", err)
	}
	task, err := Open(t.Context(), Config{DataDir: dir})
	if err != nil {
		t.Fatalf("a command: %v", err)
	}
	_ = first.Process.Kill()
	_ = first.Wait()
	if _, err := os.Stat(filepath.Join(dir, LockFile)); err != nil {
		t.Errorf("kill -9 leaves the lock's file: %v", err)
	}
	for range 2 { // after a kill, and after a close
		db, err := Open(t.Context(), Config{DataDir: dir, Serve: true})
		if err != nil {
			t.Fatal(err)
		}
		if _, line := holder(); !strings.Contains(line, ErrServed.Error()) {
			t.Errorf("a second process: %q", line)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := task.Close(); err != nil {
		t.Error(err)
	}
	if _, line := holder(); line != "holds\n" {
		t.Errorf("after a close: %q", line)
	}
}

// Whatever folder it is given, nobody but the owner reads a file of the store's, one
// that an older program left behind included.
func TestTheStoresFilesAreTheirOwnersAlone(t *testing.T) {
	dir := t.TempDir()
	for _, left := range []string{SQLiteFile, SQLiteFile + "-wal", SQLiteFile + "-shm", "migrate.lock"} {
		if err := os.WriteFile(filepath.Join(dir, left), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 { // the second time with files of this program's
		db, err := Open(t.Context(), Config{DataDir: dir, Serve: true})
		if err != nil {
			t.Fatal(err)
		}
		entries, err := os.ReadDir(dir)
		if err != nil || len(entries) < 4 {
			t.Fatal(entries, err)
		}
		for _, e := range entries {
			info, err := e.Info()
			if err != nil {
				t.Fatal(err)
			}
			if info.Mode().Perm()&0o077 != 0 {
				t.Errorf("%s: %v", e.Name(), info.Mode())
			}
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
