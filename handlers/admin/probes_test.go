package admin

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
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
	Probes{Log: slog.New(slog.DiscardHandler), Ready: []Probe{
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

// Probes come every second and are not logged each: a change is, once.
func TestWhatIsMissingIsLoggedWhenThatChanges(t *testing.T) {
	var log bytes.Buffer
	var gone error
	web := fiber.New()
	Probes{Log: slog.New(slog.NewTextHandler(&log, nil)), Ready: []Probe{
		{Name: "store", Check: func(context.Context) error { return gone }}, {Name: "bus", Check: func(context.Context) error { return nil }},
	}, Metrics: http.NotFoundHandler()}.Mount(web, func(c *fiber.Ctx) error { return c.Next() })
	for _, gone = range []error{nil, errors.New("away"), errors.New("away"), nil, nil} {
		got, err := web.Test(httptest.NewRequest(http.MethodGet, "/readyz", nil), -1)
		if err != nil {
			t.Fatal(err)
		}
		got.Body.Close()
	}
	if said := log.String(); strings.Count(said, "\n") != 2 || !strings.Contains(said, `msg="not ready" missing="store: away"`) || !strings.Contains(said, `msg="ready again"`) {
		t.Errorf("%s", said)
	}
}
