package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"switchboard/mocks/linkv"
	"switchboard/mocks/livekit"
	"switchboard/mocks/rongcloud"
	"switchboard/mocks/youme"
)

var shellRecipe = regexp.MustCompile("(?s)<!-- recipe -->\n```sh\n(.*?)```\n```text\n(.*?)```")

// readmeRecipes returns the texts of the README's recipes in a language.
func readmeRecipes(t *testing.T, language string) (texts []string) {
	t.Helper()
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile("(?s)<!-- recipe -->\n```"+language+"\n(.*?)```").FindAllStringSubmatch(string(readme), -1) {
		texts = append(texts, m[1])
	}
	if len(texts) == 0 {
		t.Fatalf("the README has no recipe in %s", language)
	}
	return texts
}

// needs skips the test where a program is missing.
func needs(t *testing.T, programs ...string) {
	t.Helper()
	for _, program := range programs {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("the recipe needs %s", program)
		}
	}
}

// TestReadmeRecipesWork pastes the README's recipes as they stand, in bash and
// where it is installed in zsh; only the ports differ.
func TestReadmeRecipesWork(t *testing.T) {
	needs(t, "bash", "curl", "openssl")
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	recipes := shellRecipe.FindAllStringSubmatch(string(readme), -1)
	if len(recipes) < 6 || len(recipes) != len(readmeRecipes(t, "sh")) {
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
			rest := printed(t, exec.CommandContext(t.Context(), shell[0], append(shell[1:], text)...))
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

// printed is what a program prints; the test ends when it fails.
func printed(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %v\n%s", cmd.Args, err, out)
	}
	return string(out)
}

// TestTheReadmeHasTheCredentialsOfTheStart: those of mocks that are told none.
func TestTheReadmeHasTheCredentialsOfTheStart(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	rong, err := rongcloud.New(rongcloud.Config{SpecLater: true})
	if err != nil {
		t.Fatal(err)
	}
	defer rong.Close()
	link, err := linkv.New(linkv.Config{SpecLater: true})
	if err != nil {
		t.Fatal(err)
	}
	defer link.Close()
	you, err := youme.New(youme.Config{SpecLater: true})
	if err != nil {
		t.Fatal(err)
	}
	defer you.Close()
	kit, err := livekit.New(livekit.Config{SpecLater: true})
	if err != nil {
		t.Fatal(err)
	}
	defer kit.Close()
	for vendor, credentials := range map[string]map[string]string{
		"rongcloud": rong.Default().Credentials(), "linkv": link.Default().Credentials(), "youme": you.Default().Credentials(), "livekit": kit.Default().Credentials(),
	} {
		for name, value := range credentials {
			if !strings.Contains(string(readme), "`"+value+"`") {
				t.Errorf("%s: %s %s is not in README.md", vendor, name, value)
			}
		}
	}
}

// save writes files into a new folder and returns it.
func save(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestTheRecipesForNodeAndPythonWork(t *testing.T) {
	for _, row := range []struct {
		language, file string
		command        []string
		ran            string // in what it prints: as many tests as the recipe has
	}{
		{"js", "chat.test.mjs", []string{"node", "--test"}, "pass 2"},
		{"python", "test_chat.py", []string{"python3"}, "Ran 3 tests"},
	} {
		t.Run(row.language, func(t *testing.T) {
			needs(t, row.command[0])
			dir := save(t, map[string]string{row.file: readmeRecipes(t, row.language)[0]})
			cmd := exec.CommandContext(t.Context(), row.command[0], append(row.command[1:], row.file)...)
			cmd.Dir = dir
			cmd.Env = append(os.Environ(), "RONGCLOUD_URL="+started(t)["SWITCHBOARD_RONGCLOUD_BASE_URL"], "PYTHONDONTWRITEBYTECODE=1")
			if out := printed(t, cmd); !strings.Contains(out, row.ran) {
				t.Errorf("no %q in\n%s", row.ran, out)
			}
		})
	}
}

// TestTheRecipeForGoWorksInAnotherModule makes that module, from the README's two
// files, and tests it. The checksums of this module stand in for those that "go mod
// tidy" would ask of a server.
func TestTheRecipeForGoWorksInAnotherModule(t *testing.T) {
	here, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	sums, err := os.ReadFile("../go.sum")
	if err != nil {
		t.Fatal(err)
	}
	mod := strings.Replace(readmeRecipes(t, "text")[0], "=> ../switchboard", fmt.Sprintf("=> %q", here), 1)
	dir := save(t, map[string]string{"go.mod": mod, "go.sum": string(sums), "shop_test.go": readmeRecipes(t, "go")[0]})
	cmd := exec.CommandContext(t.Context(), "go", "test", "-mod=mod", "-count=1", "-v", ".")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOPROXY=off")
	out := printed(t, cmd)
	for _, name := range []string{"TestCoinsAreTakenOnce", "TestAccountsKnowNothingOfEachOther/second"} {
		if !strings.Contains(out, "--- PASS: "+name) {
			t.Errorf("%s did not run:\n%s", name, out)
		}
	}
}
