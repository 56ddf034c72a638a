package mock_test

import (
	"strings"
	"testing"

	"switchboard/mocks/mock"
)

func TestANameThatNothingHasIsRefusedWithTheNamesNearIt(t *testing.T) {
	r := start(t)
	for _, row := range []struct{ op, want string }{
		{"", ""}, {"*", ""}, {"coin.*", ""}, {"coin.add", ""}, {"callback.coin", ""}, {"callback.*", ""}, {"room", ""}, {"r*", ""},
		{"coin.ad", `no operation and no callback is named "coin.ad"; near it: coin.add`},
		{"Coin.Add", "near it: coin.add"},
		{"coni.*", "near it: coin.add"},
		{"add", "near it: coin.add"},
		{"callback.coins", "near it: callback.coin"},
		{"co*.add", "a * is for the end alone"},
		{"message.send", `named "message.send"; GET /_mock/operations has them all`},
		{"rooms", "near it: room"},
		{"coin.add ", "near it: coin.add"},
	} {
		_, added := r.toy.Faults.Add(mock.Match{Op: row.op}, mock.Action{Kind: mock.Delay})
		r.toy.Faults.Clear()
		expected := r.toy.Journal.Expect(mock.Filter{Op: row.op}, 0)
		for what, err := range map[string]error{"a rule": added, "an expectation": expected} {
			switch {
			case row.want == "" && err != nil:
				t.Errorf("%s for %q: %v", what, row.op, err)
			case row.want != "" && (err == nil || !strings.Contains(err.Error(), row.want)):
				t.Errorf("%s for %q: %v, want %q", what, row.op, err, row.want)
			}
		}
	}
}
