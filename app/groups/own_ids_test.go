package groups

import (
	"context"
	"slices"
	"testing"

	"switchboard/app/owners"
	"switchboard/vendors"
)

// A group whose vendor makes ids is called by the vendor's id from its create on, and
// found by it when the vendor speaks of it.
func TestAGroupIsCalledByTheIDThatItsVendorMade(t *testing.T) {
	w := newWorld()
	w.fars["acme"].own = true
	ctx := vendors.WithApp(context.Background(), "a")
	made, err := w.s.Apply(ctx, "a", Change{Kind: owners.Group, Action: Create, ID: "g1", Name: "n", By: "ann", Users: []string{"bob"}})
	if err != nil || made.Record.Account != "acme" || len(made.Record.VendorID) <= len("own-") || made.Record.VendorID[:4] != "own-" {
		t.Fatalf("%+v, %v", made, err)
	}
	for _, c := range []Change{
		{Kind: owners.Group, Action: Add, ID: "g1", Users: []string{"cat"}},
		{Kind: owners.Group, Action: Rename, ID: "g1", Name: "better"},
		{Kind: owners.Group, Action: Remove, ID: "g1", Users: []string{"bob"}},
	} {
		if _, err := w.s.Apply(ctx, "a", c); err != nil {
			t.Errorf("%s: %v", c.Action, err)
		}
	}
	_, page, err := w.s.Members(ctx, "a", "g1", "", 9)
	if err != nil || !slices.Equal(page.Items, []string{"ann", "cat"}) {
		t.Errorf("%v, %v", page.Items, err)
	}
	back, found, err := w.s.owners.ByVendor(ctx, "acme", owners.Group, made.Record.VendorID)
	if err != nil || !found || back.ID != "g1" || back.App != "a" {
		t.Errorf("%+v, %v, %v", back, found, err)
	}
	if f := w.fars["acme"]; len(f.strays) != 0 || f.groups[made.Record.VendorID].name != "better" {
		t.Errorf("calls about what there is not: %v", f.strays)
	}
}
