package youme

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"switchboard/vendors"
	"switchboard/vendors/upstream"
)

// window is how long a checksum is good (docs/vendors/youme.md#checksum).
const window = 5 * time.Minute

// checksum is version 1: only the secret and the time are in it.
func checksum(secret, curtime string) string {
	sum := sha1.Sum([]byte(secret + curtime))
	return hex.EncodeToString(sum[:])
}

func (a *adapter) sign(r *upstream.Request) {
	now := strconv.FormatInt(r.Now.Unix(), 10)
	r.Query = append(r.Query, upstream.Fields{
		{"appkey", a.cfg.AppKey},
		{"identifier", a.cfg.Identifier},
		{"curtime", now},
		{"checksum", checksum(a.cfg.AppSecret.Reveal(), now)},
	}...)
}

// Explain shows how cfg signs a request made at in.Values' curtime, which
// YouMe hashes as it is written, a fraction of a second included.
func Explain(cfg Config, in vendors.SignInput) []vendors.Explanation {
	return []vendors.Explanation{explain(cfg, in)}
}

func explain(cfg Config, in vendors.SignInput) vendors.Explanation {
	curtime := in.Values.Get("curtime")
	e := vendors.Explanation{
		Scheme:    "checksum = lower hex sha1(app secret + curtime)",
		Canonical: vendors.Mask(cfg.AppSecret) + curtime,
		Digest:    checksum(cfg.AppSecret.Reveal(), curtime),
		Given:     in.Signature,
	}
	if in.Signature != "" && !strings.EqualFold(in.Signature, e.Digest) {
		e.Problems = append(e.Problems, "the checksum does not match: the secret or curtime differs")
	}
	if !in.Date.IsZero() {
		e.Skew = in.Date.Sub(in.Now)
	}
	whole, _, _ := strings.Cut(curtime, ".")
	seconds, err := strconv.ParseInt(whole, 10, 64)
	if err != nil {
		e.Problems = append(e.Problems, "curtime is not Unix seconds")
		return e
	}
	e.At = time.Unix(seconds, 0)
	e.Age = in.Now.Sub(e.At)
	if off := e.Age + e.Skew; off.Abs() > window {
		e.Problems = append(e.Problems, fmt.Sprintf("%s off the vendor's clock, at most %s", off.Round(time.Second), window))
	}
	return e
}
