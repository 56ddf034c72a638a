package product

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"switchboard/app/access"
	"switchboard/app/conversation"
	"switchboard/app/pairing"
	"switchboard/app/pairing/ticket"
	"switchboard/handlers/handlertest"
	"switchboard/middleware"
)

// servePairing mounts pair matching for user, with an empty pool.
func servePairing(t *testing.T, user string) *fiber.App {
	t.Helper()
	now := func() ticket.Instant { return ticket.Instant(time.Now().UnixMilli()) }
	defaults := func(context.Context, string, int) (map[string]string, error) { return nil, nil }
	service := pairing.New(pairing.Options{Store: pairing.NewMemory(now), Configs: &pairing.Configs{Source: defaults}})
	apps, err := access.New(access.Config{Apps: access.Apps{{ID: "1", Key: "key", JWTSecret: "0123456789abcdef"}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	web := fiber.New(fiber.Config{ErrorHandler: Failure, Immutable: true, CaseSensitive: true})
	admit := func(_ context.Context, _, user string) error {
		if user == "13" {
			return conversation.ErrBanned
		}
		return nil
	}
	Pairing{Service: service}.Mount(web.Group("/api/v1", func(c *fiber.Ctx) error {
		if err := middleware.Known(c, middleware.Caller{App: "1", User: user}); err != nil {
			return err
		}
		return c.Next()
	}, middleware.Admitted(admit)))
	PairingHosts{Service: service}.Mount(web.Group("/api/server", middleware.Server(apps)))
	return web
}

func TestPairMatchingRefusesWhatItCannotUnderstand(t *testing.T) {
	const v, invalid = "POST /api/v1/video/", `400 {"code":100101,"data":null,"err":`
	for _, c := range []struct{ name, user, request, body, want string }{
		{"a user without a number", "ann", v + "pair/ask", ``, invalid + `"pairing is for users whose id is a whole number above 0","time":0}`},
		{"a banned user", "13", v + "pair/ask", ``, `403 {"code":100103,"data":null,"err":"user is banned","time":0}`},
		{"a scene too many", "7", v + "pair/ask", `{"scene":100}`, invalid + `"scene: 0 to 99","time":0}`},
		{"no ask", "7", v + "pair/answer", `{"round_no":1,"pass":true}`, invalid + `"ask_no is required","time":0}`},
		{"no round", "7", v + "pair/answer", `{"ask_no":"a","pass":true}`, invalid + `"round_no: a whole number from 1 is required","time":0}`},
		{"no answer", "7", v + "pair/answer", `{"ask_no":"a","round_no":1}`, invalid + `"pass is required","time":0}`},
		{"an unknown ask", "7", v + "pair/answer", `{"ask_no":"a","round_no":1,"pass":true}`, `200 {"code":200101,"data":null,"err":"unknown ask or not a participant","time":0}`},
		{"no peer", "7", v + "pair/confirm", `{"ask_no":"a","round_no":1,"pass":true}`, invalid + `"peer_uid: a whole number above 0 is required","time":0}`},
		{"a long call", "7", v + "pair/confirm", `{"ask_no":"a","round_no":1,"pass":true,"peer_uid":8,"call_id":"` + strings.Repeat("x", 256) + `"}`, invalid + `"call_id: at most 255 bytes","time":0}`},
		{"no call", "7", v + "pair/call", `{"ask_no":"a","round_no":1,"event":"started"}`, invalid + `"call_id is required","time":0}`},
		{"no event", "7", v + "pair/call", `{"ask_no":"a","round_no":1,"call_id":"c"}`, invalid + `"event: started or ended is required","time":0}`},
		{"cancelling nothing", "7", v + "pair/cancel", `{}`, invalid + `"ask_no is required","time":0}`},
		{"asking for nothing", "7", v + "pair/info", `{}`, invalid + `"ask_no is required","time":0}`},
		{"neither on nor off", "7", v + "pair/avail", `{}`, invalid + `"on is required","time":0}`},
		{"off", "7", v + "pair/avail", `{"on":false}`, `200 {"code":0,"data":{"on":false,"until":0},"err":null,"time":0}`},
		{"a page of none", "7", v + "pairRecords", `{"limit":0}`, invalid + `"limit: 1 to 100","time":0}`},
		{"another's cursor", "7", v + "pairRecords", `{"cursor":"x"}`, invalid + `"cursor: not one of ours","time":0}`},
		{"no records", "7", v + "pairRecords", ``, `200 {"code":0,"data":{"cursor":"","items":[]},"err":null,"time":0}`},
		{"no record", "7", v + "delPairRecord", `{}`, invalid + `"ask_no is required","time":0}`},
		{"hosts of no scene", "7", "GET /api/server/pair/hosts?scene=x", ``, invalid + `"scene: a whole number is required","time":0}`},
		{"no hosts", "7", "GET /api/server/pair/hosts", ``, `200 {"code":0,"data":{"scene":1,"mode":"`},
		{"hosts by no list", "7", "PUT /api/server/pair/hosts", `{}`, invalid + `"uids is required; an empty list lets nobody be offered anything","time":0}`},
		{"hosts by name", "7", "PUT /api/server/pair/hosts", `{"uids":["ann"]}`, invalid + `"uids: whole numbers above 0 are required","time":0}`},
		{"no change of hosts", "7", "POST /api/server/pair/hosts", `{}`, invalid + `"add or remove is required","time":0}`},
		{"a change of hosts", "7", "POST /api/server/pair/hosts", `{"add":[8],"remove":["9"]}`, `200 {"code":0,"data":null,"err":null,"time":0}`},
	} {
		method, path, _ := strings.Cut(c.request, " ")
		got, _ := handlertest.Do(t, servePairing(t, c.user), handlertest.Request{Method: method, Path: path, Body: c.body, Header: []string{"app-id: 1", "app-key: key"}})
		if !strings.HasPrefix(got, c.want) {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
	}
}
