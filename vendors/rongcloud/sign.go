package rongcloud

import (
	"crypto/rand"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/hex"
	"net/url"
	"strconv"
	"time"

	"switchboard/vendors"
	"switchboard/vendors/upstream"
)

// digest is the signature of a call and of a callback:
// docs/vendors/rongcloud.md#signing and docs/vendors/rongcloud.md#callback-signature.
func digest(secret vendors.Secret, nonce, timestamp string) string {
	sum := sha1.Sum([]byte(secret.Reveal() + nonce + timestamp))
	return hex.EncodeToString(sum[:])
}

// sign adds the four headers. The nonce has the 18 characters that the vendor
// allows; the timestamp is in milliseconds.
func (a *adapter) sign(r *upstream.Request) {
	var random [9]byte
	_, _ = rand.Read(random[:]) // never fails
	nonce, timestamp := hex.EncodeToString(random[:]), strconv.FormatInt(r.Now.UnixMilli(), 10)
	r.Header = append(r.Header, upstream.Fields{
		{"App-Key", a.cfg.AppKey},
		{"Nonce", nonce},
		{"Timestamp", timestamp},
		{"Signature", digest(a.cfg.AppSecret, nonce, timestamp)},
	}...)
}

// signed is what a request or a callback carries of its signature.
type signed struct{ appKey, nonce, timestamp, signature string }

// matches compares in constant time.
func (s signed) matches(secret vendors.Secret) bool {
	return subtle.ConstantTimeCompare([]byte(digest(secret, s.nonce, s.timestamp)), []byte(s.signature)) == 1
}

// instant reads a timestamp in seconds or milliseconds: both are in
// use (docs/vendors/rongcloud.md#what-clients-send).
func instant(text string) (time.Time, bool) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n <= 0 {
		return time.Time{}, false
	}
	if n < 1e11 { // in milliseconds this would be before 1973-03-04
		return time.Unix(n, 0), true
	}
	return time.UnixMilli(n), true
}

// first returns the first of names that has a value.
func first(v url.Values, names ...string) string {
	for _, n := range names {
		if s := v.Get(n); s != "" {
			return s
		}
	}
	return ""
}

// Explain shows how in is signed: it takes the nonce and the timestamp as
// headers (App-Key, Nonce, Timestamp, with or without RC-) or callbacks (appKey,
// nonce, timestamp, signTimestamp) name them.
func Explain(cfg Config, in vendors.SignInput) []vendors.Explanation {
	return []vendors.Explanation{explain(cfg, in)}
}

func explain(cfg Config, in vendors.SignInput) vendors.Explanation {
	s := signed{
		appKey:    first(in.Values, "App-Key", "RC-App-Key", "appKey"),
		nonce:     first(in.Values, "Nonce", "RC-Nonce", "nonce"),
		timestamp: first(in.Values, "Timestamp", "RC-Timestamp", "timestamp", "signTimestamp"),
		signature: in.Signature,
	}
	e := vendors.Explanation{
		Scheme:    "lower-case hex of sha1(App Secret + Nonce + Timestamp)",
		Canonical: vendors.Mask(cfg.AppSecret) + s.nonce + s.timestamp,
		Digest:    digest(cfg.AppSecret, s.nonce, s.timestamp),
		Given:     in.Signature,
	}
	at, readable := instant(s.timestamp)
	if readable {
		e.At, e.Age = at, in.Now.Sub(at)
	}
	if !in.Date.IsZero() {
		e.Skew = in.Date.Sub(in.Now)
	}
	problem := func(bad bool, text string) {
		if bad {
			e.Problems = append(e.Problems, text)
		}
	}
	problem(s.appKey != "" && s.appKey != cfg.AppKey, "the app key is not this account's")
	problem(s.nonce == "", "there is no nonce")
	problem(!readable, "the timestamp is no number of seconds or milliseconds")
	problem(in.Signature != "" && !s.matches(cfg.AppSecret), "the signature is not the digest: another secret, nonce or timestamp")
	problem(e.Skew.Abs() > time.Minute, "the vendor's clock and ours differ by more than a minute")
	return e
}
