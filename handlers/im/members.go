package im

import (
	"encoding/json"

	"github.com/gofiber/fiber/v2"

	"switchboard/app/conversation"
	"switchboard/handlers"
)

func (h Conversations) addMembers(c *fiber.Ctx) error {
	ids, err := clientIDsIn(c)
	if err != nil {
		return err
	}
	if err := h.Service.AddMembers(c.UserContext(), callerIn(c).Caller, c.Params("conv"), handlers.Strings(ids)); err != nil {
		return err
	}
	return success(c, true)
}

func clientIDsIn(c *fiber.Ctx) ([]handlers.UserID, error) {
	var in clientIDs
	if err := handlers.DecodeJSON(c, &in); err != nil {
		return nil, err
	}
	if len(in.ClientIDs) == 0 {
		return nil, missing("client_ids")
	}
	return in.ClientIDs, nil
}

// members lists all of them, or a page when one is asked for.
func (h Conversations) members(c *fiber.Ctx) error {
	who, conv := callerIn(c), c.Params("conv")
	p, err := pageIn(c, maxPageSize)
	if err != nil {
		return err
	}
	found, err := h.Service.Members(c.UserContext(), who.Caller, conv, p.page, p.size)
	if err != nil {
		return err
	}
	ids := make([]string, len(found.Items))
	for i, m := range found.Items {
		ids[i] = m.User
	}
	if asked := c.Query("page")+c.Query("size") != "" || len(c.Body()) > 0; !asked && found.Total > len(ids) {
		if ids, err = h.Service.AllMembers(c.UserContext(), who.App, conv); err != nil {
			return err
		}
	}
	return success(c, ids)
}

// removeMembers ignores those who are no members.
func (h Conversations) removeMembers(c *fiber.Ctx) error {
	ids, err := clientIDsIn(c)
	if err != nil {
		return err
	}
	if _, err := h.Service.RemoveMembers(c.UserContext(), callerIn(c).Caller, c.Params("conv"), handlers.Strings(ids)); err != nil {
		return err
	}
	return success(c, true)
}

// addUsers makes users, all with the same extension: one by client_id, or
// several by client_ids. Only the app's key may.
func (h Conversations) addUsers(c *fiber.Ctx) error {
	var in struct {
		clientIDs
		ClientID handlers.UserID `json:"client_id"`
		Ext      json.RawMessage `json:"ext"`
	}
	if err := handlers.DecodeJSON(c, &in); err != nil {
		return err
	}
	if in.ClientID != "" {
		in.ClientIDs = append(in.ClientIDs, in.ClientID)
	}
	who := callerIn(c)
	switch {
	case !who.keyed:
		return conversation.ErrNotAllowed
	case len(in.ClientIDs) == 0:
		return missing("client_ids")
	case len(in.ClientIDs) > maxPageSize:
		return handlers.Invalid("client_ids: at most %d", maxPageSize)
	}
	for _, id := range in.ClientIDs {
		if err := conversation.ValidUser(conversation.Typed, string(id)); err != nil {
			return err
		}
	}
	for _, id := range in.ClientIDs {
		if _, err := h.Service.EnsureUser(c.UserContext(), who.Caller, string(id), in.Ext); err != nil {
			return err
		}
	}
	return success(c, true)
}

// users answers ids alone, as the members' list does.
func (h Conversations) users(c *fiber.Ctx) error {
	p, err := pageIn(c, 20)
	if err != nil {
		return err
	}
	who := callerIn(c)
	if !who.keyed {
		return conversation.ErrNotAllowed
	}
	found, err := h.Service.Users(c.UserContext(), who.Caller, p.page, p.size)
	if err != nil {
		return err
	}
	ids := make([]string, len(found.Items))
	for i, u := range found.Items {
		ids[i] = u.ID
	}
	return success(c, ids)
}
