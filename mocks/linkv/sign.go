package linkv

import (
	"crypto/md5"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"switchboard/mocks/mock"
)

const (
	imWindow   = 7*24*time.Hour + 5*time.Minute // the Go client keeps one set of headers for 7 days: docs/vendors/linkv.md#im-signing
	liveWindow = 5 * time.Minute                // docs/vendors/linkv.md#live-signing
	masked     = "<secret>"
)

// read finds the account and the user in a request. IM credentials stand in
// headers, or in the query as some clients have them.
func read(c *mock.Call) {
	c.Key, c.User = auth(c, "appkey"), auth(c, "appUid")
	if c.Key == "" {
		c.Key = auth(c, "appId")
	}
	if isLive(c) {
		c.Key, c.User = c.Get("app_id"), c.Get("uid")
	}
	for _, field := range []string{"userId", "fromUserId"} {
		if v := c.Get(field); v != "" {
			c.User = v
		}
	}
}

func auth(c *mock.Call, name string) string {
	if v := c.Header(name); v != "" {
		return v
	}
	return c.Query.Get(name)
}

func (a *App) verify(c *mock.Call) mock.Verdict {
	if isLive(c) {
		return a.verifyLive(c)
	}
	if c.Params != nil {
		return a.verifyOlder(c)
	}
	v := a.verifyIM(c)
	if !v.OK {
		v.Code = codeSign
		if c.Op == opToken {
			v.Code = codeTokenSign
		}
	}
	return v
}

func refused(canonical, format string, args ...any) mock.Verdict {
	return mock.Verdict{Reason: fmt.Sprintf(format, args...), Canonical: canonical, Code: codeSign}
}

// cmimToken is the digest that proves the IM secret, and what goes into it.
func cmimToken(nonce, timestamp, secret string) (digest, canonical string) {
	parts := []string{nonce, timestamp, secret}
	slices.Sort(parts)
	sum := md5.Sum([]byte(strings.Join(parts, "")))
	for i, p := range parts {
		if p == secret {
			parts[i] = masked
		}
	}
	return hex.EncodeToString(sum[:]), strings.Join(parts, "")
}

func imSign(appID, appKey, timestamp, nonce string) string {
	sum := sha1.Sum([]byte(appID + "|" + appKey + "|" + timestamp + "|" + nonce))
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}

// verifyIM checks the headers of an IM call. A nonce may be used again: the
// vendor's own Go client uses one for days.
func (a *App) verifyIM(c *mock.Call) mock.Verdict {
	nonce, timestamp := auth(c, "nonce"), auth(c, "timestamp")
	digest, canonical := cmimToken(nonce, timestamp, a.Credential("app_secret"))
	appID, appKey := a.Credential("app_id"), a.Credential("app_key")
	sign := imSign(appID, appKey, timestamp, nonce)
	given := auth(c, "sign")
	switch id := auth(c, "appId"); {
	case auth(c, "appkey") != appKey && auth(c, "appkey") != a.Credential("live_app_id"): // im-py sends the live key
		return refused(canonical, "appkey is not this account's")
	case id != "" && id != appID:
		return refused(canonical, "appId is not this account's")
	case nonce == "":
		return refused(canonical, "nonce is missing")
	}
	if why := old(c.Now, timestamp, imWindow); why != "" {
		return refused(canonical, "%s", why)
	}
	if !strings.EqualFold(given, sign) && given != digest {
		return refused(appID+"|"+appKey+"|"+timestamp+"|"+nonce, "sign does not match")
	}
	if why := a.tokenMatches(c, digest, sign); why != "" {
		return refused(canonical, "%s", why)
	}
	return mock.Verdict{OK: true, Canonical: canonical}
}

// tokenMatches checks cmimToken, which is the digest or, on everything but
// getToken, a token that getToken gave the user; and getToken's signature,
// which repeats the digest, whatever the vendor's document says
// (docs/vendors/linkv.md#im-headers).
func (a *App) tokenMatches(c *mock.Call, digest, sign string) string {
	token := auth(c, "cmimToken")
	if c.Op != opToken {
		if token == digest || a.issuedTo(token, auth(c, "appUid"), c) || a.issuedTo(token, c.Get("fromUserId"), c) {
			return ""
		}
		return "cmimToken does not match: another secret, or no token of this user"
	}
	signature := auth(c, "signature")
	switch {
	case token != "" && token != digest:
		return "cmimToken does not match: another secret"
	case signature == digest, a.cfg.DocSignature && strings.EqualFold(signature, sign):
		return ""
	case strings.EqualFold(signature, sign):
		return "signature is sign, and has to be cmimToken"
	}
	return "signature does not match: another secret"
}

