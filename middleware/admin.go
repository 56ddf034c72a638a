package middleware

import (
	"time"

	"github.com/gofiber/fiber/v2"

	"switchboard/app/access"
	"switchboard/app/problem"
)

// What refuses operators. ErrAdminKey says that no key and no session of the console
// counts, ErrReader that a reader wants to change something.
var (
	ErrAdminKey = problem.New(problem.Unauthenticated, "the admin-key header is missing or wrong")
	ErrReader   = problem.New(problem.Forbidden, "this key may look and change nothing")
)

const headerAdminKey = "admin-key"

// ConsoleCookie holds a session of the console, which its page cannot read.
const ConsoleCookie = "switchboard-console"

// Operator lets operators in: by a key, in the header admin-key or as a Bearer token,
// or by a session of the console, from where an address counts and from no other page.
// Without a configured key nobody is let in: loopback alone would let any page in an
// operator's browser switch.
func Operator(keys access.Operators, near ByAddress) fiber.Handler {
	return func(c *fiber.Ctx) error {
		if err := near.Check(c); err != nil {
			return err
		}
		role := operatorOf(c, keys)
		if role == access.Nobody {
			return ErrAdminKey
		}
		c.Locals(operatorKey{}, role)
		if err := ReadBody(c, bodyLimit); err != nil {
			return err
		}
		return c.Next()
	}
}

// Admin is Operator for what readers may look at and only admins may change.
func Admin(keys access.Operators, near ByAddress) fiber.Handler {
	let := Operator(keys, near)
	return func(c *fiber.Ctx) error {
		change := c.Method() != fiber.MethodGet && c.Method() != fiber.MethodHead
		if change && operatorOf(c, keys) == access.Reader && near.Check(c) == nil {
			return ErrReader
		}
		return let(c)
	}
}

type operatorKey struct{}

// OperatorOf is who was let in.
func OperatorOf(c *fiber.Ctx) access.Operator {
	role, _ := c.Locals(operatorKey{}).(access.Operator)
	return role
}

// operatorOf looks at the session only where no key is shown.
func operatorOf(c *fiber.Ctx, keys access.Operators) access.Operator {
	given := c.Get(headerAdminKey)
	if given == "" {
		given = Bearer(c)
	}
	if given != "" {
		return keys.ByKey(given)
	}
	return keys.BySession(c.Cookies(ConsoleCookie), time.Now())
}
