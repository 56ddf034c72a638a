package linkv

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"

	"switchboard/mocks/mock"
)

// verifyOlder checks a call of the private-cloud API, the one with the app id
// in its path: no appkey and no cmimToken in the headers, and a sign over the
// rest of the form or the query, an HMAC under the app key
// (docs/vendors/linkv.md#the-older-api).
func (a *App) verifyOlder(c *mock.Call) mock.Verdict {
	appID, appKey := a.Credential("app_id"), a.Credential("app_key")
	nonce, timestamp := c.Header("nonce"), c.Header("timestamp")
	canonical := appID + "|" + appKey + "|" + timestamp + "|" + nonce
	sum := sha1.Sum([]byte(canonical))
	switch {
	case c.Header("appId") != appID:
		return refused(canonical, "appId is not this account's")
	case nonce == "":
		return refused(canonical, "nonce is missing")
	case !sameHex(c.Header("sign"), sum[:]):
		return refused(canonical, "sign does not match")
	}
	if why := old(c.Now, timestamp, imWindow); why != "" {
		return refused(canonical, "%s", why)
	}
	text := string(c.Body)
	if text == "" {
		text = c.Request.URL.RawQuery
	}
	var rest []string
	for pair := range strings.SplitSeq(text, "&") {
		if !strings.HasPrefix(pair, "sign=") {
			rest = append(rest, pair)
		}
	}
	text = strings.Join(rest, "&")
	h := hmac.New(sha256.New, []byte(appKey))
	h.Write([]byte(text))
	if !sameHex(c.Get("sign"), h.Sum(nil)) {
		return refused(text, "the form's sign does not match: another app key or another value")
	}
	return mock.Verdict{OK: true, Canonical: text}
}

// sameHex compares a digest with its hex text. The vendor's PHP client writes
// each byte without its leading zero.
func sameHex(text string, digest []byte) bool {
	var short strings.Builder
	for _, b := range digest {
		short.WriteString(strconv.FormatUint(uint64(b), 16))
	}
	return strings.EqualFold(text, hex.EncodeToString(digest)) || text == short.String()
}
