package main

import (
	gobuild "go/build"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Who may import whom (docs/architecture.md#import-rules), by the first rule that matches the
// importing package. A rule lists what it allows of our own packages and of the
// libraries that have a place of their own; the standard library and the other
// libraries are open to all.
var importRules = []struct {
	pkg   string
	allow []string
}{
	{"app", []string{"*"}},
	{"app/sqldb", []string{"app/problem"}},
	{"app/sqldb/", []string{"app/sqldb"}},
	{"app/conversation/conversationsql", []string{"app/conversation", "app/sqldb"}},
	{"app/events/eventsql", []string{"app/events", "app/sqldb"}},
	{"app/ledger/ledgersql", []string{"app/ledger", "app/sqldb", "vendors"}},
	{"app/pairing/pairingsql", []string{"app/pairing", "app/pairing/", "app/sqldb"}},
	{"app/realtime/realtimesql", []string{"app/realtime", "app/realtime/presence", "app/sqldb"}},
	{"app/rooms/roomsql", []string{"app/rooms", "app/sqldb", "vendors"}},
	{"app/rooms", []string{"app/owners", "app/problem", "vendors"}},
	{"app/users/usersql", []string{"app/users", "app/sqldb", "vendors"}},
	{"app/uploads/uploadsql", []string{"app/uploads", "app/sqldb"}},
	{"app/erasure/erasuresql", []string{"app/erasure", "app/sqldb"}},
	{"app/retention/retentionsql", []string{"app/retention", "app/sqldb"}},
	{"app/switches/switchessql", []string{"app/switches", "app/sqldb"}},
	{"app/owners/ownersql", []string{"app/owners", "app/sqldb"}},
	{"app/backup", []string{"app/sqldb"}},
	{"app/bench/scale", nil},
	{"app/bench/soak", []string{"mocks/", "openapi/client"}},                                    // a program of its own, which sees the product from outside
	{"app/certify", []string{"vendors", "vendors/", "mocks/"}},                                  // the suite outside tests: "go run ./app certify"
	{"app/vendorset", []string{"app/certify", "app/periodic", "vendors", "vendors/", "mocks/"}}, // the one table of vendors
	{"app/realtime/wire", []string{"app/realtime", "app/conversation"}},                         // the words of both on the wire
	{"app/realtime/buslink", []string{"app/", "vendors"}},                                       // a ...link joins domains
	{"app/conversation/relaylink", []string{"app/", "vendors"}},
	{"app/problem", nil},
	{"app/periodic", nil},
	{"app/outbox", nil},
	{"app/environ", []string{envconfigLib}},
	{"app/pairing/pairinglink", []string{"app/", "vendors"}},
	{"app/pairing/ticket", []string{"app/problem"}},
	{"app/pairing/ordered", nil},
	{"app/pairing/", []string{"app/pairing/", "vendors", "app/problem", "app/periodic"}},
	{"app/pairing", []string{"app/pairing/ticket", "app/pairing/ordered", "vendors", "app/problem", "app/periodic"}},
	{"app/", []string{"vendors", "app/owners", "app/problem", "app/periodic", "app/outbox", "app/webhook"}}, // a domain, and the small packages beneath all
	{"handlers/console/ui", nil},
	{"handlers/", slices.Concat(domains, []string{"vendors", "middleware", "handlers", "handlers/stream", fiberLib})},
	{"handlers", []string{"app/problem", "app/ratelimit", "vendors", "middleware", fiberLib}},
	{"middleware", []string{fiberLib, "app/access", "app/problem", "app/ratelimit", "vendors"}},
	{"mocks", []string{"app/vendorset"}},
	{"mocks/", []string{"openapi", "mocks/mock"}},
	{"openapi", nil},
	{"openapi/", nil},
	{"docs/", []string{"openapi/client"}}, // a sample
	{"vendors", nil},
	{"vendors/upstream", []string{"vendors", restyLib, gobreakerLib, gocacheLib}},
	{"vendors/vendortest", []string{"vendors"}},
	{"vendors/", []string{"vendors", "vendors/upstream"}},
}

// domains are what HTTP may call; their stores are not among them.
var domains = []string{
	"app/access", "app/conversation", "app/credentials", "app/erasure", "app/events", "app/groups", "app/ledger", "app/messages", "app/moderation", "app/owners", "app/pairing", "app/pairing/ticket", "app/problem",
	"app/realtime", "app/realtime/wire", "app/retention", "app/rooms", "app/switches", "app/translation", "app/uploads", "app/users", "app/wallet",
}

const (
	module       = "switchboard/"
	fiberLib     = "github.com/gofiber/"
	restyLib     = "github.com/go-resty/"
	gobreakerLib = "github.com/sony/gobreaker/"
	gocacheLib   = "github.com/patrickmn/go-cache"
	envconfigLib = "github.com/kelseyhightower/envconfig"
)

var placed = []string{fiberLib, restyLib, gobreakerLib, gocacheLib, envconfigLib}

func TestImportsGoOneWay(t *testing.T) {
	seen := 0
	err := filepath.WalkDir("..", func(dir string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}
		if base := entry.Name(); base != ".." && (strings.HasPrefix(base, ".") || base == "testdata" || base == "data") {
			return fs.SkipDir
		}
		pkg, err := gobuild.ImportDir(dir, 0)
		if err != nil {
			return nil // no Go files
		}
		seen++
		name, _ := filepath.Rel("..", dir)
		for _, path := range pkg.Imports {
			if !allowed(filepath.ToSlash(name), path) {
				t.Errorf("%s must not import %s", name, path)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 10 {
		t.Fatalf("looked at %d packages only", seen)
	}
}

func allowed(pkg, path string) bool {
	ours := strings.HasPrefix(path, module)
	if !ours && !slices.ContainsFunc(placed, func(p string) bool { return strings.HasPrefix(path, p) }) {
		return true
	}
	path = strings.TrimPrefix(path, module)
	if strings.HasPrefix(path, "app/") && strings.HasPrefix(pkg, path+"/") {
		return true // a domain's own test suite
	}
	for _, rule := range importRules {
		if rule.pkg != pkg && !(strings.HasSuffix(rule.pkg, "/") && strings.HasPrefix(pkg, rule.pkg)) {
			continue
		}
		return slices.ContainsFunc(rule.allow, func(a string) bool {
			return a == "*" || a == path || strings.HasSuffix(a, "/") && strings.HasPrefix(path, a)
		})
	}
	return false
}

func TestImportRulesBite(t *testing.T) {
	for _, c := range []struct {
		pkg, path string
		want      bool
	}{
		{"vendors", "switchboard/vendors/upstream", false},
		{"vendors/linkv", "switchboard/vendors/rongcloud", false},
		{"vendors/linkv", "switchboard/mocks/linkv", false},
		{"vendors/linkv", "github.com/go-resty/resty/v2", false},
		{"mocks/linkv", "switchboard/vendors", false},
		{"app/wallet", "switchboard/app/access", false},
		{"app/wallet", "switchboard/app/problem", true},
		{"app/problem", "switchboard/vendors", false},
		{"app/wallet", "github.com/gofiber/fiber/v2", false},
		{"app/sqldb", "switchboard/app/pairing", false},
		{"app/pairing/pairingsql", "switchboard/app/pairing", true},
		{"app/pairing/pairingsql", "switchboard/app/sqldb", true},
		{"app/pairing/pairingsql", "switchboard/app/wallet", false},
		{"app/realtime/realtimesql", "switchboard/app/conversation", false},
		{"app/pairing", "switchboard/app/sqldb", false},
		{"app/pairing/pairingtest", "switchboard/app/pairing", true},
		{"app/pairing/pairingtest", "switchboard/app/wallet", false},
		{"handlers", "switchboard/vendors/linkv", false},
		{"handlers", "switchboard/app/wallet", false},
		{"handlers/product", "switchboard/app/wallet", true},
		{"handlers/product", "switchboard/app/sqldb", false},
		{"handlers/product", "switchboard/handlers/gateway", false},
		{"newcomer", "switchboard/vendors", false},
		{"app/wallet", "net/http", true},
	} {
		if got := allowed(c.pkg, c.path); got != c.want {
			t.Errorf("%s -> %s: %v", c.pkg, c.path, got)
		}
	}
}
