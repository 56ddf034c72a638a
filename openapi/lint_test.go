package openapi_test

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// tools installs what typescript/package-lock.json pins into a folder of the user's
// cache, once for each lock file, and returns it with the sources beside the modules.
func tools(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("npm"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("npm is missing, and in CI nothing may be skipped")
		}
		t.Skip("no npm is installed")
	}
	lock, err := os.ReadFile("typescript/package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(lock)
	modules := filepath.Join(cache, "switchboard-npm", hex.EncodeToString(sum[:8]))
	if _, err := os.Stat(filepath.Join(modules, "complete")); err != nil {
		install(t, modules)
	}
	dir := filepath.Join(t.TempDir(), "openapi", "typescript")
	if err := os.CopyFS(dir, os.DirFS("typescript")); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(dir, "..", "..", "handlers", "console", "ui"), os.DirFS("../handlers/console/ui")); err != nil {
		t.Fatal(err)
	}
	contract, err := os.ReadFile("switchboard.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "..", "switchboard.yaml"), contract, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(modules, "node_modules"), filepath.Join(dir, "..", "..", "node_modules")); err != nil {
		t.Fatal(err)
	}
	return dir
}

func install(t *testing.T, modules string) {
	t.Helper()
	if err := os.MkdirAll(modules, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"package.json", "package-lock.json"} {
		b, err := os.ReadFile(filepath.Join("typescript", name))
		if err == nil {
			err = os.WriteFile(filepath.Join(modules, name), b, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	run(t, modules, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
	if err := os.WriteFile(filepath.Join(modules, "complete"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
}

func run(t *testing.T, dir, name string, args ...string) {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "REDOCLY_TELEMETRY=off", "REDOCLY_SUPPRESS_UPDATE_NOTICE=true")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
}

// The recommended rules of redocly and spectral; warnings are allowed.
// The TypeScript of the clients and the console is strict.
func TestTheContractAndItsClientsPassTheLinters(t *testing.T) {
	dir := tools(t)
	for _, script := range []string{"lint", "types"} {
		t.Run(script, func(t *testing.T) { t.Parallel(); run(t, dir, "npm", "run", "-s", script) })
	}
}
