package buslink

import (
	"context"

	"switchboard/app/conversation"
	"switchboard/app/realtime"
)

// Log implements realtime.Log with the messages of conversations.
type Log struct{ Conversations *conversation.Service }

// Last implements realtime.Log.
func (l Log) Last(ctx context.Context, app string) (string, error) {
	return l.Conversations.LastID(ctx, app)
}

// After implements realtime.Log.
func (l Log) After(ctx context.Context, app, id string, limit int) ([]*realtime.Message, error) {
	found, err := l.Conversations.After(ctx, app, id, limit)
	next := make([]*realtime.Message, 0, len(found))
	for _, m := range found {
		next = append(next, delivery(m.Message, m.MemberVersion))
	}
	return next, err
}

// Missed implements realtime.Log.
func (l Log) Missed(ctx context.Context, u realtime.User, id string) ([]*realtime.Message, bool, error) {
	found, recovered, err := l.Conversations.Since(ctx, u.App, u.ID, id)
	missed := make([]*realtime.Message, 0, len(found))
	for _, m := range found {
		if m.From == u.ID && !m.NoSync { // no notice is from anybody
			continue // it is not for the sender's own sessions
		}
		missed = append(missed, delivery(m, 0))
	}
	return missed, recovered, err
}

// delivery is the message as the hub carries it. MemberVersion 0: the message is
// for one session, whose membership was checked when it was read.
func delivery(m conversation.Message, memberVersion int64) *realtime.Message {
	d := &realtime.Message{
		App: m.App, Conversation: m.Conversation, ID: m.ID, Seq: m.Seq, From: m.From,
		ToSender: m.NoSync, MemberVersion: memberVersion, Body: m,
	}
	if m.Seq < 0 {
		d.About, d.AboutOnly = m.Mentions, !m.MentionAll
	}
	return d
}
