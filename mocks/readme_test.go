package main

import (
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"switchboard/mocks/linkv"
	"switchboard/mocks/mock"
)

var recipe = regexp.MustCompile("(?s)<!-- recipe -->\n```sh\n(.*?)```\n```text\n(.*?)```")

// TestReadmeRecipesWork pastes the README's recipes as they stand, in bash and
// where it is installed in zsh; only the ports differ.
func TestReadmeRecipesWork(t *testing.T) {
	for _, tool := range []string{"bash", "curl", "openssl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("the recipes need %s", tool)
		}
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	recipes := recipe.FindAllStringSubmatch(string(readme), -1)
	if len(recipes) < 6 {
		t.Fatalf("%d recipes", len(recipes))
	}
	shells := [][]string{{"bash", "-c"}}
	if _, err := exec.LookPath("zsh"); err == nil {
		shells = append(shells, []string{"zsh", "-f", "-c"})
	}
	for _, shell := range shells {
		t.Run(shell[0], func(t *testing.T) {
			vars := started(t)
			var script, want strings.Builder
			for _, r := range recipes {
				script.WriteString(r[1])
				want.WriteString(r[2])
			}
			text := script.String()
			for address, name := range map[string]string{"http://127.0.0.1:9101": "RONGCLOUD", "http://127.0.0.1:9102": "LINKV", "http://127.0.0.1:9103": "YOUME"} {
				text = strings.ReplaceAll(text, address, vars["SWITCHBOARD_"+name+"_BASE_URL"])
			}
			out, err := exec.CommandContext(t.Context(), shell[0], append(shell[1:], text)...).CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			rest := string(out)
			for part := range strings.Lines(want.String()) {
				_, after, found := strings.Cut(rest, strings.TrimSpace(part))
				if !found {
					t.Fatalf("%q does not come in the rest of the answers:\n%s", part, rest)
				}
				rest = after
			}
		})
	}
}

// TestReadmeHasTheGoRecipeOfThisFile: the one below is compiled and run.
func TestReadmeHasTheGoRecipeOfThisFile(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(readme), "```go\n")
	shown, _, _ := strings.Cut(rest, "```")
	self, err := os.ReadFile("readme_test.go")
	if err != nil {
		t.Fatal(err)
	}
	if shown == "" || !strings.Contains(string(self), shown) {
		t.Error("the README's Go recipe is not the test of this file")
	}
}

func TestCoinsAreTakenOnce(t *testing.T) {
	m, err := linkv.Start(linkv.Config{StartBalance: 1000, CheckAnswers: true})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	app := m.Default()
	if _, err := app.Faults.Add(mock.Match{Op: "wallet.adjust", Nth: 1}, mock.Action{Kind: mock.Drop, After: true}); err != nil {
		t.Fatal(err)
	}
	openID := app.Register("ann")
	for range 2 {
		takeCoins(t, m.URL, app.Credential("live_app_id"), app.Credential("live_app_secret"), openID)
	}
	if coins := app.Balance("ann"); coins != 990 {
		t.Errorf("ann has %d coins", coins)
	}
	if err := app.Journal.Expect(mock.Filter{Op: "wallet.adjust"}, 2); err != nil {
		t.Error(err)
	}
}

// takeCoins is a client of LinkV that takes ten coins with one request id and
// does not mind a lost answer.
func takeCoins(t *testing.T, address, appID, secret, openID string) {
	t.Helper()
	form := "app_id=" + appID + "&expriation=1900000000" + fmt.Sprintf("&nonce_str=abcdefgh%dabcdefgh", time.Now().Unix()) +
		"&request_id=0123456789abcdef0123456789abcdef&type=2&uid=" + openID + "&value=10"
	sum := md5.Sum([]byte(form + "&key=" + secret))
	fields, err := url.ParseQuery(form + "&sign=" + hex.EncodeToString(sum[:]))
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	if answer, err := client.PostForm(address+"/open/finanv0/changeGold", fields); err == nil {
		_ = answer.Body.Close()
	}
}
