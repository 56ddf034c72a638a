package product

import (
	"github.com/gofiber/fiber/v2"

	"switchboard/app/credentials"
	"switchboard/app/moderation"
	"switchboard/app/translation"
	"switchboard/app/wallet"
	"switchboard/handlers"
	"switchboard/middleware"
	"switchboard/vendors"
)

// Client serves the clients' side of the API, all but pairing, under /api/v1.
type Client struct {
	Words        *moderation.Service
	Wallet       *wallet.Service
	Translations *translation.Service
	Credentials  *credentials.Service
}

// Mount adds the routes; r is behind middleware.Client.
func (h Client) Mount(r fiber.Router) {
	r.Post("/im/before/check", h.beforeMessage)
	r.Post("/video/before/check", h.beforeVideo)
	r.Post("/translate/action", h.translate)
	r.Post("/im/token", h.token)
	r.Get("/wallet", h.wallet)
}

// beforeMessage asks the word list before the wallet's vendor: it costs nothing,
// and a text that is refused need not be paid for.
func (h Client) beforeMessage(c *fiber.Ctx) error {
	var in struct {
		RCMsg   string          `json:"rc_msg"`
		PeerUID handlers.UserID `json:"peer_uid"`
		Content string          `json:"content"`
	}
	if err := handlers.DecodeParams(c, &in); err != nil {
		return err
	}
	if in.RCMsg == "" {
		return handlers.Invalid("rc_msg is required")
	}
	if err := in.PeerUID.Check("peer_uid"); err != nil {
		return err
	}
	if err := h.Words.Check(in.Content); err != nil {
		return err
	}
	if err := h.Wallet.AffordsMessage(c.UserContext(), middleware.CallerOf(c).User, in.RCMsg); err != nil {
		return err
	}
	return success(c, nil)
}

func (h Client) beforeVideo(c *fiber.Ctx) error {
	if err := handlers.DecodeParams(c, &struct{}{}); err != nil {
		return err
	}
	if err := h.Wallet.AffordsVideo(c.UserContext(), middleware.CallerOf(c).User); err != nil {
		return err
	}
	return success(c, nil)
}

func (h Client) translate(c *fiber.Ctx) error {
	var in struct {
		Text  handlers.StringOrList `json:"text"`
		Short string                `json:"short"`
	}
	if err := handlers.DecodeParams(c, &in); err != nil {
		return err
	}
	if len(in.Text) == 0 {
		return handlers.Invalid("text: at least one is required")
	}
	caller := middleware.CallerOf(c)
	out, err := h.Translations.Translate(c.UserContext(), caller.App+"/"+caller.User, in.Text, in.Short)
	if err != nil {
		return err
	}
	return success(c, out)
}

// credential is what a client SDK needs. expires_at is in Unix seconds, null
// when the vendor sets no end; open_id is null when the vendor keeps our ids.
type credential struct {
	SDK       string  `json:"sdk"`
	AppKey    string  `json:"app_key"`
	Token     string  `json:"token"`
	OpenID    *string `json:"open_id"`
	ExpiresAt *int64  `json:"expires_at"`
}

func (h Client) token(c *fiber.Ctx) error {
	var in struct {
		Name     string `json:"name"`
		Portrait string `json:"portrait"`
	}
	if err := handlers.DecodeParams(c, &in); err != nil {
		return err
	}
	caller := middleware.CallerOf(c)
	got, err := h.Credentials.Issue(c.UserContext(), caller.App, vendors.User{ID: caller.User, Name: in.Name, Portrait: in.Portrait})
	if err != nil {
		return err
	}
	out := credential{SDK: got.SDK, AppKey: got.AppKey, Token: got.Token}
	if got.OpenID != "" {
		out.OpenID = &got.OpenID
	}
	if !got.ExpiresAt.IsZero() {
		at := got.ExpiresAt.Unix()
		out.ExpiresAt = &at
	}
	return success(c, out)
}

func (h Client) wallet(c *fiber.Ctx) error {
	balance, err := h.Wallet.Balance(c.UserContext(), middleware.CallerOf(c).User)
	if err != nil {
		return err
	}
	return success(c, fiber.Map{"balance": balance})
}
