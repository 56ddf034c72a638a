package im

import (
	"encoding/json"
	"testing"
)

func TestMentionsAreAListOrATextThatHoldsOne(t *testing.T) {
	for raw, want := range map[string]int{`["a",2]`: 2, `"[\"a\"]"`: 1, `null`: 0, `""`: 0, `"null"`: 0} {
		var l mentionList
		if err := json.Unmarshal([]byte(raw), &l); err != nil || len(l) != want {
			t.Errorf("%s: %v %v", raw, l, err)
		}
	}
}
