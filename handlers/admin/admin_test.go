package admin

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"switchboard/app/ledger"
	"switchboard/app/sqldb/sqldbtest"
	"switchboard/app/switches"
	"switchboard/app/switches/switchessql"
	"switchboard/handlers"
	"switchboard/handlers/handlertest"
	"switchboard/vendors"
)

type entries map[string][]ledger.Entry

func (e entries) ByRequest(_ context.Context, id string) ([]ledger.Entry, error) { return e[id], nil }

type nobody struct{ vendors.Messages }

func serve(t *testing.T, writes entries) *fiber.App {
	t.Helper()
	routes, err := vendors.NewRouter([]*vendors.Vendor{{Name: "acme", Messages: nobody{}}, {Name: "spare", Messages: nobody{}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	store := switchessql.New(sqldbtest.Open(t, sqldbtest.SQLite(t)))
	web := fiber.New(fiber.Config{ErrorHandler: handlers.PlainFailure, Immutable: true})
	API{
		Routes: routes, Switches: switches.New(switches.Deps{Store: store, Router: routes, Base: vendors.Plan{Routes: routes.Routes()}, Log: slog.New(slog.DiscardHandler), Level: new(slog.LevelVar)}), Audit: store,
		Ledger: writes, Requests: &vendors.RequestLog{}, StatusOf: func(code int) int { return 200 + code }, Node: "n",
	}.Mount(web.Group("/admin"))
	return web
}

func TestWhatOperatorsMistypeIsRefused(t *testing.T) {
	web := serve(t, nil)
	for _, c := range []struct{ name, request, body, want string }{
		{"nobody's name", "PUT /admin/routes", `{"routes":{}}`, `400 {"error":"by: your name is required`},
		{"a long reason", "PUT /admin/routes", `{"by":"ann","reason":"` + strings.Repeat("x", 101) + `","routes":{}}`, `400 {"error":"by: your name is required`},
		{"no routes", "PUT /admin/routes", `{"by":"ann"}`, `400 {"error":"routes is required`},
		{"a mistyped field", "PUT /admin/routes", `{"by":"ann","route":{}}`, `400 {"error":"the body: json: unknown field`},
		{"two objects", "PUT /admin/routes", `{"by":"ann","routes":{}} {}`, `400 {"error":"the body: one JSON object is expected"}`},
		{"no object", "PUT /admin/routes", ``, `400 {"error":"the body: EOF"}`},
		{"an unknown vendor", "PUT /admin/routes", `{"by":"ann","routes":{"messages":"other"}}`, `422 {"error":"this cannot be switched`},
		{"an old version", "PUT /admin/routes", `{"by":"ann","version":7,"routes":{"messages":"spare"}}`, `409 {"error":"somebody else switched meanwhile`},
		{"a route as text", "PUT /admin/routes", `{"by":"ann","routes":{"messages":"spare"}}`, `200 {"apps":{},"audit":[{"version":1,`},
		{"an unknown mode", "POST /admin/vendors/acme/breaker", `{"by":"ann","mode":"ajar"}`, `400 {"error":`},
		{"nothing known", "GET /admin/explain/r", ``, `404 {"error":"the ledger has no write of that request`},
		{"no text", "GET /admin/explain/a%0ab", ``, `400 {"error":"request: control characters are not allowed"}`},
	} {
		method, path, _ := strings.Cut(c.request, " ")
		if got, _ := handlertest.Do(t, web, handlertest.Request{Method: method, Path: path, Body: c.body}); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
	}
}

func TestAWriteIsExplainedWithoutWhatItsCallerWasTold(t *testing.T) {
	at := time.Unix(1_700_000_000, 0).UTC()
	done := ledger.Entry{
		ID: "1", Op: "op", State: ledger.Done, Payload: []byte(`"secret"`), Created: at, Updated: at,
		Result: ledger.Result{Outcome: vendors.OK, Data: []byte(`"secret"`), At: at},
		Steps:  []vendors.Step{{At: at, Vendor: "acme", Op: "op", Took: 1500 * time.Microsecond, Code: "200"}, {At: at, Note: "route", Skipped: true}},
	}
	refused, open := done, done
	refused.Result = ledger.Result{Outcome: vendors.DefiniteNo, Code: 204, Text: "secret", At: at}
	open.State, open.Result = ledger.Open, ledger.Result{}
	web := serve(t, entries{"done": {done}, "refused": {refused}, "open": {open}})
	for request, want := range map[string]string{
		"done": `"outcome":"ok","status":200`, "refused": `"outcome":"definite_no","status":404`, "open": `"outcome":"","status":0`,
	} {
		got, _ := handlertest.Do(t, web, handlertest.Request{Method: "GET", Path: "/admin/explain/" + request})
		if !strings.HasPrefix(got, "200 ") || !strings.Contains(got, want) || strings.Contains(got, "secret") {
			t.Errorf("%s: %s", request, got)
		}
		if !strings.Contains(got, `"vendor":"acme","op":"op","took_ms":1.5,"outcome":"ok","code":"200","skipped":false}`) {
			t.Errorf("%s: the steps are %s", request, got)
		}
	}
}
