package mock

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
)

// Violation is how a request breaks the vendor's openapi.
type Violation struct {
	Field string // the field's name; empty: the whole body
	Rule  string // "required", "maxLength", "pattern", "type", "enum", ...
}

func (v Violation) String() string {
	if v.Field == "" {
		return "the body breaks " + v.Rule
	}
	return v.Field + " breaks " + v.Rule
}

// contract is one operation of the vendor's openapi.
type contract struct {
	params  []*openapi3.Parameter
	body    *openapi3.Schema // nil: none
	isJSON  bool             // the request body's type
	joined  []string         // lists of a form that may come joined by commas
	lenient bool             // see Vendor.Lenient
	answers *openapi3.Responses
}

// parsed remembers documents by their text. It is the one global of this
// package: a document takes 50 ms to parse, never changes, and tests open mocks
// by the hundred.
var parsed sync.Map

func loadSpec(yaml []byte) (*openapi3.T, error) {
	key := sha256.Sum256(yaml)
	if doc, ok := parsed.Load(key); ok {
		return doc.(*openapi3.T), nil
	}
	doc, err := openapi3.NewLoader().LoadFromData(yaml)
	if err != nil {
		return nil, err
	}
	if err := doc.Validate(context.Background()); err != nil {
		return nil, err
	}
	parsed.Store(key, doc)
	return doc, nil
}

// contractOf finds path and method. A path that the openapi gives one method
// holds its other methods to the same fields.
func contractOf(doc *openapi3.T, path string, methods []string) (*contract, error) {
	item := doc.Paths.Value(path)
	if item == nil {
		return nil, fmt.Errorf("the openapi has no path %s", path)
	}
	var op *openapi3.Operation
	for _, m := range append(methods, http.MethodPost, http.MethodGet) {
		if op = item.GetOperation(m); op != nil {
			break
		}
	}
	if op == nil {
		return nil, fmt.Errorf("the openapi has no operation at %s", path)
	}
	c := &contract{answers: op.Responses}
	for _, p := range append(item.Parameters, op.Parameters...) {
		c.params = append(c.params, p.Value)
	}
	if op.RequestBody != nil {
		for kind, media := range op.RequestBody.Value.Content {
			c.body, c.isJSON = media.Schema.Value, strings.Contains(kind, "json")
			for name, e := range media.Encoding {
				if e.Explode != nil && !*e.Explode {
					c.joined = append(c.joined, name)
				}
			}
		}
	}
	return c, nil
}

// checkRequest returns the first rule that the call breaks, or nil.
func (k *contract) checkRequest(c *Call) *Violation {
	for _, p := range k.params {
		if v := checkParam(p, c); v != nil {
			return v
		}
	}
	switch {
	case k.body == nil:
		return nil
	case k.isJSON && c.JSON == nil:
		return &Violation{Rule: "json"}
	case k.isJSON:
		if k.lenient {
			loosen(k.body, c.JSON)
		}
		return checkBody(k.body, c.JSON)
	default:
		k.split(c)
		return checkBody(k.body, formObject(k.body, c.Values))
	}
}

func checkBody(schema *openapi3.Schema, object map[string]any) *Violation {
	if v := violation(schema.VisitJSON(object)); v != nil {
		return v
	}
	return checkBytes(schema, "", object)
}

// maxBytes is our extension of the openapi: maxLength counts characters, and
// many a vendor counts bytes of UTF-8.
const maxBytes = "x-max-bytes"

// checkBytes holds every text within v against the maxBytes of its schema.
func checkBytes(schema *openapi3.Schema, field string, v any) *Violation {
	switch v := v.(type) {
	case string:
		if limit, ok := schema.Extensions[maxBytes].(float64); ok && len(v) > int(limit) {
			return &Violation{Field: field, Rule: maxBytes}
		}
	case []any:
		if schema.Items == nil { // any array will do
			return nil
		}
		for _, item := range v {
			if bad := checkBytes(schema.Items.Value, field, item); bad != nil {
				return bad
			}
		}
	case map[string]any:
		for name, ref := range schema.Properties {
			if bad := checkBytes(ref.Value, name, v[name]); bad != nil {
				return bad
			}
		}
	}
	return nil
}

func checkParam(p *openapi3.Parameter, c *Call) *Violation {
	var value string
	var given bool
	switch p.In {
	case openapi3.ParameterInHeader:
		value, given = c.Request.Header.Get(p.Name), len(c.Request.Header.Values(p.Name)) > 0
	case openapi3.ParameterInQuery:
		value, given = c.Query.Get(p.Name), c.Query.Has(p.Name)
	case openapi3.ParameterInPath:
		value, given = c.Params[p.Name], true
	}
	if !given {
		if p.Required {
			return &Violation{Field: p.Name, Rule: "required"}
		}
		return nil
	}
	if v := violation(p.Schema.Value.VisitJSON(typed(p.Schema.Value, value))); v != nil {
		return &Violation{Field: p.Name, Rule: v.Rule}
	}
	return nil
}

// formObject gives form values the types that the schema names, so that one
// schema language serves forms and JSON.
func formObject(schema *openapi3.Schema, values map[string][]string) map[string]any {
	object := map[string]any{}
	for name, all := range values {
		var field *openapi3.Schema
		if ref := schema.Properties[name]; ref != nil {
			field = ref.Value
		}
		if field == nil || !field.Type.Is(openapi3.TypeArray) {
			object[name] = typed(field, all[0])
			continue
		}
		list := make([]any, len(all))
		for i, v := range all {
			list[i] = typed(field.Items.Value, v)
		}
		object[name] = list
	}
	return object
}

func typed(schema *openapi3.Schema, text string) any {
	switch {
	case schema == nil || schema.Type == nil:
		return text
	case schema.Type.Is(openapi3.TypeInteger): // "1e3" and "NaN" are none
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return float64(n)
		}
	case schema.Type.Is(openapi3.TypeNumber):
		if n, err := strconv.ParseFloat(text, 64); err == nil && !math.IsNaN(n) && !math.IsInf(n, 0) {
			return n
		}
	case schema.Type.Is(openapi3.TypeBoolean):
		switch strings.ToLower(text) {
		case "true", "1":
			return true
		case "false", "0":
			return false
		}
	}
	return text
}

func violation(err error) *Violation {
	if err == nil {
		return nil
	}
	v := &Violation{Rule: "schema"}
	var se *openapi3.SchemaError
	if errors.As(err, &se) {
		v.Field, v.Rule = strings.Join(se.JSONPointer(), "/"), se.SchemaField
	}
	return v
}

// checkAnswer says how an answer breaks the openapi; "" when it does not.
func (k *contract) checkAnswer(status int, contentType string, body []byte) string {
	ref := k.answers.Status(status)
	if ref == nil {
		ref = k.answers.Default()
	}
	if ref == nil {
		return fmt.Sprintf("status %d is not in the openapi", status)
	}
	if len(ref.Value.Content) == 0 {
		return ""
	}
	base, _, _ := mime.ParseMediaType(contentType)
	media := ref.Value.Content.Get(base)
	if media == nil {
		return fmt.Sprintf("content type %q is not in the openapi", contentType)
	}
	if !strings.Contains(base, "json") {
		return ""
	}
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		return "not JSON"
	}
	if v := violation(media.Schema.Value.VisitJSON(v)); v != nil {
		return v.String()
	}
	return ""
}
