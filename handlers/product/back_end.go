package product

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"

	"github.com/gofiber/fiber/v2"

	"switchboard/app/ledger"
	"switchboard/app/messages"
	"switchboard/app/wallet"
	"switchboard/handlers"
	"switchboard/middleware"
	"switchboard/vendors"
)

// BackEnd serves the back ends' side of the API under /api/server. Every write
// goes through the ledger.
type BackEnd struct {
	Messages *messages.Service
	Wallet   *wallet.Service
	Ledger   *ledger.Ledger
}

// Mount adds the routes; r is behind middleware.Server.
func (h BackEnd) Mount(r fiber.Router) {
	r.Post("/im/send/tip", func(c *fiber.Ctx) error { return h.send(c, vendors.ToUsers, vendors.Tip) })
	r.Post("/im/send/system", func(c *fiber.Ctx) error { return h.send(c, vendors.ToSystem, vendors.Text) })
	r.Post("/wallet/adjust", h.adjust)
}

func (h BackEnd) send(c *fiber.Ctx, kind vendors.TargetKind, content vendors.ContentKind) error {
	var in struct {
		From    handlers.UserID   `json:"from"`
		Targets []handlers.UserID `json:"targets"`
		Msg     string            `json:"msg"`
	}
	if err := handlers.DecodeParams(c, &in); err != nil {
		return err
	}
	if err := in.From.Check("from"); err != nil {
		return err
	}
	if strings.TrimSpace(in.Msg) == "" {
		return handlers.Invalid("msg is required")
	}
	to := make([]string, len(in.Targets))
	for i, t := range in.Targets {
		if err := t.Check("targets"); err != nil {
			return err
		}
		to[i] = string(t)
	}
	m := vendors.Message{Kind: kind, From: string(in.From), To: to, Content: vendors.Content{Kind: content, Text: in.Msg}}
	w := ledger.Write{Key: c.Get(handlers.IdempotencyKey), Op: vendors.OpSend(kind), Payload: (*sendPayload)(&m)}
	return once(c, h.Ledger, w, func(ctx context.Context) error {
		receipt, err := h.Messages.Send(ctx, vendors.Request{User: middleware.AppOf(c).ID + "/" + m.From}, m)
		if err != nil {
			return &detailedError{err: err, data: fates(receipt)}
		}
		return success(c, fates(receipt))
	})
}

// sendPayload is a message as the ledger keeps it.
type sendPayload vendors.Message

// MarshalJSON tells enough to tell two messages apart, and nothing of their text.
func (p *sendPayload) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		From    string `json:"from"`
		Targets int    `json:"targets"`
		Digest  string `json:"digest"`
	}{p.From, len(p.To), digestOf(vendors.Message(*p))})
}

func digestOf(content any) string {
	raw, _ := json.Marshal(content) // texts and lists of texts
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
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
		p := handlers.Find(t.Err)
		_, code := codeOf(t.Err, p)
		out.Failed = append(out.Failed, sendFailed{Target: t.Target, Code: code, Err: p.Text})
	}
	return out
}

// adjustment is the request, and what the ledger keeps of it.
type adjustment struct {
	UID       handlers.UserID `json:"uid"`
	Delta     int64           `json:"delta"`
	RequestID handlers.UserID `json:"request_id"`
	Reason    string          `json:"reason"`
}

func (a adjustment) check() error {
	if err := a.UID.Check("uid"); err != nil {
		return err
	}
	if err := a.RequestID.Check("request_id"); err != nil {
		return err
	}
	if a.Delta == 0 {
		return handlers.Invalid("delta: a whole number of coins other than 0 is required")
	}
	return nil
}

// ask names the app in the request id: two apps' ids never meet at the vendor.
func (a adjustment) ask(app string) vendors.Adjustment {
	return vendors.Adjustment{RequestID: app + "/" + string(a.RequestID), User: string(a.UID), Delta: a.Delta, Reason: a.Reason}
}

func (a adjustment) done() any { return fiber.Map{"request_id": a.RequestID} }

// adjust takes request_id as the idempotency key when the header is left out.
func (h BackEnd) adjust(c *fiber.Ctx) error {
	var in adjustment
	if err := handlers.DecodeParams(c, &in); err != nil {
		return err
	}
	if err := in.check(); err != nil {
		return err
	}
	app := middleware.AppOf(c).ID
	w := ledger.Write{Key: c.Get(handlers.IdempotencyKey, string(in.RequestID)), Op: vendors.OpAdjust, Vendor: h.Wallet.Keeper(), Payload: in}
	return once(c, h.Ledger, w, func(ctx context.Context) error {
		if err := h.Wallet.Adjust(ctx, in.ask(app)); err != nil {
			return err
		}
		return success(c, in.done())
	})
}

// SettleAdjust is the recipe for an adjustment in doubt. The port promises that
// its vendor applies a request id once, so repeating it there both asks and ends
// the doubt: it was applied, or it is now, or it is refused.
func SettleAdjust(coins *wallet.Service) ledger.Recipe {
	return func(ctx context.Context, e ledger.Entry) ledger.Answer {
		var in adjustment
		if json.Unmarshal(e.Payload, &in) != nil {
			return ledger.Answer{Outcome: vendors.Ambiguous}
		}
		return settled(in.done(), coins.AdjustAt(ctx, e.Vendor, in.ask(e.App)))
	}
}
