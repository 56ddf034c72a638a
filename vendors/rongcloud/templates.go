package rongcloud

import (
	"context"
	"net/http"
	"strings"

	"switchboard/vendors"
	"switchboard/vendors/upstream"
)

var templatePaths = map[vendors.TargetKind]string{
	vendors.ToUsers:  "/message/private/publish_template.json",
	vendors.ToSystem: "/message/system/publish_template.json",
}

// templateBody has one entry for each target in every list:
// docs/vendors/rongcloud.md#templates.
type templateBody struct {
	From        string              `json:"fromUserId"`
	To          []string            `json:"toUserId"`
	Type        string              `json:"objectName"`
	Content     string              `json:"content"`
	Values      []map[string]string `json:"values"`
	PushContent []string            `json:"pushContent"`
	PushData    []string            `json:"pushData"`
}

// SendTemplate publishes one text in as many versions as it has targets.
func (a *adapter) SendTemplate(ctx context.Context, t vendors.Template) (vendors.Receipt, error) {
	op := vendors.OpSendTemplate
	path, known := templatePaths[t.Kind]
	if !known {
		return vendors.Receipt{}, a.refuse(op, vendors.ErrUnsupported, "templates go to users alone")
	}
	body := templateBody{
		From: t.From, Type: textType, Content: encode(textBody{Content: t.Text}),
		PushContent: make([]string, len(t.To)), PushData: make([]string, len(t.To)),
	}
	names := t.Placeholders()
	for _, f := range t.To {
		values, why := fill(names, f.Values)
		if why != nil {
			return vendors.Receipt{}, a.refuse(op, why, "a placeholder has no value, or one with quotes, backslashes or control characters")
		}
		body.To, body.Values = append(body.To, f.Target), append(body.Values, values)
	}
	if len(t.To) == 0 {
		return vendors.Receipt{}, a.refuse(op, vendors.ErrInvalid, "no target")
	}
	size := vendors.Size{IDs: append([]string{t.From}, body.To...), Targets: len(t.To), Content: body.Content}
	if err := limits.Check(a.name, op, size); err != nil {
		return vendors.Receipt{}, err
	}
	call := a.json(ctx, op, upstream.Write, http.MethodPost, path, body)
	call.Units = len(t.To)
	var out publishAnswer
	if err := a.up.Do(ctx, call, &out); err != nil {
		return vendors.Receipt{}, err
	}
	return out.receipt(a.name, op, body.To), nil
}

// fill is the values of one target under the vendor's names, which have the
// braces. Nobody documents whether the vendor escapes a value that it puts into
// the content's JSON: one that would need it is refused.
func fill(names []string, values map[string]string) (map[string]string, error) {
	out := make(map[string]string, len(names))
	for _, name := range names {
		v, given := values[name]
		if !given {
			return nil, vendors.ErrInvalid
		}
		if strings.ContainsFunc(v, func(r rune) bool { return r == '"' || r == '\\' || r < ' ' }) {
			return nil, vendors.ErrUnsupported
		}
		out["{"+name+"}"] = v
	}
	return out, nil
}
