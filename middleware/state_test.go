package middleware

import (
	"io"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gofiber/fiber/v2"
)

func TestARequestKeepsItsCallersIDOrGetsOne(t *testing.T) {
	web := fiber.New(fiber.Config{Immutable: true})
	web.Use(RequestID)
	web.Get("/", func(c *fiber.Ctx) error { return c.SendString(IDOf(c)) })
	long := strings.Repeat("x", maxRequestID)
	for _, c := range []struct {
		name, value string
		kept        bool
	}{
		{"X-Request-Id", "r-1", true}, {"Request-Id", "r-2", true}, {"X-Request-Id", long, true},
		{"X-Request-Id", long + "x", false}, {"X-Request-Id", "a b", false}, {"X-Request-Id", "ü", false}, {"X-Other", "r-3", false},
	} {
		in := httptest.NewRequest("GET", "/", nil)
		in.Header.Set(c.name, c.value)
		res, err := web.Test(in)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		res.Body.Close()
		got := string(body)
		if (got == c.value) != c.kept || res.Header.Get("X-Request-Id") != got || !visible(got) {
			t.Errorf("%s: %.20q becomes %q, echoed as %q", c.name, c.value, got, res.Header.Get("X-Request-Id"))
		}
	}
}
