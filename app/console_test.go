package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

const (
	testAdmin  = "an-admin-key-of-thirty-two-bytes!"
	testReader = "a-reader-key-of-thirty-two-bytes!"
)

// withKeys is a program with keys of an operator's own: its page is the console alone.
func withKeys(c *Config) { c.AdminKey, c.AdminReaderKey = testAdmin, testReader }

// signIn returns the cookie of a session.
func (p *process) signIn(t *testing.T, key string) *http.Cookie {
	t.Helper()
	got := p.do(t, request{Path: "/console/session", Header: map[string]string{"admin-key": key}})
	cookies := (&http.Response{Header: got.Header}).Cookies()
	if got.Status != 200 || len(cookies) != 1 {
		t.Fatalf("%d %s %v", got.Status, got.Body, got.Header)
	}
	return cookies[0]
}

func TestTheConsolesSessionOpensWhatItsKeyOpens(t *testing.T) {
	p := start(t, withKeys)
	admin, reader := p.signIn(t, testAdmin), p.signIn(t, testReader)
	for _, c := range []*http.Cookie{admin, reader} {
		if !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || c.Secure || strings.Contains(c.Value, testAdmin) {
			t.Errorf("the cookie is %s", c)
		}
	}
	breaker := request{Path: "/admin/vendors/rongcloud/breaker", Body: map[string]any{"by": "ann", "mode": "auto"}}
	look := request{Method: "GET", Path: "/admin/vendors"}
	cookie := func(c *http.Cookie, more ...string) map[string]string {
		h := map[string]string{"Cookie": c.Name + "=" + c.Value}
		for i := 0; i < len(more); i += 2 {
			h[more[i]] = more[i+1]
		}
		return h
	}
	forged := *admin
	forged.Value = strings.Replace(reader.Value, "reader", "admin", 1)
	for name, c := range map[string]struct {
		request
		header map[string]string
		want   int
	}{
		"admin looks":               {look, cookie(admin), 200},
		"admin changes":             {breaker, cookie(admin), 200},
		"reader looks":              {look, cookie(reader), 200},
		"reader changes":            {breaker, cookie(reader), 403},
		"reader's key looks":        {look, map[string]string{"admin-key": testReader}, 200},
		"reader's key changes":      {breaker, map[string]string{"admin-key": testReader}, 403},
		"a forged session":          {look, cookie(&forged), 401},
		"a wrong key beside":        {look, cookie(admin, "admin-key", "wrong"), 401},
		"another site":              {breaker, cookie(admin, "Sec-Fetch-Site", "cross-site"), 403},
		"another port":              {breaker, cookie(admin, "Origin", "http://127.0.0.1:1"), 403},
		"same site, not origin":     {look, cookie(admin, "Sec-Fetch-Site", "same-site"), 403},
		"through a proxy":           {look, cookie(admin, "X-Forwarded-For", "10.0.0.1"), 403},
		"signing out elsewhere":     {request{Method: "DELETE", Path: "/console/session"}, cookie(admin, "Sec-Fetch-Site", "cross-site"), 403},
		"signing out":               {request{Method: "DELETE", Path: "/console/session"}, cookie(admin), 200},
		"no mocks but in a sandbox": {request{Method: "GET", Path: "/sandbox/mocks/rongcloud/health", Bad: true}, cookie(admin), 404},
	} {
		r := c.request
		r.Header = c.header
		if got := p.do(t, r); got.Status != c.want {
			t.Errorf("%s: %d %s, want %d", name, got.Status, got.Body, c.want)
		}
	}
	if got := p.do(t, request{Method: "GET", Path: "/console/session", Header: cookie(reader)}); !strings.Contains(string(got.Body), `"role":"reader","sandbox":null`) {
		t.Errorf("%s", got.Body)
	}
	if log := p.Log.String(); !strings.Contains(log, `"operator signed in"`) || strings.Contains(log, testAdmin) || strings.Contains(log, admin.Value) {
		t.Error("the log lacks the sign-in or holds a secret")
	}
}

func TestACookieOfAPageOverHTTPSIsSentOverHTTPSAlone(t *testing.T) {
	p := start(t, func(c *Config) {
		withKeys(c)
		_ = c.TrustedProxies.Decode("127.0.0.0/8")
	})
	// Through a proxy nobody signs in, and signing out sets the cookie all the same.
	got := p.do(t, request{Method: "DELETE", Path: "/console/session", Header: map[string]string{"X-Forwarded-For": "10.0.0.1", "X-Forwarded-Proto": "https"}})
	if c := (&http.Response{Header: got.Header}).Cookies(); len(c) != 1 || !c[0].Secure {
		t.Errorf("%d %v", got.Status, got.Header)
	}
}

func TestGuessingTheConsolesKeyIsSlowedDown(t *testing.T) {
	p := start(t, withKeys)
	for range 10_000 {
		got := p.do(t, request{Path: "/console/session", Header: map[string]string{"admin-key": "guess"}})
		if got.Status == 429 && got.Header.Get("Retry-After") != "" {
			return
		}
		if got.Status != 401 {
			t.Fatalf("%d %s", got.Status, got.Body)
		}
	}
	t.Error("an address guesses as often as it likes")
}

// A reader signs in by the page, sees every view, and no button that changes anything.
func TestAReaderSignsInAndFindsNothingToChange(t *testing.T) {
	axe := axeScript(t)
	p := start(t, withKeys)
	b := browse(t)
	for _, language := range []string{"zh", "en"} {
		word := inLanguage(t, language, language)
		b.size(t, 1280, 800)
		b.settle(t, p.URL+"/", language, "light")
		b.write(t, "input[name=key]", "wrong")
		b.press(t, "form", word("Sign in"))
		b.holds(t, "it is refused", `document.querySelector(".note.bad")`)
		for _, size := range sizes {
			b.size(t, size.width, size.height)
			b.themed(t, "sign-in-"+language+"-"+size.name, func(where string) {
				b.accessible(t, where, axe)
				b.shoot(t, where)
			})
		}
		b.complaints() // the browser tells of the 401
		b.write(t, "input[name=key]", testReader)
		b.press(t, "form", word("Sign in"))
		b.holds(t, "it is in", `document.querySelector("nav [aria-current]")`)
		if language == "zh" {
			b.press(t, "header", word("Sign out"))
			b.holds(t, "it is out", `document.querySelector("input[name=key]")`)
		}
	}
	for _, view := range []string{"vendors", "routes", "doubts", "explain", "owners", "sessions", "pairing", "data", "audit"} {
		b.eval(t, fmt.Sprintf("location.hash=%q", "#/"+view), nil)
		b.holds(t, view+" is shown", fmt.Sprintf(`document.querySelector("nav [aria-current]").getAttribute("href")===%q && !document.querySelector("main > .empty, main .note.bad")?.innerText.includes("Loading")`, "#/"+view))
		var buttons int
		if b.eval(t, `[...document.querySelectorAll("main button")].filter(e=>e.innerText.startsWith("Switch")).length`, &buttons); buttons > 0 {
			t.Errorf("%s has %d buttons to switch with", view, buttons)
		}
	}
	var kept string
	b.eval(t, `JSON.stringify({...localStorage,...sessionStorage})+document.cookie`, &kept)
	if strings.Contains(kept, testReader) || strings.Contains(kept, "reader.") {
		t.Errorf("the page keeps %s", kept)
	}
	b.clean(t, "the reader's console")
	b.press(t, "header", "Sign out")
	b.holds(t, "it is out", `document.querySelector("input[name=key]")`)
}
