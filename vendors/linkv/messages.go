package linkv

import (
	"context"
	"encoding/json"
	"strings"

	"switchboard/vendors"
	"switchboard/vendors/upstream"
)

// The object names. LinkV publishes no list; its samples use RC:textMsg with a
// small t, other names are free text (docs/vendors/linkv.md#messages). Tip and command
// take the names and the JSON that RongCloud's clients know, so that an app
// which knew them there reads the same here.
const (
	textObject    = "RC:textMsg"
	tipObject     = "RC:InfoNtf"
	commandObject = "RC:CmdMsg"
)

// Send publishes to users, one group or one room. LinkV has no system sender
// of its own: such a message is refused.
func (a *adapter) Send(ctx context.Context, m vendors.Message) (vendors.Receipt, error) {
	op := vendors.OpSend(m.Kind)
	w, known := ways[m.Kind]
	if !known {
		return vendors.Receipt{}, vendors.Refuse(a.name, op, vendors.ErrUnsupported, "LinkV reaches users, groups and rooms")
	}
	object, content, err := a.content(op, m.Content)
	if err != nil {
		return vendors.Receipt{}, err
	}
	event := m.Kind == vendors.ToUsers && m.Content.Kind == vendors.Command
	if m.Transient && !event {
		return vendors.Receipt{}, vendors.Refuse(a.name, op, vendors.ErrUnsupported, "nothing but a command to users passes unstored")
	}
	if len(m.To) == 0 {
		return vendors.Receipt{}, vendors.Refuse(a.name, op, vendors.ErrInvalid, "no target")
	}
	size := vendors.Size{IDs: append([]string{m.From}, m.To...), Targets: len(m.To), Content: content}
	if err := limits.Check(a.name, op, size); err != nil {
		return vendors.Receipt{}, err
	}
	form := make(upstream.Fields, 0, 8)
	form.Set("objectName", object)
	form.Set("content", content)
	if m.Kind != vendors.ToChatRooms { // a room's sender is the header's appUid
		form.Set("appId", a.cfg.AppID)
		form.Set("fromUserId", m.From)
	}
	if m.Push != nil {
		if event || m.Kind != vendors.ToUsers || m.Push.Title != "" {
			return vendors.Receipt{}, vendors.Refuse(a.name, op, vendors.ErrUnsupported, "a notification is a text, with a message to users")
		}
		form.Set("pushContent", m.Push.Text)
	}
	switch {
	case event:
		w.path = "/api/rest/v1/sendEventMsg"
	case m.Kind == vendors.ToUsers && len(m.To) > 1 && !m.Filter && m.Push == nil:
		return a.pushMany(ctx, m, form) // has neither isCheckSensitiveWords nor pushContent
	case m.Kind == vendors.ToUsers:
		form.Set("isCheckSensitiveWords", flag(m.Filter))
	}
	return a.each(ctx, m, w, form)
}

// way is the call for one target of a kind, and the field that names it.
type way struct{ path, target string }

var ways = map[vendors.TargetKind]way{
	vendors.ToUsers:     {"/api/rest/message/converse/pushConverseData", "toUserId"},
	vendors.ToGroups:    {"/api/rest/message/pushGroupMsg", "toGroupId"},
	vendors.ToChatRooms: {"/api/rest/room/sendRoomMessage", "roomId"},
}

func flag(on bool) string {
	if on {
		return "1"
	}
	return "0"
}

// content is the object name and body of c.
func (a *adapter) content(op string, c vendors.Content) (object, body string, err error) {
	if c.Data != nil && !json.Valid(c.Data) {
		return "", "", vendors.Refuse(a.name, op, vendors.ErrInvalid, "the data is not JSON")
	}
	switch {
	case c.Kind == vendors.Text && c.Extra == "":
		return textObject, c.Text, nil
	case c.Kind == vendors.Tip:
		return tipObject, encode(tipBody{Message: c.Text, Extra: c.Extra}), nil
	case c.Kind == vendors.Command:
		return commandObject, encode(commandBody{Name: c.Name, Data: c.Data, Extra: c.Extra}), nil
	case c.Kind == vendors.Custom && c.Extra == "" && c.Type != "":
		return c.Type, string(c.Data), nil
	case c.File != nil || c.Place != nil:
		return a.media(op, c)
	}
	return "", "", vendors.Refuse(a.name, op, vendors.ErrUnsupported, "a plain text has no place for extra, and a custom message needs a type")
}

type tipBody struct {
	Message string `json:"message"`
	Extra   string `json:"extra,omitempty"`
}

type commandBody struct {
	Name  string          `json:"name"`
	Data  json.RawMessage `json:"data,omitempty"`
	Extra string          `json:"extra,omitempty"`
}

// encode writes a body whose data has been found to be JSON.
func encode(body any) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(body) // cannot fail: strings and valid JSON
	return strings.TrimSuffix(b.String(), "\n")
}

// each makes one call per target and fails as a whole only when every target
// did: then with the first target's error.
func (a *adapter) each(ctx context.Context, m vendors.Message, w way, form upstream.Fields) (vendors.Receipt, error) {
	var (
		receipt vendors.Receipt
		first   error
		taken   bool
	)
	for _, to := range m.To {
		form.Set(w.target, to)
		err := a.im.Do(ctx, a.imCall(vendors.OpSend(m.Kind), upstream.Write, m.From, w.path, form), nil)
		receipt.Targets = append(receipt.Targets, vendors.TargetResult{Target: to, Err: err})
		taken = taken || err == nil
		if first == nil {
			first = err
		}
	}
	if !taken && first != nil {
		return vendors.Receipt{}, first
	}
	return receipt, nil
}

// pushMany sends to all targets in one call and reads each one's fate.
func (a *adapter) pushMany(ctx context.Context, m vendors.Message, form upstream.Fields) (vendors.Receipt, error) {
	op := vendors.OpSend(m.Kind)
	form.Set("toUserIds", strings.Join(m.To, ","))
	call := a.imCall(op, upstream.Write, m.From, "/api/rest/message/v1/converse/pushConverseDatas", form)
	call.Units = len(m.To)
	var out sendResults
	if err := a.im.Do(ctx, call, &out); err != nil {
		return vendors.Receipt{}, err
	}
	receipt := vendors.Receipt{Targets: make([]vendors.TargetResult, len(m.To))}
	for i, to := range m.To {
		receipt.Targets[i] = vendors.TargetResult{Target: to, Err: out.err(a.name, op, to)}
	}
	return receipt, nil
}

// sendResults is how an IM call tells the fate of each user it names.
type sendResults struct {
	Results object[map[string]upstream.Text] `json:"messageSendResult"`
}

// err is the fate of one user. No results at all: the call's own success
// stands for everybody. Left out among others: nobody can know.
func (r sendResults) err(vendor, op, user string) error {
	if len(r.Results.V) == 0 {
		return nil
	}
	code, told := r.Results.V[user]
	if !told {
		return &vendors.Error{Vendor: vendor, Op: op, Outcome: vendors.Ambiguous, Err: vendors.ErrUnreadable}
	}
	if code == success {
		return nil
	}
	e := meaningOf(string(code))
	e.Vendor, e.Op = vendor, op
	return e
}
