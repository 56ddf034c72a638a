package rongcloud_test

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"switchboard/mocks/mock"
	"switchboard/mocks/rongcloud"
)

const formType = "application/x-www-form-urlencoded"

func online(t *testing.T, s *rongcloud.Server) *http.Request {
	return request(t, http.MethodPost, s.URL+"/user/checkOnline.json", formType, "userId=bob")
}

// What the vendor's own clients send (docs/vendors/rongcloud.md#what-clients-send).
func TestEverySDKsSignatureIsTaken(t *testing.T) {
	s := start(t, rongcloud.Config{})
	seconds := strconv.FormatInt(time.Now().Unix(), 10)
	millis := strconv.FormatInt(time.Now().UnixMilli(), 10)
	for name, c := range map[string]struct{ prefix, nonce, timestamp string }{
		"the document":       {"", "14314", "1408710653000"},
		"Go":                 {"", "5577006791947779410", seconds},
		"Java":               {"", "123456.78901", seconds},
		"PHP":                {"", "1804289383", seconds},
		"the connector":      {"RC-", "-6129484611666145821", millis},
		"RC with seconds":    {"RC-", "1", seconds},
		"a nonce of letters": {"", "q8Zr-_~", millis},
	} {
		t.Run(name, func(t *testing.T) {
			r := online(t, s)
			signWith(r, c.prefix, c.nonce, c.timestamp)
			if a := do(t, r).want(t, 200); a.status != 200 || a.body["status"] != "0" {
				t.Error(a.raw)
			}
		})
	}
}

// The Node SDK makes nonce and timestamp once and sends them with every call.
func TestANonceMayComeAgain(t *testing.T) {
	s := start(t, rongcloud.Config{})
	for range 3 {
		r := online(t, s)
		signWith(r, "", "812345", "1700000000")
		do(t, r).want(t, 200)
	}
}

func TestAWrongSignatureIsRefusedWithItsReason(t *testing.T) {
	s := start(t, rongcloud.Config{})
	now := strconv.FormatInt(time.Now().Unix(), 10)
	for _, c := range []struct {
		name   string
		spoil  func(*http.Request)
		code   int
		reason string
	}{
		{"no nonce", func(r *http.Request) { r.Header.Del("Nonce") }, 1004, "the Nonce header is missing"},
		{"no timestamp", func(r *http.Request) { r.Header.Del("Timestamp") }, 1004, "the Timestamp header is missing"},
		{"no signature", func(r *http.Request) { r.Header.Del("Signature") }, 1004, "the Signature header is missing"},
		{"no key", func(r *http.Request) { r.Header.Del("App-Key") }, 1001, "no namespace has these credentials"},
		{"another key", func(r *http.Request) { r.Header.Set("App-Key", "other") }, 1001, "no namespace has these credentials"},
		{"upper case", func(r *http.Request) { r.Header.Set("Signature", strings.ToUpper(r.Header.Get("Signature"))) }, 1004, "lower-case"},
		{"another nonce", func(r *http.Request) { r.Header.Set("Nonce", "13") }, 1004, "does not match"},
		{"cut short", func(r *http.Request) { r.Header.Set("Signature", "abc") }, 1004, "3 characters"},
		{"order", func(r *http.Request) { signWith(r, "", now, "1408710653000"); swap(r) }, 1004, "wrong order"},
		{"a date", func(r *http.Request) { signWith(r, "", "1", "2026-11-21") }, 1004, "neither 10 nor 13 digits"},
		{"11 digits", func(r *http.Request) { signWith(r, "", "1", "14087106530") }, 1004, "neither 10 nor 13 digits"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := online(t, s)
			signWith(r, "", "12", now)
			c.spoil(r)
			a := do(t, r).want(t, c.code)
			if a.status != http.StatusUnauthorized || a.body["errorMessage"] == "" {
				t.Errorf("status %d: %s", a.status, a.raw)
			}
			all := s.Journal.Find(mock.Filter{})
			last := all[len(all)-1]
			if !strings.Contains(last.Refused, c.reason) || last.Executed {
				t.Errorf("the journal says %q, want %q", last.Refused, c.reason)
			}
			if strings.Contains(a.raw+last.Refused+last.Signature.Canonical, testSecret) {
				t.Error("the secret shows")
			}
		})
	}
}

