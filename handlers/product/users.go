package product

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"

	"github.com/gofiber/fiber/v2"

	"switchboard/app/conversation"
	"switchboard/app/credentials"
	"switchboard/app/ledger"
	"switchboard/app/realtime"
	"switchboard/app/users"
	"switchboard/handlers"
	"switchboard/middleware"
	"switchboard/vendors"
)

// Users serves what an app's back end does about its users at the vendors, under
// /api/server/users.
type Users struct {
	Users         *users.Service
	Conversations *conversation.Service
	Credentials   *credentials.Service
	Ledger        *ledger.Ledger
	Routes        *vendors.Router
	Sessions      func(ctx context.Context, u realtime.User, limit int) (latest []realtime.Listed, total int, err error) // ours, at every replica
	EndSessions   func(realtime.User)                                                                                    // ours, at every replica
	EndDevice     func(realtime.Device)                                                                                  // those of one device
	Connected     func(ctx context.Context, app string, ids []string) (map[string]bool, error)                           // who has a session of ours, at any replica
	Watch         func(ctx context.Context, account string, users []string)                                              // somebody wants to know when they come and go
}

// Mount adds the routes; r is behind middleware.Server.
func (h Users) Mount(r fiber.Router) {
	r.Put("/users", h.putMany)
	r.Post("/users/presence", h.presence)
	r.Post("/users/push", h.push)
	r.Get("/users/:user", h.get)
	r.Put("/users/:user", h.put)
	r.Post("/users/:user/block", h.block)
	r.Post("/users/:user/unblock", h.unblock)
	r.Get("/users/:user/sessions", h.listSessions)
	r.Delete("/users/:user/sessions", h.endSessions)
	r.Delete("/users/:user/sessions/:device", h.endDevice)
	r.Get("/users/:user/blacklist", h.blacklist)
	r.Post("/users/:user/blacklist", func(c *fiber.Ctx) error { return h.changeBlacklist(c, h.Users.AddToBlacklist) })
	r.Delete("/users/:user/blacklist", func(c *fiber.Ctx) error { return h.changeBlacklist(c, h.Users.RemoveFromBlacklist) })
	r.Post("/users/:user/remarks", h.setRemarks)
	r.Delete("/users/:user/remarks", h.removeRemark)
	r.Get("/users/:user/notices", h.notice)
	r.Put("/users/:user/notices", h.setNotice)
}

// own refuses with errShared what would change or show users of other apps: a routed
// account with one of the abilities has users of theirs by the same ids.
func (h Users) own(c *fiber.Ctx, capability vendors.Capability, abilities ...string) error {
	for _, ability := range abilities {
		if shares(h.Routes, middleware.AppOf(c).ID, capability, ability) {
			return errShared
		}
	}
	return nil
}

// write makes a change about users through the ledger and answers its rows.
func (h Users) write(c *fiber.Ctx, op string, payload userChange, run func(ctx context.Context, app, write string) ([]users.Fate, error)) error {
	w := ledger.Write{Key: c.Get(handlers.IdempotencyKey), Op: op, Payload: payload}
	app := middleware.AppOf(c).ID
	return idempotent(c, h.Ledger, w, func(ctx context.Context) (any, error) {
		fates, err := run(ctx, app, writeOf(op, payload))
		if err != nil {
			return nil, err
		}
		set := fateRows(fates)
		return set.result()
	})
}

func fateRows(fates []users.Fate) (set rowSet) {
	for _, f := range fates {
		r := rowOf(f.ID, f.Account, f.Err)
		if f.Err == nil {
			r.State = string(f.State)
		}
		if !f.Until.IsZero() && f.Err == nil {
			until := f.Until.Unix()
			r.Until, r.Emulated = &until, f.Emulated
		}
		set.add(r, f.Err)
	}
	return set
}

// profileIn is how a user is shown.
type profileIn struct {
	ID       handlers.UserID `json:"id"`
	Name     string          `json:"name"`
	Portrait string          `json:"portrait"`
}

func (in profileIn) user() (vendors.User, error) {
	if err := in.ID.Check("id"); err != nil {
		return vendors.User{}, err
	}
	if in.Name == "" && in.Portrait == "" {
		return vendors.User{}, handlers.Invalid("name or portrait is required")
	}
	return vendors.User{ID: string(in.ID), Name: in.Name, Portrait: in.Portrait}, nil
}

