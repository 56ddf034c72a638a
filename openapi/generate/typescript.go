package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// typeScript writes the contract's types, the types of every operation, and the table
// by which client.ts calls them.
func typeScript(doc *openapi3.T, operations []operation) []byte {
	var out bytes.Buffer
	fmt.Fprintf(&out, "// %s\n\n", notice)
	for _, name := range sortedNames(doc.Components.Schemas) {
		if name == anything {
			continue // unknown
		}
		s := doc.Components.Schemas[name]
		for _, line := range wrap(s.Value.Description) {
			fmt.Fprintf(&out, "// %s\n", line)
		}
		fmt.Fprintf(&out, "export type %s = %s;\n\n", name, tsType(&openapi3.SchemaRef{Value: s.Value}, ""))
	}
	out.WriteString("// What each operation takes and answers. Answers in an envelope are unions that narrow by code.\nexport interface Operations {\n")
	for _, o := range operations {
		fmt.Fprintf(&out, "  // %s.\n  %s: {\n    path: %s;\n    query: %s;\n    header: %s;\n    body: %s;\n    answer: %s;\n  };\n", sentence(o.Summary), o.OperationID,
			tsParams(o.withIn("path")), tsParams(o.withIn("query")), tsParams(o.withIn("header")), tsBody(o), tsAnswer(o))
	}
	out.WriteString("}\n\n// Method and path of each operation.\nexport const operations: { [name in keyof Operations]: readonly [string, string] } = {\n")
	for _, o := range operations {
		fmt.Fprintf(&out, "  %s: [%q, %q],\n", o.OperationID, o.Method, o.Path)
	}
	out.WriteString("};\n")
	return out.Bytes()
}

func tsBody(o operation) string {
	if o.Body == nil {
		return "undefined"
	}
	return tsType(o.Body, "    ")
}

// tsAnswer is the answer of HTTP 200, or a failure of the family's default.
func tsAnswer(o operation) string {
	answer := tsType(o.Answer, "    ")
	failure := map[string]string{"product": "ProductFailure", "gateway": "GatewayFailure", "conversation": "ConversationFailure"}[o.Family]
	if failure == "" || strings.Contains(answer, failure) {
		return answer
	}
	return answer + " | " + failure
}

func tsParams(given openapi3.Parameters) string {
	if len(given) == 0 {
		return "{}"
	}
	fields := []string{}
	for _, p := range given {
		mark := "?"
		if p.Value.Required {
			mark = ""
		}
		fields = append(fields, fmt.Sprintf("%q%s: %s", p.Value.Name, mark, tsType(p.Value.Schema, "    ")))
	}
	return "{ " + strings.Join(fields, "; ") + " }"
}

func tsType(s *openapi3.SchemaRef, indent string) string {
	if isAny(s) {
		return "unknown"
	}
	if ref := refName(s); ref != "" {
		return ref
	}
	v := s.Value
	out := tsBare(v, indent)
	if v.Nullable && out != "unknown" {
		out += " | null"
	}
	return out
}

func tsBare(v *openapi3.Schema, indent string) string {
	switch choices := slices.Concat(v.OneOf, v.AnyOf); {
	case len(choices) > 0:
		return tsJoin(choices, " | ", indent)
	case len(v.AllOf) > 0:
		return tsJoin(v.AllOf, " & ", indent)
	case len(v.Enum) > 0:
		words := []string{}
		for _, word := range v.Enum {
			b, _ := json.Marshal(word)
			words = append(words, string(b))
		}
		return strings.Join(words, " | ")
	case len(v.Properties) > 0:
		return tsObject(v, indent)
	case v.AdditionalProperties.Schema != nil:
		return "Record<string, " + tsType(v.AdditionalProperties.Schema, indent) + ">"
	case v.Type == nil:
		return "unknown"
	case v.Type.Is("array"):
		return "Array<" + tsType(v.Items, indent) + ">"
	case v.Type.Is("string"):
		return "string"
	case v.Type.Is("integer"), v.Type.Is("number"):
		return "number"
	case v.Type.Is("boolean"):
		return "boolean"
	}
	return "Record<string, unknown>"
}

func tsJoin(parts openapi3.SchemaRefs, with, indent string) string {
	words := []string{}
	for _, part := range parts {
		word := tsType(part, indent)
		if strings.Contains(word, " | ") || strings.Contains(word, " & ") {
			word = "(" + word + ")"
		}
		if !slices.Contains(words, word) {
			words = append(words, word)
		}
	}
	return strings.Join(words, with)
}

func tsObject(v *openapi3.Schema, indent string) string {
	var out bytes.Buffer
	out.WriteString("{\n")
	for _, key := range sortedNames(v.Properties) {
		p, mark := v.Properties[key], "?"
		if slices.Contains(v.Required, key) {
			mark = ""
		}
		for _, line := range wrap(p.Value.Description) {
			if p.Ref == "" {
				fmt.Fprintf(&out, "%s  // %s\n", indent, line)
			}
		}
		fmt.Fprintf(&out, "%s  %q%s: %s;\n", indent, key, mark, tsType(p, indent+"  "))
	}
	out.WriteString(indent + "}")
	return out.String()
}
