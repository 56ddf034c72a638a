package handlers_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gofiber/fiber/v2"

	"switchboard/app/problem"
	"switchboard/handlers"
	"switchboard/handlers/product"

	"switchboard/app/sqldb"
	"switchboard/middleware"
	"switchboard/vendors"
)

// Without the database requests fail closed, with 503.
func TestStoreFailuresAreToldApart(t *testing.T) {
	for _, c := range []struct {
		err    error
		status int
		kind   problem.Kind
	}{
		{sqldb.ErrUnavailable, 503, problem.Unavailable},
		{sqldb.ErrSlow, 503, problem.Unavailable},
		{sqldb.ErrClosed, 503, problem.Unavailable},
		{fmt.Errorf("%w: %w", sqldb.ErrUnavailable, sqldb.ErrOutcomeUnknown), 504, problem.InDoubt},
		{errors.New("anything else"), 500, problem.Internal},
	} {
		p := handlers.Find(fmt.Errorf("reading: %w: dial tcp 10.0.0.7", c.err))
		if p.Status != c.status || p.Kind != c.kind || strings.Contains(p.Text, "10.0.0.7") {
			t.Errorf("%v: %+v", c.err, p)
		}
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
		web := fiber.New(fiber.Config{ErrorHandler: product.Failure})
		web.Use(middleware.Access(slog.New(slog.NewJSONHandler(&log, nil)), func(context.Context, middleware.Served) {}))
		web.Get("/returned", func(*fiber.Ctx) error { return c.err })
		web.Get("/answered", func(ctx *fiber.Ctx) error { return product.Failure(ctx, c.err) })
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
