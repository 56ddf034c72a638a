package middleware

import (
	"net/http/httptest"
	"testing"

	"github.com/gofiber/fiber/v2"
)

func origins(t *testing.T, text string) (o Origins) {
	t.Helper()
	if err := o.Decode(text); err != nil {
		t.Fatal(err)
	}
	return o
}

func TestOriginsAreExactButForThePort(t *testing.T) {
	for list, want := range map[string]map[string]bool{
		"": {"": false, "null": false, "http://localhost": false},
		"http://localhost:*, http://127.0.0.1:*": {
			"http://localhost": true, "http://localhost:3000": true, "http://LOCALHOST:3000": true, "http://127.0.0.1:1": true,
			"https://localhost:3000": false, "http://localhost.evil.example": false, "http://localhost:3000.evil.example": false,
			"http://localhost:": true, "http://localhost:3000/x": false, "http://evil.example#http://localhost:1": false, "null": false,
		},
		"https://app.example:443,http://b.example:8080": {
			"https://app.example": true, "https://app.example:8443": false, "http://app.example": false, "https://x.app.example": false,
			"http://b.example:8080": true, "http://b.example": false,
		},
		"null":           {"null": true, "http://a": false},
		"*":              {"null": true, "http://a": true},
		"http://[::1]:*": {"http://[::1]:80": true, "http://[::2]:80": false},
	} {
		for origin, allowed := range want {
			if got := origins(t, list).Allow(origin); got != allowed {
				t.Errorf("%q: %q: %v", list, origin, got)
			}
		}
	}
	for _, bad := range []string{"app.example", "https://", "https://app.example/", "https://*.example", "https://a b", "https://u@app.example", "https://a:*:*"} {
		if err := new(Origins).Decode(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

func TestPagesOfOtherOriginsAreAnsweredBeforeAnybodyAsksForAToken(t *testing.T) {
	app := fiber.New(fiber.Config{ErrorHandler: func(c *fiber.Ctx, err error) error { return c.Status(418).SendString(err.Error()) }})
	app.Use(CORS(origins(t, "http://localhost:*")), func(*fiber.Ctx) error { return ErrNoToken })
	for _, c := range []struct {
		method, origin, asks, upgrade string
		status                        int
		allowed                       string
	}{
		{"OPTIONS", "http://localhost:3000", "PUT", "", 204, "http://localhost:3000"},
		{"OPTIONS", "http://evil.example", "PUT", "", 204, ""},
		{"OPTIONS", "http://localhost:3000", "", "", 418, ""}, // no preflight
		{"GET", "http://localhost:3000", "", "", 418, "http://localhost:3000"},
		{"GET", "http://evil.example", "", "", 418, ""},
		{"GET", "", "", "", 418, ""},
		{"GET", "http://evil.example", "", "websocket", 418, ""},
	} {
		req := httptest.NewRequest(c.method, "/send_msg", nil)
		for name, value := range map[string]string{"Origin": c.origin, "Access-Control-Request-Method": c.asks, "Upgrade": c.upgrade} {
			if value != "" {
				req.Header.Set(name, value)
			}
		}
		if c.asks != "" {
			req.Header.Set("Access-Control-Request-Headers", "authorization,idempotency-key")
		}
		res, err := app.Test(req)
		if err != nil {
			t.Fatal(err)
		}
		if res.StatusCode != c.status || res.Header.Get("Access-Control-Allow-Origin") != c.allowed || res.Header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%+v: %d %v", c, res.StatusCode, res.Header)
		}
		if c.asks != "" && c.allowed != "" && res.Header.Get("Access-Control-Allow-Headers") != "authorization,idempotency-key" {
			t.Errorf("%+v: %v", c, res.Header)
		}
	}
}
