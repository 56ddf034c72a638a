package access

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"
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
		"empty":                        "",
		"not a token":                  "abc",
		"unsigned":                     enc(`{"alg":"none","typ":"JWT"}`) + "." + parts[1] + ".",
		"algorithm changed":            enc(`{"alg":"HS384","typ":"JWT"}`) + "." + parts[1] + "." + parts[2],
		"signed with another secret":   foreign,
		"claims of another app":        parts[0] + "." + enc(`{"app":"two","sub":"u","exp":9999999999}`) + "." + parts[2],
		"unknown app":                  parts[0] + "." + enc(`{"app":"x","sub":"u","exp":9999999999}`) + "." + parts[2],
		"signature cut":                parts[0] + "." + parts[1] + "." + parts[2][:10],
		"no subject":                   noUser,
		"a subject of 65 bytes":        long,
		"a subject with a NUL":         control,
		"something behind the tokens ": good + ".x",
	} {
		if _, err := d.Verify(t.Context(), token); !errors.Is(err, ErrToken) {
			t.Errorf("%s: %v", name, err)
		}
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
		{"", "key-one", ErrUnknownApp}, // two apps: which one must be said
		{"three", "key-one", ErrUnknownApp},
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
