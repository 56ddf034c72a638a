package admin

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
)

// A check that hangs says nothing about the others.
func TestReadinessChecksDoNotWaitForEachOther(t *testing.T) {
	web := fiber.New()
	Probes{Ready: []Probe{
		{Name: "hanging", Check: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }},
		{Name: "healthy", Check: func(ctx context.Context) error { return ctx.Err() }},
	}, Metrics: http.NotFoundHandler()}.Mount(web, func(c *fiber.Ctx) error { return c.Next() })
	got, err := web.Test(httptest.NewRequest(http.MethodGet, "/readyz", nil), int((10 * time.Second).Milliseconds()))
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	body, _ := io.ReadAll(got.Body)
	if got.StatusCode != 503 || !strings.Contains(string(body), `"healthy":"ok"`) || strings.Contains(string(body), `"hanging":"ok"`) {
		t.Errorf("%d %s", got.StatusCode, body)
	}
}

func TestTheContractIsShownWithWhatThePageNeeds(t *testing.T) {
	web := fiber.New()
	Probes{Metrics: http.NotFoundHandler()}.Mount(web, func(c *fiber.Ctx) error { return c.Next() })
	for path, want := range map[string]string{
		"/docs": "/docs/swagger-ui-bundle.js", "/docs/": "/docs/swagger-ui.css",
		"/docs/swagger-ui-bundle.js": "SwaggerUIBundle", "/docs/swagger-ui.css": ".swagger-ui", "/docs/favicon-32x32.png": "PNG",
	} {
		got, err := web.Test(httptest.NewRequest(http.MethodGet, path, nil), int(time.Minute.Milliseconds()))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(got.Body)
		if err != nil || got.StatusCode != 200 || !strings.Contains(string(body), want) {
			t.Errorf("%s: %d %v, %d bytes without %s", path, got.StatusCode, err, len(body), want)
		}
	}
}
