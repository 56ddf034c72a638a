package conversation

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Post is a message to be sent.
type Post struct {
	Conversation string
	From         string // a user caller is always the sender
	Type         int
	Status       int
	Text         string
	Attr         json.RawMessage
	URL          string
	Transient    bool
	NoSync       bool
	MentionAll   bool
	Mentions     []string // at most 20
	// ClientKey makes the send safe to repeat: the same key from the same
	// sender gives the same answer and one message, for at least 24 h. Empty: none.
	ClientKey string
}

const keyBytes = 128

// Send stores the message and returns it after the commit; a transient one is
// not stored, only passed on. ErrUnknownConversation, ErrNotMember, ErrArchived,
// ErrBanned, ErrBadMessageType, ErrMissing, ErrTooLarge, ErrKeyReused.
func (s *Service) Send(ctx context.Context, c Caller, p Post) (Message, error) {
	if !c.Server() {
		p.From = c.User
	}
	m, err := s.compose(c, p)
	if err != nil {
		return Message{}, err
	}
	o := &Outgoing{Message: m, ClientKey: p.ClientKey, Relay: s.config.Relay && !p.Transient}
	if o.ClientKey != "" {
		o.Digest = digest(m)
	}
	return s.deliver(ctx, o)
}

// Import stores a message that a vendor reports, once, with its original time;
// it does not go out again. Event is the vendor's id for the report. Origin is
// what the vendor's copy carries of ours (Copy.Message.ID), empty when nothing:
// a copy that we sent out ourselves is answered with the message it is a copy
// of. The refusals are those of Send.
func (s *Service) Import(ctx context.Context, app string, p Post, event, origin string, at time.Time) (Message, error) {
	sum := sha256.Sum256([]byte(event))
	p.Transient, p.ClientKey = false, "vendor:"+hex.EncodeToString(sum[:])
	m, err := s.compose(Caller{App: app}, p)
	if err != nil {
		return Message{}, err
	}
	if ValidMessageID(origin) {
		seq, exact, err := s.store.SeqOf(ctx, p.Conversation, origin)
		if err != nil {
			return Message{}, err
		}
		if exact {
			known, err := s.store.Messages(ctx, p.Conversation, seq, seq, 1, false)
			if err != nil {
				return Message{}, err
			}
			if len(known) == 1 && known[0].App == app {
				return known[0], nil
			}
		}
	}
	return s.deliver(ctx, &Outgoing{Message: m, ClientKey: p.ClientKey, Digest: digest(m), Original: at})
}

// deliver puts one message through the store, which tells of those that it keeps, and
// announces a transient one.
func (s *Service) deliver(ctx context.Context, o *Outgoing) (Message, error) {
	if err := s.store.Send(ctx, o); err != nil {
		return Message{}, err
	}
	if o.Err != nil {
		return Message{}, o.Err
	}
	if o.Transient && !o.Repeated {
		s.publish(News{App: o.App, Conversation: o.Conversation, MessageID: o.ID, Transient: &o.Message})
	}
	if o.Stored() {
		s.delivered(ctx, o.Before)
	}
	return o.Message, nil
}

// compose checks p by the caller's rules.
func (s *Service) compose(c Caller, p Post) (Message, error) {
	if err := validConversation(p.Conversation); err != nil {
		return Message{}, err
	}
	if err := ValidUser(c.Rules, p.From); err != nil {
		return Message{}, err
	}
	if c.Rules == Typed {
		if p.Type > TextMessage || p.Type < FileMessage {
			return Message{}, ErrBadMessageType
		}
		if p.Type == TextMessage && p.Text == "" {
			return Message{}, because(ErrMissing, "text")
		}
	}
	attr, err := validJSON("attr", p.Attr, s.config.ExtBytes)
	if err != nil {
		return Message{}, err
	}
	mentioned, err := validUsers(c.Rules, p.Mentions)
	if err != nil {
		return Message{}, err
	}
	if len(mentioned) > mentions {
		return Message{}, because(ErrTooLarge, "more than %d people mentioned", mentions)
	}
	err = errors.Join(validText("text", p.Text, s.config.ContentBytes),
		validText("url", p.URL, s.config.ExtBytes), validText("client key", p.ClientKey, keyBytes))
	if err != nil {
		return Message{}, err
	}
	return Message{
		App: c.App, Conversation: p.Conversation, From: p.From, Type: p.Type, Status: p.Status,
		Text: p.Text, Attr: attr, URL: p.URL, Transient: p.Transient, NoSync: p.NoSync,
		MentionAll: p.MentionAll, Mentions: mentioned,
	}, nil
}

// digest tells whether two messages are the same to their sender. Every part
// is quoted, so that none can run into the next.
func digest(m Message) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %d %d %q %q %q %t %t %t %q", m.Conversation, m.Type, m.Status,
		m.Text, m.Attr, m.URL, m.Transient, m.NoSync, m.MentionAll, strings.Join(m.Mentions, "\x00")))
	return hex.EncodeToString(sum[:16])
}

// Found is what the store sees in the transaction that is to hold the message.
type Found struct {
	Conversation *Conversation // nil: none of this id in this app
	Member       bool
	Banned       bool
	Key          *SentKey // nil: the client key is new
}

// SentKey is what is kept of a send with a client key.
type SentKey struct {
	Digest string
	ID     string
	Seq    int64
	At     time.Time
}

// Admit decides about the message and reports whether it is to be stored. The
// answer may change from one run of the transaction to the next.
func (o *Outgoing) Admit(f Found) bool {
	o.Repeated, o.Err = false, nil
	switch {
	case f.Key != nil && f.Key.Digest != o.Digest:
		o.Err = ErrKeyReused
	case f.Key != nil:
		o.Repeated, o.ID, o.Seq, o.At = true, f.Key.ID, f.Key.Seq, f.Key.At
	case f.Conversation == nil || f.Conversation.Deleted:
		o.Err = ErrUnknownConversation
	case !f.Member:
		o.Err = ErrNotMember
	case f.Banned:
		o.Err = ErrBanned
	case f.Conversation.Archived:
		o.Err = ErrArchived
	default:
		return true
	}
	return false
}

// Place gives an admitted message its place: tick is its own in the whole
// deployment, at the moment of the send, seq the conversation's next.
func (o *Outgoing) Place(tick Tick, at time.Time, seq int64, convType int) {
	o.ID, o.Seq, o.At = MessageID(tick, convType, o.Conversation), seq, at
	if ms := tick.Time(); ms.After(at) {
		o.At = ms
	}
	if !o.Original.IsZero() {
		o.At = o.Original.UTC().Truncate(time.Microsecond)
	}
}
