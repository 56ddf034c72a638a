package vendortest_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"switchboard/app/certify"
	"switchboard/vendors"
	"switchboard/vendors/vendortest"
)

// memory is what the vendors of this program do not have: it stands in for one that
// does, so that the checks of the suite are tried on something right and wrong.
type memory struct {
	mu       sync.Mutex // guards what follows
	sessions map[string][]string
	known    map[string]bool
	sent     map[string]vendors.Receipt // by key and target

	wrong
}

// wrong is what is wrong with a memory.
type wrong struct{ listsAll, endsAll, endsNone, importsFirst, dropsUnknown, takesUnknown, dedupesNone, findsAny, losesKeyed bool }

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

func (m *memory) HasUser(user string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.known[user]
}

func (m *memory) ImportUsers(_ context.Context, users []vendors.User) ([]vendors.MemberResult, error) {
	if len(users) == 0 || users[0].ID == "" {
		return nil, vendors.Refuse("rongcloud", vendors.OpUserImport, vendors.ErrInvalid, "nobody is named")
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var ids []string
	for i, u := range users {
		ids = append(ids, u.ID)
		m.known[u.ID] = m.known[u.ID] || i == 0 || !m.importsFirst
	}
	return vendors.AllMembers(ids, nil)
}

// once sends a message with a key, unless it was sent before.
func (s strict) once(ctx context.Context, m vendors.Message) (vendors.Receipt, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := m.Key.String() + m.To[0]
	if r, again := s.sent[at]; again && !s.dedupesNone {
		return r, nil
	}
	if s.losesKeyed {
		m.Content.Text = ""
	}
	r, err := s.right.Send(ctx, m)
	if err == nil {
		s.sent[at] = r
	}
	return r, err
}

func (m *memory) FindMessage(_ context.Context, l vendors.Lookup) (vendors.MessageRef, bool, error) {
	if l.Key.IsZero() {
		return vendors.MessageRef{}, false, vendors.Refuse("rongcloud", vendors.OpMessageLookup, vendors.ErrInvalid, "no key")
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for at, r := range m.sent {
		if at == l.Key.String()+l.Target || m.findsAny {
			return r.Targets[0].Ref(), true, nil
		}
	}
	return vendors.MessageRef{}, false, nil
}

// strict refuses or drops messages to who is not known to m.
type strict struct {
	*memory
	right vendors.Messages
}

func (s strict) Send(ctx context.Context, m vendors.Message) (vendors.Receipt, error) {
	if !m.Key.IsZero() {
		return s.once(ctx, m)
	}
	if m.Kind != vendors.ToUsers || s.HasUser(m.To[0]) || s.takesUnknown {
		return s.right.Send(ctx, m)
	}
	if s.dropsUnknown {
		return vendors.Receipt{Targets: []vendors.TargetResult{{Target: m.To[0], MessageID: "1"}}}, nil
	}
	return vendors.Receipt{}, &vendors.Error{Vendor: "rongcloud", Op: vendors.OpSendUser, Outcome: vendors.DefiniteNo, Err: vendors.ErrNotFound, Sent: true}
}

// planted is RongCloud's fixture with a vendor that m gives what is missing to.
func planted(t vendortest.T, m *memory, traits vendors.Traits) vendortest.Fixture {
	f := certify.RongCloudMock(t)
	m.sessions, m.known, m.sent = map[string][]string{}, map[string]bool{}, map[string]vendors.Receipt{}
	f.Lacks = slices.DeleteFunc(f.Lacks, func(name string) bool { return name == "Sessions" || name == "UserImport" || name == "MessageLookup" })
	f.Far.Sessions, f.Far.Connect, f.Far.HasUser = m.At, m.Connect, m.HasUser
	open := f.Open
	f.Open = func(baseURL string) (*vendors.Vendor, error) {
		v, err := open(baseURL)
		if err == nil {
			v.Sessions, v.UserImport, v.Messages = m, m, strict{m, v.Messages}
			v.MessageLookup = m
			v.Traits.SendRepeat = traits.SendRepeat
			v.Traits.Sessions, v.Traits.UnknownUsers = traits.Sessions, traits.UnknownUsers
		}
		return v, err
	}
	return f
}

func TestWrongFormsOfWhatNoVendorHereHasAreCaught(t *testing.T) {
	const ended, imported, unknown = "SessionsAreListedAndEndedAsFarAsDeclared", "ImportedUsersAreKnown", "MessageToWhoIsNotKnownEndsAsDeclared"
	const said, taken, found = "MessageWithAKeySaysTheSame", "MessageOfTheSameKeyIsTakenOnceWhereDeclared", "MessageIsFoundByItsKeyAloneAndAtItsTarget"
	repeats := vendors.Traits{SendRepeat: time.Minute}
	device := vendors.Traits{Sessions: vendors.SessionsDevice}
	refused, dropped := vendors.Traits{UnknownUsers: vendors.UnknownRefused}, vendors.Traits{UnknownUsers: vendors.UnknownDropped}
	for _, row := range []struct {
		what, check string
		wrong       wrong
		traits      vendors.Traits
		want        vendortest.Result
	}{
		{"right", ended, wrong{}, device, vendortest.Passed},
		{"lists those of others", ended, wrong{listsAll: true}, device, vendortest.Failed},
		{"ends all for one device", ended, wrong{endsAll: true}, device, vendortest.Failed},
		{"ends none", ended, wrong{endsNone: true}, device, vendortest.Failed},
		{"ends one device, and declares all alone", ended, wrong{}, vendors.Traits{Sessions: vendors.SessionsAll}, vendortest.Failed},
		{"right import", imported, wrong{}, refused, vendortest.Passed},
		{"imports the first alone", imported, wrong{importsFirst: true}, refused, vendortest.Failed},
		{"refuses and declares it", unknown, wrong{}, refused, vendortest.Passed},
		{"refuses and declares to take", unknown, wrong{}, vendors.Traits{}, vendortest.Failed},
		{"drops and declares it", unknown, wrong{dropsUnknown: true}, dropped, vendortest.Passed},
		{"drops and declares to refuse", unknown, wrong{dropsUnknown: true}, refused, vendortest.Failed},
		{"takes a key once", taken, wrong{}, repeats, vendortest.Passed},
		{"takes a key twice and declares once", taken, wrong{dedupesNone: true}, repeats, vendortest.Failed},
		{"says the same", said, wrong{takesUnknown: true}, vendors.Traits{}, vendortest.Passed},
		{"says something else with a key", said, wrong{takesUnknown: true, losesKeyed: true}, vendors.Traits{}, vendortest.Failed},
		{"finds by key", found, wrong{}, vendors.Traits{}, vendortest.Passed},
		{"finds any message", found, wrong{findsAny: true}, vendors.Traits{}, vendortest.Failed},
		{"drops and declares to take", unknown, wrong{dropsUnknown: true}, vendors.Traits{}, vendortest.Failed},
	} {
		m := &memory{wrong: row.wrong}
		r := vendortest.Certify(t.Context(), "planted", "mock", func(check string) bool { return check == row.check },
			func(t vendortest.T) vendortest.Fixture { return planted(t, m, row.traits) })
		if r.Count(row.want) != 1 {
			t.Errorf("%s: %+v, want %s", row.what, r.Cases, row.want)
		}
	}
}
