package relaylink

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"

	"switchboard/app/conversation"
	"switchboard/vendors"
)

// Importer stores what vendors report in the conversations of one app.
type Importer struct {
	Conversations *conversation.Service
	App           string
	Log           *slog.Logger
}

// Import stores each reported message once. A message that the domain refuses,
// such as one of a stranger, is passed over: the vendor would repeat it for
// nothing. After any other error the vendor should deliver the events again.
func (i Importer) Import(ctx context.Context, reported []vendors.Event) error {
	for _, e := range reported {
		if e.Kind != vendors.EventMessage || e.Action != "sent" {
			continue
		}
		err := i.store(ctx, e)
		if conversation.Refused(err) {
			i.Log.Info("vendor's message refused", "component", "relay", "vendor", e.Vendor, "event", e.ID, "error", err)
		} else if err != nil {
			return err
		}
	}
	return nil
}

// store keeps one message. One to a user belongs to the one-to-one conversation of
// the two, which is made when there is none; one to a group to the conversation
// with that id.
func (i Importer) store(ctx context.Context, e vendors.Event) error {
	post := conversation.Post{Conversation: e.Target, From: e.From, Type: conversation.TextMessage, Text: e.Text}
	if e.Text == "" {
		foreign, err := json.Marshal(map[string]any{"vendor": e.Vendor, "type": e.Type, "content": e.Content})
		if err != nil {
			return fmt.Errorf("relay: %w", err)
		}
		post.Type, post.Attr = conversation.FileMessage, foreign
	}
	mark := originalOf(e)
	switch {
	case mark.Message != "":
		post.Conversation = mark.Conversation
	case e.TargetKind == vendors.ToUsers:
		pair := conversation.Draft{Type: conversation.OneToOne, Creator: e.From, Members: []string{e.Target}}
		c, _, err := i.Conversations.Create(ctx, conversation.Caller{App: i.App, Rules: conversation.Typed}, pair)
		if err != nil {
			return err
		}
		post.Conversation = c.ID
	}
	_, err := i.Conversations.Import(ctx, i.App, post, e.Vendor+"/"+e.ID, mark.Message, e.At)
	return err
}
