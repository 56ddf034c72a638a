package middleware

import "github.com/gofiber/fiber/v2"

// Headers tells browsers to take every answer for what it says it is, to show it in no
// frame and run nothing of it, to keep no copy, for it may hold a token, and to tell
// nobody of its address. Pages and files say themselves what else they allow.
func Headers(c *fiber.Ctx) error {
	c.Set(fiber.HeaderXContentTypeOptions, "nosniff")
	c.Set(fiber.HeaderContentSecurityPolicy, "default-src 'none'; frame-ancestors 'none'")
	c.Set(fiber.HeaderReferrerPolicy, "no-referrer")
	c.Set(fiber.HeaderCacheControl, "no-store")
	return c.Next()
}
