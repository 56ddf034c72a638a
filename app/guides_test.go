package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/evanw/esbuild/pkg/api"
	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// The samples of docs/guides, against the running program. Java's is run where there is
// one; the others need what the gate installs.
func TestTheGuidesSamplesWork(t *testing.T) {
	t.Parallel()
	p := start(t, nil)
	dir := t.TempDir()
	bundled := api.Build(api.BuildOptions{
		EntryPoints: []string{"../docs/guides/sample.ts"}, Bundle: true, Platform: api.PlatformNode, Format: api.FormatESModule, Write: true, Outfile: filepath.Join(dir, "sample.mjs"),
	})
	if len(bundled.Errors) > 0 {
		t.Fatal(bundled.Errors)
	}
	samples := map[string][]string{
		"curl": {"bash", "../docs/guides/sample.sh"}, "go": {"go", "run", "../docs/guides/go"},
		"typescript": {"node", filepath.Join(dir, "sample.mjs")}, "python": {"python3", "../docs/guides/sample.py"},
	}
	if _, err := exec.LookPath("java"); err == nil {
		samples["java"] = []string{"java", "../docs/guides/Sample.java"}
	}
	const secret, body = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", `{"type":"presence.online"}`
	hook, err := webhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	for name, command := range samples {
		for _, c := range []struct {
			name, id, body string
			at             time.Time
			want           string
		}{
			{"a webhook", "msg_1", body, time.Now(), "ok"},
			{"another body", "msg_1", body + " ", time.Now(), "refused"},
			{"an old one", "msg_1", body, time.Now().Add(-time.Hour), "refused"},
		} {
			if name == "java" && c.name == "an old one" {
				continue // it compiles for five seconds each time
			}
			t.Run(name+"/"+c.name, func(t *testing.T) {
				if _, err := exec.LookPath(command[0]); err != nil {
					t.Skip(command[0] + " is not installed")
				}
				signature, err := hook.Sign(c.id, c.at, []byte(body))
				if err != nil {
					t.Fatal(err)
				}
				cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
				cmd.Env = append(os.Environ(), "SWITCHBOARD_URL="+p.URL, "WEBHOOK_SECRET="+secret, "WEBHOOK_ID="+c.id, fmt.Sprint("WEBHOOK_TIMESTAMP=", c.at.Unix()),
					"WEBHOOK_SIGNATURE=v1,AAAA "+signature, "WEBHOOK_BODY="+c.body)
				out, err := cmd.CombinedOutput()
				for _, want := range []string{"sent\n", "received: hello\n", "webhook " + c.want + "\n"} {
					if err != nil || !strings.Contains(string(out), want) {
						t.Fatalf("%v; %q without %q", err, out, want)
					}
				}
			})
		}
	}
}
