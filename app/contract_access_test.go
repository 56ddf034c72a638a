package main

import (
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// Who may call without key and token is said by the contract, and by docs/security.md:
// in an open app everything that the contract lets anybody do, and nothing else.
func TestTheContractSaysWhoMayCallAnOpenApp(t *testing.T) {
	p := start(t, nil)
	asked := 0
	for path, item := range contractDoc(t).Paths.Map() {
		if !strings.HasPrefix(path, "/im/") || path == "/im/socket" || path == "/im/file/upload" {
			continue
		}
		for method, op := range item.Operations() {
			conv := p.newConversation(t, "1111")
			body := `{"client_id":"1111","client_ids":["1111"],"to_client_ids":["2"],"conv_type":3,"from_client":"1111","type":-1,"text":"x","where":[["conv_id","=","` + conv + `"]],"update":{"conv_extend":{}}}`
			query := ""
			switch {
			case method == "GET":
				body, query = "", "?where=[]"
			case op.OperationID == "imCreate": // what anybody may is to query
				body, query = "", "?where=[]"
			}
			r := request{Method: method, Path: strings.Replace(path, "{conv}", conv, 1) + query, Header: map[string]string{"app-id": sandboxApp}, Bad: true}
			if body != "" {
				r.Body = body
			}
			got := p.do(t, r)
			if open := forAnybody(op); open != (got.Code == 0) || !open && got.Code != 214 {
				t.Errorf("%s %s, open to anybody %v: %s", method, path, open, got.Body)
			}
			r.Header = serverKey
			if got := p.do(t, r); got.Code != 0 {
				t.Errorf("%s %s with the app's key: %s", method, path, got.Body)
			}
			asked++
		}
	}
	if asked < 12 {
		t.Errorf("%d operations were asked", asked)
	}
	if got := p.do(t, request{Path: "/im/conversations", Header: map[string]string{"app-id": sandboxApp}, Body: map[string]any{"client_id": "1111", "to_client_ids": []string{"2"}, "conv_type": 3}}); got.Code != 214 {
		t.Errorf("creating: %s", got.Body)
	}
}

func forAnybody(op *openapi3.Operation) bool {
	if op.Security == nil {
		return false
	}
	for _, need := range *op.Security {
		if _, app := need["appID"]; len(need) == 0 || app && len(need) == 1 { // an app's id is no secret
			return true
		}
	}
	return false
}
