package product

import (
	"context"
	"encoding/json"
	"time"

	"github.com/gofiber/fiber/v2"

	"switchboard/app/groups"
	"switchboard/app/ledger"
	"switchboard/app/owners"
	"switchboard/handlers"
	"switchboard/middleware"
	"switchboard/vendors"
)

// Groups serves groups and chat rooms under /api/server (docs/groups.md).
type Groups struct {
	Groups *groups.Service
	Ledger *ledger.Ledger
}

// Mount adds the routes; r is behind middleware.Server.
func (h Groups) Mount(r fiber.Router) {
	r.Get("/groups", func(c *fiber.Ctx) error { return h.list(c, owners.Group) })
	r.Post("/groups", h.createGroup)
	r.Get("/groups/:group", func(c *fiber.Ctx) error { return h.show(c, owners.Group) })
	r.Patch("/groups/:group", h.rename)
	r.Delete("/groups/:group", func(c *fiber.Ctx) error { return h.end(c, owners.Group) })
	r.Get("/groups/:group/members", h.members)
	r.Post("/groups/:group/members", func(c *fiber.Ctx) error { return h.users(c, owners.Group, groups.Add, "users") })
	r.Delete("/groups/:group/members", func(c *fiber.Ctx) error { return h.users(c, owners.Group, groups.Remove, "users") })
	r.Put("/groups/:group/owner", h.transfer)
	r.Get("/groups/:group/mutes", func(c *fiber.Ctx) error { return h.restrained(c, owners.Group, owners.Mute) })
	r.Post("/groups/:group/mutes", func(c *fiber.Ctx) error { return h.mutes(c, groups.Mute, groups.MuteAll) })
	r.Delete("/groups/:group/mutes", func(c *fiber.Ctx) error { return h.mutes(c, groups.Unmute, groups.UnmuteAll) })
	r.Get("/users/:user/groups", h.userGroups)

	r.Get("/chatrooms", func(c *fiber.Ctx) error { return h.list(c, owners.ChatRoom) })
	r.Post("/chatrooms", h.createChatRoom)
	r.Get("/chatrooms/:room", func(c *fiber.Ctx) error { return h.show(c, owners.ChatRoom) })
	r.Delete("/chatrooms/:room", func(c *fiber.Ctx) error { return h.end(c, owners.ChatRoom) })
	r.Get("/chatrooms/:room/users", h.roomUsers)
	r.Get("/chatrooms/:room/mutes", func(c *fiber.Ctx) error { return h.restrained(c, owners.ChatRoom, owners.Mute) })
	r.Post("/chatrooms/:room/mutes", func(c *fiber.Ctx) error { return h.restrain(c, owners.ChatRoom, groups.Mute, 1) })
	r.Delete("/chatrooms/:room/mutes", func(c *fiber.Ctx) error { return h.users(c, owners.ChatRoom, groups.Unmute, "users") })
	r.Get("/chatrooms/:room/blocks", func(c *fiber.Ctx) error { return h.restrained(c, owners.ChatRoom, owners.Bar) })
	r.Post("/chatrooms/:room/blocks", func(c *fiber.Ctx) error { return h.restrain(c, owners.ChatRoom, groups.Block, 1) })
	r.Delete("/chatrooms/:room/blocks", func(c *fiber.Ctx) error { return h.users(c, owners.ChatRoom, groups.Unblock, "users") })
}

// pathOf is the name of the id in the paths of a kind.
var pathOf = map[owners.Kind]string{owners.Group: "group", owners.ChatRoom: "room"}

// write makes a change through the ledger, and answers what came of it.
func (h Groups) write(c *fiber.Ctx, change groups.Change) error {
	app := middleware.AppOf(c).ID
	w := ledger.Write{Key: c.Get(handlers.IdempotencyKey), Op: change.Op(), Vendor: h.Groups.Account(c.UserContext(), change.Key(app)), Payload: change}
	return idempotent(c, h.Ledger, w, func(ctx context.Context) (any, error) {
		done, err := h.Groups.Apply(ctx, app, change)
		return groupResult(change.Action, done, err)
	})
}

