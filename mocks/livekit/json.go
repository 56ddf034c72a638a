package livekit

import (
	"encoding/base64"
	"fmt"
	"math"
	"slices"
	"strconv"
)

// request brings a JSON request into one form: names in snake case, every known member
// there, 64-bit numbers as texts, enums by name. Unknown members are dropped, as the
// server does; one of another type is an error.
func request(message string, in map[string]any) (map[string]any, error) {
	out := map[string]any{}
	for _, f := range fieldsOf()[message] {
		v, there := in[f.name]
		if !there {
			v, there = in[camel(f.name)]
		}
		if !there || v == nil {
			out[f.name] = f.zero()
			continue
		}
		var err error
		if out[f.name], err = f.read(v); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (f field) read(v any) (any, error) {
	if !f.list {
		return f.readOne(v)
	}
	list, ok := v.([]any)
	if !ok {
		return nil, fmt.Errorf("%s is no list", f.name)
	}
	out := make([]any, len(list))
	for i := range list {
		var err error
		if out[i], err = f.readOne(list[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (f field) readOne(v any) (any, error) {
	switch f.kind {
	case "u32", "i64":
		return f.number64(v)
	case "bytes":
		if text, ok := v.(string); ok {
			return base64text(text)
		}
	case "string":
		if text, ok := v.(string); ok {
			return text, nil
		}
	case "bool":
		if b, ok := v.(bool); ok {
			return b, nil
		}
	case "map":
		if m, ok := v.(map[string]any); ok {
			return m, nil
		}
	default:
		return f.named(v)
	}
	return nil, fmt.Errorf("%s is no %s", f.name, f.kind)
}

// number64 takes a number or its text.
func (f field) number64(v any) (any, error) {
	n, ok := v.(float64)
	if text, isText := v.(string); isText {
		whole, err := strconv.ParseInt(text, 10, 64)
		if n, ok = float64(whole), err == nil; ok && f.kind == "i64" {
			return text, nil
		}
	}
	if !ok || n != math.Trunc(n) || f.kind == "u32" && (n < 0 || n > math.MaxUint32) {
		return nil, fmt.Errorf("%s is no number", f.name)
	}
	if f.kind == "i64" {
		return strconv.FormatInt(int64(n), 10), nil
	}
	return n, nil
}

// named reads an enum, by name or number, or a message.
func (f field) named(v any) (any, error) {
	names, isEnum := enums[f.kind]
	switch v := v.(type) {
	case string:
		if isEnum && slices.Contains(names, v) {
			return v, nil
		}
	case float64:
		if n := int(v); isEnum && n >= 0 && n < len(names) {
			return names[n], nil
		}
	case map[string]any:
		if !isEnum {
			return request(f.kind, v)
		}
	}
	return nil, fmt.Errorf("%s is no %s", f.name, f.kind)
}

// base64text brings either alphabet, padded or not, to the standard one.
func base64text(text string) (string, error) {
	for _, e := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
		if raw, err := e.DecodeString(text); err == nil {
			return base64.StdEncoding.EncodeToString(raw), nil
		}
	}
	return "", fmt.Errorf("no base64")
}

// complete is an answer with all members there, zero ones too, as the server's JSON is.
func complete(message string, in map[string]any) map[string]any {
	out := map[string]any{}
	for _, f := range fieldsOf()[message] {
		v, there := in[f.name]
		switch {
		case !there || v == nil:
			out[f.name] = f.zero()
		case messages[f.kind] == "":
			out[f.name] = v
		default:
			out[f.name] = each(v, func(m map[string]any) map[string]any { return complete(f.kind, m) })
		}
	}
	return out
}

// sparse is a webhook's body: names in camel case, and what is zero left out.
func sparse(message string, in map[string]any) map[string]any {
	out := map[string]any{}
	for _, f := range fieldsOf()[message] {
		v, there := in[f.name]
		if !there || v == nil || isZero(f, v) {
			continue
		}
		if messages[f.kind] != "" {
			v = each(v, func(m map[string]any) map[string]any { return sparse(f.kind, m) })
		}
		out[camel(f.name)] = v
	}
	return out
}

func isZero(f field, v any) bool {
	switch v := v.(type) {
	case []any:
		return len(v) == 0
	case map[string]any:
		return f.kind == "map" && len(v) == 0
	}
	return v == f.zero()
}

// each applies do to a message or to all of a list.
func each(v any, do func(map[string]any) map[string]any) any {
	switch v := v.(type) {
	case map[string]any:
		return do(v)
	case []any:
		out := make([]any, len(v))
		for i := range v {
			m, _ := v[i].(map[string]any)
			out[i] = do(m)
		}
		return out
	}
	return v
}
