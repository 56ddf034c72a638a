package product

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"

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
	r.Post("/wallet/orders", h.order)
}

func (h BackEnd) send(c *fiber.Ctx, kind vendors.TargetKind, content vendors.ContentKind) error {
	var in struct {
		From    handlers.UserID  `json:"from"`
		Targets handlers.UserIDs `json:"targets"`
		Msg     string           `json:"msg"`
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
	m := messages.Keyed(c.UserContext(), c.Get(handlers.IdempotencyKey), vendors.Message{Kind: kind, From: string(in.From), To: to, Content: vendors.Content{Kind: content, Text: in.Msg}})
	w := ledger.Write{Key: c.Get(handlers.IdempotencyKey), Op: vendors.OpSend(kind), Payload: messages.SentOf(m)}
	return idempotent(c, h.Ledger, w, func(ctx context.Context) (any, error) {
		receipt, err := h.Messages.Send(ctx, vendors.Request{User: middleware.AppOf(c).ID + "/" + m.From}, m)
		return sendResult(receipt), err
	})
}

// SettleSend is the ledger's recipe for a send in doubt. It tells what the send would
// have answered.
func SettleSend(s *messages.Service, ids messages.IDs) ledger.Recipe {
	return func(ctx context.Context, app, account string, since time.Time, payload, _ []byte) (any, error) {
		sent, receipt, err := s.Settle(ctx, account, since, payload)
		switch {
		case err != nil:
			return nil, err
		case sent.Rows:
			return sentRows(ids, app, sent.Kind, sent.From, receipt), nil
		}
		return sendResult(receipt), nil
	}
}

func digestOf(content any) string {
	raw, _ := json.Marshal(content) // texts and lists of texts
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}

// sendAnswer has the number of targets that a vendor took the message for, and the
// others with why none did. When several vendors took some, it names the one that took
// most, and those whom another one took.
type sendAnswer struct {
	Accepted  int             `json:"accepted"`
	Vendor    string          `json:"vendor,omitempty"`
	Elsewhere []sendElsewhere `json:"elsewhere,omitempty"`
	Failed    []sendFailed    `json:"failed"`
}

type sendElsewhere struct {
	Target string `json:"target"`
	Vendor string `json:"vendor"`
}

type sendFailed struct {
	Target string `json:"target"`
	Code   int    `json:"code"`
	Err    string `json:"err"`
}

// sendResult is the data of a send's answer; nil when nothing was tried.
func sendResult(r vendors.Receipt) any {
	if len(r.Targets) == 0 {
		return nil
	}
	out := sendAnswer{Failed: []sendFailed{}}
	took := map[string]int{}
	for _, t := range r.Targets {
		if t.Err == nil {
			if took[t.Vendor]++; took[t.Vendor] > took[out.Vendor] {
				out.Vendor = t.Vendor
			}
		}
	}
	for _, t := range r.Targets {
		if t.Err == nil {
			if out.Accepted++; t.Vendor != out.Vendor {
				out.Elsewhere = append(out.Elsewhere, sendElsewhere{t.Target, t.Vendor})
			}
			continue
		}
		p := handlers.Find(t.Err)
		_, code := codeOf(t.Err, p)
		out.Failed = append(out.Failed, sendFailed{Target: t.Target, Code: code, Err: p.Text})
	}
	if len(out.Elsewhere) == 0 {
		out.Vendor = ""
	}
	return out
}

// adjust takes request_id as the idempotency key when the header is left out.
func (h BackEnd) adjust(c *fiber.Ctx) error {
	var in struct {
		UID       handlers.UserID `json:"uid"`
		Delta     handlers.Int    `json:"delta"`
		RequestID handlers.UserID `json:"request_id"`
		Reason    string          `json:"reason"`
	}
	if err := handlers.DecodeParams(c, &in); err != nil {
		return err
	}
	if err := in.UID.Check("uid"); err != nil {
		return err
	}
	if err := in.RequestID.Check("request_id"); err != nil {
		return err
	}
	if in.Delta == 0 {
		return handlers.Invalid("delta: a whole number of coins other than 0 is required")
	}
	change := wallet.Change{User: string(in.UID), Delta: int64(in.Delta), RequestID: string(in.RequestID), Reason: in.Reason}
	w := ledger.Write{Key: c.Get(handlers.IdempotencyKey, change.RequestID), Op: vendors.OpAdjust, Vendor: h.Wallet.Keeper(c.UserContext()), Payload: change}
	return idempotent(c, h.Ledger, w, func(ctx context.Context) (any, error) {
		return h.Wallet.Apply(ctx, middleware.AppOf(c).ID, change)
	})
}
