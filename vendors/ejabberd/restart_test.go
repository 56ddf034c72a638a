package ejabberd_test

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"switchboard/app/certify"
	"switchboard/vendors"
)

// runs starts a server of this test's own in folder, as the gate starts its, and waits
// until it serves.
func runs(t *testing.T, folder string, api, c2s int) {
	t.Helper()
	cmd := exec.Command("../../.ci/ejabberd", folder, strconv.Itoa(api), strconv.Itoa(c2s))
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if lines.Text() == "ready" {
			return
		}
	}
	t.Fatal("the server did not start: see ", filepath.Join(folder, "out.log"))
}

// freePort is below the range from which the kernel takes ports for clients, so that
// it is still free while the server is away.
func freePort() int {
	for {
		port := 20000 + rand.IntN(10000)
		if l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port)); err == nil {
			_ = l.Close()
			return port
		}
	}
}

// The server is killed under traffic and comes back, perhaps without its last changes of
// rooms and blocks (docs/vendors/ejabberd.md#a-killed-server). What was told as sent was
// received by a real client, once; what was not is told. What the server has lost it does
// not pretend to have, and doing it once more completes it; credentials are those from
// before.
func TestAfterAKillNothingIsPretendedAndDoingItAgainCompletesIt(t *testing.T) {
	testServer(t)
	folder, err := os.MkdirTemp("", "ejabberd") // another user writes into it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	api, c2s := freePort(), freePort()
	runs(t, folder, api, c2s)
	u, err := url.Parse(fmt.Sprintf("http://admin%%40localhost:s3cret-of-admin@127.0.0.1:%d/api?c2s=127.0.0.1:%d", api, c2s))
	if err != nil {
		t.Fatal(err)
	}
	s := serverAt(u)
	v, users := open(t, s.cfg), s.users(t)
	alice := issue(t, v, "alice")
	issue(t, v, "bob")
	issue(t, v, "mallory")
	must := func(what string, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	arrange := func(v *vendors.Vendor) {
		t.Helper()
		_, err := v.Groups.CreateGroup(t.Context(), vendors.Group{ID: "club", Name: "Club", Creator: "alice", Members: []string{"bob", "mallory"}})
		must("group", err)
		_, err = v.MemberMutes.MuteMembers(t.Context(), vendors.MemberMute{Group: "club", Users: []string{"mallory"}})
		must("mute", err)
		_, err = v.Users.Block(t.Context(), []string{"mallory"}, 0)
		must("block", err)
	}
	arrange(v)
	users.SetOnline("alice", true)
	users.Hears("alice", "club@conference.localhost")

	told := map[string]vendors.Outcome{}
	say := func(kind vendors.TargetKind, to string) vendors.Outcome {
		text := fmt.Sprintf("%s %d", kind, len(told))
		_, err := v.Messages.Send(t.Context(), said(kind, "bob", to, text))
		told[text] = vendors.OutcomeOf(err)
		return told[text]
	}
	both := func() (ok int) {
		for kind, to := range map[vendors.TargetKind]string{vendors.ToUsers: "alice", vendors.ToGroups: "club"} {
			if say(kind, to) == vendors.OK {
				ok++
			}
		}
		return ok
	}
	for range 20 {
		if both() != 2 {
			t.Fatalf("before: %v", told)
		}
	}
	before := users.Inbox("alice")
	raw, err := os.ReadFile(filepath.Join(folder, "pid"))
	must("pid", err)
	pid, err := strconv.Atoi(strings.TrimSpace(string(raw)))
	must("pid", err)
	must("kill", syscall.Kill(pid, syscall.SIGKILL))
	<-users.Client("alice").Done()
	for range 3 {
		if both() != 0 {
			t.Error("a message is told as sent to a server that is dead")
		}
	}
	runs(t, folder, api, c2s)
	nothingIsPretended(t, s)
	arrange(open(t, s.cfg))
	users.SetOnline("alice", true)
	if got := issue(t, v, "alice"); got != alice {
		t.Error("another credential after the restart")
	}
	for end := time.Now().Add(60 * time.Second); both() < 2; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("nothing is sent after the restart")
		}
	}
	if users.LogIn("mallory", issue(t, v, "mallory").Token) {
		t.Error("the block was made again, and does not hold")
	}
	_, err = v.Messages.Send(t.Context(), said(vendors.ToGroups, "mallory", "club", "x"))
	mustBe(t, "who was muted", err, vendors.DefiniteNo, vendors.ErrBlocked)
	arrived := map[string]int{}
	for _, m := range append(before, users.Inbox("alice")[len(before):]...) {
		for text := range told {
			if strings.Contains(certify.EjabberdReceived("alice", m).Content, `"`+text+`"`) {
				arrived[text]++
			}
		}
	}
	for text, outcome := range told {
		if n := arrived[text]; outcome == vendors.OK && n != 1 || outcome != vendors.OK && outcome != vendors.Ambiguous && n != 0 {
			t.Errorf("%q was told as %s and arrived %d times", text, outcome, n)
		}
	}
}

// nothingIsPretended asks a server that came back what is left of a group of alice, bob
// and mallory who is muted there. All, some or nothing may be; but a message is taken
// only for a group that is there, from who is in it and may talk.
func nothingIsPretended(t *testing.T, s server) {
	t.Helper()
	v := open(t, s.cfg)
	var members []string
	var err error
	for end := time.Now().Add(60 * time.Second); ; time.Sleep(100 * time.Millisecond) { // it serves before its rooms do
		if members, err = v.GroupLists.GroupMembers(t.Context(), "club"); err == nil || vendors.OutcomeOf(err) == vendors.DefiniteNo || time.Now().After(end) {
			break
		}
	}
	t.Logf("after the kill the group has %q, %v", members, err)
	for _, m := range members {
		if !slices.Contains([]string{"alice", "bob", "mallory"}, m) {
			t.Errorf("%s was never in the group", m)
		}
	}
	if err != nil {
		mustBe(t, "a group that is lost", err, vendors.DefiniteNo, vendors.ErrNotFound)
	}
	for _, from := range []string{"bob", "mallory"} {
		_, sent := v.Messages.Send(t.Context(), said(vendors.ToGroups, from, "club", "after the kill"))
		t.Logf("%s sends: %v", from, sent)
		if !slices.Contains(members, from) && vendors.OutcomeOf(sent) != vendors.DefiniteNo {
			t.Errorf("%s is not in the group, and what they send ends as %v", from, sent)
		}
	}
}
