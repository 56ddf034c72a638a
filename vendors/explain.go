package vendors

import (
	"fmt"
	"strings"
	"time"
)

// Explanation shows how one request is signed, for `sign explain <vendor>`.
type Explanation struct {
	Scheme   string
	Digests  []Digest      // in the order in which they are sent
	SignedAt time.Time     // the time inside the signature; zero when it has none
	Age      time.Duration // now less SignedAt; negative: signed by a clock that is ahead
	Valid    time.Duration // how far Age may be off before the vendor refuses; zero: not known
}

// Digest is one signature and what it was made of.
type Digest struct {
	Name      string // the header or parameter that carries it
	Canonical string // what is hashed, with every secret masked
	Value     string // what it has to be
	Given     string // what the caller says was sent; empty when not told
}

// String is the explanation as the command prints it. It shows no secret.
func (e Explanation) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "scheme     %s\n", e.Scheme)
	for _, d := range e.Digests {
		fmt.Fprintf(&b, "%s\n  canonical  %s\n  digest     %s\n", d.Name, d.Canonical, d.Value)
		switch {
		case d.Given == "":
		case strings.EqualFold(d.Given, d.Value):
			b.WriteString("  given      matches\n")
		default:
			fmt.Fprintf(&b, "  given      %s does not match: the secret or an input differs\n", d.Given)
		}
	}
	if e.SignedAt.IsZero() {
		return b.String()
	}
	fmt.Fprintf(&b, "signed at  %s\n", e.SignedAt.UTC().Format(time.RFC3339))
	fmt.Fprintf(&b, "age        %s\n", e.age())
	return b.String()
}

func (e Explanation) age() string {
	off := e.Age.Round(time.Second)
	text := off.String() + " old"
	if off < 0 {
		text = (-off).String() + " ahead of this clock"
	}
	if e.Valid > 0 && off.Abs() > e.Valid {
		text += fmt.Sprintf(": refused, the vendor allows %s", e.Valid)
	}
	return text
}

// Mask shows that a secret stands here, and how long it is, so that an empty
// or cut-off one is seen.
func Mask(s Secret) string {
	if s == "" {
		return "[no secret]"
	}
	return fmt.Sprintf("[secret of %d bytes]", len(s))
}
