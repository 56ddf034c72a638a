package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// listedPath is one path as GET /api/server/capabilities has it.
type listedPath struct {
	Method, Path, Ability, State string
	Now                          bool
	Vendors                      []struct {
		Vendor, State string
		Routed        bool
	}
}

func (p *process) capabilities(t testing.TB) (paths []listedPath, traits map[string]map[string]string) {
	t.Helper()
	var out struct {
		Paths    []listedPath
		Accounts []struct {
			Vendor string
			Now    bool
			Routes []string
			Traits map[string]string
			Limits []struct {
				Operation      string
				Targets, Units int
			}
		}
	}
	p.do(t, request{Method: "GET", Path: "/api/server/capabilities", Header: serverKey}).decode(t, &out)
	traits = map[string]map[string]string{}
	for _, a := range out.Accounts {
		traits[a.Vendor] = a.Traits
	}
	return out.Paths, traits
}

const abilitiesPage = "../docs/abilities.md"

// abilitiesTable is the page made from the running program.
func abilitiesTable(paths []listedPath, traits map[string]map[string]string) string {
	var b strings.Builder
	b.WriteString(`# Paths and vendors

Which vendor serves which path of the product API. A test makes this page from the running sandbox; ` + "`SWITCHBOARD_TEST_UPDATE=1 go test ./app -run TestTheTableOfAbilities`" + ` brings it up to date. What your own accounts can now is answered by
` + "`GET /api/server/capabilities`" + `, with traits and limits.

- **can**: by the vendor's own ability.
- **emulated**: by another ability of the vendor's: a template is sent text by text, a profile is registered, sessions end by voiding their credentials.
- **kept**: without the vendor, from what Switchboard remembers or does itself.
- **–**: it cannot. A routed vendor that cannot is passed over, and when all cannot the answer is 501 before any call.

`)
	var names []string
	for _, v := range paths[0].Vendors {
		names = append(names, v.Vendor)
	}
	fmt.Fprintf(&b, "| path | ability | %s |\n|---|---|%s\n", strings.Join(names, " | "), strings.Repeat("---|", len(names)))
	for _, p := range paths {
		fmt.Fprintf(&b, "| `%s %s` | `%s` |", p.Method, p.Path, p.Ability)
		for _, v := range p.Vendors {
			b.WriteString(" " + strings.ReplaceAll(v.State, "cannot", "–") + " |")
		}
		b.WriteString("\n")
	}
	b.WriteString("\n## Traits\n\nHow vendors of the same ability differ.\n\n| ability | " + strings.Join(names, " | ") + " |\n|---|" + strings.Repeat("---|", len(names)) + "\n")
	var kinds []string
	for _, of := range traits {
		for name := range of {
			if !slices.Contains(kinds, name) {
				kinds = append(kinds, name)
			}
		}
	}
	slices.Sort(kinds)
	for _, kind := range kinds {
		fmt.Fprintf(&b, "| `%s` |", kind)
		for _, name := range names {
			value, has := traits[name][kind]
			if !has {
				value = "–"
			}
			b.WriteString(" " + value + " |")
		}
		b.WriteString("\n")
	}
	return b.String()
}

// The page is what the running program says, and what it says is complete: every path of
// the contract that back ends call and that needs a vendor is in it.
func TestTheTableOfAbilitiesIsThatOfTheRunningProgram(t *testing.T) {
	p := start(t, nil)
	paths, traits := p.capabilities(t)
	want := abilitiesTable(paths, traits)
	if os.Getenv("SWITCHBOARD_TEST_UPDATE") != "" {
		if err := os.WriteFile(abilitiesPage, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if have, err := os.ReadFile(abilitiesPage); err != nil || string(have) != want {
		t.Errorf("%s is not what the program says: run this test with SWITCHBOARD_TEST_UPDATE=1 (%v)", abilitiesPage, err)
	}
	listed := map[string]bool{}
	for _, l := range paths {
		listed[l.Method+" "+l.Path] = true
	}
	ours := []string{
		"GET /api/server/pair/hosts", "PUT /api/server/pair/hosts", "POST /api/server/pair/hosts", "GET /api/server/users/{user}", "GET /api/server/capabilities",
		"GET /api/server/users/{user}/data", "DELETE /api/server/users/{user}/data", "GET /api/server/erasures/{erasure}",
	}
	for path, item := range contractDoc(t).Paths.Map() {
		if !strings.HasPrefix(path, "/api/server/") {
			continue
		}
		for method := range item.Operations() {
			name := method + " " + path
			if !listed[name] && !slices.Contains(ours, name) {
				t.Errorf("%s has no row in handlers/product/surface.go", name)
			}
			delete(listed, name)
		}
	}
	for name := range listed {
		if !strings.HasPrefix(name[strings.Index(name, " ")+1:], "/api/v1/") {
			t.Errorf("%s is in handlers/product/surface.go and not in the contract", name)
		}
	}
}

func TestAnAppIsToldWhatItsVendorsCanNow(t *testing.T) {
	p := startSurface(t, nil)
	find := func(method, path string) listedPath {
		t.Helper()
		paths, _ := p.capabilities(t)
		i := slices.IndexFunc(paths, func(l listedPath) bool { return l.Method == method && l.Path == path })
		if i < 0 {
			t.Fatalf("no %s %s", method, path)
		}
		return paths[i]
	}
	recall, template := "/api/server/messages/recall", "/api/server/messages/template"
	if l := find("POST", recall); l.State != "can" || !l.Now || l.Ability != "messages.recall" {
		t.Errorf("%+v", l)
	}
	p.operate(t, "PUT", "/admin/routes", `{"by":"test","routes":{"messages":"linkv"}}`, nil)
	if l := find("POST", recall); l.State != "cannot" || l.Now || l.Vendors[0].Routed || l.Vendors[0].State != "can" {
		t.Errorf("routed to one that cannot: %+v", l)
	}
	if l := find("POST", template); l.State != "emulated" || !l.Now {
		t.Errorf("emulated: %+v", l)
	}
	p.breaker(t, "linkv", "open")
	if l := find("POST", template); l.State != "emulated" || l.Now {
		t.Errorf("away: %+v", l)
	}
	if l := find("GET", "/api/server/users/{user}/blacklist"); !l.Now {
		t.Errorf("kept: %+v", l)
	}
}
