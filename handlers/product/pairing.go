package product

import (
	"fmt"
	"strings"

	"github.com/gofiber/fiber/v2"

	"switchboard/app/pairing"
	"switchboard/app/pairing/ticket"
	"switchboard/handlers"
	"switchboard/middleware"
)

// Pairing serves pair matching under /api/v1/video (docs/pairing.md).
type Pairing struct {
	Service *pairing.Service
}

// Mount adds the routes; r is behind middleware.Client.
func (h Pairing) Mount(r fiber.Router) {
	r.Post("/video/pair/ask", h.as(h.ask))
	r.Post("/video/pair/answer", h.as(h.answer))
	r.Post("/video/pair/confirm", h.as(h.confirm))
	r.Post("/video/pair/cancel", h.as(h.cancel))
	r.Post("/video/pair/info", h.as(h.info))
	r.Post("/video/pair/avail", h.as(h.avail))
	r.Post("/video/pair/call", h.as(h.call))
	r.Post("/video/pairRecords", h.as(h.records))
	r.Post("/video/delPairRecord", h.as(h.deleteRecord))
}

// caller is who asks; pairing knows users by number.
type caller struct {
	app string
	uid ticket.UID
}

// as serves do to a caller with a number.
func (h Pairing) as(do func(*fiber.Ctx, caller) (any, error)) fiber.Handler {
	return func(c *fiber.Ctx) error {
		by := middleware.CallerOf(c)
		uid, err := ticket.ParseUID(by.User)
		if err != nil {
			return handlers.Invalid("pairing is for users whose id is a whole number above 0")
		}
		data, err := do(c, caller{by.App, uid})
		if err != nil {
			return err
		}
		return success(c, data)
	}
}

// askBody is what most requests name their ask by.
type askBody struct {
	AskNo   string       `json:"ask_no"`
	RoundNo handlers.Int `json:"round_no"`
}

func (b askBody) check(round bool) error {
	if err := handlers.UserID(b.AskNo).Check("ask_no"); err != nil {
		return err
	}
	if round && b.RoundNo < 1 {
		return handlers.Invalid("round_no: a whole number from 1 is required")
	}
	return nil
}

func (h Pairing) ask(c *fiber.Ctx, by caller) (any, error) {
	in := struct {
		Scene handlers.Int `json:"scene"`
	}{pairing.DefaultScene}
	if err := handlers.DecodeParams(c, &in); err != nil {
		return nil, err
	}
	if err := checkScene(int(in.Scene)); err != nil {
		return nil, err
	}
	askNo, err := h.Service.Ask(c.UserContext(), by.app, int(in.Scene), by.uid)
	return fiber.Map{"ask_no": askNo}, err
}

func (h Pairing) answer(c *fiber.Ctx, by caller) (any, error) {
	var in struct {
		askBody
		Pass *handlers.FlexBool `json:"pass"`
	}
	if err := handlers.DecodeParams(c, &in); err != nil {
		return nil, err
	}
	if err := in.check(true); err != nil {
		return nil, err
	}
	if in.Pass == nil {
		return nil, handlers.Invalid("pass is required")
	}
	return nil, h.Service.Answer(c.UserContext(), by.app, in.AskNo, by.uid, int(in.RoundNo), bool(*in.Pass))
}

func (h Pairing) confirm(c *fiber.Ctx, by caller) (any, error) {
	var in struct {
		askBody
		Pass    *handlers.FlexBool `json:"pass"`
		PeerUID handlers.UserID    `json:"peer_uid"`
		CallID  string             `json:"call_id"`
	}
	if err := handlers.DecodeParams(c, &in); err != nil {
		return nil, err
	}
	if err := in.check(true); err != nil {
		return nil, err
	}
	if in.Pass == nil {
		return nil, handlers.Invalid("pass is required")
	}
	peer, err := ticket.ParseUID(string(in.PeerUID))
	if err != nil {
		return nil, handlers.Invalid("peer_uid: a whole number above 0 is required")
	}
	if err := checkCallID(in.CallID, false); err != nil {
		return nil, err
	}
	return nil, h.Service.Decide(c.UserContext(), by.app, in.AskNo, ticket.Confirm{
		UID: by.uid, Round: int(in.RoundNo), Peer: peer, CallID: in.CallID, Like: bool(*in.Pass),
	})
}

const maxCallID = 255 // bytes

func checkCallID(id string, required bool) error {
	switch {
	case required && id == "":
		return handlers.Invalid("call_id is required")
	case len(id) > maxCallID:
		return handlers.Invalid("call_id: at most %d bytes", maxCallID)
	}
	return nil
}

func (h Pairing) cancel(c *fiber.Ctx, by caller) (any, error) {
	var in askBody
	if err := handlers.DecodeParams(c, &in); err != nil {
		return nil, err
	}
	if err := in.check(false); err != nil {
		return nil, err
	}
	return nil, h.Service.Cancel(c.UserContext(), by.app, in.AskNo, by.uid)
}

