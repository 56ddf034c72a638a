package livekit

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"switchboard/vendors"
)

// videoGrant is what a token allows. An absent canPublish, canSubscribe or
// canPublishData means true (docs/vendors/livekit.md#claims), so a join token always
// has them.
type videoGrant struct {
	RoomCreate        bool     `json:"roomCreate,omitempty"`
	RoomList          bool     `json:"roomList,omitempty"`
	RoomRecord        bool     `json:"roomRecord,omitempty"`
	RoomAdmin         bool     `json:"roomAdmin,omitempty"`
	RoomJoin          bool     `json:"roomJoin,omitempty"`
	Room              string   `json:"room,omitempty"`
	CanPublish        *bool    `json:"canPublish,omitempty"`
	CanSubscribe      *bool    `json:"canSubscribe,omitempty"`
	CanPublishData    *bool    `json:"canPublishData,omitempty"`
	CanPublishSources []string `json:"canPublishSources,omitempty"`
	Hidden            bool     `json:"hidden,omitempty"`
}

// claims are what a token of LiveKit's holds beside the registered claims. SHA256 is
// that of a webhook's body.
type claims struct {
	Identity string      `json:"identity,omitempty"`
	Name     string      `json:"name,omitempty"`
	Video    *videoGrant `json:"video,omitempty"`
	SHA256   string      `json:"sha256,omitempty"`
	jwt.RegisteredClaims
}

// sign makes a token of c, good from now for life, with the account's own key.
func sign(cfg Config, c claims, identity string, now time.Time, life time.Duration) string {
	c.Issuer, c.Subject = cfg.APIKey, identity
	c.IssuedAt, c.NotBefore, c.ExpiresAt = jwt.NewNumericDate(now), jwt.NewNumericDate(now), jwt.NewNumericDate(now.Add(life))
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, c).SignedString([]byte(cfg.APISecret.Reveal()))
	if err != nil {
		panic(err) // the claims are texts, truth values and times
	}
	return token
}

const (
	algorithm = "HS256"     // the server takes no other
	leeway    = time.Minute // that the server grants and takes (docs/vendors/livekit.md#tokens)
)

// Explain reads in.Values' token, one of a request or of a webhook, and shows how cfg
// signs it.
func Explain(cfg Config, in vendors.SignInput) []vendors.Explanation {
	e := vendors.Explanation{Scheme: "signature = base64url(hmac-sha256(API secret, header.claims)), without padding; a token by JWT HS256"}
	if !in.Date.IsZero() {
		e.Skew = in.Date.Sub(in.Now)
	}
	token := strings.TrimPrefix(in.Values.Get("token"), "Bearer ")
	cut := strings.LastIndexByte(token, '.')
	var c claims
	parsed, _, err := jwt.NewParser().ParseUnverified(token, &c)
	if err != nil || cut < 0 {
		e.Problems = append(e.Problems, "the token is no JWT: three parts in base64url, joined by dots")
		return []vendors.Explanation{e}
	}
	e.Canonical, e.Given = token[:cut], token[cut+1:]
	secret, known := cfg.secretOf(c.Issuer)
	switch {
	case parsed.Method.Alg() != algorithm:
		e.Problems = append(e.Problems, "the token is signed by "+parsed.Method.Alg()+", and only "+algorithm+" is taken")
	case !known:
		e.Problems = append(e.Problems, "iss names another API key than those that are configured")
	}
	if digest, err := jwt.SigningMethodHS256.Sign(e.Canonical, []byte(secret)); err == nil && known {
		if e.Digest = base64.RawURLEncoding.EncodeToString(digest); e.Digest != e.Given {
			e.Problems = append(e.Problems, "the signature does not match: the secret differs, or header or claims were changed")
		}
	}
	e.Problems = append(e.Problems, times(c, in.Now.Add(e.Skew))...)
	if c.IssuedAt != nil {
		e.At, e.Age = c.IssuedAt.Time, in.Now.Sub(c.IssuedAt.Time)
	}
	return []vendors.Explanation{e}
}

// times says why a server whose clock shows now refuses c.
func times(c claims, now time.Time) (problems []string) {
	switch {
	case c.ExpiresAt == nil:
		problems = append(problems, "exp is missing")
	case now.After(c.ExpiresAt.Add(leeway)):
		problems = append(problems, fmt.Sprintf("expired %s ago", now.Sub(c.ExpiresAt.Time).Round(time.Second)))
	}
	if c.NotBefore != nil && now.Before(c.NotBefore.Add(-leeway)) {
		problems = append(problems, fmt.Sprintf("not good before %s from now", c.NotBefore.Sub(now).Round(time.Second)))
	}
	return problems
}

// secretOf returns the secret of an API key that webhooks may be signed with.
func (c Config) secretOf(key string) (secret string, known bool) {
	switch key {
	case "":
		return "", false
	case c.APIKey:
		return c.APISecret.Reveal(), true
	case c.CallbackAPIKey:
		return c.CallbackAPISecret.Reveal(), true
	}
	return "", false
}

// sources are the vendor's names for what a user may send, as a token has them.
func sources(media []vendors.Media) (out []string) {
	for _, m := range vendors.AllMedia() {
		if slices.Contains(media, m) {
			out = append(out, mediaSources[m]...)
		}
	}
	return out
}

// mediaSources are the sources of each medium, as tokens spell them. A track and a
// permission spell them in upper case.
var mediaSources = map[vendors.Media][]string{
	vendors.Microphone: {"microphone"},
	vendors.Camera:     {"camera"},
	vendors.Screen:     {"screen_share", "screen_share_audio"},
}
