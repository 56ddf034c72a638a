package main

import (
	"crypto/sha256"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"switchboard/app/erasure"
	"switchboard/app/erasure/erasuresql"
	"switchboard/app/ledger"
	"switchboard/app/ledger/ledgersql"
	"switchboard/app/sqldb"
	"switchboard/app/sqldb/sqldbtest"
	"switchboard/vendors"
)

// The commands ask the running process: a copy is a new file of its owner's, and an
// erasure is waited for and told.
func TestTheCommandsExportAndErase(t *testing.T) {
	dir := t.TempDir()
	p := start(t, func(c *Config) { c.DataDir, c.AdminKey = dir, sandboxAdmin })
	t.Setenv(envPrefix+"_LISTEN", strings.TrimPrefix(p.URL, "http://"))
	file := filepath.Join(t.TempDir(), "copy.jsonl")
	who := []string{"-app", sandboxApp, "-user", "ann", "-by", "ann's lawyer", "-reason", "asked for it"}
	if out, err := app(t, dir, append(append([]string{"export"}, who...), file)...); err == nil || !strings.Contains(out, envPrefix+"_ADMIN_KEY is not set") {
		t.Errorf("without the key: %v %s", err, out)
	}
	t.Setenv(envPrefix+"_ADMIN_KEY", sandboxAdmin)
	p.say(t, p.as(t, "ann"), p.room(t, "ann", "bob"), "a word of ann's")
	if out, err := app(t, dir, append(append([]string{"export"}, who...), file)...); err != nil || !strings.Contains(out, file) {
		t.Fatalf("export: %v %s", err, out)
	}
	kept, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(kept), "a word of ann's") || !strings.Contains(string(kept), `{"section":"end"`) || !strings.Contains(string(kept), "ann's lawyer") {
		t.Errorf("exported: %v %s", err, kept)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the copy's mode: %v", info.Mode())
	}
	if out, err := app(t, dir, append(append([]string{"export"}, who...), file)...); err == nil {
		t.Errorf("a file that is there is written over: %s", out)
	}
	out, err := app(t, dir, append([]string{"erase"}, who...)...)
	id, told, _ := strings.Cut(strings.TrimPrefix(out, "erasure "), "\n")
	var job struct {
		ID, State, By, Reason string
		User                  *string
	}
	if json.Unmarshal([]byte(told), &job) != nil || err != nil || job.ID != id || job.State != "done" || job.User != nil || job.By != "ann's lawyer" || job.Reason != "asked for it" {
		t.Errorf("erase: %v %s", err, out)
	}
	for name, args := range map[string][]string{
		"no user": {"erase", "-app", sandboxApp}, "no file": append([]string{"export"}, who...), "no such app": {"erase", "-app", "nobody", "-user", "ann"},
		"no such flag": append([]string{"erase", "-all"}, who...),
	} {
		if out, err := app(t, dir, args...); err == nil {
			t.Errorf("%s: %s", name, out)
		}
	}
}

// Whoever is erased at one replica is out at the other: their session ends there, their
// token is void, and what it kept of them is forgotten.
func TestAnErasureReachesTheOtherReplica(t *testing.T) {
	store := on(sqldbtest.Postgres(t), busOf(t, "REDIS"))
	here, there := start(t, store), start(t, store)
	ann := there.as(t, "ann")
	conv := there.room(t, "ann", "bob")
	there.say(t, ann, conv, "a word of ann's")
	had := there.credential(t, ann)
	socket := there.dial(t, "/notify?protoc=ws&token="+ann["Authorization"][len("Bearer "):])
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			if _, _, err := socket.ReadMessage(); err != nil {
				return
			}
		}
	}()
	job := here.erase(t, "ann")
	select {
	case <-ended:
	case <-time.After(time.Minute):
		t.Fatal("the session at the other replica goes on")
	}
	there.erased(t, job.ID)
	for name, p := range map[string]*process{"here": here, "there": there} { // where no ban is in their way any more
		if got := p.do(t, request{Path: "/get_joined_conversation", Header: ann, Body: map[string]any{}, Bad: true}); got.Code == 0 {
			t.Errorf("the old token is taken %s: %s", name, got.Body)
		}
	}
	anew := there.as(t, "ann")
	var joined json.RawMessage
	if there.gateway(t, "/get_joined_conversation", anew, map[string]any{}).decode(t, &joined); strings.Contains(string(joined), conv) {
		t.Errorf("who is new is in %s", joined)
	}
	if got := there.do(t, request{Path: "/api/v1/im/token", Header: anew, Bad: true}); strings.Contains(string(got.Body), had) {
		t.Errorf("who is new gets what was kept of the old one: %s", got.Body)
	}
}

