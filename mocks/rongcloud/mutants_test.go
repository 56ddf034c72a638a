package rongcloud_test

import (
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"switchboard/mocks/mock"
	"switchboard/mocks/rongcloud"
	"switchboard/openapi"
)

// tooStrict is the ways in which a contract may ask for more than the vendor does.
var tooStrict = []struct {
	kind string
	// mutate makes an operation stricter and reports whether it did. The body is
	// nil where there is none.
	mutate func(*openapi3.Operation, *openapi3.MediaType) bool
}{
	{"optional parameters are required", func(op *openapi3.Operation, body *openapi3.MediaType) bool {
		did := false
		for _, p := range op.Parameters {
			if p.Value.In == openapi3.ParameterInQuery {
				did = did || !p.Value.Required
				p.Value.Required = true
			}
		}
		if body == nil {
			return did
		}
		schema := body.Schema.Value
		all := slices.Sorted(maps.Keys(schema.Properties))
		did = did || len(all) > len(schema.Required)
		schema.Required = all
		return did
	}},
	{"a required parameter has another name", func(_ *openapi3.Operation, body *openapi3.MediaType) bool {
		if body == nil || len(body.Schema.Value.Required) == 0 {
			return false
		}
		body.Schema.Value.Required[0] += "X"
		return true
	}},
	{"true is no truth value", func(_ *openapi3.Operation, body *openapi3.MediaType) bool {
		did := false
		if body != nil {
			for name, p := range body.Schema.Value.Properties {
				if p.Value.Type.Is(openapi3.TypeBoolean) {
					body.Schema.Value.Properties[name] = openapi3.NewSchemaRef("", openapi3.NewIntegerSchema().WithMin(0).WithMax(1))
					did = did || saysTrue[name]
				}
			}
		}
		return did
	}},
	{"a list has at most no entry", func(_ *openapi3.Operation, body *openapi3.MediaType) bool {
		did := false
		if body != nil {
			for name, p := range body.Schema.Value.Properties {
				if p.Value.Type.Is(openapi3.TypeArray) {
					body.Schema.Value.Properties[name] = openapi3.NewSchemaRef("", openapi3.NewArraySchema().WithItems(openapi3.NewStringSchema()).WithMaxItems(0))
					did = true
				}
			}
		}
		return did
	}},
}

// A contract that asks for more than the vendor does is caught by the replayed
// calls, at every operation that it is wrong about.
func TestAMockThatAsksForTooMuchIsCaught(t *testing.T) {
	for _, m := range tooStrict {
		t.Run(m.kind, func(t *testing.T) {
			doc := contract(t)
			unseen := map[string]bool{}
			for _, item := range doc.Paths.Map() {
				for _, op := range item.Operations() {
					var body *openapi3.MediaType
					if op.RequestBody != nil {
						for _, media := range op.RequestBody.Value.Content {
							body = media
						}
					}
					if m.mutate(op, body) {
						unseen[op.OperationID] = true
					}
				}
			}
			mutated := len(unseen)
			for op := range refusedBy(t, doc) {
				delete(unseen, op)
			}
			if mutated < 20 || len(unseen) > 0 {
				t.Errorf("%d mutated, not caught: %v", mutated, slices.Sorted(maps.Keys(unseen)))
			}
		})
	}
}

// saysTrue is the parameters that some SDK sends as true or True.
var saysTrue = map[string]bool{
	"expansion": true, "bindNotifyMsg": true, "isBan": true, "needNotify": true, "setTop": true, "status": true, "includeStart": true,
	"autoDelete": true, "unreadCountFlag": true, "enabled": true, "stream": true, "memory": true,
}

// refusedBy replays all calls against a mock of another contract and returns the
// operations that refused one.
func refusedBy(t *testing.T, doc *openapi3.T) map[string]bool {
	t.Helper()
	spec, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	m, err := rongcloud.Build(rongcloud.Config{Account: rongcloud.Account{AppKey: testKey, AppSecret: testSecret}, NoRateLimits: true}, spec)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	s := &account{Mock: m}
	refused := map[string]bool{}
	for _, file := range sdkFiles {
		for _, c := range sdkCalls(t, file) {
			s.send(t, c)
			if last, _ := s.Journal.Last(mock.Filter{}); !last.Executed {
				refused[last.Op] = true
			}
		}
	}
	return refused
}