// maxProfiles is how many users one request may register: a vendor may take a call for
// each.
const maxProfiles = 100

func (h Users) putMany(c *fiber.Ctx) error {
	var in struct {
		Users []profileIn `json:"users"`
	}
	if err := handlers.DecodeParams(c, &in); err != nil {
		return err
	}
	if len(in.Users) == 0 || len(in.Users) > maxProfiles {
		return handlers.Invalid("users: 1 to %d are required", maxProfiles)
	}
	list := make([]vendors.User, len(in.Users))
	for i, u := range in.Users {
		var err error
		if list[i], err = u.user(); err != nil {
			return err
		}
	}
	return h.profiles(c, list)
}

func (h Users) put(c *fiber.Ctx) error {
	id, err := handlers.PathID(c, "user")
	if err != nil {
		return err
	}
	var in profileIn
	if err := handlers.DecodeParams(c, &in); err != nil {
		return err
	}
	in.ID = handlers.UserID(id)
	u, err := in.user()
	if err != nil {
		return err
	}
	return h.profiles(c, []vendors.User{u})
}

func (h Users) profiles(c *fiber.Ctx, list []vendors.User) error {
	if err := h.own(c, vendors.CapTokens, "users.profile", "users.import"); err != nil {
		return err
	}
	return h.write(c, vendors.OpUserProfile, userChange{Digest: digestOf(list)}, func(ctx context.Context, app, write string) ([]users.Fate, error) {
		return h.Users.Profiles(ctx, app, write, list)
	})
}

// blockOut is a block that this program asked a vendor for.
type blockOut struct {
	Vendor string `json:"vendor"`
	Until  *int64 `json:"until"` // Unix seconds; null: until it is ended
}

// shownOut is how a vendor was told to show a user.
type shownOut struct {
	Vendor   string `json:"vendor"`
	Name     string `json:"name"`     // empty: never given
	Portrait string `json:"portrait"` // empty: never given
	At       int64  `json:"at"`       // Unix seconds
}

// get answers what is known here of a user; vendors do not tell how they show one.
func (h Users) get(c *fiber.Ctx) error {
	id, err := handlers.PathID(c, "user")
	if err != nil {
		return err
	}
	app := middleware.AppOf(c).ID
	out := struct {
		ID        string          `json:"id"`
		Known     bool            `json:"known"` // has had a token or a session, or was named to the conversation API
		Banned    bool            `json:"banned"`
		CreatedAt *int64          `json:"created_at"`
		Ext       json.RawMessage `json:"ext"`
		Blocks    []blockOut      `json:"blocks"`
		Profiles  []shownOut      `json:"profiles"` // the latest first
	}{ID: id, Blocks: []blockOut{}, Profiles: []shownOut{}}
	u, err := h.Conversations.User(c.UserContext(), backEnd(c), id)
	switch {
	case err == nil:
		at := u.Created.Unix()
		out.Known, out.Banned, out.CreatedAt, out.Ext = true, u.Banned, &at, u.Ext
	case !errors.Is(err, conversation.ErrUnknownUser):
		return err
	}
	held, err := h.Users.Blocks(c.UserContext(), app, id)
	if err != nil {
		return err
	}
	for _, b := range held {
		one := blockOut{Vendor: b.Account}
		if !b.Until.IsZero() {
			until := b.Until.Unix()
			one.Until = &until
		}
		out.Blocks = append(out.Blocks, one)
	}
	shown, err := h.Users.Shown(c.UserContext(), app, id)
	if err != nil {
		return err
	}
	for _, p := range shown {
		out.Profiles = append(out.Profiles, shownOut{p.Account, p.Name, p.Portrait, p.At.Unix()})
	}
	return success(c, out)
}

// userChange is what the ledger keeps of a write about one user, or of profiles of many.
type userChange struct {
	User    string   `json:"user,omitempty"`
	Others  []string `json:"others,omitempty"`
	Seconds int64    `json:"seconds,omitempty"`
	Digest  string   `json:"digest,omitempty"`
	Device  string   `json:"device,omitempty"`

	Kind vendors.TargetKind `json:"kind,omitempty"` // of the conversation with the other
}

