package handlers

import (
	"encoding/base64"
	"encoding/json"

	"github.com/gofiber/fiber/v2"
)

// MaxPage is how many rows a page has at most, and when the caller names no number.
const MaxPage = 200

// Page is which part of a list the request asks for: ?limit= and ?cursor=. behind is
// what Cursor was made of, nil for the first page.
func Page(c *fiber.Ctx, parts int) (behind []string, limit int, err error) {
	limit = MaxPage
	if raw := c.Query("limit"); raw != "" {
		n, ok := ParseInt(raw)
		if !ok || n < 1 || n > MaxPage {
			return nil, 0, Invalid("limit: 1 to %d", MaxPage)
		}
		limit = int(n)
	}
	raw := c.Query("cursor")
	if raw == "" {
		return nil, limit, nil
	}
	text, err := base64.RawURLEncoding.DecodeString(raw)
	if err != nil || json.Unmarshal(text, &behind) != nil || len(behind) != parts {
		return nil, 0, Invalid("cursor: not one of ours")
	}
	return behind, limit, nil
}

// Cursor names the last row of a page by the parts that lists are sorted by.
func Cursor(parts ...string) string {
	text, _ := json.Marshal(parts) // texts
	return base64.RawURLEncoding.EncodeToString(text)
}
