package middleware

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/gofiber/contrib/websocket"
	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/cors"

	"switchboard/app/problem"
)

// Origins are the pages that may call from a browser, besides those that this process
// serves itself: https://app.example, a port by *, or * alone for all.
type Origins []string

// Decode reads "https://app.example,http://localhost:*". The opaque origin of pages
// without a host is null.
func (o *Origins) Decode(value string) error {
	*o = nil
	for field := range strings.SplitSeq(value, ",") {
		field = strings.ToLower(strings.TrimSpace(field))
		if field == "" {
			continue
		}
		page, err := url.Parse(strings.TrimSuffix(field, ":*"))
		whole := err == nil && page.Scheme != "" && page.Hostname() != "" && page.User == nil &&
			page.Path+page.RawQuery+page.Fragment == "" && !strings.Contains(page.Host, "*")
		if field != "*" && field != "null" && !whole {
			return fmt.Errorf("%q is no origin such as https://app.example or http://localhost:*", field)
		}
		*o = append(*o, withoutUsualPort(field))
	}
	return nil
}

// withoutUsualPort writes an origin as browsers do.
func withoutUsualPort(origin string) string {
	for scheme, port := range map[string]string{"http://": ":80", "https://": ":443"} {
		if strings.HasPrefix(origin, scheme) {
			origin = strings.TrimSuffix(origin, port)
		}
	}
	return origin
}

// Allow says whether pages of an origin may call.
func (o Origins) Allow(origin string) bool {
	origin = strings.ToLower(origin)
	return slices.ContainsFunc(o, func(allowed string) bool {
		host, anyPort := strings.CutSuffix(allowed, ":*")
		if !anyPort {
			return allowed == "*" || allowed == origin
		}
		port, found := strings.CutPrefix(origin, host)
		return found && (port == "" || port[0] == ':' && strings.Trim(port[1:], "0123456789") == "")
	})
}

// ErrOrigin refuses a websocket to a page of an origin that is not allowed.
var ErrOrigin = problem.New(problem.Forbidden, "pages of this origin may not connect; SWITCHBOARD_ALLOWED_ORIGINS names those that may")

const preflightSeconds = 600 // that a browser remembers what it may send

// CORS lets pages of other origins call: it answers their preflights, before anybody
// asks for a token, and lets them read answers. Browsers ask nobody before they
// open a websocket, so those of other pages are refused here. Tokens travel in
// headers and queries: no credentials of the browser's own are ever wanted.
func CORS(allowed Origins) fiber.Handler {
	share := cors.New(cors.Config{
		AllowOriginsFunc: allowed.Allow, MaxAge: preflightSeconds,
		ExposeHeaders: "X-Request-Id,Retry-After,Idempotent-Replayed",
	})
	return func(c *fiber.Ctx) error {
		origin := c.Get(fiber.HeaderOrigin)
		stateOf(c).page = origin != "" && allowed.Allow(origin)
		if origin != "" && websocket.IsWebSocketUpgrade(c) && !AllowedPage(c) && CrossSite(c) {
			return ErrOrigin
		}
		return share(c)
	}
}

// AllowedPage says whether a page of an origin that is allowed makes the request.
func AllowedPage(c *fiber.Ctx) bool { return stateOf(c).page }
