package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"switchboard/app/conversation"
	"switchboard/app/conversation/conversationsql"
	"switchboard/app/messages"
	"switchboard/vendors"
)

// relayMode says whether conversations also live at a vendor.
type relayMode string

// The modes of SWITCHBOARD_RELAY.
const (
	relayNone relayMode = "none"
	relayOut  relayMode = "out"  // messages also go to the members through the messages route
	relayBoth relayMode = "both" // and what the vendor reports is stored
)

// Decode refuses what is no mode.
func (m *relayMode) Decode(value string) error {
	if *m = relayMode(value); !slices.Contains([]relayMode{relayNone, relayOut, relayBoth}, *m) {
		return errors.New("want none, out or both")
	}
	return nil
}

func (m relayMode) out() bool { return m == relayOut || m == relayBoth }

// relayTargets is how many members' copies are asked for at once; the messages
// service cuts that to what the vendor takes in one call.
const relayTargets = 1000

// relayType is the custom type under which a vendor carries what is no text.
const relayType = "SB:Message"

// openRelay makes the relay of cfg.Relay; nil: none.
func (s *server) openRelay(store *conversationsql.Store) *conversation.Relay {
	if !s.cfg.Relay.out() {
		return nil
	}
	route := &messages.Service{Routes: s.routes}
	cfg := conversation.RelayConfig{Targets: func() int { return relayTargets }}
	return conversation.NewRelay(store, cfg, s.log, func(ctx context.Context, c conversation.Copy) error {
		return relayCopy(ctx, route, c)
	})
}

// relayCopy sends members their copies. A failure that may pass comes before a
// refusal for good, so that the copies that can still arrive are tried again.
func relayCopy(ctx context.Context, route *messages.Service, c conversation.Copy) error {
	content, err := relayContent(c.Message)
	if err != nil {
		return err
	}
	by := vendors.Request{Sticky: c.Message.App + "/" + c.Message.Conversation}
	receipt, err := route.Send(ctx, by, vendors.Message{Kind: vendors.ToUsers, From: c.Message.From, To: c.To, Content: content})
	if err == nil {
		return nil
	}
	for _, t := range receipt.Targets {
		if t.Err != nil && vendors.OutcomeOf(t.Err) != vendors.DefiniteNo {
			return t.Err
		}
	}
	return err
}

// relayed is how a copy names the message that it is a copy of.
type relayed struct {
	Conversation string          `json:"conversation"`
	Message      string          `json:"message"`
	Type         int             `json:"type"`
	Text         string          `json:"text,omitempty"`
	URL          string          `json:"url,omitempty"`
	Attr         json.RawMessage `json:"attr,omitempty"`
}

// relayContent is a text as the vendor's own text, so that its clients show it;
// the rest as a custom message.
func relayContent(m conversation.Message) (vendors.Content, error) {
	mark := relayed{Conversation: m.Conversation, Message: m.ID, Type: m.Type}
	if m.Text != "" && m.URL == "" && m.Attr == nil {
		extra, err := json.Marshal(mark)
		return vendors.Content{Kind: vendors.Text, Text: m.Text, Extra: string(extra)}, err
	}
	mark.Text, mark.URL, mark.Attr = m.Text, m.URL, m.Attr
	data, err := json.Marshal(mark)
	if err != nil {
		return vendors.Content{}, fmt.Errorf("relay: %w", err)
	}
	return vendors.Content{Kind: vendors.Custom, Type: relayType, Data: data}, nil
}

// importer stores what vendors report in the conversations of the one app there
// is; nil when that is not asked for. A message that the domain refuses, such as
// one of a stranger, is passed over: the vendor would repeat it for nothing.
func (s *server) importer() (func(context.Context, []vendors.Event) error, error) {
	if s.cfg.Relay != relayBoth {
		return nil, nil
	}
	if len(s.cfg.Apps) != 1 {
		return nil, fmt.Errorf("%s_RELAY: both needs exactly one app: vendors' reports name none", envPrefix)
	}
	app := s.cfg.Apps[0].ID
	return func(ctx context.Context, reported []vendors.Event) error {
		for _, e := range reported {
			if e.Kind != vendors.EventMessage || e.Action != "sent" {
				continue
			}
			err := importMessage(ctx, s.live.conversations, app, e)
			if conversation.Refused(err) {
				s.log.Info("a vendor's message is not stored", "vendor", e.Vendor, "event", e.ID, "error", err)
			} else if err != nil {
				return err
			}
		}
		return nil
	}, nil
}

// importMessage stores a reported message. One to a user belongs to the
// one-to-one conversation of the two, which is made when there is none; one to
// a group to the conversation with that id.
func importMessage(ctx context.Context, conversations *conversation.Service, app string, e vendors.Event) error {
	post := conversation.Post{Conversation: e.Target, From: e.From, Type: conversation.TextMessage, Text: e.Text}
	if e.Text == "" {
		foreign, err := json.Marshal(map[string]any{"vendor": e.Vendor, "type": e.Type, "content": e.Content})
		if err != nil {
			return fmt.Errorf("relay: %w", err)
		}
		post.Type, post.Attr = conversation.FileMessage, foreign
	}
	mark := copyOf(e)
	switch {
	case mark.Message != "":
		post.Conversation = mark.Conversation
	case e.TargetKind == vendors.ToUsers:
		pair := conversation.Draft{Type: conversation.OneToOne, Creator: e.From, Members: []string{e.Target}}
		c, _, err := conversations.Create(ctx, conversation.Caller{App: app, Rules: conversation.Typed}, pair)
		if err != nil {
			return err
		}
		post.Conversation = c.ID
	}
	_, err := conversations.Import(ctx, app, post, e.Vendor+"/"+e.ID, mark.Message, e.At)
	return err
}

// copyOf reads which message of ours the event is a copy of; zero: none.
func copyOf(e vendors.Event) (mark relayed) {
	carrier := e.Content
	if e.Type != relayType {
		var text struct {
			Extra string `json:"extra"`
		}
		_ = json.Unmarshal(e.Content, &text) // without an extra it is no copy
		carrier = json.RawMessage(text.Extra)
	}
	_ = json.Unmarshal(carrier, &mark)
	return mark
}
