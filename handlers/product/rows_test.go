package product

import (
	"encoding/json"
	"errors"
	"testing"

	"switchboard/vendors"
)

func TestRowsTellWhatBecameOfEachAndOfTheWhole(t *testing.T) {
	no := vendors.Refuse("acme", "user.block", vendors.ErrNotFound, "")
	doubt := &vendors.Error{Vendor: "acme", Op: "user.block", Outcome: vendors.Ambiguous, Effect: vendors.Write, Sent: true}
	for _, c := range []struct {
		name    string
		errs    []error
		states  []string
		code    int
		outcome vendors.Outcome // of the whole, to the ledger
	}{
		{"all", []error{nil, nil}, []string{rowAccepted, rowAccepted}, 0, vendors.OK},
		{"some refused", []error{nil, no}, []string{rowAccepted, rowRefused}, codePartly, vendors.DefiniteNo},
		{"some in doubt", []error{nil, no, doubt}, []string{rowAccepted, rowRefused, rowUnknown}, codePartly, vendors.Ambiguous},
		{"none", []error{no, no}, []string{rowRefused, rowRefused}, 100104, vendors.DefiniteNo},
		{"none, and one in doubt", []error{no, doubt}, []string{rowRefused, rowUnknown}, 100109, vendors.Ambiguous},
	} {
		var set rowSet
		for _, err := range c.errs {
			set.add(rowOf("7", "acme", err), err)
		}
		data, err := set.result()
		var got struct{ Rows []row }
		raw, _ := json.Marshal(data)
		if json.Unmarshal(raw, &got) != nil || len(got.Rows) != len(c.states) {
			t.Fatalf("%s: %s", c.name, raw)
		}
		for i, r := range got.Rows {
			if r.State != c.states[i] || (r.Reason == "") != (c.errs[i] == nil) || r.ID != "7" || r.Vendor != "acme" {
				t.Errorf("%s: row %d is %+v", c.name, i, r)
			}
		}
		if code, _, _ := Describe(err); err != nil && code != c.code || (err == nil) != (c.code == 0) {
			t.Errorf("%s: code %d, %v", c.name, code, err)
		}
		if vendors.OutcomeOf(err) != c.outcome {
			t.Errorf("%s: outcome %s", c.name, vendors.OutcomeOf(err))
		}
	}
	var set rowSet
	if data, err := set.result(); data != nil || err != nil {
		t.Errorf("without rows: %v, %v", data, err)
	}
	if !errors.Is(&partly{worst: no}, vendors.ErrNotFound) {
		t.Error("the worst row's error is lost")
	}
}