// SettleGroup is the ledger's recipe for a write about a group or a chat room. It tells
// what the write would have answered.
func SettleGroup(s *groups.Service) ledger.Recipe {
	return func(ctx context.Context, app, account string, since time.Time, payload, told []byte) (any, error) {
		whole := func(doubtful []string) (groups.Action, groups.Done, error) {
			return s.Settle(ctx, app, account, since, payload, doubtful)
		}
		var c groups.Change
		if err := json.Unmarshal(payload, &c); err == nil && c.Action.ByUser() && hasRows(told) {
			return settled(told, func(unknown []row) ([]row, error) {
				_, done, err := whole(idsOf(unknown))
				var set rowSet
				addMembers(&set, done)
				return set.rows, err
			})
		}
		action, done, err := whole(nil)
		if err != nil {
			return nil, err
		}
		return groupResult(action, done, nil)
	}
}

// groupView is a group or a chat room, by our id and by its vendor's. Times are in Unix
// seconds.
type groupView struct {
	Group    string `json:"group,omitempty"`
	Room     string `json:"room,omitempty"`
	Name     string `json:"name"`
	Owner    string `json:"owner,omitempty"`
	Vendor   string `json:"vendor"`
	VendorID string `json:"vendor_id"`
	State    string `json:"state"`
	MadeAt   *int64 `json:"made_at"` // null: it was not made here
	Rows     []row  `json:"rows,omitempty"`
}

func viewGroup(r owners.Record) groupView {
	out := groupView{Name: r.Name, Owner: r.Person, Vendor: r.Account, VendorID: r.VendorID, State: string(r.State)}
	if out.Group = r.ID; r.Kind == owners.ChatRoom {
		out.Group, out.Room = "", r.ID
	}
	if !r.Made.IsZero() {
		at := r.Made.Unix()
		out.MadeAt = &at
	}
	return out
}

// groupResult is what a ledger.Run returns of a change. What was done stands in the
// rows, beside an error that says of the whole how it went.
func groupResult(action groups.Action, done groups.Done, err error) (any, error) {
	set := rowSet{}
	addMembers(&set, done)
	_, partly := vendors.PartialOf(err)
	switch {
	case err != nil && !partly:
		return rowsData(set.rows), err
	case action == groups.Create || action == groups.Rename || action == groups.Transfer:
		view := viewGroup(done.Record)
		view.Rows = set.rows
		_, err := set.result()
		return view, err
	case len(set.rows) == 0:
		return nil, nil
	}
	return set.result()
}

func addMembers(set *rowSet, done groups.Done) {
	for _, m := range done.Rows {
		r := rowOf(m.User, done.Record.Account, m.Err)
		if m.Err == nil {
			r.State, r.Emulated = string(m.State), done.Emulated
		}
		set.add(r, m.Err)
	}
}

func (h Groups) createGroup(c *fiber.Ctx) error {
	var in struct {
		Group   handlers.UserID  `json:"group"`
		Name    string           `json:"name"`
		Owner   handlers.UserID  `json:"owner"`
		Members handlers.UserIDs `json:"members"`
	}
	if err := handlers.DecodeParams(c, &in); err != nil {
		return err
	}
	if err := in.Group.Check("group"); err != nil {
		return err
	}
	if err := in.Owner.Check("owner"); err != nil {
		return err
	}
	if err := checkName(in.Name, true); err != nil {
		return err
	}
	members, err := userList("members", in.Members, 0)
	if err != nil {
		return err
	}
	return h.write(c, groups.Change{Kind: owners.Group, Action: groups.Create, ID: string(in.Group), Name: in.Name, By: string(in.Owner), Users: members})
}

func (h Groups) createChatRoom(c *fiber.Ctx) error {
	var in struct {
		Room handlers.UserID `json:"room"`
		Name string          `json:"name"`
	}
	if err := handlers.DecodeParams(c, &in); err != nil {
		return err
	}
	if err := in.Room.Check("room"); err != nil {
		return err
	}
	if err := checkName(in.Name, false); err != nil {
		return err
	}
	return h.write(c, groups.Change{Kind: owners.ChatRoom, Action: groups.Create, ID: string(in.Room), Name: in.Name})
}

func (h Groups) rename(c *fiber.Ctx) error {
	var in struct {
		Name string          `json:"name"`
		By   handlers.UserID `json:"by"`
	}
	id, by, err := h.decode(c, owners.Group, &in, &in.By)
	if err != nil {
		return err
	}
	if err := checkName(in.Name, true); err != nil {
		return err
	}
	return h.write(c, groups.Change{Kind: owners.Group, Action: groups.Rename, ID: id, Name: in.Name, By: by})
}

