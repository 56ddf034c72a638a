package vendors

import (
	"strings"
	"testing"
	"time"
)

func TestAnExplanationTellsWhatDoesNotFit(t *testing.T) {
	e := Explanation{
		Scheme: "v1",
		Digests: []Digest{
			{Name: "a", Canonical: "x" + Mask("s3cret"), Value: "AB", Given: "ab"},
			{Name: "b", Value: "cd", Given: "ef"},
			{Name: "c", Value: "gh"},
		},
		SignedAt: time.Unix(1700000000, 0), Age: 412 * time.Second, Valid: 5 * time.Minute,
	}
	got := e.String()
	for _, want := range []string{"[secret of 6 bytes]", "matches", "ef does not match", "2023-11-14T22:13:20Z", "6m52s old: refused, the vendor allows 5m0s"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in:\n%s", want, got)
		}
	}
	if strings.Contains(got, "s3cret") || strings.Count(got, "given") != 2 {
		t.Errorf("a secret shown, or a digest judged that was not given:\n%s", got)
	}
	e.Age = -30 * time.Second
	if got := e.String(); !strings.Contains(got, "30s ahead of this clock\n") {
		t.Errorf("a clock ahead but within the window: %s", got)
	}
}
