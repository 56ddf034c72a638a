package linkv

import (
	"slices"
	"testing"

	"switchboard/vendors"
)

func TestListEndsWithThePageThatHasNothingNew(t *testing.T) {
	list := func(ids string) string { return `{"code":200,"data":` + ids + `}` }
	for _, tc := range []struct {
		name    string
		pages   []string // the last one is repeated
		want    []string
		calls   int
		outcome vendors.Outcome
	}{
		{"an empty page", []string{list(`[{"uid":"a"},{"uid":7}]`), list(`[{"uid":"b"}]`), list(`[]`)}, []string{"a", "7", "b"}, 3, vendors.OK},
		{"null", []string{list(`[{"uid":"a"}]`), list(`null`)}, []string{"a"}, 2, vendors.OK},
		{"a page asked for in vain", []string{list(`[{"uid":"a"}]`)}, []string{"a"}, 2, vendors.OK},
		{"nobody", []string{list(`""`)}, []string{}, 1, vendors.OK},
		{"no list", []string{`{"code":200}`}, nil, 1, vendors.Ambiguous},
		{"no list in the middle", []string{list(`[{"uid":"a"}]`), `{"code":200}`}, nil, 2, vendors.Ambiguous},
		{"another shape", []string{list(`{"uid":"a"}`)}, nil, 1, vendors.Ambiguous},
	} {
		t.Run(tc.name, func(t *testing.T) {
			n := 0
			v, calls := imVendor(t, func(call) string {
				n++
				return tc.pages[min(n, len(tc.pages))-1]
			})
			got, err := v.GroupLists.GroupMembers(t.Context(), "club")
			if vendors.OutcomeOf(err) != tc.outcome || !slices.Equal(got, tc.want) {
				t.Errorf("%v, %v; want %v, %s", got, err, tc.want, tc.outcome)
			}
			seen := calls()
			if tc.outcome == vendors.OK && len(seen) != tc.calls {
				t.Errorf("%d calls, want %d", len(seen), tc.calls)
			}
			if seen[0].get("page") != "1" || seen[len(seen)-1].get("groupId") != "club" {
				t.Errorf("calls %+v", seen)
			}
		})
	}
}
