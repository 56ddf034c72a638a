package middleware

import (
	"context"
	"strings"

	"github.com/gofiber/fiber/v2"

	"switchboard/app/access"
	"switchboard/app/problem"
)

// Caller is who a client request comes from.
type Caller = access.Caller

// Why a request is not let in, beside the errors of package access.
var (
	ErrNoToken   = problem.New(problem.Unauthenticated, "a bearer token is required")
	ErrNoKey     = problem.New(problem.Unauthenticated, "app-id and app-key are required")
	ErrOtherApp  = problem.New(problem.Unauthenticated, "the token belongs to another app")
	ErrOtherUser = problem.New(problem.Unauthenticated, "the token belongs to another user")
)

// HeaderAppKey carries an app's server key.
const HeaderAppKey = "app-key"

// AppID is the app that the request names in app-id or IM-APP-ID; "" for none.
func AppID(c *fiber.Ctx) string {
	if id := c.Get("app-id"); id != "" {
		return id
	}
	return c.Get("IM-APP-ID")
}

// Bearer is the request's token: the Authorization header with or without the
// word Bearer; "" for none.
func Bearer(c *fiber.Ctx) string {
	h := strings.TrimSpace(c.Get(fiber.HeaderAuthorization))
	if len(h) > 7 && strings.EqualFold(h[:7], "Bearer ") {
		return strings.TrimSpace(h[7:])
	}
	return h
}

// Client lets in requests with a valid client token. A request that names an app
// must name the token's.
func Client(apps *access.Directory) fiber.Handler {
	return func(c *fiber.Ctx) error {
		token := Bearer(c)
		if token == "" {
			return ErrNoToken
		}
		caller, err := apps.Verify(c.UserContext(), token)
		if err != nil {
			return err
		}
		if id := AppID(c); id != "" && id != caller.App {
			return ErrOtherApp
		}
		if err := Known(c, caller); err != nil {
			return err
		}
		return c.Next()
	}
}

// Admitted keeps out clients whom admit refuses, with its error: a token outlives what
// happens to its user.
func Admitted(admit func(ctx context.Context, app, user string) error) fiber.Handler {
	return func(c *fiber.Ctx) error {
		by := CallerOf(c)
		if err := admit(c.UserContext(), by.App, by.User); err != nil {
			return err
		}
		return c.Next()
	}
}

// Server lets an app's own back end in, by app-id and app-key.
func Server(apps *access.Directory) fiber.Handler {
	return func(c *fiber.Ctx) error {
		key := c.Get(HeaderAppKey)
		if key == "" {
			return ErrNoKey
		}
		app, err := apps.Server(AppID(c), key)
		if err != nil {
			return err
		}
		return asBackEnd(c, app)
	}
}

// asBackEnd goes on as the app's own back end.
func asBackEnd(c *fiber.Ctx, app access.App) error {
	stateOf(c).app = app
	if err := Known(c, Caller{App: app.ID}); err != nil {
		return err
	}
	return c.Next()
}

// Inner lets in an app's back end by its server key, or by its address.
func Inner(apps *access.Directory, near ByAddress) fiber.Handler {
	server := Server(apps)
	return func(c *fiber.Ctx) error {
		if c.Get(HeaderAppKey) != "" {
			return server(c)
		}
		if err := near.Check(c); err != nil {
			return err
		}
		app, err := apps.App(AppID(c))
		if err != nil {
			return err
		}
		return asBackEnd(c, app)
	}
}
