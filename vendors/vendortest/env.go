package vendortest

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"switchboard/vendors"
)

// env is one check's far end, proxy and opened vendor.
type env struct {
	Fixture
	t   T
	v   *vendors.Vendor
	w   *wire
	has map[string]bool // every capability name -> whether v has it
}

func newEnv(t T, f Fixture) *env {
	t.Helper()
	w, err := newWire(f.BaseURL)
	if err != nil {
		t.Fatalf("proxy: %v", err)
	}
	t.Cleanup(w.close)
	e := &env{Fixture: f, t: t, w: w}
	e.v = e.open(w.url)
	e.has = capabilities(e.v)
	return e
}

// disturbing operations take from others what those are about: who is in a room, and
// what they send. At a far end that has to restore it they are made one by one.
var disturbing = []string{vendors.OpRoomKick, vendors.OpRoomDissolve, vendors.OpRoomPermission}

// eachOp runs f for every operation that the vendor has, side by side, each
// behind a proxy of its own and in front of the one far end.
func (e *env) eachOp(t T, f func(*env, op)) {
	var wg sync.WaitGroup
	defer wg.Wait()
	for _, o := range e.ops() {
		if e.Restore != nil && slices.Contains(disturbing, o.name) {
			defer func() { wg.Wait(); f(e, o) }()
			continue
		}
		w, err := newWire(e.BaseURL)
		must(t, "proxy", err)
		own := *e
		own.w = w
		wg.Go(func() {
			defer w.close()
			f(&own, o)
		})
	}
}

// open opens the vendor once more, with breakers and connections of its own.
func (e *env) open(baseURL string) *vendors.Vendor {
	e.t.Helper()
	v, err := e.Open(baseURL)
	if err != nil {
		e.t.Fatalf("open: %v", err)
	}
	e.t.Cleanup(v.Close)
	return v
}

// capabilities names every capability of the port and whether v has it. Connection is
// none: it says nothing of what the vendor can do.
func capabilities(v *vendors.Vendor) map[string]bool {
	out := make(map[string]bool)
	var walk func(prefix string, s reflect.Value)
	walk = func(prefix string, s reflect.Value) {
		for i := range s.NumField() {
			name, field := prefix+s.Type().Field(i).Name, s.Field(i)
			switch {
			case name == "Connection":
			case field.Kind() == reflect.Interface:
				out[name] = !field.IsNil()
			case field.Kind() == reflect.Struct:
				walk(name+".", field)
			}
		}
	}
	walk("", reflect.ValueOf(v).Elem())
	return out
}

func capabilityChecks() []check {
	return []check{
		{name: "CapabilitiesAreAsDeclared", run: func(t T, e *env) {
			for name, has := range e.has {
				if declared := !slices.Contains(e.Lacks, name); declared != has {
					t.Errorf("%s: the vendor has it: %t, the fixture says %t", name, has, declared)
				}
			}
			for _, name := range e.Lacks {
				if _, known := e.has[name]; !known {
					t.Errorf("Lacks names %q, which is no capability of the port", name)
				}
			}
		}},
		{name: "OperatorsSeeEveryCapability", run: func(t T, e *env) {
			has := 0
			for _, yes := range e.has {
				if yes {
					has++
				}
			}
			if all, can := len(vendors.Abilities()), len(e.v.Can()); all != len(e.has) || can != has {
				t.Errorf("operators see %d of %d abilities, the port has %d of %d capabilities", can, all, has, len(e.has))
			}
		}},
		{name: "NameLinkAndCloseAreSet", run: func(t T, e *env) {
			if e.v.Name == "" || e.v.Name != strings.ToLower(e.v.Name) {
				t.Errorf("name %q: want lower case, not empty", e.v.Name)
			}
			if e.v.Connection == nil {
				t.Errorf("Connection is nil: operators could neither see nor switch the vendor")
			}
			if e.v.Close == nil {
				t.Errorf("Close is nil: idle connections would stay")
			}
		}},
	}
}

// settled reports whether the far end comes to show what it was told, within the time
// that it may take.
func (e *env) settled(shows func() bool) bool {
	for end := time.Now().Add(e.Settles); !shows(); time.Sleep(5 * time.Millisecond) {
		if !time.Now().Before(end) {
			return false
		}
	}
	return true
}

// mustBe fails unless err has the outcome and, when is is not nil, the sentinel.
func mustBe(t T, what string, err error, outcome vendors.Outcome, is error) {
	t.Helper()
	var e *vendors.Error
	switch {
	case err == nil:
		t.Errorf("%s: no error, want %s", what, outcome)
	case !errors.As(err, &e):
		t.Errorf("%s: error %v is no *vendors.Error", what, err)
	case e.Outcome != outcome:
		t.Errorf("%s: outcome %s, want %s (%v)", what, e.Outcome, outcome, err)
	case is != nil && !errors.Is(err, is):
		t.Errorf("%s: %v is not %q", what, err, is)
	}
}

// mustNotCall fails when the far end saw anything during f.
func (e *env) mustNotCall(t T, what string, f func(ctx) error, is error) {
	t.Helper()
	before := len(e.w.requests())
	mustBe(t, what, f(t.Context()), vendors.DefiniteNo, is)
	if n := len(e.w.requests()) - before; n != 0 {
		t.Errorf("%s: refused, yet the far end saw %d requests", what, n)
	}
}

// must fails the check at once when a call that should work did not.
func must(t T, what string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}