func (h Users) block(c *fiber.Ctx) error {
	id, err := handlers.PathID(c, "user")
	if err != nil {
		return err
	}
	var in struct {
		Seconds seconds `json:"seconds"`
	}
	if err := handlers.DecodeParams(c, &in); err != nil {
		return err
	}
	d, err := in.Seconds.duration(0)
	if err != nil {
		return err
	}
	return h.write(c, vendors.OpUserBlock, userChange{User: id, Seconds: int64(in.Seconds)}, func(ctx context.Context, app, write string) ([]users.Fate, error) {
		h.Credentials.VoidUser(app, id)
		return h.Users.Block(ctx, app, id, write, d)
	})
}

func (h Users) unblock(c *fiber.Ctx) error {
	id, err := handlers.PathID(c, "user")
	if err != nil {
		return err
	}
	return h.write(c, vendors.OpUserUnblock, userChange{User: id}, func(ctx context.Context, app, write string) ([]users.Fate, error) {
		return h.Users.Unblock(ctx, app, id, write)
	})
}

// cursorOf and behindOf are an opaque cursor: the last id of a page.
func cursorOf(id string) string { return base64.RawURLEncoding.EncodeToString([]byte(id)) }

func behindOf(c *fiber.Ctx) (string, error) {
	raw, err := base64.RawURLEncoding.DecodeString(c.Query("cursor"))
	if err != nil {
		return "", handlers.Invalid("cursor: not one of ours")
	}
	return string(raw), nil
}

// listPage is how many rows a list may have at once.
const listPage = 200

func limitOf(c *fiber.Ctx) (int, error) {
	raw := c.Query("limit")
	if raw == "" {
		return listPage, nil
	}
	n, ok := handlers.ParseInt(raw)
	if !ok || n < 1 || n > listPage {
		return 0, handlers.Invalid("limit: a number from 1 to %d is required", listPage)
	}
	return int(n), nil
}

func (h Users) blacklist(c *fiber.Ctx) error {
	id, err := handlers.PathID(c, "user")
	if err != nil {
		return err
	}
	behind, err := behindOf(c)
	if err != nil {
		return err
	}
	limit, err := limitOf(c)
	if err != nil {
		return err
	}
	found, err := h.Users.Blacklisted(c.UserContext(), middleware.AppOf(c).ID, id, behind, limit)
	if err != nil {
		return err
	}
	var next *string
	if len(found) == limit {
		cursor := cursorOf(found[limit-1])
		next = &cursor
	}
	return success(c, fiber.Map{"users": orEmpty(found), "next": next})
}

func (h Users) changeBlacklist(c *fiber.Ctx, change func(ctx context.Context, app, user, write string, others []string) ([]users.Fate, error)) error {
	id, err := handlers.PathID(c, "user")
	if err != nil {
		return err
	}
	var in struct {
		Users handlers.UserIDs `json:"users"`
	}
	if err := handlers.DecodeParams(c, &in); err != nil {
		return err
	}
	others, err := distinctUsers(in.Users, maxBlacklisted)
	if err != nil {
		return err
	}
	if err := h.own(c, vendors.CapTokens, "blacklist"); err != nil {
		return err
	}
	payload := userChange{User: id, Others: others, Digest: c.Method()}
	return h.write(c, vendors.OpBlacklist, payload, func(ctx context.Context, app, write string) ([]users.Fate, error) {
		return change(ctx, app, id, write, others)
	})
}

// maxBlacklisted is what every vendor takes at once (docs/vendors/rongcloud.md#blacklists).
const maxBlacklisted = 20

// distinctUsers are those users that a request names.
func distinctUsers(in []handlers.UserID, most int) ([]string, error) {
	if len(in) == 0 || len(in) > most {
		return nil, handlers.Invalid("users: 1 to %d are required", most)
	}
	seen := map[string]bool{}
	out := []string{}
	for _, u := range in {
		if err := u.Check("users"); err != nil {
			return nil, err
		}
		if !seen[string(u)] {
			seen[string(u)] = true
			out = append(out, string(u))
		}
	}
	return out, nil
}