// pairInfo is an ask as its asker, its winner or a candidate may see it.
type pairInfo struct {
	Status  int        `json:"status"`
	AskNo   string     `json:"ask_no"`
	AskUID  ticket.UID `json:"ask_uid"`
	CallID  string     `json:"call_id"`
	PeerUID ticket.UID `json:"peer_uid"`
}

func (h Pairing) info(c *fiber.Ctx, by caller) (any, error) {
	var in askBody
	if err := handlers.DecodeParams(c, &in); err != nil {
		return nil, err
	}
	if err := in.check(false); err != nil {
		return nil, err
	}
	v, err := h.Service.Info(c.UserContext(), by.app, pairing.DefaultScene, in.AskNo, by.uid)
	return pairInfo{Status: v.Status, AskNo: v.AskNo, AskUID: v.Asker, CallID: v.CallID, PeerUID: v.Peer}, err
}

func (h Pairing) avail(c *fiber.Ctx, by caller) (any, error) {
	var in struct {
		On *handlers.FlexBool `json:"on"`
	}
	if err := handlers.DecodeParams(c, &in); err != nil {
		return nil, err
	}
	if in.On == nil {
		return nil, handlers.Invalid("on is required")
	}
	until, err := h.Service.SetAvailability(c.UserContext(), by.app, by.uid, bool(*in.On))
	return fiber.Map{"on": *in.On, "until": int64(until) / 1000}, err
}

// call takes a client's report that a call started or ended, for vendors that report
// none.
func (h Pairing) call(c *fiber.Ctx, by caller) (any, error) {
	var in struct {
		askBody
		CallID string `json:"call_id"`
		Event  string `json:"event"`
	}
	if err := handlers.DecodeParams(c, &in); err != nil {
		return nil, err
	}
	if err := in.check(true); err != nil {
		return nil, err
	}
	if err := checkCallID(in.CallID, true); err != nil {
		return nil, err
	}
	switch in.Event {
	case "started":
		return nil, h.Service.CallStarted(c.UserContext(), by.app, in.AskNo, ticket.CallSeen{
			Users: []ticket.UID{by.uid}, Round: int(in.RoundNo), CallID: in.CallID, Witness: ticket.FromClient,
		})
	case "ended":
		return nil, h.Service.CallOver(c.UserContext(), by.app, in.AskNo, ticket.CallEnded{
			By: by.uid, Round: int(in.RoundNo), CallID: in.CallID, Witness: ticket.FromClient,
		})
	}
	return nil, handlers.Invalid("event: started or ended is required")
}

// pairRecord is one connected round. Times are Unix seconds; end_at is 0 while
// the call runs.
type pairRecord struct {
	AskNo   string     `json:"ask_no"`
	StartAt int64      `json:"start_at"`
	EndAt   int64      `json:"end_at"`
	RoundNo int        `json:"round_no"`
	PeerUID ticket.UID `json:"peer_uid"`
	CallID  string     `json:"call_id"`
	Liked   bool       `json:"liked"`
	Role    string     `json:"role"`
}

const recordsPage = 20

func (h Pairing) records(c *fiber.Ctx, by caller) (any, error) {
	in := struct {
		Cursor string       `json:"cursor"`
		Limit  handlers.Int `json:"limit"`
	}{Limit: recordsPage}
	if err := handlers.DecodeParams(c, &in); err != nil {
		return nil, err
	}
	if in.Limit < 1 || in.Limit > 100 {
		return nil, handlers.Invalid("limit: 1 to 100")
	}
	before, err := parseCursor(in.Cursor)
	if err != nil {
		return nil, err
	}
	records, err := h.Service.Records(c.UserContext(), by.app, by.uid, before, int(in.Limit))
	items := make([]pairRecord, len(records))
	next := ""
	for i, r := range records {
		items[i] = pairRecord{r.AskNo, r.StartAt, r.EndAt, r.Round, r.Peer, r.CallID, r.Liked, "asker"}
		if by.uid == r.Peer {
			items[i].PeerUID, items[i].Role = r.Asker, "candidate"
		}
		if i == int(in.Limit)-1 {
			next = fmt.Sprintf("%d:%s", r.StartAt, r.AskNo)
		}
	}
	return fiber.Map{"items": items, "cursor": next}, err
}

func parseCursor(s string) (at pairing.Cursor, err error) {
	if s == "" {
		return at, nil
	}
	start, ask, _ := strings.Cut(s, ":")
	n, ok := handlers.ParseInt(start)
	if at.StartAt = n; !ok || ask == "" {
		return at, handlers.Invalid("cursor: not one of ours")
	}
	at.AskNo = ask
	return at, nil
}

func (h Pairing) deleteRecord(c *fiber.Ctx, by caller) (any, error) {
	var in struct {
		askBody
		StartAt handlers.Int `json:"start_at"`
	}
	if err := handlers.DecodeParams(c, &in); err != nil {
		return nil, err
	}
	if err := in.check(false); err != nil {
		return nil, err
	}
	return nil, h.Service.DeleteRecord(c.UserContext(), by.app, in.AskNo, int64(in.StartAt), by.uid)
}