// contract is the vendor's document in a copy of its own: to change a parameter of
// one operation changes no other.
func contract(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(openapi.RongCloud)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// An answer with a member of another type, of another name or without it is caught,
// at every member of every answer that an SDK decodes.
func TestAMockThatAnswersWronglyIsCaught(t *testing.T) {
	members := 0
	for _, c := range replay(t) {
		for _, member := range c.decodes {
			path, kind, _ := strings.Cut(member, ":")
			keys := strings.Split(strings.ReplaceAll(path, "[]", ".[]"), ".")
			for what, change := range map[string]func(any) (any, bool){
				"type": func(v any) (any, bool) { return []any{v}, true },
				"name": func(any) (any, bool) { return nil, false },
			} {
				if what == "name" && (strings.HasSuffix(kind, "?") || keys[len(keys)-1] == "[]" || keys[len(keys)-1] == "*") {
					continue
				}
				wrong := c.answer
				var changed bool
				wrong.body, changed = mutated(t, c.answer.raw, keys, change)
				if !changed { // an optional member that is not there
					continue
				}
				members++
				if c.accepted(wrong) == nil {
					t.Errorf("%s %s: another %s of %s passes", c.line, c.path, what, member)
				}
			}
		}
	}
	if members < 1000 {
		t.Errorf("only %d mutants", members)
	}
}

// mutated is the answer with the member at path changed, or gone when change says
// so, and whether there was one.
func mutated(t *testing.T, raw string, path []string, change func(any) (any, bool)) (map[string]any, bool) {
	t.Helper()
	var body map[string]any
	if err := json.Unmarshal([]byte(raw), &body); err != nil {
		t.Fatal(err)
	}
	changed := false
	var walk func(v any, path []string)
	walk = func(v any, path []string) {
		switch v := v.(type) {
		case []any:
			for i := range v {
				if len(path) == 1 {
					v[i], changed = []any{v[i]}, true
				} else {
					walk(v[i], path[1:])
				}
			}
		case map[string]any:
			for name, inner := range v {
				if name != path[0] && path[0] != "*" {
					continue
				}
				if len(path) > 1 {
					walk(inner, path[1:])
					continue
				}
				changed = true
				if to, stays := change(inner); stays {
					v[name] = to
				} else {
					delete(v, name)
				}
			}
		}
	}
	walk(body, path)
	return body, changed
}

// A list that some SDK joins by commas is declared so, or it would be one long id.
func TestListsThatComeJoinedAreDeclared(t *testing.T) {
	if n := undeclared(t, contract(t)); len(n) > 0 {
		t.Error(n)
	}
	doc := contract(t)
	for _, item := range doc.Paths.Map() {
		for _, op := range item.Operations() {
			if op.RequestBody != nil {
				for _, media := range op.RequestBody.Value.Content {
					media.Encoding = nil
				}
			}
		}
	}
	if n := undeclared(t, doc); len(n) < 30 {
		t.Errorf("without any declaration only %d are missed: %v", len(n), n)
	}
}

func undeclared(t *testing.T, doc *openapi3.T) []string {
	t.Helper()
	var missed []string
	for _, c := range sdkCalls(t, "go.tsv") {
		item := doc.Paths.Value(c.path)
		if item == nil || item.Post == nil || item.Post.RequestBody == nil || strings.HasPrefix(c.body, "{") {
			continue
		}
		media := item.Post.RequestBody.Value.Content["application/x-www-form-urlencoded"]
		form, err := url.ParseQuery(c.body)
		if err != nil {
			t.Fatal(err)
		}
		for name, values := range form {
			schema := media.Schema.Value.Properties[name]
			e := media.Encoding[name]
			if schema != nil && schema.Value.Type.Is(openapi3.TypeArray) && strings.Contains(values[0], ",") && (e == nil || e.Explode == nil || *e.Explode) {
				missed = append(missed, c.path+" "+name)
			}
		}
	}
	return missed
}
