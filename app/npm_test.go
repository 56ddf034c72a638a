package main

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"switchboard/openapi"
)

// modules installs what openapi/typescript/package-lock.json pins into the folder that
// SWITCHBOARD_TEST_NPM names, once for each lock file. It is some 140 MB, so nobody gets
// it unasked; the gate asks.
func modules(t *testing.T) string {
	t.Helper()
	cache := os.Getenv("SWITCHBOARD_TEST_NPM")
	if cache == "" {
		if os.Getenv("CI") != "" {
			t.Fatal("SWITCHBOARD_TEST_NPM names no folder, and in CI nothing may be skipped")
		}
		t.Skip("SWITCHBOARD_TEST_NPM names no folder for what npm installs")
	}
	lock, err := os.ReadFile("../openapi/typescript/package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(lock)
	dir := filepath.Join(cache, hex.EncodeToString(sum[:8]))
	if _, err := os.Stat(filepath.Join(dir, "complete")); err != nil {
		install(t, dir)
	}
	return dir
}

// typeScript copies the TypeScript of the clients and of the console, and the contract,
// beside the modules, and returns the folder of the clients.
func typeScript(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	for _, dir := range []string{"openapi/typescript", "handlers/console/ui"} {
		if err := os.CopyFS(filepath.Join(root, dir), os.DirFS("../"+dir)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(root, "openapi", "switchboard.yaml"), openapi.Switchboard, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(modules(t), "node_modules"), filepath.Join(root, "node_modules")); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(root, "openapi", "typescript")
}

func install(t *testing.T, dir string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"package.json", "package-lock.json"} {
		b, err := os.ReadFile(filepath.Join("../openapi/typescript", name))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), b, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	npm(t, dir, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
	if err := os.WriteFile(filepath.Join(dir, "complete"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
}

func npm(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.Command("npm", args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "REDOCLY_TELEMETRY=off", "REDOCLY_SUPPRESS_UPDATE_NOTICE=true")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("npm %v: %v\n%s", args, err, out)
	}
}

// The recommended rules of redocly and spectral; warnings are allowed.
// The TypeScript of the clients and the console is strict.
func TestTheContractAndItsClientsPassTheLinters(t *testing.T) {
	t.Parallel()
	dir := typeScript(t)
	for _, script := range []string{"lint", "types"} {
		t.Run(script, func(t *testing.T) { t.Parallel(); npm(t, dir, "run", "-s", script) })
	}
}
