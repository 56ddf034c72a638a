package linkv

import (
	"crypto/md5"
	"crypto/rand"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"switchboard/vendors"
	"switchboard/vendors/upstream"
)

// liveWindow is how old a live signature may be (docs/vendors/linkv.md#live-signing).
// No window is known for the IM side (docs/vendors/linkv.md#im-signing).
const liveWindow = 5 * time.Minute

// cmimToken is the digest that proves the IM secret: the three values sorted by
// bytes and joined by nothing (docs/vendors/linkv.md#im-signing).
func cmimToken(nonce, timestamp, secret string) string {
	parts := []string{nonce, timestamp, secret}
	slices.Sort(parts)
	sum := md5.Sum([]byte(strings.Join(parts, "")))
	return hex.EncodeToString(sum[:])
}

// imSign binds app, key, time and nonce; no secret is in it.
func imSign(appID, appKey, timestamp, nonce string) string {
	sum := sha1.Sum([]byte(appID + "|" + appKey + "|" + timestamp + "|" + nonce))
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}

// liveCanonical is what a live call hashes: the non-empty fields but sign,
// sorted by name, raw, then the secret (docs/vendors/linkv.md#live-signing). It
// leaves form sorted.
func liveCanonical(form upstream.Fields, secret string) []byte {
	slices.SortFunc(form, func(a, b [2]string) int { return strings.Compare(a[0], b[0]) })
	size := len("key=") + len(secret)
	for _, f := range form {
		size += len(f[0]) + len(f[1]) + len("=&")
	}
	b := make([]byte, 0, size)
	for _, f := range form {
		if f[0] == "sign" || f[1] == "" {
			continue
		}
		b = append(b, f[0]...)
		b = append(b, '=')
		b = append(b, f[1]...)
		b = append(b, '&')
	}
	return append(append(b, "key="...), secret...)
}

func liveSign(form upstream.Fields, secret string) string {
	sum := md5.Sum(liveCanonical(form, secret))
	return hex.EncodeToString(sum[:])
}

// signIM adds the credentials of an IM call made on behalf of user. signature
// repeats cmimToken. The vendor's document says sign, which never worked
// (docs/vendors/linkv.md#im-headers).
func (a *adapter) signIM(user string) func(*upstream.Request) {
	return func(r *upstream.Request) {
		nonce, now := rand.Text(), strconv.FormatInt(r.Now.Unix(), 10)
		token := cmimToken(nonce, now, a.cfg.AppSecret.Reveal())
		// The documents write the names in other cases, which HTTP ignores.
		r.Header = append(r.Header, upstream.Fields{
			{"Appid", a.cfg.AppID},
			{"Appkey", a.cfg.AppKey},
			{"Appuid", user},
			{"Nonce", nonce},
			{"Timestamp", now},
			{"Cmimtoken", token},
			{"Signature", token},
			{"Sign", imSign(a.cfg.AppID, a.cfg.AppKey, now, nonce)},
		}...)
	}
}

// signLive adds the credentials of a live call. nonce_str is eight random
// letters, the time in seconds, and eight more.
func (a *adapter) signLive(r *upstream.Request) {
	random := rand.Text()
	r.Form.Set("app_id", a.cfg.LiveAppID)
	r.Form.Set("nonce_str", random[:8]+strconv.FormatInt(r.Now.Unix(), 10)+random[8:16])
	r.Form.Set("sign", liveSign(r.Form, a.cfg.LiveAppSecret.Reveal()))
}

// Explain shows how cfg signs: the live form when in has a nonce_str, else the
// IM headers, one explanation for each of their two digests. For the IM side
// in.Signature is the cmimToken.
func Explain(cfg Config, in vendors.SignInput) []vendors.Explanation {
	if in.Values.Get("nonce_str") != "" {
		return []vendors.Explanation{explainLive(cfg, in)}
	}
	nonce, timestamp := in.Values.Get("nonce"), in.Values.Get("timestamp")
	parts := []string{nonce, timestamp, cfg.AppSecret.Reveal()}
	slices.Sort(parts)
	for i, p := range parts {
		if p == cfg.AppSecret.Reveal() {
			parts[i] = vendors.Mask(cfg.AppSecret)
		}
	}
	token := vendors.Explanation{
		Scheme:    "cmimToken = lower hex md5(nonce, timestamp, app secret; sorted by bytes, joined)",
		Canonical: strings.Join(parts, ""),
		Digest:    cmimToken(nonce, timestamp, cfg.AppSecret.Reveal()),
		Given:     in.Signature,
	}
	sign := vendors.Explanation{
		Scheme:    `sign = upper hex sha1(appId "|" appkey "|" timestamp "|" nonce)`,
		Canonical: cfg.AppID + "|" + cfg.AppKey + "|" + timestamp + "|" + nonce,
		Digest:    imSign(cfg.AppID, cfg.AppKey, timestamp, nonce),
	}
	judge(&token, in, timestamp, 0)
	judge(&sign, vendors.SignInput{Now: in.Now, Date: in.Date}, timestamp, 0)
	return []vendors.Explanation{token, sign}
}

func explainLive(cfg Config, in vendors.SignInput) vendors.Explanation {
	form := fieldsOf(in.Values)
	e := vendors.Explanation{
		Scheme:    "sign = lower hex md5(k=v&... of the non-empty fields but sign, sorted by name, unescaped, &key=secret)",
		Canonical: string(liveCanonical(form, vendors.Mask(cfg.LiveAppSecret))),
		Digest:    liveSign(form, cfg.LiveAppSecret.Reveal()),
		Given:     in.Signature,
	}
	nonce, timestamp := in.Values.Get("nonce_str"), ""
	if len(nonce) == 26 {
		timestamp = nonce[8:18]
	}
	judge(&e, in, timestamp, liveWindow)
	return e
}

func fieldsOf(v url.Values) (f upstream.Fields) {
	for name := range v {
		f.Set(name, v.Get(name))
	}
	return f
}

// judge fills in the time of e and why a vendor would refuse it. With a window of
// zero no age is too old.
func judge(e *vendors.Explanation, in vendors.SignInput, timestamp string, window time.Duration) {
	if in.Signature != "" && !strings.EqualFold(in.Signature, e.Digest) {
		e.Problems = append(e.Problems, "the signature does not match: the secret or a signed value differs")
	}
	if !in.Date.IsZero() {
		e.Skew = in.Date.Sub(in.Now)
	}
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil {
		e.Problems = append(e.Problems, "no timestamp in whole seconds")
		return
	}
	e.At = time.Unix(seconds, 0)
	e.Age = in.Now.Sub(e.At)
	if off := e.Age + e.Skew; window > 0 && off.Abs() > window {
		e.Problems = append(e.Problems, fmt.Sprintf("%s off the vendor's clock, at most %s", off.Round(time.Second), window))
	}
}
