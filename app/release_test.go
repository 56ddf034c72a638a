package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

// What .ci/release packs is all that its user has: an empty folder, no Go, no checkout.
// The checksums are right, the version names the commit, and the tour of the README that
// is in the archive passes.
func TestAReleaseRunsFromItsArchive(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"bash", "curl", "git", "tar", "gzip", "sha256sum"} {
		tool(t, name)
	}
	out, dir := t.TempDir(), t.TempDir()
	head, err := exec.Command("git", "rev-parse", "HEAD").Output()
	if err != nil {
		t.Fatal(err)
	}
	build := exec.CommandContext(t.Context(), "bash", "../.ci/release", runtime.GOOS+"/"+runtime.GOARCH)
	build.Env = append(os.Environ(), "RELEASE_DIR="+out)
	if said, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	archive := "switchboard-" + release + "-" + runtime.GOOS + "-" + runtime.GOARCH + ".tar.gz"
	packed, err := os.ReadFile(filepath.Join(out, archive))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(packed)
	if want := hex.EncodeToString(sum[:]) + "  ./" + archive + "\n"; read(t, filepath.Join(out, "checksums.txt")) != want {
		t.Errorf("the checksums are not %s", want)
	}
	bare := []string{"PATH=/usr/bin:/bin", "HOME=" + dir}
	command := func(name string, args ...string) *exec.Cmd {
		cmd := exec.CommandContext(t.Context(), name, args...)
		cmd.Dir, cmd.Env = dir, bare
		return cmd
	}
	if said, err := command("tar", "-xzf", filepath.Join(out, archive)).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	if said, err := command("./switchboard", "version").CombinedOutput(); err != nil || !strings.Contains(string(said), versionOf(strings.TrimSpace(string(head)), false)) {
		t.Errorf("its version: %s, %v", said, err)
	}
	read(t, filepath.Join(dir, "LICENSE"))

	var listening struct{ Address, Version string }
	stop := serves(t, command("./switchboard"), []string{"SWITCHBOARD_LISTEN=127.0.0.1:0", "SWITCHBOARD_DRAIN_DELAY=0s"}, &listening)
	readme := read(t, filepath.Join(dir, "README.md"))
	tour := strings.ReplaceAll(block(t, readme, "<!-- tour -->\n```sh\n"), "127.0.0.1:8081", listening.Address)
	said, err := command("bash", "-c", tour).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	follows(t, string(said), block(t, readme, "<!-- answers -->\n```text\n"))
	stop()
	if _, err := os.Stat(filepath.Join(dir, "data")); err != nil {
		t.Errorf("its state is not where it was started: %v", err)
	}

	var mocks map[string]struct{ URL string }
	stop = serves(t, command("./switchboard-mocks", "-json", "-rongcloud", "127.0.0.1:0", "-linkv", "127.0.0.1:0", "-youme", "127.0.0.1:0", "-livekit", "127.0.0.1:0"), nil, &mocks)
	res, err := http.Get(mocks["rongcloud"].URL + "/_mock/health")
	if err != nil || res.StatusCode != http.StatusOK {
		t.Errorf("the mocks' health: %v, %v", res, err)
	}
	if err == nil {
		res.Body.Close()
	}
	http.DefaultClient.CloseIdleConnections()
	stop()
}

// serves starts a server whose first line, on either output, is JSON, and stops it by
// SIGTERM, which ends it well.
func serves(t *testing.T, cmd *exec.Cmd, more []string, first any) (stop func()) {
	t.Helper()
	cmd.Env = append(cmd.Env, more...)
	r, w := io.Pipe()
	var rest syncBuffer
	cmd.Stderr, cmd.Stdout = w, &rest
	if len(more) == 0 { // the mocks tell on standard output
		cmd.Stderr, cmd.Stdout = &rest, w
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(r)
	line, err := lines.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, first)
	}
	go func() { _, _ = io.Copy(&rest, lines) }()
	if err != nil {
		_ = cmd.Process.Kill()
		t.Fatalf("%s: %v in %s; %s", cmd.Path, err, line, rest.String())
	}
	return func() {
		t.Helper()
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Error(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("%s ends with %v: %s", cmd.Path, err, rest.String())
		}
		_ = w.Close()
	}
}
