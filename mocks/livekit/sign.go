package livekit

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"strings"
	"time"

	"switchboard/mocks/mock"
)

// A token is read and signed here by hand: a second reading of the rule, apart from
// the adapter's library.

// grant is the video grant of a token. What is absent of the pointers is granted.
type grant struct {
	RoomCreate        bool     `json:"roomCreate"`
	RoomList          bool     `json:"roomList"`
	RoomRecord        bool     `json:"roomRecord"`
	RoomAdmin         bool     `json:"roomAdmin"`
	RoomJoin          bool     `json:"roomJoin"`
	Room              string   `json:"room"`
	CanPublish        *bool    `json:"canPublish"`
	CanSubscribe      *bool    `json:"canSubscribe"`
	CanPublishData    *bool    `json:"canPublishData"`
	CanPublishSources []string `json:"canPublishSources"`
	Hidden            bool     `json:"hidden"`
}

type token struct {
	Issuer    string `json:"iss"`
	Subject   string `json:"sub"`
	NotBefore *int64 `json:"nbf"`
	Expires   *int64 `json:"exp"`
	Identity  string `json:"identity"`
	Name      string `json:"name"`
	Metadata  string `json:"metadata"`
	Video     grant  `json:"video"`
}

const leeway = 60 // seconds, of exp and nbf

// bearer is the token of a request: in Authorization, or in the query.
func bearer(c *mock.Call) string {
	if header := c.Header("Authorization"); header != "" {
		return strings.TrimPrefix(header, "Bearer ")
	}
	return c.Query.Get("access_token")
}

// unpack reads a token without looking at its signature.
func unpack(raw string) (t token, ok bool) {
	parts := strings.Split(raw, ".")
	if len(parts) != 3 {
		return t, false
	}
	var header struct {
		Alg string `json:"alg"`
	}
	for i, into := range []any{&header, &t} {
		text, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil || json.Unmarshal(text, into) != nil {
			return t, false
		}
	}
	return t, header.Alg == "HS256"
}

// fault says why a token is none of this secret's at now, in seconds; "" when it is.
func (t token) fault(raw, secret string, now int64) string {
	cut := strings.LastIndexByte(raw, '.')
	if given, err := base64.RawURLEncoding.DecodeString(raw[cut+1:]); err != nil || !hmac.Equal(given, mac(raw[:cut], secret)) {
		return "token signature is invalid: signature is invalid"
	}
	switch {
	case t.Expires == nil:
		return "token is missing required claim: exp claim is required"
	case now > *t.Expires+leeway:
		return "token has invalid claims: token is expired"
	case t.NotBefore != nil && now < *t.NotBefore-leeway:
		return "token has invalid claims: token is not valid yet"
	}
	return ""
}

func mac(text, secret string) []byte {
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte(text))
	return h.Sum(nil)
}

// read finds the account in the token, and brings body into one form whichever of the
// two encodings it has.
func read(c *mock.Call) {
	t, _ := unpack(bearer(c))
	c.Key = t.Issuer
	message, known := requests[c.Op]
	if !known {
		return
	}
	switch contentType(c) {
	case protobuf:
		c.JSON, _ = decode(message, c.Body)
	default:
		if c.JSON != nil {
			var err error
			if c.JSON, err = request(message, c.JSON); err != nil {
				c.JSON = nil
			}
		}
	}
	if user, ok := c.JSON["identity"].(string); ok {
		c.User = user
	}
}

const protobuf = "application/protobuf"

func contentType(c *mock.Call) string {
	base, _, _ := mime.ParseMediaType(c.Header("Content-Type"))
	return base
}

// encodable is true of a call in an encoding that the server has.
func encodable(c *mock.Call) bool {
	t := contentType(c)
	return t == protobuf || t == "application/json"
}

// encodeAnswer gives a good answer the encoding of its request. Failures are JSON
// always.
func encodeAnswer(c *mock.Call, a mock.Answer) mock.Answer {
	body, ok := a.Body.(map[string]any)
	if ok && contentType(c) == protobuf && (a.Status == 0 || a.Status == http.StatusOK) {
		a.Type, a.Body = protobuf, encode(responses[c.Op], body)
	}
	return a
}

// verify checks the token; then, since the server does so before the method runs, the
// grant that the method needs.
func (a *App) verify(c *mock.Call) mock.Verdict {
	raw := bearer(c)
	t, ok := unpack(raw)
	if !ok {
		return mock.Verdict{Code: codeGarbage, Reason: "no token, or one that cannot be read"}
	}
	canonical := raw[:strings.LastIndexByte(raw, '.')]
	if why := t.fault(raw, a.Credential("api_secret"), c.Now.Unix()); why != "" {
		return mock.Verdict{Code: codeToken + why, Reason: why, Canonical: canonical}
	}
	if may := grants[c.Op]; may != nil && !may(t.Video, c) {
		return mock.Verdict{Code: codeGrant, Reason: "the token lacks the method's grant", Canonical: canonical}
	}
	return mock.Verdict{OK: true, Canonical: canonical}
}

// signWebhook puts a token over body into Authorization, without Bearer.
func signWebhook(n *mock.Namespace, r *http.Request, body []byte) {
	sum, now := sha256.Sum256(body), n.Clock.Now()
	claims := fmt.Sprintf(`{"iss":%q,"nbf":%d,"iat":%d,"exp":%d,"sha256":%q}`,
		n.Credential("api_key"), now.Unix(), now.Unix(), now.Add(5*time.Minute).Unix(), base64.StdEncoding.EncodeToString(sum[:]))
	r.Header.Set("Authorization", Token(n.Credential("api_secret"), claims))
	r.Header.Set("User-Agent", "Go-http-client/1.1")
}

// Token signs claims, a JSON object.
func Token(secret, claims string) string {
	text := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + base64.RawURLEncoding.EncodeToString([]byte(claims))
	return text + "." + base64.RawURLEncoding.EncodeToString(mac(text, secret))
}
