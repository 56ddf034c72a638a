package main

import (
	"bytes"
	"fmt"
	"go/format"
	"regexp"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// goWriter writes types and methods. Structs that the contract does not name get the
// name of what holds them.
type goWriter struct {
	types, methods bytes.Buffer
	made           map[string]bool
}

var envelopes = regexp.MustCompile(`^(Product|Gateway|Conversation)(Done|Refusal|Partial|Failure)$|^PairRefusal$`)

func goClient(doc *openapi3.T, operations []operation) ([]byte, error) {
	w := &goWriter{made: map[string]bool{}}
	for _, name := range sortedNames(doc.Components.Schemas) {
		if envelopes.MatchString(name) {
			continue // the client opens them
		}
		w.named(name, doc.Components.Schemas[name].Value)
	}
	for _, o := range operations {
		w.operation(o)
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, "// %s\n\npackage client\n\nimport (\n\"context\"\n\"encoding/json\"\n\"net/http\"\n\"net/url\"\n\"time\"\n)\n\n", notice)
	out.Write(w.types.Bytes())
	out.Write(w.methods.Bytes())
	return format.Source(out.Bytes())
}

// named declares a type of the contract, unless it is made inline where it is used.
func (w *goWriter) named(name string, s *openapi3.Schema) {
	if w.made[name] || name == anything {
		return
	}
	w.made[name] = true
	switch {
	case len(s.Properties) > 0:
		w.structure(name, s)
	case len(s.AllOf) > 0:
		w.structure(name, s)
	default:
		kind := w.kind(name+"Item", &openapi3.SchemaRef{Value: s})
		comment(&w.types, name, sentence(s.Description, "is as the contract has it."))
		fmt.Fprintf(&w.types, "type %s = %s\n\n", name, kind)
	}
}

// structure declares a struct of the schema's own properties; what allOf refers to is
// embedded.
func (w *goWriter) structure(name string, s *openapi3.Schema) {
	var fields bytes.Buffer
	w.fields(&fields, name, s)
	comment(&w.types, name, sentence(s.Description, "is as the contract has it."))
	fmt.Fprintf(&w.types, "type %s struct {\n%s}\n\n", name, fields.Bytes())
}

func (w *goWriter) fields(out *bytes.Buffer, name string, s *openapi3.Schema) {
	for _, part := range s.AllOf {
		if ref := refName(part); ref != "" {
			fmt.Fprintf(out, "%s\n", ref)
		} else {
			w.fields(out, name, part.Value)
		}
	}
	for _, key := range sortedNames(s.Properties) {
		p := s.Properties[key]
		field := exported(key)
		kind, tag := w.kind(name+field, p), key
		if !slices.Contains(s.Required, key) {
			tag += ",omitempty"
			kind = optional(kind)
		}
		for _, line := range wrap(p.Value.Description) {
			fmt.Fprintf(out, "// %s\n", line)
		}
		fmt.Fprintf(out, "%s %s `json:%q`\n", field, kind, tag)
	}
}

// optional is the type of a field that may be left out.
func optional(kind string) string {
	if strings.HasPrefix(kind, "*") || strings.HasPrefix(kind, "[]") || strings.HasPrefix(kind, "map[") || kind == "json.RawMessage" || kind == "any" {
		return kind
	}
	return "*" + kind
}

// kind is the Go type of a schema; name is for a struct that has none.
func (w *goWriter) kind(name string, s *openapi3.SchemaRef) string {
	v := s.Value
	if isAny(s) {
		return "any"
	}
	if ref := refName(s); ref != "" {
		if v.Nullable && len(v.Properties) > 0 {
			return "*" + ref
		}
		return ref
	}
	kind := w.bare(name, v)
	if v.Nullable {
		return optional(kind)
	}
	return kind
}

func (w *goWriter) bare(name string, v *openapi3.Schema) string {
	choices := slices.Concat(v.OneOf, v.AnyOf)
	switch {
	case len(choices) > 0:
		return w.union(name, choices)
	case len(v.AllOf) == 1 && len(v.Properties) == 0:
		return w.kind(name, v.AllOf[0])
	case len(v.Properties) > 0 || len(v.AllOf) > 0:
		if !w.made[name] {
			w.made[name] = true
			w.structure(name, v)
		}
		return name
	case v.AdditionalProperties.Schema != nil:
		return "map[string]" + w.kind(name+"Value", v.AdditionalProperties.Schema)
	case v.Type == nil:
		return "any"
	case v.Type.Is("array"):
		return "[]" + w.kind(name+"Item", v.Items)
	case v.Type.Is("string") && v.Format == "date-time":
		return "time.Time"
	case v.Type.Is("string"):
		return "string"
	case v.Type.Is("integer"):
		return "int64"
	case v.Type.Is("number"):
		return "float64"
	case v.Type.Is("boolean"):
		return "bool"
	}
	return "map[string]any"
}

// union is one plain type where that says the same: a text for a text or a number, a
// list for one or many. Anything else is left to the caller as JSON.
func (w *goWriter) union(name string, choices openapi3.SchemaRefs) string {
	has := func(kind string) bool {
		return slices.ContainsFunc(choices, func(c *openapi3.SchemaRef) bool { return c.Value.Type != nil && c.Value.Type.Is(kind) })
	}
	switch {
	case has("array"):
		for _, c := range choices {
			if c.Value.Type.Is("array") {
				return w.kind(name, c)
			}
		}
	case has("boolean"):
		return "bool"
	case has("object"):
		return "json.RawMessage"
	case has("string"):
		return "Text"
	}
	return "json.RawMessage"
}

func (w *goWriter) operation(o operation) {
	name := exported(o.OperationID)
	args, path := "ctx context.Context", goPath(o)
	for _, p := range o.withIn("path") {
		args += fmt.Sprintf(", %s string", local(p.Value.Name))
	}
	body := "nil"
	if o.Body != nil {
		args += ", body " + strings.TrimPrefix(w.kind(name+"Body", o.Body), "*")
		body = "body"
	}
	fill := ""
	if given := o.withIn("query", "header"); len(given) > 0 {
		args += fmt.Sprintf(", p %sParams", name)
		fill = w.params(name, given)
	}
	comment(&w.methods, name, sentence(o.Summary)+".")
	call := fmt.Sprintf("c.call(ctx, outgoing{method: %q, path: %s, query: query, header: header, body: %s, family: %s}, ", o.Method, path, body, o.Family)
	begin := "query, header := url.Values{}, http.Header{}\n" + fill
	if o.Data == nil {
		fmt.Fprintf(&w.methods, "func (c *Client) %s(%s) error {\n%sreturn %snil)\n}\n\n", name, args, begin, call)
		return
	}
	fmt.Fprintf(&w.methods, "func (c *Client) %s(%s) (out %s, err error) {\n%serr = %s&out)\nreturn out, err\n}\n\n",
		name, args, strings.TrimPrefix(w.kind(name+"Data", o.Data), "*"), begin, call)
}

// params declares the struct of what may be said in query and header, and returns the
// code that says it: what is zero is left out.
func (w *goWriter) params(name string, given openapi3.Parameters) string {
	var fields, fill bytes.Buffer
	for _, p := range given {
		kind, field := "string", exported(p.Value.Name)
		if t := p.Value.Schema.Value.Type; t != nil && t.Is("integer") {
			kind = "int"
		}
		for _, line := range wrap(p.Value.Description) {
			fmt.Fprintf(&fields, "// %s\n", line)
		}
		fmt.Fprintf(&fields, "%s %s\n", field, kind)
		fmt.Fprintf(&fill, "add(%s.Add, %q, p.%s)\n", map[string]string{"query": "query", "header": "header"}[p.Value.In], p.Value.Name, field)
	}
	comment(&w.types, name+"Params", "is what may be said beside the body of "+name+"; what is zero is left out.")
	fmt.Fprintf(&w.types, "type %sParams struct {\n%s}\n\n", name, fields.Bytes())
	return fill.String()
}

// goPath is the path as an expression with its parameters escaped.
func goPath(o operation) string {
	parts := []string{}
	for rest := o.Path; rest != ""; {
		before, after, found := strings.Cut(rest, "{")
		parts = append(parts, fmt.Sprintf("%q", before))
		if !found {
			break
		}
		var name string
		name, rest, _ = strings.Cut(after, "}")
		parts = append(parts, "url.PathEscape("+local(name)+")")
	}
	return strings.Join(parts, " + ")
}

func local(name string) string {
	if name = exported(name); name == "Body" || name == "C" || name == "P" {
		return "of" + name
	}
	return strings.ToLower(name[:1]) + name[1:]
}

func comment(out *bytes.Buffer, name, text string) {
	text = strings.TrimSuffix(text, "..")
	for i, line := range wrap(name + ": " + text) {
		if i == 0 && strings.HasPrefix(text, "is ") {
			line = name + " " + strings.TrimPrefix(line, name+": ")
		}
		fmt.Fprintf(out, "// %s\n", line)
	}
}

// wrap breaks a text into lines of a comment.
func wrap(text string) (lines []string) {
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len(line)+len(word) > 110 {
			lines, line = append(lines, line), ""
		}
		line = strings.TrimSpace(line + " " + word)
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}
