package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// consolePages are the page at / and all that it loads.
var consolePages = []string{"/", "/console/session", "/console/app.js", "/console/style.css", "/console/licences.txt", "/docs", "/openapi.yaml"}

// With a secret in every variable, a process that is crashed dumps its goroutines, and a
// sandbox beside real servers shows its stage: neither shows a secret.
func TestNoSecretIsInACrashOrOnTheStage(t *testing.T) {
	business := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{}`) }))
	t.Cleanup(business.Close)
	secrets, _ := everySecret(t, business.URL, business.URL)

	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), programVariable+"=1", envPrefix+"_LISTEN=127.0.0.1:0", envPrefix+"_DATA_DIR="+t.TempDir(), "GOTRACEBACK=all")
	var out syncBuffer
	cmd.Stderr, cmd.Stdout = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	waitFor(t, "the start", func() bool { return strings.Contains(out.String(), `"msg":"started"`) })
	if err := cmd.Process.Signal(syscall.SIGQUIT); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if n := strings.Count(out.String(), "\ngoroutine "); n < 20 {
		t.Errorf("%d goroutines are dumped: %s", n, out.String())
	}
	noSecrets(t, "a crash", out.String(), secrets)

	for _, name := range allVariables() { // what makes it no sandbox
		for _, of := range []string{"RONGCLOUD", "LINKV", "YOUME", "EJABBERD", "LIVEKIT_CALLBACK", "ACCOUNTS", "APPS", "ADMIN_KEY"} {
			if strings.HasPrefix(name, envPrefix+"_"+of) {
				os.Unsetenv(name)
			}
		}
	}
	p := start(t, nil)
	pages := ""
	for _, path := range append(consolePages, "/sandbox/mocks/rongcloud/journal", "/readyz", "/metrics") {
		res, err := p.client.Get(p.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if res.StatusCode != http.StatusOK && !strings.HasPrefix(path, "/sandbox") && path != "/readyz" {
			t.Errorf("%s: %d", path, res.StatusCode)
		}
		var header strings.Builder
		_ = res.Header.Write(&header)
		pages += header.String() + string(body)
	}
	if !strings.Contains(pages, `"sandbox":{`) || !strings.Contains(pages, "ws://") && !strings.Contains(pages, "http://127.0.0.1") {
		t.Error("it is no stage, or not beside a server of LiveKit's")
	}
	noSecrets(t, "the stage", pages, secrets)
	noSecrets(t, "the stage's welcome and log", p.Stdout.String()+p.Log.String(), secrets)
}
