package conversationsql

import (
	"strings"

	"switchboard/app/conversation"
)

// columns is the white list of what can be compared; nothing of a query's own
// text reaches a statement.
var columns = map[conversation.Field]string{
	conversation.FieldID:      "c.id",
	conversation.FieldType:    "c.type",
	conversation.FieldCreator: "c.creator",
	conversation.FieldMember:  "m.user_id",
	conversation.FieldCreated: "c.created_us",
	conversation.FieldUpdated: "c.updated_us",
}

var comparisons = map[conversation.Op]string{
	conversation.Equal: "=", conversation.NotEqual: "<>", conversation.Less: "<",
	conversation.LessEqual: "<=", conversation.Greater: ">", conversation.GreaterEqual: ">=",
}

// matching is the condition on conversations c of an app that are not deleted.
func matching(app string, w conversation.Where) (string, []any) {
	parts, args := []string{"c.app_id = ? AND c.deleted = 0"}, []any{app}
	for _, cond := range w {
		op, negated := cond.Op, false
		if cond.Field == conversation.FieldMember && op == conversation.NotEqual {
			op, negated = conversation.Equal, true
		}
		var each []string
		for _, v := range cond.Values {
			text, bound := compare(cond.Field, op, v)
			each = append(each, text)
			args = append(args, bound...)
		}
		text := "(" + strings.Join(each, " OR ") + ")"
		switch {
		case negated:
			text = "NOT EXISTS (SELECT 1 FROM members m WHERE m.conv_id = c.id AND m.left_us = 0 AND " + text + ")"
		case cond.Field == conversation.FieldMember:
			text = "EXISTS (SELECT 1 FROM members m WHERE m.conv_id = c.id AND m.left_us = 0 AND " + text + ")"
		case cond.Field == conversation.FieldUpdated:
			text = "(c.updated_us > 0 AND " + text + ")"
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, " AND "), args
}

// compare is one comparison; "in" is a chain of equalities. A time is compared
// as the whole span that was named.
func compare(f conversation.Field, op conversation.Op, v any) (string, []any) {
	column := columns[f]
	if op == conversation.In {
		op = conversation.Equal
	}
	span, isTime := v.(conversation.Span)
	if !isTime {
		return column + " " + comparisons[op] + " ?", []any{v}
	}
	switch op {
	case conversation.Equal:
		return "(" + column + " >= ? AND " + column + " < ?)", []any{span.Lo, span.Hi}
	case conversation.NotEqual:
		return "(" + column + " < ? OR " + column + " >= ?)", []any{span.Lo, span.Hi}
	case conversation.Less:
		return column + " < ?", []any{span.Lo}
	case conversation.LessEqual:
		return column + " < ?", []any{span.Hi}
	case conversation.Greater:
		return column + " >= ?", []any{span.Hi}
	default:
		return column + " >= ?", []any{span.Lo}
	}
}
