package youme

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"switchboard/mocks/mock"
)

const window = 300 * time.Second // of curtime, in the past and the future (docs/vendors/youme.md#checksum)

// read finds the account and the user in a request, and takes stray spaces off
// the keys: the document has " AppID".
func read(c *mock.Call) {
	c.Key = c.Query.Get("appkey")
	for key, value := range c.JSON {
		if trimmed := strings.TrimSpace(key); trimmed != key {
			delete(c.JSON, key)
			c.JSON[trimmed] = value
		}
	}
	for _, field := range []string{"UserID", "kick_user_id", "SendID", "user_id"} {
		if s, ok := c.JSON[field].(string); ok && c.User == "" {
			c.User = s
		}
	}
}

// checksum is version 1 with the app's secret alone, and version 2 with the secret
// and the REST API key behind it. Only the time is signed.
func checksum(secret, curtime string) string {
	sum := sha1.Sum([]byte(secret + curtime))
	return hex.EncodeToString(sum[:])
}

// verify checks identifier, curtime and checksum. The text of curtime is what
// is hashed; one client sends fractions of a second.
func (a *App) verify(c *mock.Call) mock.Verdict {
	curtime, secret := c.Query.Get("curtime"), a.Credential("app_secret")
	canonical := "<secret>" + curtime
	version, _, _ := strings.Cut(strings.TrimPrefix(c.Path, "/"), "/")
	if version == "v2" {
		secret += a.Credential("restapi_key")
		canonical = "<secret><restapi_key>" + curtime
	}
	no := func(code, format string, args ...any) mock.Verdict {
		return mock.Verdict{Code: code, Reason: fmt.Sprintf(format, args...), Canonical: canonical}
	}
	if version != "v1" && version != "v2" {
		return no(codeCommand, "there is no version %q", version)
	}
	if id := a.Credential("identifier"); c.Query.Get("identifier") != id && raw(c, "identifier") != id {
		return no(codeIdentifier, "identifier is not this account's")
	}
	seconds, err := strconv.ParseFloat(curtime, 64)
	if err != nil || math.IsNaN(seconds) || math.Abs(seconds) > 1e15 {
		return no(codeExpired, "curtime is not in seconds")
	}
	age := c.Now.Unix() - int64(seconds)
	switch {
	case age > int64(window/time.Second):
		return no(codeExpired, "timestamp %d s old", age)
	case -age > int64(window/time.Second):
		return no(codeExpired, "timestamp %d s ahead", -age)
	case c.Query.Get("checksum") != checksum(secret, curtime):
		return no(codeChecksum, "checksum does not match: another secret or another curtime")
	}
	return mock.Verdict{OK: true, Canonical: canonical}
}

// raw is a query value as it came: clients do not escape theirs, and a "+" of
// an address is no space then.
func raw(c *mock.Call, name string) string {
	for pair := range strings.SplitSeq(c.Request.URL.RawQuery, "&") {
		if n, value, _ := strings.Cut(pair, "="); n == name {
			return value
		}
	}
	return ""
}
