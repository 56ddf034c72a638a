package handlers

import (
	"net/url"

	"github.com/gofiber/fiber/v2"
)

// IdempotencyKey is the header with which a caller makes a repeat safe. It never
// goes on to a vendor: net/http repeats by itself what carries it.
const IdempotencyKey = "Idempotency-Key"

// ClientKey makes a message's send safe to repeat: it is the body's own key, or
// the header's.
func ClientKey(c *fiber.Ctx, body string) string {
	if body != "" {
		return body
	}
	return c.Get(IdempotencyKey)
}

// PathID is a room's or a user's id as it stands, escaped, in the path.
func PathID(c *fiber.Ctx, name string) (string, error) {
	id, err := url.PathUnescape(c.Params(name))
	if err != nil {
		return "", Invalid("%s: bad escaping in the path", name)
	}
	return id, UserID(id).Check(name)
}
