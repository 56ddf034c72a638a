package rongcloud_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"switchboard/mocks/mock"
)

// At every operation and every parameter: a truth value in each spelling that an SDK
// has, an optional parameter left empty or null, and one that nobody knows are taken.
// So is a list up to its limit. What is none of these is not.
func TestEveryOperationTakesLooseValues(t *testing.T) {
	s := newAccount(t)
	s.prepare(t)
	ops := map[string]*openapi3.Operation{}
	for _, item := range contract(t).Paths.Map() {
		for _, op := range item.Operations() {
			ops[op.OperationID] = op
		}
	}
	seen := map[string]bool{}
	for _, file := range []string{"php.tsv", "pages.tsv"} { // those with the fewest parameters
		for _, c := range sdkCalls(t, file) {
			c.body = strings.NewReplacer(s.names...).Replace(c.body)
			s.send(t, c)
			last, _ := s.Journal.Last(mock.Filter{})
			op := ops[last.Op]
			if seen[last.Op] || op.RequestBody == nil {
				continue
			}
			seen[last.Op] = true
			for kind, media := range op.RequestBody.Value.Content {
				for _, v := range looseVariants(c, media.Schema.Value, strings.Contains(kind, "json")) {
					c.body = v.body
					s.send(t, c)
					last, _ := s.Journal.Last(mock.Filter{})
					if last.Executed == v.wrong {
						t.Errorf("%s %s: executed %v: %s", c.path, v.body, last.Executed, last.Refused)
					}
				}
			}
		}
	}
	if len(seen) < 200 {
		t.Errorf("only %d operations", len(seen))
	}
}

// variant is a body, and whether the vendor has to refuse it.
type variant struct {
	body  string
	wrong bool
}

// looseVariants is the ways to write one call.
func looseVariants(c sdkCall, schema *openapi3.Schema, isJSON bool) []variant {
	var out []variant
	add := func(name string, value any, wrong bool) {
		if isJSON {
			out = append(out, variant{withMember(c.body, name, value), wrong})
		} else {
			form, _ := url.ParseQuery(c.body)
			form.Set(name, fmt.Sprint(value))
			out = append(out, variant{form.Encode(), wrong})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
		flag := schema.Properties[name].Value.Type.Is(openapi3.TypeBoolean)
		if flag {
			for _, v := range []any{"true", "false", "True", "False", "TRUE", "1", "0", true, false, 1, 0} {
				add(name, v, false)
			}
			add(name, "maybe", true)
			add(name, 2, true)
		}
		if most := schema.Properties[name].Value.MaxItems; most != nil && *most <= 100 && schema.Properties[name].Value.Items.Value.Type.Is(openapi3.TypeString) {
			out = append(out, variant{withList(c.body, name, int(*most), isJSON), false}, variant{withList(c.body, name, int(*most)+1, isJSON), true})
		}
		if !slices.Contains(schema.Required, name) {
			add(name, "", false)
			if isJSON {
				add(name, nil, false)
			}
		}
	}
	add("unheardOf", "x", false)
	return out
}

// withList is the body with a list of n ids.
func withList(body, name string, n int, isJSON bool) string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = fmt.Sprint("id", i)
	}
	if isJSON {
		return withMember(body, name, ids)
	}
	form, _ := url.ParseQuery(body)
	form[name] = ids
	return form.Encode()
}

func withMember(body, name string, value any) string {
	members := map[string]any{}
	if body != "" {
		if err := json.Unmarshal([]byte(body), &members); err != nil {
			panic(err) // testdata that is no JSON
		}
	}
	members[name] = value
	b, err := json.Marshal(members)
	if err != nil {
		panic(err) // it was JSON before
	}
	return string(b)
}

// The vendor's checks come in an order: a bad signature is told before a path that
// is not there, and before a body that is wrong, at every operation.
func TestABadSignatureIsToldFirstAtEveryOperation(t *testing.T) {
	s := newAccount(t)
	for _, c := range sdkCalls(t, "pages.tsv") {
		c.sdk = "forged"
		if a := s.send(t, c); a.code != 1004 || a.status != http.StatusUnauthorized || strings.HasPrefix(c.path, "/v2/") && a.body["msg"] == nil {
			t.Errorf("%s: %d %s", c.path, a.status, a.raw)
		}
	}
}
