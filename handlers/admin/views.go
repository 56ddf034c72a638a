package admin

import (
	"time"

	"github.com/gofiber/fiber/v2"

	"switchboard/app/ledger"
	"switchboard/app/problem"
	"switchboard/handlers"
	"switchboard/vendors"
)

var errNothingKnown = problem.New(problem.NotFound, "the ledger has no write of that request, and this process remembers nothing else of it")

// writeView is one write as operators see it. Bodies and payloads stay in the
// store: they are the caller's.
type writeView struct {
	ID      string     `json:"id"`
	App     string     `json:"app"`
	Op      string     `json:"op"`
	Key     string     `json:"key"`
	Vendor  string     `json:"vendor"`
	State   string     `json:"state"`
	Outcome string     `json:"outcome"`
	Status  int        `json:"status"`
	Checks  int        `json:"checks"`
	Created time.Time  `json:"created"`
	Updated time.Time  `json:"updated"`
	Steps   []stepView `json:"steps"`
}

type stepView struct {
	At      time.Time `json:"at"`
	Vendor  string    `json:"vendor,omitempty"`
	Op      string    `json:"op,omitempty"`
	TookMS  float64   `json:"took_ms"`
	Outcome string    `json:"outcome,omitempty"`
	Code    string    `json:"code,omitempty"`
	Note    string    `json:"note,omitempty"`
	Skipped bool      `json:"skipped"`
	TraceID string    `json:"trace_id,omitempty"`
}

func (h API) explain(c *fiber.Ctx) error {
	id, err := handlers.PathID(c, "request")
	if err != nil {
		return err
	}
	entries, err := h.Ledger.ByRequest(c.UserContext(), id)
	if err != nil {
		return err
	}
	found := h.Requests.Find(id)
	if len(entries) == 0 && len(found) == 0 && c.Query("unknown") != "empty" {
		return errNothingKnown
	}
	writes, reads := make([]writeView, len(entries)), make([]readsView, len(found))
	for i, e := range entries {
		writes[i] = h.viewWrite(e)
	}
	for i, r := range found {
		reads[i] = readsView{r.Route, r.At, viewSteps(r.Journal.Steps())}
	}
	return c.JSON(fiber.Map{"request_id": id, "node": h.Node, "writes": writes, "reads": reads})
}

// readsView is the calls that a request made at vendors beside its writes.
type readsView struct {
	Route string     `json:"route"`
	Ended time.Time  `json:"ended"`
	Steps []stepView `json:"steps"`
}

func (h API) viewWrite(e ledger.Entry) writeView {
	out := writeView{
		ID: e.ID, App: e.App, Op: e.Op, Key: e.Key, Vendor: e.Vendor, State: string(e.State), Outcome: e.Result.Outcome.String(),
		Checks: e.Checks, Created: e.Created, Updated: e.Updated, Steps: viewSteps(e.Steps),
	}
	if e.Result.Answered() {
		out.Status = h.StatusOf(e.Result.Code)
	}
	if e.State == ledger.Open {
		out.Outcome = "" // nothing has come of it yet
	}
	return out
}

func viewSteps(steps []vendors.Step) []stepView {
	out := make([]stepView, len(steps))
	for i, s := range steps {
		out[i] = stepView{At: s.At, Vendor: s.Vendor, Op: s.Op, TookMS: milli(s.Took), Code: s.Code, Note: s.Note, Skipped: s.Skipped && s.Vendor != "", TraceID: vendors.Trace{Parent: s.Trace}.ID()}
		if !s.Skipped {
			out[i].Outcome = s.Outcome.String()
		}
	}
	return out
}