func (h Groups) transfer(c *fiber.Ctx) error {
	var in struct {
		Owner handlers.UserID `json:"owner"`
		By    handlers.UserID `json:"by"`
	}
	id, by, err := h.decode(c, owners.Group, &in, &in.By)
	if err != nil {
		return err
	}
	if err := in.Owner.Check("owner"); err != nil {
		return err
	}
	return h.write(c, groups.Change{Kind: owners.Group, Action: groups.Transfer, ID: id, By: by, Users: []string{string(in.Owner)}})
}

func (h Groups) end(c *fiber.Ctx, kind owners.Kind) error {
	var in struct {
		By handlers.UserID `json:"by"`
	}
	id, by, err := h.decode(c, kind, &in, &in.By)
	if err != nil {
		return err
	}
	return h.write(c, groups.Change{Kind: kind, Action: groups.End, ID: id, By: by})
}

// users makes a change that names users and nothing else.
func (h Groups) users(c *fiber.Ctx, kind owners.Kind, action groups.Action, field string) error {
	var in struct {
		Users handlers.UserIDs `json:"users"`
		By    handlers.UserID  `json:"by"`
	}
	id, by, err := h.decode(c, kind, &in, &in.By)
	if err != nil {
		return err
	}
	users, err := userList(field, in.Users, 1)
	if err != nil {
		return err
	}
	return h.write(c, groups.Change{Kind: kind, Action: action, ID: id, By: by, Users: users})
}

// restrain makes a change that names users and a time of at least so many seconds.
func (h Groups) restrain(c *fiber.Ctx, kind owners.Kind, action groups.Action, least seconds) error {
	var in struct {
		Users   handlers.UserIDs `json:"users"`
		Seconds seconds          `json:"seconds"`
		By      handlers.UserID  `json:"by"`
	}
	id, by, err := h.decode(c, kind, &in, &in.By)
	if err != nil {
		return err
	}
	users, err := userList("users", in.Users, 1)
	if err != nil {
		return err
	}
	if _, err := in.Seconds.duration(least); err != nil {
		return err
	}
	return h.write(c, groups.Change{Kind: kind, Action: action, ID: id, By: by, Users: users, Seconds: int64(in.Seconds)})
}

// mutes takes some members, or all of them.
func (h Groups) mutes(c *fiber.Ctx, some, everybody groups.Action) error {
	var in struct {
		All handlers.FlexBool `json:"all"`
		By  handlers.UserID   `json:"by"`
	}
	id, by, err := h.decode(c, owners.Group, &in, &in.By)
	switch {
	case err != nil:
		return err
	case bool(in.All):
		return h.write(c, groups.Change{Kind: owners.Group, Action: everybody, ID: id, By: by})
	case some == groups.Mute:
		return h.restrain(c, owners.Group, some, 0)
	}
	return h.users(c, owners.Group, some, "users")
}

// decode reads the id from the path and the parameters into v, where by stands.
func (h Groups) decode(c *fiber.Ctx, kind owners.Kind, v any, by *handlers.UserID) (id, whom string, err error) {
	if id, err = handlers.PathID(c, pathOf[kind]); err != nil {
		return "", "", err
	}
	if err := handlers.DecodeParams(c, v); err != nil {
		return "", "", err
	}
	if *by != "" {
		err = by.Check("by")
	}
	return id, string(*by), err
}

const maxGroupName = 256 // characters, as the store keeps it

func checkName(name string, required bool) error {
	if required && name == "" {
		return handlers.Invalid("name is required")
	}
	if len([]rune(name)) > maxGroupName {
		return handlers.Invalid("name: at most %d characters", maxGroupName)
	}
	return nil
}

func userList(field string, in []handlers.UserID, least int) ([]string, error) {
	if len(in) < least || len(in) > groups.MaxUsers {
		return nil, handlers.Invalid("%s: %d to %d are required", field, least, groups.MaxUsers)
	}
	for _, u := range in {
		if err := u.Check(field); err != nil {
			return nil, err
		}
	}
	return handlers.Strings(in), nil
}
