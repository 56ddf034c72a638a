package admin

import (
	"time"

	"github.com/gofiber/fiber/v2"

	"switchboard/app/retention"
)

// Retention shows operators for how long apps' data is kept, and how sweeping it stands.
type Retention struct {
	Sweeper *retention.Sweeper
	Apps    []string
	Days    func(app string) retention.Days
	Events  time.Duration // for which events are kept that are of no one app, or whose app says nothing
}

// Mount adds the route; r is behind middleware.Admin.
func (h Retention) Mount(r fiber.Router) { r.Get("/retention", h.show) }

type keptView struct {
	Part   string     `json:"part"`
	Days   int        `json:"days"`   // 0: for ever
	Oldest *time.Time `json:"oldest"` // null: there is none, or it is not looked up
	Behind int64      `json:"behind_seconds"`
}

func (h Retention) show(c *fiber.Ctx) error {
	standings, err := h.Sweeper.Standings(c.UserContext())
	if err != nil {
		return err
	}
	last, err := h.Sweeper.Last(c.UserContext())
	if err != nil {
		return err
	}
	apps := map[string][]keptView{}
	for _, s := range standings {
		apps[s.App] = append(apps[s.App], keptView{s.Part, s.Days, timeOrNull(s.Oldest), int64(s.Behind.Seconds())})
	}
	for _, app := range h.Apps {
		days := h.Days(app)
		apps[app] = append(apps[app], keptView{Part: retention.Ledger, Days: days[retention.Ledger]}, keptView{Part: retention.Events, Days: days[retention.Events]})
	}
	return c.JSON(fiber.Map{"apps": apps, "last_sweep": timeOrNull(last), "events_seconds": int64(h.Events.Seconds())})
}

func timeOrNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
