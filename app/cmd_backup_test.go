package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"switchboard/app/sqldb"
)

// app is this program as a process of its own with the arguments, over the data
// directory: what it printed.
func app(t *testing.T, dir string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = append(os.Environ(), programVariable+"=1", envPrefix+"_DATA_DIR="+dir)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// A backup that another process takes in the middle of writes is one moment of the
// store: put back elsewhere it has every message that was acknowledged before the
// backup began, the first n of all that were, and the uploads.
func TestABackupIsOneMomentOfARunningStore(t *testing.T) {
	dir, file := t.TempDir(), filepath.Join(t.TempDir(), "kept.tar")
	p := start(t, func(c *Config) { c.DataDir = dir })
	ann := p.as(t, "ann")
	conv := p.room(t, "ann", "bob")
	url := p.uploaded(t, "hello.pdf", []byte("%PDF-1.4 hello"))
	for i := range 20 {
		p.say(t, ann, conv, fmt.Sprint(i))
	}
	var said atomic.Int64
	said.Store(20)
	var writer sync.WaitGroup
	stop := make(chan struct{})
	writer.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				p.say(t, ann, conv, fmt.Sprint(said.Load()))
				said.Add(1)
			}
		}
	})
	before := said.Load()
	out, err := app(t, dir, "backup", file)
	close(stop)
	writer.Wait()
	if err != nil || !strings.Contains(out, "2 files of uploads") {
		t.Fatalf("backup: %s %v", out, err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if left, _ := filepath.Glob(file + ".*"); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}

	other := filepath.Join(t.TempDir(), "new")
	if out, err := app(t, other, "restore", file); err != nil {
		t.Fatalf("restore: %s %v", out, err)
	}
	_ = filepath.WalkDir(other, func(path string, entry fs.DirEntry, err error) error {
		info, _ := entry.Info()
		if entry.IsDir() && info.Mode().Perm() != 0o700 || !entry.IsDir() && info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v", path, info.Mode())
		}
		return err
	})
	texts := storedTexts(t, other, conv)
	if n := int64(len(texts)); n < before || n > said.Load() {
		t.Errorf("%d messages; %d were said before the backup and %d until it ended", n, before, said.Load())
	}
	for i, text := range texts {
		if text != fmt.Sprint(i) {
			t.Fatalf("message %d is %q", i, text)
		}
	}
	q := start(t, func(c *Config) { c.DataDir = other })
	if _, body := q.fetch(t, "GET", url); string(body) != "%PDF-1.4 hello" {
		t.Errorf("upload: %q", body)
	}
	q.say(t, q.as(t, "bob"), conv, "on it goes")
}

// storedTexts is what was said in the conversation, in order.
func storedTexts(t *testing.T, dir, conv string) (texts []string) {
	t.Helper()
	db, err := sqldb.Open(t.Context(), sqldb.Config{DataDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query(t.Context(), "SELECT content FROM messages WHERE conv_id = ? AND sender = 'ann' ORDER BY seq", conv)
	if err != nil {
		t.Fatal(err)
	}
	texts, err = sqldb.Collect(rows, func(row sqldb.Scanner) (text string, err error) { return text, row.Scan(&text) })
	if err != nil {
		t.Fatal(err)
	}
	return texts
}

func TestABackupOverwritesNothingAndTellsWhatIsWrong(t *testing.T) {
	folder := t.TempDir()
	store, empty := filepath.Join(folder, "store"), filepath.Join(folder, "empty")
	p := start(t, func(c *Config) { c.DataDir = store })
	p.say(t, p.as(t, "ann"), p.room(t, "ann", "bob"), "hello")
	good := filepath.Join(folder, "good.tar")
	if out, err := app(t, store, "backup", good); err != nil {
		t.Fatalf("%s %v", out, err)
	}
	whole, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name string, content []byte) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	torn := append([]byte(nil), whole...)
	for i := 8192; i < 40_000; i++ { // pages of the store
		torn[i] ^= 0x5a
	}
	for name, c := range map[string]struct {
		dir  string
		args []string
		want string
	}{
		"a file that is there": {store, []string{"backup", good}, "file exists"},
		"no store":             {empty, []string{"backup", filepath.Join(folder, "none.tar")}, "no store"},
		"no folder for it":     {store, []string{"backup", filepath.Join(folder, "no", "x.tar")}, "no such file"},
		"a store in use":       {store, []string{"restore", good}, "already"},
		"no backup":            {empty, []string{"restore", filepath.Join(folder, "none.tar")}, "no such file"},
		"no tar":               {empty, []string{"restore", write("text.tar", []byte(strings.Repeat("hello ", 1000)))}, "not a backup"},
		"an empty file":        {empty, []string{"restore", write("empty.tar", nil)}, "not a backup"},
		"half a file":          {empty, []string{"restore", write("half.tar", whole[:len(whole)/2])}, "not a backup"},
		"a store that is torn": {empty, []string{"restore", write("torn.tar", torn)}, "not a whole store"},
		"too many arguments":   {empty, []string{"restore", good, good}, "usage"},
		"no argument":          {empty, []string{"backup"}, "usage"},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := app(t, c.dir, c.args...)
			var exit *exec.ExitError
			if !errors.As(err, &exit) || !strings.Contains(out, c.want) {
				t.Errorf("%v: %s", err, out)
			}
			left, _ := os.ReadDir(empty)
			for _, entry := range left {
				if entry.Name() != "uploads" {
					t.Errorf("left behind: %s", entry.Name())
				}
			}
		})
	}
	if again, err := os.ReadFile(good); err != nil || string(again) != string(whole) {
		t.Errorf("the backup was changed: %v", err)
	}
	t.Setenv(envPrefix+"_DATABASE_URL", "postgres://nobody@127.0.0.1:1/x")
	if out, err := app(t, empty, "backup", filepath.Join(folder, "x.tar")); err == nil || !strings.Contains(out, "own backups") {
		t.Errorf("of a database: %s %v", out, err)
	}
}
