package product

import (
	"strconv"

	"github.com/gofiber/fiber/v2"

	"switchboard/app/pairing"
	"switchboard/app/pairing/ticket"
	"switchboard/handlers"
	"switchboard/middleware"
)

// PairingHosts serves the lists of pair.pool.mode=list under /api/server. A
// change that is made again changes nothing, so it takes no idempotency key.
type PairingHosts struct {
	Service *pairing.Service
}

// Mount adds the routes; r is behind middleware.Server.
func (h PairingHosts) Mount(r fiber.Router) {
	r.Get("/pair/hosts", h.list)
	r.Put("/pair/hosts", h.replace)
	r.Post("/pair/hosts", h.change)
}

// pairHosts says whether the list counts: mode is the scene's pair.pool.mode.
type pairHosts struct {
	Scene int          `json:"scene"`
	Mode  string       `json:"mode"`
	UIDs  []ticket.UID `json:"uids"`
}

func (h PairingHosts) list(c *fiber.Ctx) error {
	n, ok := handlers.ParseInt(c.Query("scene", strconv.Itoa(pairing.DefaultScene)))
	if !ok {
		return handlers.Invalid("scene: a whole number is required")
	}
	scene := int(n)
	if err := checkScene(scene); err != nil {
		return err
	}
	mode, uids, err := h.Service.Hosts(c.UserContext(), middleware.AppOf(c).ID, scene)
	if err != nil {
		return err
	}
	return success(c, pairHosts{scene, mode, orEmpty(uids)})
}

func (h PairingHosts) replace(c *fiber.Ctx) error {
	in := struct {
		Scene handlers.Int      `json:"scene"`
		UIDs  *handlers.UserIDs `json:"uids"`
	}{Scene: pairing.DefaultScene}
	if err := handlers.DecodeParams(c, &in); err != nil {
		return err
	}
	if in.UIDs == nil {
		return handlers.Invalid("uids is required; an empty list lets nobody be offered anything")
	}
	add, err := uids(*in.UIDs, "uids")
	if err != nil {
		return err
	}
	return h.apply(c, int(in.Scene), pairing.HostChange{Whole: true, Add: add})
}

func (h PairingHosts) change(c *fiber.Ctx) error {
	in := struct {
		Scene  handlers.Int     `json:"scene"`
		Add    handlers.UserIDs `json:"add"`
		Remove handlers.UserIDs `json:"remove"`
	}{Scene: pairing.DefaultScene}
	if err := handlers.DecodeParams(c, &in); err != nil {
		return err
	}
	add, err := uids(in.Add, "add")
	if err != nil {
		return err
	}
	remove, err := uids(in.Remove, "remove")
	if err != nil {
		return err
	}
	if len(add)+len(remove) == 0 {
		return handlers.Invalid("add or remove is required")
	}
	return h.apply(c, int(in.Scene), pairing.HostChange{Add: add, Remove: remove})
}

func (h PairingHosts) apply(c *fiber.Ctx, scene int, change pairing.HostChange) error {
	if err := checkScene(scene); err != nil {
		return err
	}
	if err := h.Service.ChangeHosts(c.UserContext(), middleware.AppOf(c).ID, scene, change); err != nil {
		return err
	}
	return success(c, nil)
}

func uids(ids []handlers.UserID, field string) ([]ticket.UID, error) {
	out := make([]ticket.UID, len(ids))
	for i, id := range ids {
		uid, err := ticket.ParseUID(string(id))
		if err != nil {
			return nil, handlers.Invalid("%s: whole numbers above 0 are required", field)
		}
		out[i] = uid
	}
	return out, nil
}

// maxScene bounds the scenes for which callers can make this process keep a pool.
const maxScene = 99

func checkScene(scene int) error {
	if scene < 0 || scene > maxScene {
		return handlers.Invalid("scene: 0 to %d", maxScene)
	}
	return nil
}
