package handlers

import (
	"strings"

	"github.com/gofiber/fiber/v2"

	"switchboard/app/messages"
	"switchboard/app/wallet"
	"switchboard/vendors"
)

// Server serves the back ends' side of the product API under /api/server.
type Server struct {
	Messages *messages.Service
	Wallet   *wallet.Service
}

// Mount adds the routes; r is behind middleware.Server.
func (h Server) Mount(r fiber.Router) {
	r.Post("/im/send/tip", func(c *fiber.Ctx) error { return h.send(c, vendors.ToUsers, vendors.Tip) })
	r.Post("/im/send/system", func(c *fiber.Ctx) error { return h.send(c, vendors.ToSystem, vendors.Text) })
	r.Post("/wallet/adjust", h.adjust)
}

func (h Server) send(c *fiber.Ctx, kind vendors.TargetKind, content vendors.ContentKind) error {
	var in struct {
		From    userID   `json:"from"`
		Targets []userID `json:"targets"`
		Msg     string   `json:"msg"`
	}
	if err := decode(c, &in); err != nil {
		return err
	}
	if err := in.From.check("from"); err != nil {
		return err
	}
	if strings.TrimSpace(in.Msg) == "" {
		return invalid("msg is required")
	}
	to := make([]string, len(in.Targets))
	for i, t := range in.Targets {
		if err := t.check("targets"); err != nil {
			return err
		}
		to[i] = string(t)
	}
	receipt, err := h.Messages.Send(c.UserContext(), vendors.Message{
		Kind: kind, From: string(in.From), To: to, Content: vendors.Content{Kind: content, Text: in.Msg},
	})
	if err != nil {
		return &detailedError{err: err, data: fates(receipt)}
	}
	return productSuccess(c, fates(receipt))
}

// sendAnswer tells how many targets the vendor took the message for, and which
// it did not and why.
type sendAnswer struct {
	Accepted int          `json:"accepted"`
	Failed   []sendFailed `json:"failed"`
}

type sendFailed struct {
	Target string `json:"target"`
	Code   int    `json:"code"`
	Err    string `json:"err"`
}

// fates is nil when nothing was tried.
func fates(r vendors.Receipt) any {
	if len(r.Targets) == 0 {
		return nil
	}
	out := sendAnswer{Failed: []sendFailed{}}
	for _, t := range r.Targets {
		if t.Err == nil {
			out.Accepted++
			continue
		}
		p := find(t.Err)
		out.Failed = append(out.Failed, sendFailed{Target: t.Target, Code: p.product, Err: p.text})
	}
	return out
}

func (h Server) adjust(c *fiber.Ctx) error {
	var in struct {
		UID       userID `json:"uid"`
		Delta     int64  `json:"delta"`
		RequestID userID `json:"request_id"`
		Reason    string `json:"reason"`
	}
	if err := decode(c, &in); err != nil {
		return err
	}
	if err := in.UID.check("uid"); err != nil {
		return err
	}
	if err := in.RequestID.check("request_id"); err != nil {
		return err
	}
	if in.Delta == 0 {
		return invalid("delta: a whole number of coins other than 0 is required")
	}
	err := h.Wallet.Adjust(c.UserContext(), vendors.Adjustment{
		RequestID: string(in.RequestID), User: string(in.UID), Delta: in.Delta, Reason: in.Reason,
	})
	if err != nil {
		return err
	}
	return productSuccess(c, fiber.Map{"request_id": in.RequestID})
}
