package vendortest_test

import (
	"context"
	"slices"
	"sync"
	"testing"

	"switchboard/app/certify"
	"switchboard/vendors"
	"switchboard/vendors/vendortest"
)

// memory is what the vendors of this program do not have: it stands in for one that
// does, so that the checks of the suite are tried on something right and wrong.
type memory struct {
	mu       sync.Mutex // guards sessions
	sessions map[string][]string

	wrong
}

// wrong is what is wrong with a memory.
type wrong struct{ listsAll, endsAll, endsNone bool }

func (m *memory) Connect(user, device string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sessions[user] = append(m.sessions[user], device)
}

func (m *memory) At(user string) (out []vendors.Session) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, d := range m.sessions[user] {
		out = append(out, vendors.Session{Device: d})
	}
	return out
}

func (m *memory) ListSessions(_ context.Context, user string) ([]vendors.Session, error) {
	if m.listsAll {
		return append(m.At("alice"), m.At("bob")...), nil
	}
	return m.At(user), nil
}

func (m *memory) EndSessions(_ context.Context, user, device string) error {
	if user == "" {
		return vendors.Refuse("rongcloud", vendors.OpSessionEnd, vendors.ErrInvalid, "no user")
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.endsNone:
	case device == "" || m.endsAll:
		delete(m.sessions, user)
	default:
		m.sessions[user] = slices.DeleteFunc(m.sessions[user], func(d string) bool { return d == device })
	}
	return nil
}

// planted is RongCloud's fixture with a vendor that m gives what is missing to.
func planted(t vendortest.T, m *memory, scope vendors.SessionScope) vendortest.Fixture {
	f := certify.RongCloudMock(t)
	m.sessions = map[string][]string{}
	f.Lacks = slices.DeleteFunc(f.Lacks, func(name string) bool { return name == "Sessions" })
	f.Far.Sessions, f.Far.Connect = m.At, m.Connect
	open := f.Open
	f.Open = func(baseURL string) (*vendors.Vendor, error) {
		v, err := open(baseURL)
		if err == nil {
			v.Sessions, v.Traits.Sessions = m, scope
		}
		return v, err
	}
	return f
}

func TestWrongSessionsAreCaught(t *testing.T) {
	const name = "SessionsAreListedAndEndedAsFarAsDeclared"
	for _, row := range []struct {
		what  string
		wrong wrong
		scope vendors.SessionScope
		want  vendortest.Result
	}{
		{"right", wrong{}, vendors.SessionsDevice, vendortest.Passed},
		{"lists those of others", wrong{listsAll: true}, vendors.SessionsDevice, vendortest.Failed},
		{"ends all for one device", wrong{endsAll: true}, vendors.SessionsDevice, vendortest.Failed},
		{"ends none", wrong{endsNone: true}, vendors.SessionsDevice, vendortest.Failed},
		{"ends one device, and declares all alone", wrong{}, vendors.SessionsAll, vendortest.Failed},
	} {
		m := &memory{wrong: row.wrong}
		r := vendortest.Certify(t.Context(), "planted", "mock", func(check string) bool { return check == name },
			func(t vendortest.T) vendortest.Fixture { return planted(t, m, row.scope) })
		if r.Count(row.want) != 1 {
			t.Errorf("%s: %+v, want %s", row.what, r.Cases, row.want)
		}
	}
}