func milli(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// vendorView is one account; times in milliseconds, rates over the last half to
// whole minute.
type vendorView struct {
	Name      string        `json:"name"`
	Keys      int           `json:"keys"` // live credentials
	Healthy   bool          `json:"healthy"`
	InFlight  int           `json:"in_flight"`
	Cap       int           `json:"cap"`
	SkewMS    float64       `json:"clock_ahead_ms"`
	Retries   uint64        `json:"retries"`
	LastFault string        `json:"last_fault,omitempty"`
	LastAuth  *time.Time    `json:"credentials_refused_at"`
	Aside     *time.Time    `json:"set_aside_until"` // null: the preferred key serves
	Breakers  []breakerView `json:"breakers"`
	Ops       []opView      `json:"operations"`
	Unknown   []unknownView `json:"unknown_codes"`
	Others    []keyView     `json:"other_keys"`
	// Traits are how the account does what vendors do in different ways, by ability.
	Traits map[string]string `json:"traits"`
}

// keyView is a live credential beside the preferred one, which vendorView describes.
type keyView struct {
	Healthy   bool       `json:"healthy"`
	LastFault string     `json:"last_fault,omitempty"`
	LastAuth  *time.Time `json:"credentials_refused_at"`
	Aside     *time.Time `json:"set_aside_until"`
}

type breakerView struct {
	Class  string     `json:"class"`
	State  string     `json:"state"`
	Mode   string     `json:"mode"`
	Reason string     `json:"reason,omitempty"`
	Since  time.Time  `json:"since"`
	Until  *time.Time `json:"until"`
}

// opView is one operation of an account. Its rate is over at least the last second;
// head_room is in units of the vendor's limit, null when none is known.
type opView struct {
	Op       string   `json:"op"`
	Calls    uint64   `json:"calls"`
	Failed   uint64   `json:"failed"`
	Rate     float64  `json:"per_second"`
	P50MS    float64  `json:"p50_ms"`
	P99MS    float64  `json:"p99_ms"`
	UsualMS  float64  `json:"usual_ms"`
	HeadRoom *float64 `json:"head_room"`
}

type unknownView struct {
	Op     string    `json:"op"`
	Code   string    `json:"code"`
	Count  uint64    `json:"count"`
	Sample string    `json:"sample"`
	Last   time.Time `json:"last"`
}

func (h API) vendors(c *fiber.Ctx) error {
	out := []vendorView{}
	for _, v := range h.Routes.All() {
		live := h.Routes.Live(v.Name)
		if len(live) == 0 {
			continue // it has gone meanwhile
		}
		view, aside := viewOf(live[0]), h.Routes.Aside(v.Name)
		if len(aside) != len(live) {
			continue // its keys change this moment
		}
		view.Aside = unlessZero(aside[0])
		view.Keys, view.Others = len(live), make([]keyView, len(live)-1)
		for i, other := range live[1:] {
			one := viewOf(other)
			view.Others[i] = keyView{one.Healthy, one.LastFault, one.LastAuth, unlessZero(aside[i+1])}
		}
		out = append(out, view)
	}
	return c.JSON(fiber.Map{"vendors": out})
}

func viewOf(v *vendors.Vendor) vendorView {
	view := vendorView{Name: v.Name, Healthy: true, Traits: map[string]string{}}
	for _, t := range v.Declared() {
		view.Traits[t.Name] = t.Value
	}
	if v.Connection != nil {
		view.fill(v.Connection.Health())
	}
	return view
}

// fill shows a vendor as healthy while no breaker of its classes is shut.
func (v *vendorView) fill(h vendors.Health) {
	v.InFlight, v.Cap, v.SkewMS, v.Retries, v.LastFault = h.InFlight, h.Cap, milli(h.Skew), h.Retries, h.LastFault
	v.LastAuth = unlessZero(h.LastAuth)
	for _, b := range h.Breakers {
		v.Breakers = append(v.Breakers, breakerView{b.Class, b.State, b.Mode.String(), b.Reason, b.Since, unlessZero(b.Until)})
		shut := b.Mode == vendors.BreakerOpen || b.Mode == vendors.BreakerAuto && b.State == "open"
		v.Healthy = v.Healthy && !shut
	}
	v.Ops, v.Unknown = make([]opView, len(h.Ops)), make([]unknownView, len(h.Unknown))
	for i, o := range h.Ops {
		v.Ops[i] = opView{Op: o.Op, Calls: o.Calls, Failed: o.Failed, Rate: float64(o.Calls) / max(1, o.Span.Seconds()), P50MS: milli(o.P50), P99MS: milli(o.P99), UsualMS: milli(o.Usual)}
		if o.HeadRoom >= 0 {
			v.Ops[i].HeadRoom = &o.HeadRoom
		}
	}
	for i, u := range h.Unknown {
		v.Unknown[i] = unknownView{u.Op, u.Code, u.Count, u.Sample, u.Last}
	}
}

func unlessZero(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