// leaveHalfTold leaves what a process does that is killed while it tells vendors, when the
// time of its write is over: the job "half-told" of the user, and a write in doubt.
func leaveHalfTold(t *testing.T, dir, user string) {
	t.Helper()
	db, err := sqldb.Open(t.Context(), sqldb.Config{DataDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	j := erasure.Job{ID: "half-told", App: sandboxApp, User: user, State: erasure.Running, Pseudonym: "erasedhalf", By: "test", Part: "vendors", Counts: map[string]int{}}
	if _, err := erasuresql.New(db).Add(t.Context(), j, ""); err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256([]byte(vendors.OpUserErase + "\n" + `"erasedhalf"`))
	if _, _, err := ledgersql.New(db).Insert(t.Context(), ledger.Entry{
		ID: "half-told", App: sandboxApp, Key: "erasure-half-told", RequestID: "half-told", Op: vendors.OpUserErase,
		State: ledger.Doubt, Result: ledger.Result{Outcome: vendors.Ambiguous}, Payload: []byte(`"erasedhalf"`), Digest: digest[:], Created: time.Now(),
	}, time.Hour); err != nil {
		t.Fatal(err)
	}
}

// A process that is killed in the middle of an erasure leaves it to the next one, which
// goes on where it was.
func TestAnErasureGoesOnAfterAKill(t *testing.T) {
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), programVariable+"=1", envPrefix+"_LISTEN=127.0.0.1:0", envPrefix+"_DATA_DIR="+dir)
	first := &process{Log: &syncBuffer{}, client: &http.Client{Timeout: time.Minute}, routes: contract(t)}
	cmd.Stderr = first.Log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	killed := func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }
	t.Cleanup(killed)
	waitFor(t, "the address", func() bool {
		_, after, _ := strings.Cut(first.Log.String(), `"address":"`)
		address, _, found := strings.Cut(after, `"`)
		first.URL = "http://" + address
		return found
	})
	ann := first.as(t, "ann")
	conv := first.room(t, "ann", "bob")
	first.say(t, ann, conv, "a word of ann's")
	first.operate(t, "POST", "/admin/vendors/rongcloud/breaker", map[string]any{"by": "test", "mode": "open"}, nil) // so that it cannot end
	job := first.erase(t, "ann")
	waitFor(t, "the erasure is in the middle", func() bool { j := first.erasure(t, job.ID); return j.Part == "accounts" && j.Waits != "" })
	killed()

	p := start(t, func(c *Config) { c.DataDir = dir })
	p.operate(t, "POST", "/admin/vendors/rongcloud/breaker", map[string]any{"by": "test", "mode": "auto"}, nil)
	leaveHalfTold(t, dir, "bob") // not before: it would be tried while the breaker is still open
	done := p.erased(t, job.ID)
	if done.fate("rongcloud", "account") != "asked" || done.Counts["messages"] == 0 || done.Pseudonym != job.Pseudonym {
		t.Errorf("told: %+v", done)
	}
	if bob := p.erased(t, "half-told"); bob.fate("rongcloud", "credentials") != "done" || bob.fate("rongcloud", "account") != "asked" {
		t.Errorf("who was told of by half: %+v", bob)
	}
	if got := inactive(t, p.mock(t, "rongcloud")); !slices.Equal(got, []string{"ann", "bob"}) {
		t.Errorf("deactivated: %v", got)
	}
	if got := p.do(t, request{Path: "/get_joined_conversation", Header: ann, Body: map[string]any{}, Bad: true}); got.Code == 0 {
		t.Errorf("an old token is taken: %s", got.Body)
	}
}
