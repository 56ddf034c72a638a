package admin

import (
	"context"
	"time"

	"github.com/gofiber/fiber/v2"

	"switchboard/app/access"
	"switchboard/app/ledger"
	"switchboard/app/pairing"
	"switchboard/app/realtime"
	"switchboard/middleware"
)

// Live shows operators what is under way now.
type Live struct {
	Unsettled func(ctx context.Context, limit int) ([]ledger.Entry, error)
	Hub       *realtime.Hub
	Pairs     *pairing.Service
	StatusOf  func(code int) int // the HTTP status of a write's answer
	Node      string             // names this process
}

// Mount adds the routes; r is behind middleware.Admin.
func (h Live) Mount(r fiber.Router) {
	r.Get("/me", func(c *fiber.Ctx) error {
		return c.JSON(fiber.Map{"role": middleware.OperatorOf(c), "may_change": middleware.OperatorOf(c) == access.Admin})
	})
	r.Get("/doubts", h.doubts)
	r.Get("/sessions", h.sessions)
	r.Get("/pairs", h.pairs)
}

// shown is how many rows of each list an answer has at most.
const shown = 200

// doubtView is a write that has not ended, with the request that made it.
type doubtView struct {
	writeView
	RequestID string `json:"request_id"`
}

func (h Live) doubts(c *fiber.Ctx) error {
	entries, err := h.Unsettled(c.UserContext(), shown+1)
	if err != nil {
		return err
	}
	out, more := make([]doubtView, 0, len(entries)), len(entries) > shown
	for _, e := range entries[:min(shown, len(entries))] {
		out = append(out, doubtView{API{StatusOf: h.StatusOf}.viewWrite(e), e.RequestID})
	}
	return c.JSON(fiber.Map{"writes": out, "more": more})
}

type sessionView struct {
	App     string    `json:"app"`
	User    string    `json:"user"`
	API     string    `json:"api"`
	Device  string    `json:"device"`
	Polled  bool      `json:"polled"`
	Since   time.Time `json:"since"`
	Waiting int       `json:"waiting"`
}

func (h Live) sessions(c *fiber.Ctx) error {
	all, total := h.Hub.List(shown)
	out := make([]sessionView, len(all))
	for i, s := range all {
		out[i] = sessionView{s.Key.App, s.Key.ID, apiNames[s.Key.Dialect], s.Key.DeviceID, s.Polled, s.Since.UTC(), s.Waiting}
	}
	return c.JSON(fiber.Map{"node": h.Node, "total": total, "sessions": out})
}

type poolView struct {
	App        string         `json:"app"`
	Scene      int            `json:"scene"`
	Tickets    map[string]int `json:"asks"`
	Candidates map[string]int `json:"people"`
	Gini       float64        `json:"gini_offers"`
	WaitMS     float64        `json:"estimated_wait_ms"`
}

func (h Live) pairs(c *fiber.Ctx) error {
	out := []poolView{}
	for _, s := range h.Pairs.Stats() {
		out = append(out, poolView{s.App, s.Scene, s.Tickets, s.Candidates, s.Gini, milli(s.Wait)})
	}
	return c.JSON(fiber.Map{"node": h.Node, "at": time.Now().UTC(), "pools": out})
}

// apiNames are those that the documents have.
var apiNames = map[realtime.Dialect]string{realtime.Gateway: "gateway", realtime.Socket: "conversation"}
