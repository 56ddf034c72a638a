package messages

import (
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"switchboard/vendors"
)

func TestAMessageIDIsGoodForItsAppAlone(t *testing.T) {
	secrets := map[string]string{"a": "one", "b": "two", "c": "one"}
	ids := IDs{Secret: func(app string) []byte { return []byte(secrets[app]) }}
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringN(1, 20, 64)
		ref := Ref{
			Account: text.Draw(t, "account"), Kind: vendors.ToGroups, From: text.Draw(t, "from"), Target: text.Draw(t, "target"), ID: text.Draw(t, "id"),
			SentAt: time.UnixMilli(rapid.Int64Range(1, 4e12).Draw(t, "at")),
		}
		id := ids.Seal("a", ref)
		if got, err := ids.Open("a", id); err != nil || !got.SentAt.Equal(ref.SentAt) || got.ID != ref.ID || got.Account != ref.Account || got.From != ref.From || got.Target != ref.Target || got.Kind != ref.Kind {
			t.Fatalf("%+v came back as %+v, %v", ref, got, err)
		}
		at := rapid.IntRange(0, len(id)-1).Draw(t, "spoilt")
		spoilt := []byte(id)
		if spoilt[at]++; at == len(id)-1 { // the last letter may have bits that do not count
			spoilt = spoilt[:at]
		}
		for app, id := range map[string]string{"b": id, "c": id, "a": string(spoilt), "gone": id} {
			if _, err := ids.Open(app, id); !errors.Is(err, ErrUnknownMessage) {
				t.Fatalf("app %s opens %q: %v", app, id, err)
			}
		}
	})
	if ids.Seal("a", Ref{Account: "linkv"}) != "" {
		t.Error("an id for a message that its vendor gave none")
	}
	old := ids.Seal("a", Ref{ID: "1"})
	secrets["a"] = "new"
	if _, err := ids.Open("a", old); !errors.Is(err, ErrUnknownMessage) {
		t.Errorf("an id outlives the secret: %v", err)
	}
	if got, err := ids.Open("a", ids.Seal("a", Ref{ID: "1"})); err != nil || !got.SentAt.IsZero() {
		t.Errorf("%+v, %v", got, err)
	}
}
