package product

import (
	"cmp"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"switchboard/handlers"
	"switchboard/middleware"
	"switchboard/vendors"
)

// Capabilities tells an app what its vendors can do now, before it shows a button.
type Capabilities struct{ Routes *vendors.Router }

// Mount adds the route; r is behind middleware.Server.
func (h Capabilities) Mount(r fiber.Router) { r.Get("/capabilities", h.get) }

// pathOut is one path and who can serve it.
type pathOut struct {
	Method  string      `json:"method"`
	Path    string      `json:"path"`
	Ability string      `json:"ability"`
	State   string      `json:"state"` // of the routed accounts together
	Now     bool        `json:"now"`   // an account that can takes calls now
	Vendors []serverOut `json:"vendors"`
}

type serverOut struct {
	Vendor string `json:"vendor"`
	Routed bool   `json:"routed"`
	State  string `json:"state"`
}

// accountOut is one account that may serve the app.
type accountOut struct {
	Vendor    string            `json:"vendor"`
	Routes    []string          `json:"routes"`
	Now       bool              `json:"now"` // it takes calls
	Abilities []string          `json:"abilities"`
	Traits    map[string]string `json:"traits"`
	Limits    []limitOut        `json:"limits"`
}

// limitOut is what a vendor takes of one operation; 0: nothing is known.
type limitOut struct {
	Operation  string  `json:"operation"`
	Targets    int     `json:"targets"`
	Bytes      int     `json:"bytes"`
	Characters int     `json:"characters"`
	IDBytes    int     `json:"id_bytes"`
	Units      int     `json:"units"` // in each span; a send counts one for each target
	Seconds    float64 `json:"seconds"`
}

func (h Capabilities) get(c *fiber.Ctx) error {
	if err := handlers.DecodeParams(c, &struct{}{}); err != nil {
		return err
	}
	app := middleware.AppOf(c).ID
	routed := map[vendors.Capability][]*vendors.Vendor{}
	var all []*vendors.Vendor // that some route names
	for _, capability := range vendors.Capabilities() {
		routed[capability] = h.Routes.RouteFor(app, capability)
		all = append(all, routed[capability]...)
	}
	routed[""] = all
	var accounts []*vendors.Vendor
	mine := h.Routes.AccountsFor(app)
	for _, v := range h.Routes.All() {
		if slices.Contains(mine, v.Name) {
			accounts = append(accounts, v)
		}
	}
	paths := make([]pathOut, len(surface))
	for i, p := range surface {
		paths[i] = pathFor(p, accounts, routed[p.route])
	}
	out := make([]accountOut, len(accounts))
	for i, v := range accounts {
		out[i] = accountFor(v, routed)
	}
	return success(c, fiber.Map{"paths": paths, "accounts": out})
}

func pathFor(p path, accounts, routed []*vendors.Vendor) pathOut {
	out := pathOut{Method: p.method, Path: p.path, Ability: p.ability, State: cannot, Vendors: []serverOut{}}
	if p.kept {
		out.State, out.Now = kept, true
	}
	for _, v := range accounts {
		s := serverOut{v.Name, slices.ContainsFunc(routed, func(r *vendors.Vendor) bool { return r.Name == v.Name }), p.by(v)}
		out.Vendors = append(out.Vendors, s)
		if !s.Routed || s.State == cannot || s.State == kept {
			continue
		}
		if out.State != can {
			out.State = s.State
		}
		out.Now = out.Now || takesCalls(v)
	}
	return out
}

func accountFor(v *vendors.Vendor, routed map[vendors.Capability][]*vendors.Vendor) accountOut {
	out := accountOut{Vendor: v.Name, Routes: []string{}, Now: takesCalls(v), Abilities: v.Can(), Traits: map[string]string{}, Limits: []limitOut{}}
	for _, c := range vendors.Capabilities() {
		if slices.ContainsFunc(routed[c], func(r *vendors.Vendor) bool { return r.Name == v.Name }) {
			out.Routes = append(out.Routes, string(c))
		}
	}
	for _, t := range v.Declared() {
		out.Traits[t.Name] = t.Value
	}
	for op, l := range v.Limits {
		out.Limits = append(out.Limits, limitOut{op, l.Targets, l.Bytes, l.Runes, l.IDBytes, l.Calls, l.Per.Seconds()})
	}
	slices.SortFunc(out.Limits, func(a, b limitOut) int { return cmp.Compare(a.Operation, b.Operation) })
	return out
}

// takesCalls reports whether some sort of call would go out to v now.
func takesCalls(v *vendors.Vendor) bool {
	if v.Connection == nil {
		return true
	}
	return slices.ContainsFunc(strings.Fields("read write control token"), v.Connection.Healthy)
}
