package main

import (
	"strings"
	"testing"
)

// The contract's examples about groups and chat rooms work in the sandbox, one after the
// other.
func TestTheContractsExamplesOfGroupsWork(t *testing.T) {
	p := start(t, nil)
	for _, op := range []string{
		"POST /groups", "PATCH /groups/{group}", "POST /groups/{group}/members", "DELETE /groups/{group}/members", "POST /groups/{group}/mutes", "DELETE /groups/{group}/mutes",
		"POST /chatrooms", "POST /chatrooms/{room}/mutes", "DELETE /chatrooms/{room}/mutes", "POST /chatrooms/{room}/blocks", "DELETE /chatrooms/{room}/blocks",
	} {
		method, path, _ := strings.Cut(op, " ")
		body := contractDoc(t).Paths.Value("/api/server" + path).GetOperation(method).RequestBody.Value.Content["application/json"].Example
		if body == nil {
			t.Errorf("%s has no example", op)
			continue
		}
		at := strings.NewReplacer("{group}", "g-1001", "{room}", "stage-1").Replace(path)
		if got := p.do(t, request{Method: method, Path: "/api/server" + at, Header: serverKey, Body: body}); got.Status != 200 || got.Code != 0 {
			t.Errorf("%s: %d %s", op, got.Status, got.Body)
		}
	}
}
