package handlers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"switchboard/app/sqldb"
	"switchboard/middleware"
	"switchboard/vendors"
)

// DESIGN.md section 7: without the database requests fail closed, with 503.
func TestStoreFailuresAreToldApart(t *testing.T) {
	for _, c := range []struct {
		err    error
		status int
		code   int
	}{
		{sqldb.ErrUnavailable, 503, codeUnavailable},
		{sqldb.ErrSlow, 503, codeUnavailable},
		{sqldb.ErrClosed, 503, codeUnavailable},
		{fmt.Errorf("%w: %w", sqldb.ErrUnavailable, sqldb.ErrOutcomeUnknown), 504, codeUnknown},
		{errors.New("anything else"), 500, codeInternal},
	} {
		p := find(fmt.Errorf("reading: %w: dial tcp 10.0.0.7", c.err))
		if p.status != c.status || p.product != c.code || strings.Contains(p.text, "10.0.0.7") {
			t.Errorf("%v: %+v", c.err, p)
		}
	}
}

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

// The answer of a failure of ours tells nothing, so the log has to. What the
// caller asked in vain is no alarm.
func TestTheLogSaysWhyARequestFailed(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{errors.New("the disk is full"), `"level":"ERROR"`},
		{vendors.ErrUnsupported, `"level":"INFO"`},
		{fiber.ErrNotFound, `"level":"INFO"`},
	} {
		var log bytes.Buffer
		web := fiber.New(fiber.Config{ErrorHandler: Failure})
		web.Use(middleware.Access(slog.New(slog.NewJSONHandler(&log, nil)), func(string, string, int, time.Duration) {}))
		web.Get("/returned", func(*fiber.Ctx) error { return c.err })
		web.Get("/answered", func(ctx *fiber.Ctx) error { return Failure(ctx, c.err) }) // as writes through the ledger do
		for _, path := range []string{"/returned", "/answered"} {
			log.Reset()
			got, err := web.Test(httptest.NewRequest(http.MethodGet, path, nil))
			if err != nil {
				t.Fatal(err)
			}
			got.Body.Close()
			told := strings.Contains(log.String(), `"error":"`+c.err.Error()+`"`)
			if !strings.Contains(log.String(), c.want) || told != (got.StatusCode >= 500) || !strings.Contains(log.String(), `"took_ms":`) {
				t.Errorf("%s: %s", path, log.String())
			}
		}
	}
}
