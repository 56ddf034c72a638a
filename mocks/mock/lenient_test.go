package mock

import (
	"encoding/json"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

const looseSpec = `
openapi: 3.0.3
info: {title: t, version: "1"}
paths:
  /j:
    post:
      operationId: j
      requestBody:
        content:
          application/json:
            schema:
              type: object
              required: [name]
              properties:
                name: {type: string}
                n: {type: integer}
                yes: {type: boolean}
                list: {type: array, items: {type: string}}
                in: {type: object, properties: {n: {type: integer}}}
      responses: {default: {description: d}}
  /f:
    post:
      operationId: f
      requestBody:
        content:
          application/x-www-form-urlencoded:
            schema:
              type: object
              properties:
                ids: {type: array, maxItems: 2, items: {type: string}}
                words: {type: array, maxItems: 2, items: {type: string}}
            encoding: {ids: {explode: false}}
      responses: {default: {description: d}}
`

func contractIn(t *testing.T, path string) *contract {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData([]byte(looseSpec))
	if err != nil {
		t.Fatal(err)
	}
	k, err := contractOf(doc, path, []string{"POST"})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// What the SDKs of a lenient vendor send passes and has the schema's types after;
// what is of no use stays refused. A strict vendor refuses all but the first.
func TestALenientVendorTakesLooselyTypedJSON(t *testing.T) {
	for _, c := range []struct{ body, want string }{
		{`{"name":"a","n":1,"yes":true,"list":["x"]}`, `{"list":["x"],"n":1,"name":"a","yes":true}`},
		{`{"name":"a","n":"1","yes":"True","in":{"n":"2"}}`, `{"in":{"n":2},"n":1,"name":"a","yes":true}`},
		{`{"name":"a","yes":0}`, `{"name":"a","yes":false}`},
		{`{"name":"","n":"","yes":null,"list":null,"in":""}`, `{"name":""}`},
		{`{"name":"a","list":[null,"y"]}`, `{"list":["","y"],"name":"a"}`},
		{`{"name":"a","list":"x"}`, `{"list":["x"],"name":"a"}`},
		{`{"name":"a","n":"one"}`, ""},
		{`{"name":"a","yes":2}`, ""},
		{`{"name":7}`, ""},
		{`{"name":null}`, ""},
	} {
		k := contractIn(t, "/j")
		strict := k.checkRequest(&Call{JSON: decodeObject([]byte(c.body))})
		k.lenient = true
		call := &Call{JSON: decodeObject([]byte(c.body))}
		v := k.checkRequest(call)
		if (v == nil) != (c.want != "") {
			t.Errorf("%s: %v", c.body, v)
			continue
		}
		got, err := json.Marshal(call.JSON)
		if err != nil || c.want != "" && string(got) != c.want {
			t.Errorf("%s became %s", c.body, got)
		}
		if (strict == nil) != (c.body == c.want || c.body == `{"name":"a","n":1,"yes":true,"list":["x"]}`) {
			t.Errorf("strict: %s: %v", c.body, strict)
		}
	}
}

func TestAListJoinedByCommasIsAListWhereTheOpenapiSaysSo(t *testing.T) {
	k := contractIn(t, "/f")
	c := &Call{Values: ParseForm("ids=a,b,,a&ids=b&words=x,y")}
	if v := k.checkRequest(c); v != nil || len(c.Values["ids"]) != 2 || len(c.Values["words"]) != 1 {
		t.Error(v, c.Values)
	}
	if v := k.checkRequest(&Call{Values: ParseForm("ids=a,b,c")}); v == nil || v.Rule != "maxItems" {
		t.Error(v)
	}
}
