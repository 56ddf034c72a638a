package product

import (
	"context"

	"github.com/gofiber/fiber/v2"

	"switchboard/app/users"
	"switchboard/handlers"
	"switchboard/middleware"
	"switchboard/vendors"
)

// push notifies users' devices without a message.
func (h Users) push(c *fiber.Ctx) error {
	var in struct {
		Users handlers.UserIDs `json:"users"`
		Title string           `json:"title"`
		Text  string           `json:"text"`
	}
	if err := handlers.DecodeParams(c, &in); err != nil {
		return err
	}
	ids, err := distinctUsers(in.Users, maxRows)
	if err != nil {
		return err
	}
	if in.Text == "" {
		return handlers.Invalid("text is required")
	}
	if err := h.own(c, vendors.CapTokens, "users.push"); err != nil {
		return err
	}
	p := vendors.Push{Users: ids, Title: in.Title, Text: in.Text}
	return h.write(c, vendors.OpPush, userChange{Digest: digestOf(p)}, func(ctx context.Context, app, _ string) ([]users.Fate, error) {
		return h.Users.Push(ctx, app, p)
	})
}

// maxRemarks is what the vendor takes at once.
const maxRemarks = 100

func (h Users) setRemarks(c *fiber.Ctx) error {
	id, err := handlers.PathID(c, "user")
	if err != nil {
		return err
	}
	var in struct {
		Names []struct {
			ID   handlers.UserID `json:"id"`
			Name string          `json:"name"`
		} `json:"names"`
	}
	if err := handlers.DecodeParams(c, &in); err != nil {
		return err
	}
	if len(in.Names) == 0 || len(in.Names) > maxRemarks {
		return handlers.Invalid("names: 1 to %d are required", maxRemarks)
	}
	var names []vendors.Remark
	for _, n := range in.Names {
		if err := n.ID.Check("names.id"); err != nil {
			return err
		}
		if n.Name == "" {
			return handlers.Invalid("names.name is required")
		}
		names = append(names, vendors.Remark{User: string(n.ID), Name: n.Name})
	}
	if err := h.own(c, vendors.CapTokens, "users.remarks"); err != nil {
		return err
	}
	return h.write(c, vendors.OpRemark, userChange{User: id, Digest: digestOf(names)}, func(ctx context.Context, app, write string) ([]users.Fate, error) {
		return h.Users.SetRemarks(ctx, app, id, write, names)
	})
}

func (h Users) removeRemark(c *fiber.Ctx) error {
	id, err := handlers.PathID(c, "user")
	if err != nil {
		return err
	}
	var in struct {
		Of handlers.UserID `json:"of"`
	}
	if err := handlers.DecodeParams(c, &in); err != nil {
		return err
	}
	if err := in.Of.Check("of"); err != nil {
		return err
	}
	if err := h.own(c, vendors.CapTokens, "users.remarks"); err != nil {
		return err
	}
	payload := userChange{User: id, Others: []string{string(in.Of)}}
	return h.write(c, vendors.OpRemark, payload, func(ctx context.Context, app, write string) ([]users.Fate, error) {
		return h.Users.RemoveRemark(ctx, app, id, write, string(in.Of))
	})
}

// levels are those of notices that callers may set.
var levels = map[vendors.NoticeLevel]bool{
	vendors.NoticeDefault: true, vendors.NoticeAll: true, vendors.NoticeMentions: true, vendors.NoticeOwn: true, vendors.NoticeToAll: true, vendors.NoticeNone: true,
}

func (h Users) setNotice(c *fiber.Ctx) error {
	id, err := handlers.PathID(c, "user")
	if err != nil {
		return err
	}
	var in struct {
		Kind   vendors.TargetKind  `json:"kind"`
		Target handlers.UserID     `json:"target"`
		Level  vendors.NoticeLevel `json:"level"`
	}
	if err := handlers.DecodeParams(c, &in); err != nil {
		return err
	}
	if err := checkKind("kind", in.Kind); err != nil {
		return err
	}
	if err := in.Target.Check("target"); err != nil {
		return err
	}
	if !levels[in.Level] {
		return handlers.Invalid("level: one of default, all, mentions, own_mentions, to_all, none")
	}
	if err := h.own(c, vendors.CapTokens, "conversations.notices"); err != nil {
		return err
	}
	conv := vendors.Conversation{User: id, Kind: in.Kind, Target: string(in.Target)}
	change := userChange{User: id, Kind: conv.Kind, Others: []string{conv.Target}, Digest: string(in.Level)}
	return h.write(c, vendors.OpNoticeSet, change, func(ctx context.Context, app, write string) ([]users.Fate, error) {
		return h.Users.SetNotice(ctx, app, write, conv, in.Level)
	})
}

func (h Users) notice(c *fiber.Ctx) error {
	id, err := handlers.PathID(c, "user")
	if err != nil {
		return err
	}
	conv := vendors.Conversation{User: id, Kind: vendors.TargetKind(c.Query("kind", string(vendors.ToUsers))), Target: c.Query("target")}
	if err := checkKind("kind", conv.Kind); err != nil {
		return err
	}
	if err := handlers.UserID(conv.Target).Check("target"); err != nil {
		return err
	}
	if err := h.own(c, vendors.CapTokens, "conversations.notices"); err != nil {
		return err
	}
	level, account, err := h.Users.Notice(c.UserContext(), middleware.AppOf(c).ID, conv)
	if err != nil {
		return err
	}
	return success(c, fiber.Map{"level": level, "vendor": account})
}

// presenceOut is one user's presence, ours and the vendor's in one.
type presenceOut struct {
	ID      string                `json:"id"`
	State   vendors.PresenceState `json:"state"`
	Here    bool                  `json:"here"`   // has a session of ours
	Vendor  *string               `json:"vendor"` // that was asked; null: none could tell
	Devices []string              `json:"devices"`
	Since   *int64                `json:"since"` // Unix seconds; null: the vendor does not tell
}

// presenceUnknown is the state of who has no session of ours where no vendor could tell.
const presenceUnknown = "unknown"

// presence answers although the vendor cannot tell: what is known here still holds, and
// reason says what is missing.
func (h Users) presence(c *fiber.Ctx) error {
	var in struct {
		Users handlers.UserIDs `json:"users"`
	}
	if err := handlers.DecodeParams(c, &in); err != nil {
		return err
	}
	ids, err := distinctUsers(in.Users, listPage)
	if err != nil {
		return err
	}
	app := middleware.AppOf(c).ID
	here, err := h.Connected(c.UserContext(), app, ids)
	if err != nil {
		return err
	}
	var found []vendors.Status
	account, cause := "", h.own(c, vendors.CapPresence, "presence")
	if cause == nil {
		found, account, cause = h.Users.Statuses(c.UserContext(), app, ids)
	}
	if account != "" {
		h.Watch(c.UserContext(), account, ids)
	}
	out := make([]presenceOut, len(ids))
	for i, id := range ids {
		out[i] = presenceOut{ID: id, State: presenceUnknown, Here: here[id], Devices: []string{}}
		if cause == nil && i < len(found) {
			out[i].State, out[i].Vendor, out[i].Devices = found[i].State, &account, orEmpty(found[i].Devices)
			if at := found[i].At; !at.IsZero() {
				since := at.Unix()
				out[i].Since = &since
			}
		}
		if here[id] {
			out[i].State = vendors.PresenceOnline
		}
	}
	return success(c, fiber.Map{"users": out, "reason": reasonOf(cause)})
}
