package product

import (
	"encoding/json"
	"errors"
	"testing"

	"switchboard/vendors"
)

// A write that is settled answers what it did at first, with the rows that were unknown as
// they are known now; what else stood in the answer stays.
func TestASettledWriteAnswersItsFirstRowsAsTheyAreKnownNow(t *testing.T) {
	accepted := func(unknown []row) ([]row, error) {
		out := make([]row, len(unknown))
		for i, r := range unknown {
			out[i] = row{ID: r.ID, Vendor: r.Vendor, State: rowAccepted}
		}
		return out, nil
	}
	down := errors.New("down")
	for _, tc := range []struct {
		name, told string
		again      func([]row) ([]row, error)
		want       string
		err        error
	}{
		{"all", `{"rows":[{"id":"a","state":"unknown","vendor":"v","reason":"why"}]}`, accepted, `{"rows":[{"id":"a","state":"accepted","vendor":"v"}]}`, nil},
		{"beside others", `{"rows":[{"id":"a","state":"already"},{"id":"b","state":"unknown"},{"id":"c","state":"unknown"}],"stays":[1]}`, accepted,
			`{"rows":[{"id":"a","state":"already"},{"id":"b","state":"accepted"},{"id":"c","state":"accepted"}],"stays":[1]}`, nil},
		{"beside a refused one", `{"rows":[{"id":"a","state":"refused","reason":"no"},{"id":"b","state":"unknown"}]}`, accepted,
			`{"rows":[{"id":"a","state":"refused","reason":"no"},{"id":"b","state":"accepted"}]}`, errPartly},
		{"not settled", `{"rows":[{"id":"a","state":"unknown"}]}`, func([]row) ([]row, error) { return nil, down }, "null", down},
		{"nothing told", "", accepted, "null", errNothingTold},
		{"no rows", `{"accepted":1}`, accepted, "null", errNothingTold},
		{"nothing unknown", `{"rows":[{"id":"a","state":"accepted"}]}`, accepted, "null", errNothingTold},
	} {
		data, err := settled([]byte(tc.told), tc.again)
		raw, _ := json.Marshal(data)
		if string(raw) != tc.want || !errors.Is(err, tc.err) || (err == nil) != (tc.err == nil) {
			t.Errorf("%s: %s, %v", tc.name, raw, err)
		}
		if err != nil && vendors.OutcomeOf(err) == vendors.DefiniteNo {
			t.Errorf("%s would be settled as refused", tc.name)
		}
	}
}

// A write is named by its operation too: what ends a block says no more of it than what
// makes one for good.
func TestWritesOfDifferentOperationsHaveDifferentNames(t *testing.T) {
	same := userChange{User: "ann"}
	if writeOf(vendors.OpUserBlock, same) == writeOf(vendors.OpUserUnblock, same) {
		t.Error("a block and its end have one name")
	}
	raw, _ := json.Marshal(same)
	if writeOf(vendors.OpUserBlock, same) != writeNamed(vendors.OpUserBlock, raw) {
		t.Error("the recipe does not find what was asked for")
	}
}
