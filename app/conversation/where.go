package conversation

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"
)

// Where is a query for conversations: all conditions hold.
type Where []Condition

// Condition compares a field with a value, or for "in" with several. Values are
// strings, or int64 for FieldType, or Spans for the times.
type Condition struct {
	Field  Field
	Op     Op
	Values []any
}

// Span is a second or an instant as a query names it: from Lo up to, without, Hi,
// both in Unix microseconds.
type Span struct{ Lo, Hi int64 }

// Field is what can be queried.
type Field string

// The fields. FieldMember matches when any member does.
const (
	FieldID      Field = "conv_id"
	FieldType    Field = "conv_type"
	FieldCreator Field = "conv_creater_id"
	FieldMember  Field = "client_id"
	FieldCreated Field = "ctime"
	FieldUpdated Field = "mtime"
)

// Op is a comparison.
type Op string

// The comparisons.
const (
	Equal        Op = "="
	NotEqual     Op = "!="
	Less         Op = "<"
	LessEqual    Op = "<="
	Greater      Op = ">"
	GreaterEqual Op = ">="
	In           Op = "in"
)

const (
	whereConditions = 20
	whereValues     = 100
)

// ParseWhere reads a JSON list of triples [field, op, value]. Nothing: ErrMissing;
// anything that is not on the white list: ErrBadFormat, naming it.
func ParseWhere(raw []byte) (Where, error) {
	if raw = bytes.TrimSpace(raw); len(raw) == 0 || string(raw) == "null" {
		return nil, because(ErrMissing, "where")
	}
	var triples [][]json.RawMessage
	if err := json.Unmarshal(raw, &triples); err != nil {
		return nil, because(ErrBadFormat, "where is no list of triples")
	}
	if len(triples) > whereConditions {
		return nil, because(ErrBadFormat, "where has more than %d conditions", whereConditions)
	}
	w := make(Where, 0, len(triples))
	for i, t := range triples {
		if len(t) != 3 {
			return nil, because(ErrBadFormat, "where[%d] is no triple", i)
		}
		c, err := condition(t[0], t[1], t[2])
		if err != nil {
			return nil, err
		}
		w = append(w, c)
	}
	return w, nil
}

func condition(field, op, value json.RawMessage) (Condition, error) {
	var f, o string
	if json.Unmarshal(field, &f) != nil || json.Unmarshal(op, &o) != nil {
		return Condition{}, because(ErrBadFormat, "where: field and operator are strings")
	}
	c := Condition{Field: Field(f), Op: Op(strings.ToLower(o))}
	switch c.Field {
	case "user_id":
		c.Field = FieldMember
	case FieldID, FieldType, FieldCreator, FieldMember, FieldCreated, FieldUpdated:
	default:
		return Condition{}, because(ErrBadFormat, "where: unknown field %q", clip(f))
	}
	values := []json.RawMessage{value}
	switch c.Op {
	case Equal, NotEqual, Less, LessEqual, Greater, GreaterEqual:
	case In:
		values = nil
		if json.Unmarshal(value, &values) != nil || len(values) == 0 || len(values) > whereValues {
			return Condition{}, because(ErrBadFormat, "where: %s in: 1 to %d values", c.Field, whereValues)
		}
	default:
		return Condition{}, because(ErrBadFormat, "where: unknown operator %q", clip(o))
	}
	for _, raw := range values {
		v, ok := c.Field.parse(raw)
		if !ok {
			return Condition{}, because(ErrBadFormat, "where: value of %s", c.Field)
		}
		c.Values = append(c.Values, v)
	}
	return c, nil
}

// parse reads a value as the field's own kind. Numbers may be given as strings
// and ids as numbers, as deployed clients do.
func (f Field) parse(raw json.RawMessage) (any, bool) {
	var v any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if d.Decode(&v) != nil {
		return nil, false
	}
	var text string
	switch v := v.(type) {
	case string:
		text = v
	case json.Number:
		text = v.String()
	default:
		return nil, false
	}
	switch f {
	case FieldType:
		n, err := json.Number(text).Int64()
		return n, err == nil
	case FieldCreated, FieldUpdated:
		return span(text)
	default:
		return text, len(text) <= whereText && storable(text)
	}
}

const whereText = 256

// span reads "2006-01-02 15:04:05" in UTC, Unix seconds, or Unix milliseconds
// (more than 11 digits).
func span(s string) (Span, bool) {
	if t, err := time.ParseInLocation(time.DateTime, s, time.UTC); err == nil {
		return Span{Lo: t.UnixMicro(), Hi: t.Add(time.Second).UnixMicro()}, true
	}
	n, err := json.Number(s).Int64()
	switch {
	case err != nil || n < 0 || n > 1e14:
		return Span{}, false
	case n >= 1e11:
		return Span{Lo: n * 1000, Hi: (n + 1) * 1000}, true
	default:
		return Span{Lo: n * 1e6, Hi: (n + 1) * 1e6}, true
	}
}

// clip keeps what a stranger sent from filling the answer.
func clip(s string) string {
	if len(s) > 32 {
		return strings.ToValidUTF8(s[:32], "")
	}
	return s
}
