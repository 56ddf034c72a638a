package access

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"maps"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"switchboard/vendors"
)

func twoApps(t testing.TB) *Directory {
	t.Helper()
	d, err := New(Config{TokenTTL: time.Hour, Apps: Apps{
		{ID: "one", Key: "key-one", JWTSecret: "secret-of-app-one"},
		{ID: "two", Key: "key-two", JWTSecret: "secret-of-app-two"},
	}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestMintedTokenNamesItsCaller(t *testing.T) {
	d := twoApps(t)
	token, err := d.Mint("two", "u-7", 3)
	if err != nil {
		t.Fatal(err)
	}
	got, err := d.Verify(t.Context(), token)
	if err != nil || got.App != "two" || got.User != "u-7" || got.Platform != 3 {
		t.Fatalf("got %+v, %v", got, err)
	}
}

func TestTokenIsRefused(t *testing.T) {
	d := twoApps(t)
	good, _ := d.Mint("one", "u", 1)
	parts := strings.Split(good, ".")
	enc := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	other, _ := New(Config{TokenTTL: time.Hour, Apps: Apps{{ID: "one", Key: "k", JWTSecret: "another-secret-16"}}}, nil)
	foreign, _ := other.Mint("one", "u", 1)
	noUser, _ := d.Mint("one", "", 1)
	long, _ := d.Mint("one", strings.Repeat("u", 65), 1)
	control, _ := d.Mint("one", "u\x00", 1)
	for name, token := range map[string]string{
		"empty":                            "",
		"not a token":                      "abc",
		"unsigned":                         enc(`{"alg":"none","typ":"JWT"}`) + "." + parts[1] + ".",
		"algorithm changed":                enc(`{"alg":"HS384","typ":"JWT"}`) + "." + parts[1] + "." + parts[2],
		"signed with another secret":       foreign,
		"claims of another app":            parts[0] + "." + enc(`{"app":"two","sub":"u","exp":9999999999}`) + "." + parts[2],
		"unknown app":                      parts[0] + "." + enc(`{"app":"x","sub":"u","exp":9999999999}`) + "." + parts[2],
		"signature cut":                    parts[0] + "." + parts[1] + "." + parts[2][:10],
		"no subject":                       noUser,
		"a subject of 65 bytes":            long,
		"a subject with a NUL":             control,
		"something behind the tokens ":     good + ".x",
		"a line break behind":              good + "\n",
		"a line break within":              good[:10] + "\r\n" + good[10:],
		"padding":                          good + "=",
		"spare bits of the last character": good[:len(good)-1] + string(good[len(good)-1]+1),
		"32 KB of line breaks":             good + strings.Repeat("\n", 32<<10),
		"more than 4 KB":                   good + strings.Repeat("A", 4<<10),
		"a header nobody understands":      sign(t, map[string]any{"crit": []string{"b64"}, "b64": false}),
	} {
		if _, err := d.Verify(t.Context(), token); !errors.Is(err, ErrToken) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// sign makes a token of app one whose header has these members besides.
func sign(t *testing.T, header map[string]any) string {
	t.Helper()
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"app": "one", "sub": "u", "exp": 9999999999})
	maps.Copy(token.Header, header)
	text, err := token.SignedString([]byte("secret-of-app-one"))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// A token is remembered by a key of one length, and never as it is.
func TestTokensAreRememberedByTheirHash(t *testing.T) {
	var keys []string
	d, err := New(Config{TokenTTL: time.Hour, Apps: Apps{{ID: "one", Key: "k", JWTSecret: "secret-of-app-one"}}},
		func(ctx context.Context, key string, ask func(context.Context) (Caller, error)) (Caller, error) {
			keys = append(keys, key)
			return ask(ctx)
		})
	if err != nil {
		t.Fatal(err)
	}
	for _, token := range []string{sign(t, nil), sign(t, map[string]any{"kid": strings.Repeat("x", 2000)})} {
		if _, err := d.Verify(t.Context(), token); err != nil {
			t.Fatal(err)
		}
		for _, bad := range []string{token + "\n", strings.Repeat("\r", 5<<10), strings.Repeat("x", 5<<10)} {
			if _, err := d.Verify(t.Context(), bad); !errors.Is(err, ErrToken) {
				t.Errorf("%v", err)
			}
		}
	}
	if len(keys) != 2 || len(keys[0]) != sha256.Size || len(keys[1]) != sha256.Size {
		t.Errorf("remembered under %q", keys)
	}
}

func TestTokenExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := twoApps(t)
		token, _ := d.Mint("one", "u", 1)
		time.Sleep(time.Hour - time.Second)
		if _, err := d.Verify(t.Context(), token); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		if _, err := d.Verify(t.Context(), token); !errors.Is(err, ErrTokenExpired) {
			t.Fatalf("got %v", err)
		}
	})
}

func TestRememberedTokenStillExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked, kept := 0, map[string]Caller{}
		d, err := New(Config{TokenTTL: time.Hour, Apps: Apps{{ID: "one", Key: "k", JWTSecret: "secret-of-app-one"}}},
			func(ctx context.Context, key string, ask func(context.Context) (Caller, error)) (Caller, error) {
				if c, ok := kept[key]; ok {
					return c, nil
				}
				asked++
				c, err := ask(ctx)
				if err == nil {
					kept[key] = c
				}
				return c, err
			})
		if err != nil {
			t.Fatal(err)
		}
		token, _ := d.Mint("one", "u", 1)
		for range 3 {
			if c, err := d.Verify(t.Context(), token); err != nil || c.User != "u" || asked != 1 {
				t.Fatalf("%+v, %v, verified %d times", c, err, asked)
			}
		}
		time.Sleep(time.Hour)
		if _, err := d.Verify(t.Context(), token); !errors.Is(err, ErrTokenExpired) {
			t.Fatalf("got %v", err)
		}
	})
}

