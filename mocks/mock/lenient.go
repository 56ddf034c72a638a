package mock

import (
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// loosen gives the members of a JSON body the types that the schema names, as a
// vendor does whose SDKs send "1" for 1 and "True" for true, null and "" for what
// was left out, and one text for a list of one.
func loosen(schema *openapi3.Schema, v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, ref := range schema.Properties {
			loosenMember(schema, ref.Value, name, v)
		}
		return v
	case []any:
		if schema.Items == nil {
			return v
		}
		for i, item := range v {
			if item == nil && schema.Items.Value.Type.Is(openapi3.TypeString) {
				item = ""
			}
			v[i] = loosen(schema.Items.Value, item)
		}
		return v
	case string:
		if schema.Type.Is(openapi3.TypeArray) {
			return []any{v}
		}
		return typed(schema, v)
	case float64:
		if schema.Type.Is(openapi3.TypeBoolean) && (v == 0 || v == 1) {
			return v == 1
		}
	}
	return v
}

func loosenMember(of, schema *openapi3.Schema, name string, members map[string]any) {
	v, there := members[name]
	if !there {
		return
	}
	if v == nil || v == "" && !slices.Contains(of.Required, name) {
		delete(members, name)
		return
	}
	members[name] = loosen(schema, v)
}

// split takes the lists apart that came as one value joined by commas, which the
// openapi allows by "explode: false"; the repeated parameter stays good.
func (k *contract) split(c *Call) {
	for _, name := range k.joined {
		var list []string
		for _, v := range c.Values[name] {
			for _, one := range strings.Split(v, ",") {
				if one != "" && !slices.Contains(list, one) {
					list = append(list, one)
				}
			}
		}
		if list != nil {
			c.Values[name] = list
		}
	}
}
