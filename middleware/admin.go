package middleware

import (
	"crypto/sha256"
	"crypto/subtle"

	"github.com/gofiber/fiber/v2"

	"switchboard/app/problem"
	"switchboard/vendors"
)

// ErrAdminKey says that the admin key is missing or wrong.
var ErrAdminKey = problem.New(problem.Unauthenticated, "the admin-key header is missing or wrong")

const headerAdminKey = "admin-key"

// Admin lets operators in: by the key, in the header admin-key or as a Bearer
// token, from where an address counts. Without a configured key nobody is
// let in: loopback alone would let any page in an operator's browser switch.
func Admin(key vendors.Secret, near ByAddress) fiber.Handler {
	want := sha256.Sum256([]byte(key.Reveal()))
	return func(c *fiber.Ctx) error {
		if err := near.Check(c); err != nil {
			return err
		}
		given := c.Get(headerAdminKey)
		if given == "" {
			given = Bearer(c)
		}
		got := sha256.Sum256([]byte(given))
		if key == "" || subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
			return ErrAdminKey
		}
		if err := ReadBody(c, bodyLimit); err != nil {
			return err
		}
		return c.Next()
	}
}
