package livekit

import (
	"encoding/base64"
	"slices"
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"
)

// encode writes a message in the form of complete as protobuf. What is zero is left
// out.
func encode(message string, in map[string]any) []byte {
	out := []byte{}
	for _, f := range fieldsOf()[message] {
		v := in[f.name]
		if v == nil || isZero(f, v) {
			continue
		}
		list, isList := v.([]any)
		if !f.list || !isList {
			list = []any{v}
		}
		if f.list && enums[f.kind] != nil { // numbers that repeat are packed
			out = protowire.AppendTag(out, protowire.Number(f.number), protowire.BytesType)
			out = protowire.AppendBytes(out, packed(f, list))
			continue
		}
		for _, one := range list {
			out = f.append(out, one)
		}
	}
	return out
}

func packed(f field, list []any) (out []byte) {
	for _, v := range list {
		out = protowire.AppendVarint(out, f.varint(v))
	}
	return out
}

func (f field) append(out []byte, v any) []byte {
	number := protowire.Number(f.number)
	switch v := v.(type) {
	case map[string]any:
		if f.kind == "map" {
			for key, value := range v {
				text, _ := value.(string)
				pair := protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), key)
				pair = protowire.AppendString(protowire.AppendTag(pair, 2, protowire.BytesType), text)
				out = protowire.AppendBytes(protowire.AppendTag(out, number, protowire.BytesType), pair)
			}
			return out
		}
		return protowire.AppendBytes(protowire.AppendTag(out, number, protowire.BytesType), encode(f.kind, v))
	case string:
		if f.kind == "string" {
			return protowire.AppendString(protowire.AppendTag(out, number, protowire.BytesType), v)
		}
		if f.kind == "bytes" {
			raw, _ := base64.StdEncoding.DecodeString(v)
			return protowire.AppendBytes(protowire.AppendTag(out, number, protowire.BytesType), raw)
		}
	}
	return protowire.AppendVarint(protowire.AppendTag(out, number, protowire.VarintType), f.varint(v))
}

// varint is a truth value, a number or an enum.
func (f field) varint(v any) uint64 {
	switch v := v.(type) {
	case bool:
		return protowire.EncodeBool(v)
	case float64:
		return uint64(v)
	case int:
		return uint64(v)
	case string:
		if i := slices.Index(enums[f.kind], v); i >= 0 {
			return uint64(i)
		}
		n, _ := strconv.ParseInt(v, 10, 64)
		return uint64(n)
	}
	return 0
}

// decode reads protobuf into the form of request; false when it is none. Unknown fields
// are passed over.
func decode(message string, raw []byte) (map[string]any, bool) {
	out := map[string]any{}
	for _, f := range fieldsOf()[message] {
		out[f.name] = f.zero()
	}
	for len(raw) > 0 {
		number, wire, n := protowire.ConsumeTag(raw)
		if n < 0 {
			return nil, false
		}
		size := protowire.ConsumeFieldValue(number, wire, raw[n:])
		if size < 0 {
			return nil, false
		}
		value := raw[n : n+size]
		raw = raw[n+size:]
		i := slices.IndexFunc(fieldsOf()[message], func(f field) bool { return f.number == int(number) })
		if i >= 0 && !fieldsOf()[message][i].take(out, wire, value) {
			return nil, false
		}
	}
	return out, true
}

// take puts one value of the wire into out.
func (f field) take(out map[string]any, wire protowire.Type, value []byte) bool {
	if wire == protowire.VarintType {
		n, _ := protowire.ConsumeVarint(value)
		f.put(out, f.fromVarint(n))
		return true
	}
	if wire != protowire.BytesType {
		return false
	}
	raw, _ := protowire.ConsumeBytes(value)
	switch {
	case f.kind == "string":
		f.put(out, string(raw))
	case f.kind == "bytes":
		f.put(out, base64.StdEncoding.EncodeToString(raw))
	case f.kind == "map":
		pair, ok := decode("pair", raw)
		if !ok {
			return false
		}
		m, _ := out[f.name].(map[string]any)
		key, _ := pair["key"].(string)
		m[key] = pair["value"]
	case enums[f.kind] != nil: // packed
		for len(raw) > 0 {
			n, size := protowire.ConsumeVarint(raw)
			if size < 0 {
				return false
			}
			f.put(out, f.fromVarint(n))
			raw = raw[size:]
		}
	default:
		m, ok := decode(f.kind, raw)
		if !ok || messages[f.kind] == "" {
			return false
		}
		f.put(out, m)
	}
	return true
}

func (f field) fromVarint(n uint64) any {
	switch {
	case f.kind == "bool":
		return n != 0
	case f.kind == "i64":
		return strconv.FormatInt(int64(n), 10)
	case enums[f.kind] != nil && n < uint64(len(enums[f.kind])):
		return enums[f.kind][n]
	}
	return float64(uint32(n))
}

func (f field) put(out map[string]any, v any) {
	if f.list {
		list, _ := out[f.name].([]any)
		v = append(list, v)
	}
	out[f.name] = v
}
