package vendors

import (
	"strings"
	"testing"
	"time"
)

func TestAnExplanationPrintsWhatIsKnownOnly(t *testing.T) {
	e := Explanation{
		Scheme: "sha1(secret + curtime)", Canonical: Mask("s3cret") + "1700000000", Digest: "ab", Given: "cd",
		At: time.Unix(1700000000, 0), Age: 412 * time.Second, Skew: -30 * time.Second,
		Problems: []string{"412 s old", "the secret does not match"},
	}
	want := `scheme     sha1(secret + curtime)
canonical  [secret of 6 bytes]1700000000
digest     ab
given      cd
signed at  2023-11-14T22:13:20Z
age        6m52s
skew       -30s
problem    412 s old
problem    the secret does not match
`
	if got := e.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	bare := Explanation{Scheme: "s", Canonical: Mask(""), Digest: "d"}.String()
	if strings.Count(bare, "\n") != 3 || !strings.Contains(bare, "[no secret]") {
		t.Errorf("a field shown that nobody knows:\n%s", bare)
	}
}
