package gateway

import (
	"strings"

	"switchboard/middleware"

	"github.com/gofiber/fiber/v2"
)

// NormalizePath serves clients' paths as the gateway's document misprints them: with
// "- " or a second slash in front. It has to come before all other middleware. Paths
// that are guarded by address have one spelling, so that a proxy can close them.
func NormalizePath(c *fiber.Ctx) error {
	path := c.Path()
	clean := path
	for {
		next := clean
		for _, junk := range []string{"//", "/- ", "/-%20", "/-+"} {
			if rest, found := strings.CutPrefix(next, junk); found {
				next = "/" + rest
			}
		}
		if next == clean {
			break
		}
		clean = next
	}
	if clean != path && !byAddress(c, clean) {
		c.Path(clean)
	}
	return c.Next()
}

// byAddress says whether it is the peer's address that decides about the request.
func byAddress(c *fiber.Ctx, path string) bool {
	first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return first == "inner" && c.Get(middleware.HeaderAppKey) == "" || first == "admin" || first == "metrics"
}
