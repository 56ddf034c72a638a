package rongcloud

import (
	"crypto/sha1"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"switchboard/mocks/mock"
)

// signed is what a request says about itself (docs/vendors/rongcloud.md#signing).
type signed struct {
	key, nonce, timestamp, signature string
}

// signedBy reads both header sets: App-Key and the rest, or the same with RC-
// in front for platforms that strip unknown headers.
func signedBy(r *http.Request) signed {
	get := func(name string) string {
		if v := r.Header.Get(name); v != "" {
			return v
		}
		return r.Header.Get("RC-" + name)
	}
	return signed{key: get("App-Key"), nonce: get("Nonce"), timestamp: get("Timestamp"), signature: get("Signature")}
}

// digest is the lower-case hex SHA-1 of secret, nonce and timestamp.
func digest(secret, nonce, timestamp string) string {
	sum := sha1.Sum([]byte(secret + nonce + timestamp))
	return hex.EncodeToString(sum[:])
}

// instant reads a timestamp in seconds (10 digits: the Go, Java and PHP SDKs)
// or in milliseconds (13 digits: the pages): docs/vendors/rongcloud.md#what-clients-send.
func instant(text string) (time.Time, bool) {
	n, err := strconv.ParseInt(text, 10, 64)
	switch {
	case err != nil:
		return time.Time{}, false
	case len(text) == 10:
		return time.Unix(n, 0), true
	case len(text) == 13:
		return time.UnixMilli(n), true
	}
	return time.Time{}, false
}

// verify checks the signature and, where switched on, freshness and nonce.
func (a *App) verify(c *mock.Call) mock.Verdict {
	s := signedBy(c.Request)
	v := mock.Verdict{Canonical: "<secret>" + s.nonce + s.timestamp, Code: "1004"}
	at, ok := instant(s.timestamp)
	switch {
	case s.nonce == "":
		v.Reason = "the Nonce header is missing"
	case s.timestamp == "":
		v.Reason = "the Timestamp header is missing"
	case s.signature == "":
		v.Reason = "the Signature header is missing"
	case !ok:
		v.Reason = fmt.Sprintf("timestamp %q is neither 10 nor 13 digits", s.timestamp)
	default:
		v.Reason = a.mismatch(s)
	}
	if v.Reason == "" {
		v.Reason = a.stale(s, at, c.Now)
	}
	v.OK = v.Reason == ""
	if v.OK {
		v.Code = ""
	}
	return v
}

// mismatch says what the signature seems to be made of; "" when it is right.
func (a *App) mismatch(s signed) string {
	secret := a.Credential(secretName)
	want := digest(secret, s.nonce, s.timestamp)
	switch {
	case subtle.ConstantTimeCompare([]byte(want), []byte(s.signature)) == 1:
		return ""
	case strings.EqualFold(want, s.signature):
		return "the signature is not in lower-case hex"
	case s.signature == digest(secret, s.timestamp, s.nonce):
		return "nonce and timestamp are signed in the wrong order"
	case len(s.signature) != len(want):
		return fmt.Sprintf("the signature has %d characters, not %d", len(s.signature), len(want))
	}
	return "the secret or the canonical string does not match"
}

// stale holds a request against Config.MaxSkew and Config.NonceOnce. Nothing
// is documented of either, so both are off unless asked for.
func (a *App) stale(s signed, at, now time.Time) string {
	age := now.Sub(at).Truncate(time.Second)
	switch {
	case a.cfg.MaxSkew > 0 && age > a.cfg.MaxSkew:
		return fmt.Sprintf("timestamp %d s old", int(age.Seconds()))
	case a.cfg.MaxSkew > 0 && -age > a.cfg.MaxSkew:
		return fmt.Sprintf("timestamp %d s in the future", int(-age.Seconds()))
	case a.cfg.NonceOnce && a.nonces[s.nonce]:
		return "the nonce was used before"
	case a.cfg.NonceOnce:
		a.nonces[s.nonce] = true
	}
	return ""
}

// signCallback adds the query parameters of
// docs/vendors/rongcloud.md#callback-signature, in the newer or the older names.
func (c Config) signCallback(n *mock.Namespace, r *http.Request, _ []byte) {
	nonce := n.Random.Digits(10)
	timestamp := strconv.FormatInt(n.Clock.Now().UnixMilli(), 10)
	q := r.URL.Query()
	q.Set("nonce", nonce)
	q.Set("signature", digest(n.Credential(secretName), nonce, timestamp))
	if c.OldCallbackNames {
		q.Set("signTimestamp", timestamp)
	} else {
		q.Set("appKey", n.Credential(keyName))
		q.Set("timestamp", timestamp)
	}
	r.URL.RawQuery = q.Encode()
}
