// Package relaylink lets conversations also live at a vendor: it sends copies of
// messages through the messages route, and stores what vendors report.
package relaylink

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"switchboard/app/conversation"
	"switchboard/app/messages"
	"switchboard/vendors"
)

// Mode says whether conversations also live at a vendor.
type Mode string

// The modes.
const (
	None Mode = "none"
	Out  Mode = "out"  // messages also go to the members through the messages route
	Both Mode = "both" // and what the vendor reports is stored
)

// Decode refuses what is no mode.
func (m *Mode) Decode(value string) error {
	if *m = Mode(value); !slices.Contains([]Mode{None, Out, Both}, *m) {
		return errors.New("want none, out or both")
	}
	return nil
}

// Sends says whether messages go out.
func (m Mode) Sends() bool { return m == Out || m == Both }

// Targets is how many members' copies are asked for at once; the messages service
// cuts that to what the vendor takes in one call.
const Targets = 1000

// customType is the type under which a vendor carries what is no text.
const customType = "SB:Message"

// Sender sends copies through the messages route.
type Sender struct{ Messages *messages.Service }

// Send sends members their copies. A failure that may pass comes before a refusal
// for good, so that the copies that can still arrive are tried again.
func (s Sender) Send(ctx context.Context, c conversation.Copy) error {
	content, err := contentOf(c.Message)
	if err != nil {
		return err
	}
	by := vendors.Request{Sticky: c.Message.App + "/" + c.Message.Conversation}
	receipt, err := s.Messages.Send(vendors.WithApp(ctx, c.Message.App), by, vendors.Message{Kind: vendors.ToUsers, From: c.Message.From, To: c.To, Content: content,
		Key: vendors.KeyOf("copy", c.Message.App, c.Message.ID)}) // the same when it is tried again
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

// original is how a copy names the message that it is a copy of.
type original struct {
	Conversation string          `json:"conversation"`
	Message      string          `json:"message"`
	Type         int             `json:"type"`
	Text         string          `json:"text,omitempty"`
	URL          string          `json:"url,omitempty"`
	Attr         json.RawMessage `json:"attr,omitempty"`
}

// contentOf is a text as the vendor's own text, so that its clients show it; all
// else is a custom message.
func contentOf(m conversation.Message) (vendors.Content, error) {
	mark := original{Conversation: m.Conversation, Message: m.ID, Type: m.Type}
	if m.Text != "" && m.URL == "" && m.Attr == nil {
		extra, err := json.Marshal(mark)
		return vendors.Content{Kind: vendors.Text, Text: m.Text, Extra: string(extra)}, err
	}
	mark.Text, mark.URL, mark.Attr = m.Text, m.URL, m.Attr
	data, err := json.Marshal(mark)
	if err != nil {
		return vendors.Content{}, fmt.Errorf("relay: %w", err)
	}
	return vendors.Content{Kind: vendors.Custom, Type: customType, Data: data}, nil
}

// originalOf reads which message of ours the event is a copy of; zero: none.
func originalOf(e vendors.Event) (mark original) {
	carrier := e.Content
	if e.Type != customType {
		var text struct {
			Extra string `json:"extra"`
		}
		_ = json.Unmarshal(e.Content, &text) // without an extra it is no copy
		carrier = json.RawMessage(text.Extra)
	}
	_ = json.Unmarshal(carrier, &mark)
	return mark
}
