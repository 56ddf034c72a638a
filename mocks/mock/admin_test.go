package mock_test

import (
	"strings"
	"testing"
)

func TestTheAdminAPIDrivesEverything(t *testing.T) {
	r := start(t)
	for _, row := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"POST", "/_mock/faults", `{"match":{"op":"coin.add","times":1},"action":{"kind":"status","status":503,"wait":"1ms"}}`, 200, `{"id":"1"}`},
		{"GET", "/_mock/faults", "", 200, `[{"id":"1","match":{"op":"coin.add","times":1},"action":{"kind":"status","status":503,"wait":"1ms"},"seen":0,"fired":0}]`},
		{"POST", "/_mock/faults", `{"action":{"kind":"explode"}}`, 400, `unknown kind`},
		{"POST", "/_mock/faults", `{"action":{"kind":"delay","wait":"long"}}`, 400, `error`},
		{"POST", "/_mock/faults", `{"when":1}`, 400, `unknown field`},
		{"POST", "/coin/add", "user=ann&amount=1", 503, ""},
		{"POST", "/coin/add", "user=ann&amount=1", 200, `"sum":1`},
		{"GET", "/_mock/journal?op=coin.add&fault=status", "", 200, `"status":503`},
		{"GET", "/_mock/journal/expect?op=coin.add&n=2", "", 200, `{"ok":true}`},
		{"GET", "/_mock/journal/expect?op=coin.add&n=3", "", 400, `2 entries match`},
		{"GET", "/_mock/journal/expect?n=x", "", 400, `error`},
		{"GET", "/_mock/journal?since=x", "", 400, `error`},
		{"DELETE", "/_mock/faults/1", "", 200, `ok`},
		{"DELETE", "/_mock/faults/1", "", 404, `error`},
		{"PUT", "/_mock/clock", `{"now":"2030-01-02T03:04:05Z"}`, 200, `2030-01-02T03:04:0`},
		{"PUT", "/_mock/clock", `{}`, 400, `now is missing`},
		{"POST", "/_mock/clock/advance", `{"by":"24h"}`, 200, `2030-01-03T03:04:0`},
		{"POST", "/_mock/clock/advance", `{"by":"soon"}`, 400, `error`},
		{"POST", "/_mock/namespaces", `{"name":"n2","credentials":{"key":"k2"}}`, 200, `{"credentials":{"key":"k2"},"name":"n2"}`},
		{"POST", "/_mock/namespaces", `{"name":"n2"}`, 400, `taken`},
		{"POST", "/_mock/namespaces", `{"name":"n3","credentials":{"app_kye":"k2"}}`, 400, `credentials are [key], not`},
		{"GET", "/_mock/namespaces", "", 200, `["default","n2"]`},
		{"GET", "/_mock/journal?namespace=n2", "", 200, `[]`},
		{"GET", "/_mock/journal?namespace=n3", "", 404, `error`},
		{"DELETE", "/_mock/namespaces/n2", "", 200, `ok`},
		{"DELETE", "/_mock/namespaces/n2", "", 404, `error`},
		{"PUT", "/_mock/callbacks", `{"callback.coin":""}`, 200, `{"callback.coin":""}`},
		{"POST", "/_mock/callbacks/coin", `{}`, 200, `ok`},
		{"POST", "/_mock/callbacks/other", `{}`, 400, `only coin is known`},
		{"POST", "/_mock/reset", "", 200, `ok`},
		{"GET", "/_mock/journal", "", 200, `[]`},
		{"GET", "/_mock/health", "", 200, `{"ok":true,"vendor":"toy"}`},
		{"GET", "/_mock/operations", "", 200, `[{"name":"callback.ask","callback":true},{"name":"callback.coin","callback":true},{"name":"coin.add","method":"POST","path":"/coin/add"},{"name":"coin.add","method":"GET","path":"/coin/add"},{"name":"room","method":"POST","path":"/rooms/{room}"}]`},
		{"POST", "/_mock/faults", `{"match":{"op":"coin.*"},"action":{"kind":"delay"}}`, 200, `{"id":"2"}`},
		{"POST", "/_mock/faults", `{"match":{"op":"room"},"action":{"kind":"drop"}}`, 200, `{"id":"3"}`},
		{"POST", "/_mock/faults", `{"match":{"op":"coin.ad*"},"action":{"kind":"hang","wait":"1ms"}}`, 200, `{"id":"4"}`},
		{"POST", "/_mock/faults", `{"match":{"op":"coim.*"},"action":{"kind":"hang"}}`, 400, `near it: coin.add`},
		{"GET", "/_mock/journal?op=coim.add", "", 400, `near it: coin.add`},
		{"GET", "/_mock/journal/expect?op=coim.add&n=0", "", 400, `near it: coin.add`},
		{"GET", "/_mock/journal?fault=drops", "", 400, `unknown fault`},
		{"GET", "/_mock/journal/expect?n=-1", "", 400, `n must be`},
		{"GET", "/_mock/faults/unfired", "", 200, `[{"id":"2",`},
		{"POST", "/coin/add", "user=ann&amount=1", 200, `"sum":1`},
		{"GET", "/_mock/faults/unfired", "", 200, `[{"id":"3","match":{"op":"room"},"action":{"kind":"drop"},"seen":0,"fired":0},{"id":"4"`},
		{"POST", "/_mock/reset", "", 200, `ok`},
		{"GET", "/_mock/faults/unfired", "", 200, `[]`},
		{"GET", "/_mock/nothing", "", 404, `error`},
	} {
		res, body, err := r.send(row.method, row.path, row.body)
		if err != nil || res.StatusCode != row.status || !strings.Contains(body, row.want) {
			t.Fatalf("%s %s: %v %s %v", row.method, row.path, res, body, err)
		}
	}
	if r.toy.total() != 0 || r.toy.Clock.Offset() != 0 {
		t.Fatal("reset left something")
	}
}