// swap exchanges nonce and timestamp after signing.
func swap(r *http.Request) {
	nonce, timestamp := r.Header.Get("Nonce"), r.Header.Get("Timestamp")
	r.Header.Set("Nonce", timestamp)
	r.Header.Set("Timestamp", nonce)
}

func TestFreshnessAndNonceReuseCanBeSwitchedOn(t *testing.T) {
	s := start(t, rongcloud.Config{MaxSkew: time.Minute, NonceOnce: true})
	ask := func(nonce string) answer {
		r := online(t, s)
		signWith(r, "", nonce, strconv.FormatInt(time.Now().Unix(), 10))
		return do(t, r)
	}
	ask("1").want(t, 200)
	ask("1").want(t, 1004)
	s.Clock.Advance(412 * time.Second)
	ask("2").want(t, 1004)
	s.Clock.Advance(-824 * time.Second)
	ask("3").want(t, 1004)
	for _, reason := range []string{"the nonce was used before", "timestamp 412 s old", "s in the future"} {
		found := false
		for _, e := range s.Journal.Find(mock.Filter{}) {
			found = found || strings.Contains(e.Signature.Reason, reason)
		}
		if !found {
			t.Errorf("no journal entry says %q", reason)
		}
	}
	s.Clock.Advance(412 * time.Second)
	ask("2").want(t, 200) // a refused nonce is not used up
}

func TestANamespaceIsAnAppOfItsOwn(t *testing.T) {
	s := start(t, rongcloud.Config{Seed: 7})
	other, err := s.Namespace("b", rongcloud.Account{})
	if err != nil {
		t.Fatal(err)
	}
	form(t, s, "/user/getToken", "userId", "bob", "name", "Bob").want(t, 200)
	if got := other.Users(); len(got) != 0 {
		t.Error(got)
	}
	if got := s.Users(); len(got) != 1 || got[0] != "bob" {
		t.Error(got)
	}
	if _, err := s.Namespace("c", rongcloud.Account{AppKey: testKey}); err == nil {
		t.Error("two namespaces with one app key")
	}
}

func TestUnknownPathsAndEmptyBodiesGetTheVendorsWords(t *testing.T) {
	s := start(t, rongcloud.Config{})
	for _, c := range []struct {
		method, path, contentType, body string
		code, status                    int
	}{
		{"POST", "/user/nothing.json", formType, "a=b", 404, 404},
		{"POST", "/user/getToken", formType, "a=b", 404, 404},
		{"POST", "/user/getToken.xml", formType, "a=b", 404, 404},
		{"GET", "/user/getToken.json", "", "", 404, 404},
		{"POST", "/user/getToken.json", formType, "", 1003, 400},
		{"POST", "/user/getToken.json", formType, "userId=a", 1002, 400},
		{"POST", "/user/getToken.json", formType, "userId=a&name=", 1002, 400},
		{"POST", "/v3/translate.json", "application/json", "", 1003, 400},
		{"POST", "/v3/translate.json", "application/json", "{", 1002, 400},
		{"POST", "/v3/translate.json", "application/json", "[]", 1002, 400},
		{"POST", "/v3/translate.json", "application/json", `{"text":5}`, 1002, 400},
		{"POST", "//user//checkOnline.json", formType, "userId=a", 200, 200},
	} {
		r := request(t, c.method, s.URL+c.path, c.contentType, c.body)
		sign(r)
		a := do(t, r).want(t, c.code)
		if a.status != c.status || !strings.HasPrefix(a.header.Get("Content-Type"), "application/json") {
			t.Errorf("%s %q: status %d, %s", c.path, c.body, a.status, a.header.Get("Content-Type"))
		}
	}
	for _, path := range []string{"/user/nothing.json", "/user/getToken.json"} { // a bad secret never looks like a missing path
		r := request(t, http.MethodGet, s.URL+path, "", "")
		sign(r)
		r.Header.Set("Signature", strings.Repeat("0", 40))
		do(t, r).want(t, 1004)
		r.Header.Set("App-Key", "nobody")
		do(t, r).want(t, 1001)
	}
	r := online(t, s)
	sign(r)
	r.Header.Set("X-Request-ID", strings.Repeat("x", 37))
	do(t, r).want(t, 1005)
	r = request(t, "POST", s.URL+"/user/getToken.json", formType, "userId="+url.QueryEscape(strings.Repeat("x", 5<<20)))
	sign(r)
	do(t, r).want(t, 1005)
}