func TestServerKeyOpensItsOwnAppOnly(t *testing.T) {
	d := twoApps(t)
	for _, c := range []struct {
		app, key string
		want     error
	}{
		{"one", "key-one", nil},
		{"one", "key-two", ErrServerKey},
		{"one", "", ErrServerKey},
		{"", "key-one", ErrUnknownApp},     // two apps: which one must be said
		{"three", "key-one", ErrServerKey}, // it is not told which apps there are
	} {
		if _, err := d.Server(c.app, c.key); !errors.Is(err, c.want) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

func TestAppsVariableIsReadStrictly(t *testing.T) {
	for value, want := range map[string]string{
		`[{"id":"a","key":"k","jwt_secret":"0123456789abcdef"}]`:                               "",
		`[{"id":"a","key":"k","jwt_secret":"short"}]`:                                          "jwt_secret needs",
		`[{"id":"","key":"k","jwt_secret":"0123456789abcdef"}]`:                                "an id and a key",
		`[{"id":"a","kee":"s3cr3t"}]`:                                                          "want a JSON list",
		`[{"id":"` + strings.Repeat("a", 65) + `","key":"k","jwt_secret":"0123456789abcdef"}]`: "at most 64",
		`{"id":"a"}`: "want a JSON list",
		`[{"id":"a/b","key":"k","jwt_secret":"0123456789abcdef"}]`:                                                    "letters, digits",
		`[{"id":"a b","key":"k","jwt_secret":"0123456789abcdef"}]`:                                                    "letters, digits",
		`[{"id":"\u00e9","key":"k","jwt_secret":"0123456789abcdef"}]`:                                                 "letters, digits",
		`[{"id":"a","key":"k","jwt_secret":"0123456789abcdef","open":true}]`:                                          "goes with token_required false",
		`[{"id":"a","key":"k","jwt_secret":"0123456789abcdef","open":true,"token_required":true}]`:                    "goes with token_required false",
		`[{"id":"a","key":"k","jwt_secret":"0123456789abcdef","open":true,"token_required":false}]`:                   "",
		`[{"id":"Az09_.-","key":"k","jwt_secret":"0123456789abcdef","token_required":false}]`:                         "",
		`[{"id":"a","key":"k","jwt_secret":"0123456789abcdef"},{"id":"a","key":"k","jwt_secret":"0123456789abcdef"}]`: "twice",
	} {
		var a Apps
		err := a.Decode(value)
		if (err == nil) != (want == "") || (err != nil && !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v", value, err)
		}
		if err != nil && strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("the error repeats a secret: %v", err)
		}
	}
	if s := (App{Key: "s3cr3t"}).Key; strings.Contains(s.String(), "s3cr3t") {
		t.Error("a key prints itself")
	}
}

func TestAppsAreClosedUnlessTheySayOtherwise(t *testing.T) {
	for value, open := range map[string]bool{
		`[{"id":"a","key":"k","jwt_secret":"0123456789abcdef"}]`:                        false,
		`[{"id":"a","key":"k","jwt_secret":"0123456789abcdef","token_required":true}]`:  false,
		`[{"id":"a","key":"k","jwt_secret":"0123456789abcdef","token_required":null}]`:  false,
		`[{"id":"a","key":"k","jwt_secret":"0123456789abcdef","token_required":false}]`: true,
	} {
		var a Apps
		if err := a.Decode(value); err != nil || a[0].Open != open {
			t.Errorf("%s: %+v, %v", value, a, err)
		}
	}
}

func TestProductionRefusesWeakKeysAndOpenApps(t *testing.T) {
	const good = "u7Kd02mqPzX4vB9s"
	for _, c := range []struct {
		app  App
		want string
	}{
		{App{ID: "a", Key: good, JWTSecret: good}, ""},
		{App{ID: "a", Key: "x", JWTSecret: good}, "APPS: app a: key needs at least 16 bytes"},
		{App{ID: "a", Key: "u7Kd02mqPzX4vB9", JWTSecret: good}, "APPS: app a: key needs at least 16 bytes"},
		{App{ID: "a", Key: "master", JWTSecret: good}, "APPS: app a: key is one of the documents' samples"},
		{App{ID: "a", Key: "aaaaaaaaaaaaaaaaaaaa", JWTSecret: good}, "APPS: app a: key is one character"},
		{App{ID: "a", Key: good, JWTSecret: "sandbox-only-secret"}, "APPS: app a: jwt_secret is one of"},
		{App{ID: "a", Key: good, JWTSecret: good, Open: true}, "APPS: app a: token_required false"},
		{App{ID: "a", Key: good, JWTSecret: good, Open: true, OpenMeant: true}, ""},
	} {
		err := Config{Apps: Apps{c.app}}.Production()
		if (err == nil) != (c.want == "") || err != nil && !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %s", c.app, err, c.want)
		}
	}
	if err := CheckKey(vendors.Secret("u7Kd02mqPzX4vB9su7Kd02mqPzX4vB9"), MinAdminKey); err == nil {
		t.Error("31 bytes open everything")
	}
}
