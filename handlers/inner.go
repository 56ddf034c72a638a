package handlers

import (
	"encoding/json"

	"github.com/gofiber/fiber/v2"

	"switchboard/app/access"
	"switchboard/middleware"
)

// Inner serves what the app's own back end asks of the gateway (seed 003).
type Inner struct {
	Apps *access.Directory
}

// Mount adds the routes; r is behind middleware.Inner.
func (h Inner) Mount(r fiber.Router) { r.Post("/get_token", h.token) }

func (h Inner) token(c *fiber.Ctx) error {
	var in struct {
		Session  userID `json:"session"`
		Platform int    `json:"platform"`
	}
	if err := json.Unmarshal(c.Body(), &in); err != nil {
		return badJSON(err)
	}
	if err := in.Session.check("session"); err != nil {
		return err
	}
	token, err := h.Apps.Mint(middleware.AppOf(c).ID, string(in.Session), in.Platform)
	if err != nil {
		return err
	}
	return gatewaySuccess(c, token)
}
