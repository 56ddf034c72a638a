package im

import (
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"switchboard/app/access"
	"switchboard/app/conversation"
	"switchboard/app/conversation/conversationsql"
	"switchboard/app/sqldb/sqldbtest"
	"switchboard/handlers"
	"switchboard/handlers/handlertest"
)

// serve has app 1, which believes clients, and app 2, which wants a token; and a
// token of user 7 for each.
func serve(t *testing.T) (web *fiber.App, open, strict string) {
	t.Helper()
	const secret = "0123456789abcdef"
	apps, err := access.New(access.Config{TokenTTL: time.Hour, Apps: access.Apps{
		{ID: "1", Key: "key", JWTSecret: secret, Open: true}, {ID: "2", Key: "key2", JWTSecret: secret},
	}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	s := conversation.New(conversation.Config{}, conversation.Deps{Store: conversationsql.New(sqldbtest.Open(t, sqldbtest.SQLite(t)))})
	web = fiber.New(fiber.Config{ErrorHandler: Failure, Immutable: true, CaseSensitive: true})
	Conversations{Apps: apps, Service: s}.Mount(web.Group("/im"))
	tokens := make([]string, 2)
	for i, app := range []string{"1", "2"} {
		if tokens[i], err = apps.Mint(app, "7", 1); err != nil {
			t.Fatal(err)
		}
	}
	return web, tokens[0], tokens[1]
}

func TestRequestsAreAnsweredInTheDocumentsEnvelope(t *testing.T) {
	web, open, strict := serve(t)
	server, client, named := "app-id: 1\napp-key: key", "app-id: 1\nAuthorization: "+open, "app-id: 1"
	const ok = `,"message":"ok","data":true,"request-id":null}`
	for _, c := range []struct{ name, request, header, body, want string }{
		{"no app", "GET /im/users", "", ``, `200 {"code":4002,"message":"the app-id header is required","data":null,"request-id":null}`},
		{"an unknown app", "GET /im/users", "IM-APP-ID: 9", ``, `200 {"code":4002,"message":"unknown app","data":null,"request-id":null}`},
		{"a wrong key", "GET /im/users", "app-id: 1\napp-key: no", ``, `200 {"code":214,"message":"the server key is not this app's","data":null,"request-id":null}`},
		{"a token is required", "GET /im/conversations", "app-id: 2", ``, `200 {"code":4002,"message":"a bearer token is required","data":null,"request-id":null}`},
		{"another app's token", "GET /im/conversations", "app-id: 1\nAuthorization: " + strict, ``, `200 {"code":214,"message":"the token belongs to another app","data":null,"request-id":null}`},
		{"the request's id is echoed", "GET /im/users", "Request-Id: r-1", ``, `200 {"code":4002,"message":"the app-id header is required","data":null,"request-id":"r-1"}`},
		{"users without the key", "POST /im/users", client, `{"client_id":1}`, `200 {"code":214,"message":"not allowed","data":null,"request-id":null}`},
		{"nobody", "POST /im/users", server, `{}`, `200 {"code":4001,"message":"missing parameter: client_ids","data":null,"request-id":null}`},
		{"users", "POST /im/users", server, `{"client_ids":["7",8]}`, `200 {"code":0` + ok},
		{"a page of users", "GET /im/users?page=1&size=1", server, ``, `200 {"code":0,"message":"ok","data":["7"],"request-id":null}`},
		{"page 0", "GET /im/users?page=0", server, ``, `200 {"code":4406,"message":"page: a whole number from 1","data":null,"request-id":null}`},
		{"no type", "POST /im/conversations", server, `{"client_id":7,"to_client_ids":[8]}`, `200 {"code":4001,"message":"missing parameter: conv_type","data":null,"request-id":null}`},
		{"for somebody else", "POST /im/conversations", client, `{"client_id":8,"to_client_ids":[7],"conv_type":"1"}`, `200 {"code":214,"message":"not allowed","data":null,"request-id":null}`},
		{"a conversation without proof", "POST /im/conversations", named, `{"client_id":7,"to_client_ids":[99],"conv_type":1}`, `200 {"code":214,"message":"not allowed","data":null,"request-id":null}`},
		{"a message without proof", "POST /im/conversations/none/message", named, `{"from_client":7,"type":-1,"text":"x"}`, `200 {"code":214,"message":"not allowed","data":null,"request-id":null}`},
		{"a member without proof", "POST /im/conversations/none/members", named, `{"client_ids":[7]}`, `200 {"code":214,"message":"not allowed","data":null,"request-id":null}`},
		{"a removal without proof", "DELETE /im/conversations/none/members", named, `{"client_ids":[7]}`, `200 {"code":214,"message":"not allowed","data":null,"request-id":null}`},
		{"a change without proof", "PUT /im/conversations", named, `{"where":[],"update":{"conv_extend":1}}`, `200 {"code":214,"message":"not allowed","data":null,"request-id":null}`},
		{"a wrong key of no app", "GET /im/users", "app-id: 9\napp-key: no", ``, `200 {"code":214,"message":"the server key is not this app's","data":null,"request-id":null}`},
		{"an unknown conversation", "GET /im/conversations/none/message", client, ``, `200 {"code":4011,"message":"unknown conversation","data":null,"request-id":null}`},
		{"a deletion without proof", "DELETE /im/conversations/none", named, ``, `200 {"code":214,"message":"not allowed","data":null,"request-id":null}`},
		{"no members named", "POST /im/conversations/none/members", server, `{"client_ids":[]}`, `200 {"code":4001,"message":"missing parameter: client_ids","data":null,"request-id":null}`},
		{"no type of message", "POST /im/conversations/none/message", client, `{"text":"x"}`, `200 {"code":4001,"message":"missing parameter: type","data":null,"request-id":null}`},
		{"no such path", "GET /im/nothing", client, ``, `404 {"code":1,"message":"no such path","data":null,"request-id":null}`},
	} {
		method, path, _ := strings.Cut(c.request, " ")
		var header []string
		if c.header != "" {
			header = strings.Split(c.header, "\n")
		}
		if got, _ := handlertest.Do(t, web, handlertest.Request{Method: method, Path: path, Header: header, Body: c.body}); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
	}
}

func TestPagesAreReadFromTheQueryOrTheBody(t *testing.T) {
	web := fiber.New(fiber.Config{ErrorHandler: Failure})
	var got listPart
	web.Get("/im", func(c *fiber.Ctx) (err error) {
		got, err = pageIn(c, 20)
		return err
	})
	for _, c := range []struct {
		query, body string
		want        listPart
		bad         bool
	}{
		{"", ``, listPart{1, 20, 20, nil}, false},
		{"?page=3&size=5", ``, listPart{3, 5, "5", nil}, false},
		{"", `{"page":3,"size":5}`, listPart{3, 5, 5, nil}, false},
		{"", `{"page":"3","size":"5"}`, listPart{3, 5, "5", nil}, false},
		{"?page=2", `{"page":3,"size":5}`, listPart{2, 5, 5, nil}, false},
		{"?size=1000", ``, listPart{1, maxPageSize, "100", nil}, false},
		{"?page=0", ``, listPart{}, true},
		{"?size=-1", ``, listPart{}, true},
		{"?page=x", ``, listPart{}, true},
		{"", `{"size":[]}`, listPart{}, true},
	} {
		answer, _ := handlertest.Do(t, web, handlertest.Request{Method: "GET", Path: "/im" + c.query, Body: c.body})
		if bad := strings.Contains(answer, `"code":4406`); bad != c.bad || !bad && got != c.want {
			t.Errorf("%s %s: %+v, %s", c.query, c.body, got, answer)
		}
	}
}

func TestEveryListedCodeIsGiven(t *testing.T) {
	for _, row := range coded {
		if got := codeOf(row.match, handlers.Find(row.match)); got != row.code {
			t.Errorf("%v: %d, want %d", row.match, got, row.code)
		}
	}
}
