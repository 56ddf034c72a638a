package ejabberd

import (
	"context"
	"crypto/rand"

	"switchboard/vendors"
	"switchboard/vendors/upstream"
)

// way is how a kind of target is reached. look finds whether a message would arrive,
// which the server does not tell, and from which JID it has to come.
type way struct {
	typ  string
	look func(a *adapter, ctx context.Context, op, from, target string) (sender, to string, err error)
}

var ways = map[vendors.TargetKind]way{
	vendors.ToUsers:     {"chat", (*adapter).lookUser},
	vendors.ToSystem:    {"normal", (*adapter).lookUser},
	vendors.ToGroups:    {"groupchat", (*adapter).lookGroup},
	vendors.ToChatRooms: {"groupchat", (*adapter).lookChatRoom},
}

// Send makes one call for each target, behind a look at it. A target that was refused
// is told in the receipt; when none was reached, the first one's error is the answer.
func (a *adapter) Send(ctx context.Context, m vendors.Message) (vendors.Receipt, error) {
	op := vendors.OpSend(m.Kind)
	w, known := ways[m.Kind]
	switch {
	case !known:
		return vendors.Receipt{}, a.refuse(op, vendors.ErrUnsupported, "no such kind of target")
	case m.Filter:
		return vendors.Receipt{}, a.refuse(op, vendors.ErrUnsupported, "ejabberd has no sensitive words")
	case len(m.To) == 0:
		return vendors.Receipt{}, a.refuse(op, vendors.ErrInvalid, "no target")
	}
	s := &stanza{Type: w.typ, ID: rand.Text()}
	if !m.Key.IsZero() { // made again, it has the same id: clients know it by that
		s.ID = m.Key.String()
	}
	s.Origin = &originID{"urn:xmpp:sid:0", s.ID}
	if m.Kind == vendors.ToSystem {
		s.System = &element{Space: namespace}
	}
	content, err := a.fill(op, s, m.Content, m.Transient)
	if err != nil {
		return vendors.Receipt{}, err
	}
	size := vendors.Size{IDs: append([]string{m.From}, m.To...), Targets: len(m.To), Content: content}
	if err := limits.Check(a.name, op, size); err != nil {
		return vendors.Receipt{}, err
	}
	return a.each(ctx, op, w, m, s.ID, s.encode())
}

// each sends to one target after the other. What is neither taken nor refused ends it:
// the targets behind it were not tried.
func (a *adapter) each(ctx context.Context, op string, w way, m vendors.Message, id, text string) (vendors.Receipt, error) {
	r := vendors.Receipt{Targets: make([]vendors.TargetResult, len(m.To))}
	taken := 0
	var first, ended error
	for i, target := range m.To {
		err := ended
		if err == nil {
			err = a.one(ctx, op, w, m.From, target, text)
		}
		r.Targets[i] = vendors.TargetResult{Target: target, MessageID: id, Err: err}
		if err == nil {
			taken++
			continue
		}
		r.Targets[i].MessageID = ""
		if first == nil {
			first = err
		}
		if ended == nil && vendors.OutcomeOf(err) != vendors.DefiniteNo {
			ended = &vendors.Error{Vendor: a.name, Op: op, Outcome: vendors.NotSent, Effect: vendors.Write, Err: vendors.ErrUntried}
			if taken == 0 && i == 0 {
				return vendors.Receipt{}, err
			}
		}
	}
	if taken == 0 && ended == nil {
		return vendors.Receipt{}, first
	}
	return r, nil
}

func (a *adapter) one(ctx context.Context, op string, w way, from, target, text string) error {
	sender, to, err := w.look(a, ctx, op, from, target)
	if err != nil {
		return vendors.BeforeWrite(err)
	}
	return a.up.Do(ctx, a.call(op, upstream.Write, "send_stanza", args{"from": sender, "to": to, "stanza": text}, done), nil)
}

// lookUser: a message to nobody is taken and dropped.
func (a *adapter) lookUser(ctx context.Context, op, from, target string) (sender, to string, err error) {
	return a.user(from), a.user(target), a.registered(ctx, op, target)
}
