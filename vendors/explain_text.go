package vendors

import (
	"fmt"
	"strings"
	"time"
)

// String is the explanation as `sign explain` prints it.
func (e Explanation) String() string {
	var b strings.Builder
	line := func(name, value string) { fmt.Fprintf(&b, "%-10s %s\n", name, value) }
	line("scheme", e.Scheme)
	line("canonical", e.Canonical)
	line("digest", e.Digest)
	if e.Given != "" {
		line("given", e.Given)
	}
	if !e.At.IsZero() {
		line("signed at", e.At.UTC().Format(time.RFC3339))
		line("age", e.Age.Round(time.Second).String())
	}
	if e.Skew != 0 {
		line("skew", e.Skew.Round(time.Second).String())
	}
	for _, p := range e.Problems {
		line("problem", p)
	}
	return b.String()
}

// Mask stands for a secret in a canonical text and shows how long it is, so
// that an empty or cut-off one is seen.
func Mask(s Secret) string {
	if s == "" {
		return "[no secret]"
	}
	return fmt.Sprintf("[secret of %d bytes]", len(s))
}
