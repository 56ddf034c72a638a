package gateway

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"switchboard/app/access"
	"switchboard/app/conversation"
	"switchboard/app/conversation/conversationsql"
	"switchboard/app/sqldb/sqldbtest"
	"switchboard/handlers/handlertest"
	"switchboard/middleware"
)

const (
	app = "app-id: 1"
	key = "app-key: key"
)

// world serves the API over an empty store, and has a token for alice.
func world(t *testing.T) (*fiber.App, string) {
	t.Helper()
	apps, err := access.New(access.Config{Apps: access.Apps{{ID: "1", Key: "key", JWTSecret: "0123456789abcdef"}}, TokenTTL: time.Hour}, nil)
	if err != nil {
		t.Fatal(err)
	}
	s := conversation.New(conversation.Config{}, conversation.Deps{Store: conversationsql.New(sqldbtest.Open(t, sqldbtest.SQLite(t)))})
	web := fiber.New(fiber.Config{ErrorHandler: Failure, Immutable: true, CaseSensitive: true})
	web.Use(NormalizePath)
	Client{Conversations: s}.Mount(web, middleware.Client(apps))
	Inner{Apps: apps, Conversations: s}.Mount(web.Group("/inner", middleware.Inner(apps, middleware.ByAddress{Allowed: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/32")}})))
	for _, user := range []string{"alice", "bob"} {
		if got, _ := handlertest.Do(t, web, handlertest.Request{Path: "/inner/get_token", Header: []string{app, key}, Body: `{"session":"` + user + `"}`}); !strings.HasPrefix(got, `200 {"code":0,"data":`) {
			t.Fatal(got)
		}
	}
	token, err := apps.Mint("1", "alice", 1)
	if err != nil {
		t.Fatal(err)
	}
	return web, "Authorization: Bearer " + token
}

func TestRequestsAreAnsweredInTheDocumentsEnvelope(t *testing.T) {
	web, alice := world(t)
	client, backEnd := []string{alice}, []string{app, key}
	id := between(t, do(t, web, "/inner/create_conversation", backEnd, `{"conversation_type":1,"sessions":["bob"]}`), `"ConversationId":"`, `"`)
	for _, c := range []struct {
		name, path string
		header     []string
		body, want string
	}{
		{"no token", "/send_msg", nil, `{}`, `200 {"code":10101,"error":"a bearer token is required"}`},
		{"no key and a foreign address", "/inner/join_conversation", []string{app, "app-key: wrong"}, `{}`, `200 {"code":10101,"error":"the server key is not this app's"}`},
		{"no JSON", "/join_conversation", client, `nonsense`, `200 {"code":10001,"error":"the body is not valid JSON"}`},
		{"a wrong type", "/inner/join_conversation", backEnd, `{"sessions":[true]}`, `200 {"code":10001,"error":"sessions: text or a whole number is required"}`},
		{"no member yet", "/check_joined_conversation", client, `{"conversation_id":"ID"}`, `200 {"code":0,"data":{"Joined":false}}`},
		{"nobody's conversation", "/check_joined_conversation", client, `{"conversation_id":"none"}`, `200 {"code":0,"data":{"Joined":false}}`},
		{"an unknown conversation", "/join_conversation", client, `{"conversation_id":"none"}`, `200 {"code":10005,"error":"unknown conversation"}`},
		{"not a member", "/send_msg", client, `{"conversation_id":"ID","type":1,"content":"x"}`, `200 {"code":10004,"error":"not a member of the conversation"}`},
		{"none joined", "/get_joined_conversation", client, `{}`, `200 {"code":0,"data":{"Conversations":[]}}`},
		{"a client joins itself, whomever it names", "/join_conversation", client, `{"conversation_id":"ID","sessions":["bob"]}`, `200 {"code":0,"data":{"ConversationId":"ID"}}`},
		{"joined", "/get_joined_conversation", client, ``, `200 {"code":0,"data":{"Conversations":["ID"]}}`},
		{"a misprinted path", "//- check_joined_conversation", client, `{"conversation_id": "ID",} // as in the document`, `200 {"code":0,"data":{"Joined":true}}`},
		{"nothing said", "/get_lastone_msgid", client, `{"conversation_id":"ID"}`, `200 {"code":0,"data":{"MsgId":""}}`},
		{"nothing to show", "/get_conversation_last_30_msg", client, `{"conversation_id":"ID"}`, `200 {"code":0,"data":{"Msg":[]}}`},
		{"no anchor", "/get_conversation_30msg_before_the_id", client, `{"conversation_id":"ID"}`, `200 {"code":10001,"error":"msg_id is required"}`},
		{"a client leaves", "/leave_conversation", client, `{"conversation_id":"ID"}`, `200 {"code":0,"data":{"ConversationId":"ID","Failed":null}}`},
		{"a back end names who leaves", "/inner/kickout_conversation", backEnd, `{"conversation_id":"ID","sessions":["bob","zoe"]}`, `200 {"code":0,"data":{"ConversationId":"ID","Failed":["zoe"]}}`},
		{"nobody named", "/inner/join_conversation", backEnd, `{"conversation_id":"ID"}`, `200 {"code":90011,"error":"no members given"}`},
		{"a wrong type of conversation", "/create_conversation", client, `{"conversation_type":-1}`, `200 {"code":90010,"error":"invalid conversation type"}`},
		{"nothing to archive", "/inner/set_archive_conversations", backEnd, `{}`, `200 {"code":90012,"error":"conversation_ids: at least one is required"}`},
		{"archived", "/inner/set_archive_conversations", backEnd, `{"conversation_ids":["ID"],"is_archive":true}`, `200 {"code":0}`},
		{"no such path", "/inner/nothing", backEnd, ``, `404 {"code":10001,"error":"no such path"}`},
	} {
		got := do(t, web, c.path, c.header, strings.ReplaceAll(c.body, "ID", id))
		if got = strings.ReplaceAll(got, id, "ID"); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
	}
}

func do(t *testing.T, web *fiber.App, path string, header []string, body string) string {
	t.Helper()
	got, _ := handlertest.Do(t, web, handlertest.Request{Path: strings.ReplaceAll(path, " ", "%20"), Header: header, Body: body})
	return got
}

func between(t *testing.T, text, before, behind string) string {
	t.Helper()
	_, rest, _ := strings.Cut(text, before)
	found, _, ok := strings.Cut(rest, behind)
	if !ok {
		t.Fatal(text)
	}
	return found
}

func TestMisprintedPathsAreServedUnlessAnAddressGuardsThem(t *testing.T) {
	web := fiber.New()
	web.Use(NormalizePath, func(c *fiber.Ctx) error { return c.SendString(c.Path()) })
	for _, c := range []struct{ path, key, want string }{
		{"/send_msg", "", "/send_msg"},
		{"//send_msg", "", "/send_msg"},
		{"/-%20send_msg", "", "/send_msg"},
		{"/-+//-%20send_msg", "", "/send_msg"},
		{"/send//msg", "", "/send//msg"},
		{"//inner/get_token", "", "//inner/get_token"},
		{"//inner/get_token", "app-key: k", "/inner/get_token"},
		{"//admin/routes", "app-key: k", "//admin/routes"},
		{"//metrics", "", "//metrics"},
	} {
		var header []string
		if c.key != "" {
			header = []string{c.key}
		}
		if got, _ := handlertest.Do(t, web, handlertest.Request{Path: c.path, Header: header}); got != "200 "+c.want {
			t.Errorf("%s %s: %s, want %s", c.path, c.key, got, c.want)
		}
	}
}

func TestEveryPathAtTheRootIsNamed(t *testing.T) {
	paths := Paths()
	if len(paths) != 15 {
		t.Errorf("%d paths: %v", len(paths), paths)
	}
	for _, path := range paths {
		if !strings.HasPrefix(path, "/") || strings.Count(path, "/") != 1 {
			t.Errorf("%s is not at the root", path)
		}
	}
}
