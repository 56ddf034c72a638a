package main

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// What the contract shows of messages, users, words and coins works in the sandbox as it
// stands, with user 1001 wherever a path names one.
func TestEveryExampleOfAnAppsCallsWorksInTheSandbox(t *testing.T) {
	p := start(t, nil)
	p.credential(t, p.as(t, "1001")) // RongCloud shows only whom it has seen
	families := []string{"/api/server/messages", "/api/server/users", "/api/server/words", "/api/server/wallet", "/api/server/capabilities", "/api/server/im/"}
	shared := []string{"/api/server/users/{user}/rooms", "/api/server/users/{user}/calls", "/api/server/users/{user}/groups"} // of rooms and groups
	tried := 0
	doc := contractDoc(t).Paths.Map()
	for _, path := range slices.Sorted(maps.Keys(doc)) {
		if !slices.ContainsFunc(families, func(f string) bool { return strings.HasPrefix(path, f) }) || slices.Contains(shared, path) {
			continue
		}
		for method, op := range doc[path].Operations() {
			r := request{Method: method, Path: strings.ReplaceAll(path, "{user}", "1001") + queryExample(op), Header: serverKey}
			if op.RequestBody != nil {
				body := op.RequestBody.Value.Content["application/json"]
				if r.Body = body.Example; body.Example == nil && op.RequestBody.Value.Required {
					if op.OperationID != "editMessage" { // names a message that has to exist
						t.Errorf("%s %s shows no example", method, path)
					}
					continue
				}
			}
			got := p.do(t, r)
			partly := strings.HasSuffix(path, "/unblock") // LinkV ends no block early
			if tried++; got.Status != 200 || got.Code != 0 && !(partly && got.Code == codePartly) {
				t.Errorf("%s %s: %d %s", method, path, got.Status, got.Body)
			}
		}
	}
	if tried < 25 {
		t.Errorf("%d examples were tried", tried)
	}
}

// queryExample has the required parameters as the contract shows them.
func queryExample(op *openapi3.Operation) string {
	q := url.Values{}
	for _, param := range op.Parameters {
		if v := param.Value; v.In == "query" && v.Required {
			text, _ := v.Example.(string)
			q.Set(v.Name, text)
		}
	}
	if len(q) == 0 {
		return ""
	}
	return "?" + q.Encode()
}
