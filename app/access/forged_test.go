package access

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// signed makes a token of a header and claims as they are written, with the HS256
// signature of app one's secret.
func signed(header, claims string) string {
	enc := base64.RawURLEncoding
	text := enc.EncodeToString([]byte(header)) + "." + enc.EncodeToString([]byte(claims))
	mac := hmac.New(sha256.New, []byte("secret-of-app-one"))
	mac.Write([]byte(text))
	return text + "." + enc.EncodeToString(mac.Sum(nil))
}

// What a token says is taken as it stands or not at all, whoever signed it.
func TestTokensThatSayOddThingsAreRefused(t *testing.T) {
	d := twoApps(t)
	const header, exp = `{"alg":"HS256","typ":"JWT"}`, `"exp":9999999999`
	if c, err := d.Verify(t.Context(), signed(header, `{"app":"one","sub":"u",`+exp+`}`)); err != nil || c.User != "u" {
		t.Fatalf("the plain one: %+v %v", c, err)
	}
	for _, alg := range []string{`"none"`, `"None"`, `"NONE"`, `""`, `"hs256"`, `"HS384"`, `"HS512"`, `"RS256"`, `"ES256"`, `"EdDSA"`, `null`, `["HS256"]`, `256`, `{}`} {
		if c, err := d.Verify(t.Context(), signed(`{"alg":`+alg+`}`, `{"app":"one","sub":"u",`+exp+`}`)); !errors.Is(err, ErrToken) {
			t.Errorf("alg %s: %+v %v", alg, c, err)
		}
	}
	if _, err := d.Verify(t.Context(), signed(`{}`, `{"app":"one","sub":"u",`+exp+`}`)); !errors.Is(err, ErrToken) {
		t.Errorf("no alg: %v", err)
	}
	for _, claims := range []string{
		`{"app":"one","sub":"u"}`, `{"app":"one","sub":"u","exp":null}`, `{"app":"one","sub":"u","exp":[9999999999]}`, `{"app":"one","sub":"u","exp":NaN}`,
		`{"app":"one","sub":"",` + exp + `}`, `{"app":"one","sub":5,` + exp + `}`, `{"app":"one","sub":null,` + exp + `}`, `{"app":"one","sub":["u"],` + exp + `}`, `{"app":"one",` + exp + `}`,
		`{"app":"one","sub":"` + strings.Repeat("u", 65) + `",` + exp + `}`, `{"app":"one","sub":"a\u0000b",` + exp + `}`, `{"app":"one","sub":"a\nb",` + exp + `}`, `{"app":"one","sub":"a\u0085b",` + exp + `}`,
		`{"app":"two","sub":"u",` + exp + `}`, `{"app":"","sub":"u",` + exp + `}`, `{"app":"none","sub":"u",` + exp + `}`, `{"app":1,"sub":"u",` + exp + `}`, `{"app":null,"sub":"u",` + exp + `}`, `{"sub":"u",` + exp + `}`,
		fmt.Sprintf(`{"app":"one","sub":"u",%s,"nbf":%d}`, exp, time.Now().Add(time.Hour).Unix()), `{"app":"one","sub":"u",` + exp + `,"nbf":"x"}`, `{"app":"one","sub":"u",` + exp + `,"platform":"x"}`,
		`{"app":"one","sub":"u",` + exp, `[]`, `null`, `"u"`, ``, `{"app":"one","sub":"u",` + exp + `}{}`,
	} {
		if c, err := d.Verify(t.Context(), signed(header, claims)); !errors.Is(err, ErrToken) {
			t.Errorf("%s: %+v %v", claims, c, err)
		}
	}
	for _, past := range []string{"0", "1", "-1", "-1e308", "1e3", fmt.Sprint(time.Now().Add(-time.Minute).Unix())} {
		if c, err := d.Verify(t.Context(), signed(header, `{"app":"one","sub":"u","exp":`+past+`}`)); !errors.Is(err, ErrTokenExpired) && !errors.Is(err, ErrToken) {
			t.Errorf("exp %s: %+v %v", past, c, err)
		}
	}
	// Where the key is, and what it is, is nothing that a token decides.
	for _, more := range []string{`"kid":"../../dev/null"`, `"jku":"https://evil.example/keys"`, `"jwk":{"kty":"oct","k":"AAAA"}`, `"x5u":"https://evil.example"`} {
		text := `{"app":"one","sub":"u",` + exp + `}`
		if c, err := d.Verify(t.Context(), signed(`{"alg":"HS256",`+more+`}`, text)); err != nil || c.User != "u" {
			t.Errorf("%s, by the right secret: %v", more, err)
		}
		foreign := signed(`{"alg":"HS256",`+more+`}`, text)
		if _, err := d.Verify(t.Context(), foreign[:len(foreign)-43]+strings.Repeat("A", 43)); !errors.Is(err, ErrToken) {
			t.Errorf("%s, by another: %v", more, err)
		}
	}
}