// old says what is wrong with a timestamp in Unix seconds; "" when nothing is.
// A clock that runs ahead gets the live side's five minutes.
func old(now time.Time, timestamp string, window time.Duration) string {
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil {
		return "timestamp is not in whole seconds"
	}
	age := now.Unix() - seconds
	switch {
	case age > int64(window/time.Second):
		return fmt.Sprintf("timestamp %d s old", age)
	case -age > int64(liveWindow/time.Second):
		return fmt.Sprintf("timestamp %d s ahead", -age)
	}
	return ""
}

// verifyLive checks app_id, nonce_str and sign of a live call. An identical
// request may come again: the vendor's clients retry so
// (docs/vendors/linkv.md#coins).
func (a *App) verifyLive(c *mock.Call) mock.Verdict {
	secret, given := a.Credential("live_app_secret"), c.Get("sign")
	canonical := liveCanonical(c.Values, leaveOutEmpty) + "&key=" + masked
	nonce := c.Get("nonce_str")
	if c.Get("app_id") != a.Credential("live_app_id") {
		return refused(canonical, "app_id is not this account's")
	}
	if why := a.nonceTime(c.Now, nonce); why != "" {
		return refused(canonical, "%s", why)
	}
	matched := false
	for _, variant := range liveVariants {
		text := liveCanonical(c.Values, variant)
		if given == md5Hex(text+"&key="+secret) {
			matched, canonical = true, text+"&key="+masked
			break
		}
	}
	if !matched {
		return refused(canonical, "sign does not match: another secret or another value")
	}
	if first, seen := a.nonces[nonce]; seen && first.sign != given {
		return refused(canonical, "nonce_str was used for another request")
	}
	a.remember(nonce, given, c.Now)
	return mock.Verdict{OK: true, Canonical: canonical}
}

func md5Hex(s string) string {
	sum := md5.Sum([]byte(s))
	return hex.EncodeToString(sum[:])
}

// liveVariant is one reading of which values take part, and how: false leaves
// the field out.
type liveVariant func(value string) (string, bool)

func leaveOutEmpty(v string) (string, bool) { return v, v != "" }

// liveVariants are the readings that the vendor's own clients have, the
// document's first: all values; without "0" too; unescaped once more
// (docs/vendors/linkv.md#live-signing).
var liveVariants = []liveVariant{
	leaveOutEmpty,
	func(v string) (string, bool) { return v, true },
	func(v string) (string, bool) { return v, v != "" && v != "0" },
	func(v string) (string, bool) {
		if u, err := url.QueryUnescape(v); err == nil {
			v = u
		}
		return v, v != ""
	},
}

func liveCanonical(values url.Values, variant liveVariant) string {
	var pairs []string
	for name := range values {
		if name == "sign" {
			continue
		}
		if v, in := variant(values.Get(name)); in {
			pairs = append(pairs, name+"="+v)
		}
	}
	slices.SortFunc(pairs, func(x, y string) int {
		xName, _, _ := strings.Cut(x, "=")
		yName, _, _ := strings.Cut(y, "=")
		return strings.Compare(xName, yName)
	})
	return strings.Join(pairs, "&")
}

// nonceTime looks for the Unix seconds in a nonce_str: after 8 characters by
// the document, elsewhere when a client's random parts came out short.
func (a *App) nonceTime(now time.Time, nonce string) string {
	why := "nonce_str has no time in it"
	for _, at := range []int{8, 7, 6, 5, 4, 3, 2, 1, 0} {
		if len(nonce) < at+10 {
			continue
		}
		reason := old(now, nonce[at:at+10], liveWindow)
		if reason == "" {
			return ""
		}
		if at == 8 && !strings.Contains(reason, "whole") {
			why = reason
		}
	}
	return why
}

// remember keeps a nonce for as long as its time is good.
func (a *App) remember(nonce, sign string, now time.Time) {
	a.nonces[nonce] = used{sign: sign, at: now}
	if len(a.nonces) < a.nonceRoom {
		return
	}
	for n, u := range a.nonces {
		if now.Sub(u.at) > 2*liveWindow {
			delete(a.nonces, n)
		}
	}
	a.nonceRoom = max(1024, 2*len(a.nonces))
}
