package product

import (
	"time"

	"github.com/gofiber/fiber/v2"

	"switchboard/app/groups"
	"switchboard/app/owners"
	"switchboard/handlers"
	"switchboard/middleware"
)

// pageBehind is which part of a list by ids is asked for.
func pageBehind(c *fiber.Ctx) (behind string, limit int, err error) {
	last, limit, err := handlers.Page(c, 1)
	if err == nil && last != nil {
		behind = last[0]
	}
	return behind, limit, err
}

// paged is the data of a page: the rows under name, the cursor of the next page, empty
// on the last one, and how old the list is, null when that is not known.
func paged[T any](c *fiber.Ctx, name string, rows any, p groups.Page[T], id func(T) string, more fiber.Map) error {
	out := fiber.Map{name: rows, "cursor": "", "as_of": nil}
	if p.More {
		out["cursor"] = handlers.Cursor(id(p.Items[len(p.Items)-1]))
	}
	if !p.AsOf.IsZero() {
		out["as_of"] = p.AsOf.Unix()
	}
	for k, v := range more {
		out[k] = v
	}
	return success(c, out)
}

// list is what was made here and is not gone.
func (h Groups) list(c *fiber.Ctx, kind owners.Kind) error {
	behind, limit, err := pageBehind(c)
	if err != nil {
		return err
	}
	p, err := h.Groups.List(c.UserContext(), middleware.AppOf(c).ID, kind, behind, limit)
	if err != nil {
		return err
	}
	rows := make([]groupView, len(p.Items))
	for i, r := range p.Items {
		rows[i] = viewGroup(r)
	}
	name := map[owners.Kind]string{owners.Group: "groups", owners.ChatRoom: "chatrooms"}[kind]
	return paged(c, name, rows, p, func(r owners.Record) string { return r.ID }, nil)
}

func (h Groups) show(c *fiber.Ctx, kind owners.Kind) error {
	id, err := handlers.PathID(c, pathOf[kind])
	if err != nil {
		return err
	}
	r, err := h.Groups.Find(c.UserContext(), owners.Key{App: middleware.AppOf(c).ID, Kind: kind, ID: id})
	if err != nil {
		return err
	}
	return success(c, viewGroup(r))
}

func (h Groups) members(c *fiber.Ctx) error {
	group, err := handlers.PathID(c, "group")
	if err != nil {
		return err
	}
	behind, limit, err := pageBehind(c)
	if err != nil {
		return err
	}
	r, p, err := h.Groups.Members(c.UserContext(), middleware.AppOf(c).ID, group, behind, limit)
	if err != nil {
		return err
	}
	return paged(c, "users", orEmpty(p.Items), p, itself, fiber.Map{"vendor": r.Account})
}

func (h Groups) roomUsers(c *fiber.Ctx) error {
	room, err := handlers.PathID(c, "room")
	if err != nil {
		return err
	}
	behind, limit, err := pageBehind(c)
	if err != nil {
		return err
	}
	r, p, err := h.Groups.RoomUsers(c.UserContext(), middleware.AppOf(c).ID, room, behind, limit)
	if err != nil {
		return err
	}
	return paged(c, "users", orEmpty(p.Items), p, itself, fiber.Map{"vendor": r.Account})
}

func itself(id string) string { return id }

type userGroup struct {
	Group    string `json:"group"`
	Name     string `json:"name"`
	Vendor   string `json:"vendor"`
	VendorID string `json:"vendor_id"`
}

func (h Groups) userGroups(c *fiber.Ctx) error {
	user, err := handlers.PathID(c, "user")
	if err != nil {
		return err
	}
	behind, limit, err := pageBehind(c)
	if err != nil {
		return err
	}
	p, err := h.Groups.UserGroups(c.UserContext(), middleware.AppOf(c).ID, user, behind, limit)
	if err != nil {
		return err
	}
	rows := make([]userGroup, len(p.Items))
	for i, g := range p.Items {
		rows[i] = userGroup{g.ID, g.Name, g.Account, g.VendorID}
	}
	return paged(c, "groups", rows, p, func(g groups.UserGroup) string { return g.ID }, nil)
}

type restrained struct {
	ID    string `json:"id"`
	Until *int64 `json:"until"` // Unix seconds; null: until it is ended
}

// restrained is what was asked for here: vendors' own lists are not in the port.
func (h Groups) restrained(c *fiber.Ctx, kind owners.Kind, what owners.What) error {
	id, err := handlers.PathID(c, pathOf[kind])
	if err != nil {
		return err
	}
	behind, limit, err := pageBehind(c)
	if err != nil {
		return err
	}
	everybody, p, err := h.Groups.Restrained(c.UserContext(), owners.Key{App: middleware.AppOf(c).ID, Kind: kind, ID: id}, what, behind, limit)
	if err != nil {
		return err
	}
	rows := make([]restrained, len(p.Items))
	for i, r := range p.Items {
		rows[i] = restrained{r.User, unixOrNil(r.Until)}
	}
	return paged(c, "users", rows, p, func(r owners.Restraint) string { return r.User }, fiber.Map{"all": everybody})
}

func unixOrNil(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	at := t.Unix()
	return &at
}
