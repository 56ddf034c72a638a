package messages

import (
	"context"
	"errors"
	"slices"
	"testing"

	"switchboard/vendors"
)

// club takes messages to whom it knows alone.
type club struct {
	members map[string]bool
	imports [][]string
	fails   error
}

func (c *club) ImportUsers(_ context.Context, users []vendors.User) ([]vendors.MemberResult, error) {
	if c.fails != nil {
		return nil, c.fails
	}
	ids := []string{}
	for _, u := range users {
		ids = append(ids, u.ID)
		c.members[u.ID] = u.ID != "barred"
	}
	c.imports = append(c.imports, ids)
	rows, _ := vendors.AllMembers(ids, nil)
	for i, r := range rows {
		if r.User == "barred" {
			rows[i].State, rows[i].Err = vendors.MemberRefused, vendors.Refuse("club", vendors.OpUserImport, vendors.ErrInvalid, "")
		}
	}
	return rows, nil
}

func (c *club) Send(_ context.Context, m vendors.Message) (out vendors.Receipt, err error) {
	for _, to := range m.To {
		t := vendors.TargetResult{Target: to}
		if !c.members[to] || !c.members[m.From] {
			t.Err = vendors.Refuse("club", vendors.OpSendUser, vendors.ErrNotFound, "")
		}
		out.Targets = append(out.Targets, t)
	}
	return out, nil
}

func TestAVendorThatTakesNoStrangersIsToldOfThemBeforeTheirFirstMessage(t *testing.T) {
	c := &club{members: map[string]bool{}}
	v := &vendors.Vendor{Name: "club", Messages: c, UserImport: c, Traits: vendors.Traits{UnknownUsers: vendors.UnknownRefused}, Limits: vendors.Limits{vendors.OpUserImport: {Targets: 2}}}
	routes, err := vendors.NewRouter([]*vendors.Vendor{v}, nil)
	if err != nil {
		t.Fatal(err)
	}
	s := New(routes, nil)
	send := func(to ...string) (failed []string, err error) {
		t.Helper()
		r, err := s.Send(t.Context(), vendors.Request{}, vendors.Message{Kind: vendors.ToUsers, From: "desk", To: to, Content: vendors.Content{Kind: vendors.Text, Text: "hi"}})
		for _, one := range r.Targets {
			if one.Err != nil {
				failed = append(failed, one.Target)
			}
		}
		return failed, err
	}
	if failed, err := send("ann", "bob", "barred"); !errors.Is(err, ErrUndelivered) || !slices.Equal(failed, []string{"barred"}) {
		t.Errorf("%v failed, %v", failed, err)
	}
	if failed, err := send("ann", "bob"); err != nil || len(failed) != 0 || len(c.imports) != 2 || len(c.imports[0]) != 2 {
		t.Errorf("told again: %v, %v, %v", c.imports, failed, err)
	}
	delete(c.members, "bob") // removed at the vendor
	for _, want := range []int{1, 0} {
		if failed, _ := send("bob"); len(failed) != want {
			t.Errorf("somebody who was removed: %v", failed)
		}
	}
	c.imports = c.imports[:2]
	c.fails = &vendors.Error{Vendor: "club", Outcome: vendors.Ambiguous, Sent: true}
	if _, err := send("cid"); vendors.OutcomeOf(err) != vendors.NotSent {
		t.Errorf("not told for certain: %v", err)
	}
	c.fails = &vendors.Error{Vendor: "club", Outcome: vendors.NotSent, Err: vendors.ErrBreakerOpen}
	if failed, err := send("ann"); err != nil || failed != nil {
		t.Errorf("whom it knows: %v, %v", failed, err)
	}
	c.fails, v.Traits.UnknownUsers = nil, vendors.UnknownTaken
	if failed, err := send("dan"); err == nil || len(c.imports) != 2 {
		t.Errorf("a vendor that takes strangers was told: %v, %v", failed, err)
	}
	// Templates that the vendor has not go the same way.
	v.Traits.UnknownUsers = vendors.UnknownRefused
	r, err := s.SendTemplate(t.Context(), vendors.Request{}, vendors.Template{Kind: vendors.ToUsers, From: "desk", Text: "hi {n}", To: []vendors.Filling{{Target: "eve", Values: map[string]string{"n": "Eve"}}}})
	if err != nil || len(r.Targets) != 1 || r.Targets[0].Err != nil {
		t.Errorf("a template: %+v, %v", r, err)
	}
}
