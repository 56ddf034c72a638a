package vendors

import (
	"net/url"
	"time"
)

// SignInput is what a signature is computed over, as it was seen on the wire
// or typed by an operator.
type SignInput struct {
	Values    url.Values // nonce, timestamp and signed fields, by the vendor's names
	Signature string     // what the request carried; empty: only compute one
	Now       time.Time  // our clock
	Date      time.Time  // the vendor's clock at the same moment; zero: unknown
}

// Explanation shows how one request is signed. It holds no secret: the
// canonical text has Secret's mask in the secret's place.
type Explanation struct {
	Scheme    string        // how the digest is made, in one line
	Canonical string        // the text that is hashed
	Digest    string        // what this account's secret makes of it
	Given     string        // SignInput.Signature
	At        time.Time     // the timestamp that is part of the signature; zero: unreadable
	Age       time.Duration // SignInput.Now minus At; negative: signed in the future
	Skew      time.Duration // the vendor's clock minus ours; zero when Date was
	Problems  []string      // why a vendor would refuse it; empty: it would not
}
