package main

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// operation is one that clients can call: JSON or nothing in, JSON out.
type operation struct {
	*openapi3.Operation
	Method, Path string
	Family       string // the envelope: product, gateway, conversation, or plain
	Body         *openapi3.SchemaRef
	Answer       *openapi3.SchemaRef // of HTTP 200, with its envelope
	Data         *openapi3.SchemaRef // what the caller asked for; nil: nothing
}

// operationsOf lists them by path. Sockets, streams, uploads, files and what only
// vendors or probes call are left out.
func operationsOf(doc *openapi3.T) (out []operation) {
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			answer := jsonOf(op.Responses.Value("200"))
			upgrades := op.Responses.Value("101") != nil
			multipart := op.RequestBody != nil && op.RequestBody.Value.Content["multipart/form-data"] != nil
			if answer == nil || upgrades || multipart || slices.Contains(op.Tags, "callbacks") || slices.Contains(op.Tags, "operation") {
				continue
			}
			o := operation{Operation: op, Method: method, Path: path, Family: family(path), Answer: answer, Data: answer}
			if op.RequestBody != nil {
				if content := op.RequestBody.Value.Content["application/json"]; content != nil && hasFields(content.Schema) {
					o.Body = content.Schema
				}
			}
			if o.Family != "plain" {
				o.Data = dataOf(answer)
			}
			out = append(out, o)
		}
	}
	slices.SortFunc(out, func(a, b operation) int { return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Method, b.Method)) })
	return out
}

func family(path string) string {
	switch {
	case strings.HasPrefix(path, "/api/"):
		return "product"
	case strings.HasPrefix(path, "/im/"):
		return "conversation"
	case strings.HasPrefix(path, "/admin/"):
		return "plain"
	}
	return "gateway"
}

func jsonOf(r *openapi3.ResponseRef) *openapi3.SchemaRef {
	if r == nil || r.Value.Content["application/json"] == nil {
		return nil
	}
	return r.Value.Content["application/json"].Schema
}

func hasFields(s *openapi3.SchemaRef) bool {
	return s.Ref != "" || len(s.Value.Properties) > 0 || len(s.Value.AllOf)+len(s.Value.OneOf)+len(s.Value.AnyOf) > 0
}

// dataOf finds the type of data in the answer that means success: the one branch of the
// answers whose code may be 0, and in it the last word about data.
func dataOf(answer *openapi3.SchemaRef) (found *openapi3.SchemaRef) {
	for _, branch := range slices.Concat(answer.Value.OneOf, answer.Value.AnyOf) {
		if succeeds(branch) {
			return dataOf(branch)
		}
	}
	for _, part := range answer.Value.AllOf {
		if d := dataOf(part); d != nil {
			found = d
		}
	}
	if d := answer.Value.Properties["data"]; d != nil && !isAny(d) {
		found = d
	}
	return found
}

func succeeds(s *openapi3.SchemaRef) bool {
	if code := s.Value.Properties["code"]; code != nil {
		return slices.ContainsFunc(code.Value.Enum, func(v any) bool { return v == float64(0) || v == 0 })
	}
	return slices.ContainsFunc(s.Value.AllOf, succeeds)
}

const anything = "Anything" // the contract's schema of any JSON value

func isAny(s *openapi3.SchemaRef) bool {
	v := s.Value
	return refName(s) == anything || s.Ref == "" && v.Type == nil && len(v.Properties)+len(v.AllOf)+len(v.OneOf)+len(v.AnyOf)+len(v.Enum) == 0
}

// withIn returns the operation's parameters at that place.
func (o operation) withIn(places ...string) (out openapi3.Parameters) {
	for _, p := range o.Parameters {
		if slices.Contains(places, p.Value.In) && !slices.Contains([]string{"token", "app-id"}, p.Value.Name) {
			out = append(out, p)
		}
	}
	return out
}

func sortedNames[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// refName is the name of the schema that s refers to; empty: it stands for itself.
func refName(s *openapi3.SchemaRef) string {
	if i := strings.LastIndexByte(s.Ref, '/'); i >= 0 {
		return s.Ref[i+1:]
	}
	return ""
}

// exported makes a Go name of a name of the contract: "peer_uid" is PeerUID.
func exported(name string) string {
	var b strings.Builder
	for _, word := range strings.FieldsFunc(name, func(r rune) bool { return r == '_' || r == '-' || r == '.' || r == ' ' }) {
		switch lower := strings.ToLower(word); lower {
		case "id", "uid", "url", "api", "ms", "sdk", "rtc":
			b.WriteString(strings.ToUpper(word))
		case "ids", "uids":
			b.WriteString(strings.ToUpper(word[:len(word)-1]) + "s")
		default:
			b.WriteString(strings.ToUpper(word[:1]) + word[1:])
		}
	}
	return b.String()
}

// sentence is the first sentence of what the contract says.
func sentence(texts ...string) string {
	for _, text := range texts {
		if text = strings.Join(strings.Fields(text), " "); text != "" {
			return text
		}
	}
	return ""
}
