package messages

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"switchboard/vendors"
)

// Sent is what the ledger keeps of a send: what Settle needs, and enough to tell two
// apart. Of the content it keeps the digest.
type Sent struct {
	Kind    vendors.TargetKind `json:"kind"`
	From    string             `json:"from"`
	To      []string           `json:"to,omitempty"`    // nil when there are more than Settle asks for
	Content string             `json:"content"`         // digest
	Digest  string             `json:"digest"`          // of the whole message
	Rows    bool               `json:"rows,omitempty"`  // whether the answer tells each target's fate
	Key     string             `json:"key,omitempty"`   // the message's, for vendors that find it by that
	Texts   map[string]string  `json:"texts,omitempty"` // digests of what each target of a template reads
}

// Keyed is m with a key of its own: the caller's idempotency key, or without one the
// request's id, and what the message says tell it from all others, so that a client which
// uses an id twice loses no message by it. A repeat has the key of the first try. A
// message outside a request gets none.
func Keyed(ctx context.Context, idempotencyKey string, m vendors.Message) vendors.Message {
	id := vendors.RequestID(ctx)
	if idempotencyKey != "" {
		id = "key " + idempotencyKey
	}
	if id != "" {
		c := m.Content
		m.Key = vendors.KeyOf(vendors.AppOf(ctx), id, string(m.Kind), m.From, strings.Join(m.To, ","), string(c.Kind), c.Text, c.Name, c.Type, string(c.Data), c.Extra)
	}
	return m
}

// most is how many targets Settle asks for: a read of the vendor's each.
const most = 10

// SentOf is m as the ledger keeps it, a Sent. It is made when the ledger encodes it,
// which it seldom does.
func SentOf(m vendors.Message) json.Marshaler { return sending{m, false} }

// SentInRows is SentOf for a send whose answer tells each target's fate.
func SentInRows(m vendors.Message) json.Marshaler { return sending{m, true} }

type sending struct {
	m    vendors.Message
	rows bool
}

// MarshalJSON implements json.Marshaler.
func (w sending) MarshalJSON() ([]byte, error) {
	s := Sent{Kind: w.m.Kind, From: w.m.From, Content: digestOf(w.m.Content), Digest: digestOf(w.m), Rows: w.rows}
	if to := distinct(w.m.To); len(to) <= most {
		s.To = to
	}
	if !w.m.Key.IsZero() {
		s.Key = w.m.Key.String()
	}
	return json.Marshal(s)
}

// SentFilled is SentInRows for a template, whose targets read a text of their own each.
func SentFilled(t vendors.Template) json.Marshaler { return filling{t} }

type filling struct{ t vendors.Template }

// MarshalJSON implements json.Marshaler.
func (w filling) MarshalJSON() ([]byte, error) {
	s := Sent{Kind: w.t.Kind, From: w.t.From, Digest: digestOf(w.t), Rows: true}
	texts := map[string]string{}
	var to []string
	for _, f := range w.t.To {
		if _, seen := texts[f.Target]; !seen { // of two the first counts
			text, _ := w.t.Fill(f)
			to, texts[f.Target] = append(to, f.Target), digestOf(vendors.Content{Kind: vendors.Text, Text: text})
		}
	}
	if len(to) <= most {
		s.To, s.Texts = to, texts
	}
	return json.Marshal(s)
}

// content is the digest of what a target was sent.
func (s Sent) content(to string) string {
	if text, filled := s.Texts[to]; filled {
		return text
	}
	return s.Content
}

func digestOf(v any) string {
	raw, _ := json.Marshal(v) // texts and lists of texts
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}

// errUnsettled says that what is seen at the vendor does not tell whether the
// message was sent.
var errUnsettled = errors.New("messages: what the vendor shows does not settle the send")

const (
	historyPage = 100
	historyMost = 5 // pages for one target
)

// Tells reports whether the account's vendor finds a message of op by its key, or has a
// history to look into: of system messages none has, and templates have no keys.
func (s *Service) Tells(op, account string) bool {
	live := s.routes.Live(account)
	if len(live) == 0 {
		return false
	}
	return live[0].MessageLookup != nil && op != vendors.OpSendTemplate || live[0].History != nil && op != vendors.OpSendSystem
}

// Settle finds out what became of a send in doubt that was not made before since. A
// vendor that keeps keys is asked for the message of that key. At any other it was made
// when every target has a message of that sender and content from then on: of a group or
// a chat room, whoever of those who are in it now and is not the sender.
// What is not seen stays in doubt: the vendor may store nothing. The same words said
// twice by one to the other look alike; only those from since on count, so a sender
// who says the same again within the difference of the two clocks is not told apart.
func (s *Service) Settle(ctx context.Context, account string, since time.Time, payload []byte) (sent Sent, out vendors.Receipt, err error) {
	if err = json.Unmarshal(payload, &sent); err != nil {
		return sent, vendors.Receipt{}, fmt.Errorf("messages: a send in the ledger is not readable: %w", err)
	}
	find := s.stored
	if key, keyed := sent.key(); keyed && s.finds(account) {
		find = func(ctx context.Context, account string, since time.Time, sent Sent, to string) (vendors.MessageRef, error) {
			return s.found(ctx, account, vendors.Lookup{Key: key, Kind: sent.Kind, From: sent.From, Target: s.nameAt(ctx, account, sent.Kind, to), Around: since})
		}
	} else if sent.Kind == vendors.ToSystem {
		return sent, vendors.Receipt{}, errUnsettled
	}
	if len(sent.To) == 0 {
		return sent, vendors.Receipt{}, errUnsettled
	}
	for _, to := range sent.To {
		ref, err := find(ctx, account, since, sent, to)
		if err != nil {
			return sent, vendors.Receipt{}, err
		}
		out.Targets = append(out.Targets, vendors.TargetResult{Target: to, MessageID: ref.ID, Seq: ref.Seq, At: ref.At, Vendor: account})
	}
	return sent, out, nil
}

// key is that of the message; false for one that has none.
func (s Sent) key() (key vendors.MessageKey, keyed bool) {
	n, err := hex.Decode(key[:], []byte(s.Key))
	return key, err == nil && n == len(key)
}

// finds reports whether the account's vendor finds messages by their keys.
func (s *Service) finds(account string) bool {
	live := s.routes.Live(account)
	return len(live) > 0 && live[0].MessageLookup != nil
}

// found asks for a message by its key. One that is not there may still come: it stays in
// doubt.
func (s *Service) found(ctx context.Context, account string, l vendors.Lookup) (vendors.MessageRef, error) {
	ref, err := vendors.Via(ctx, s.routes, vendors.Request{Capability: vendors.CapMessages, Account: account},
		func(ctx context.Context, v *vendors.Vendor) (vendors.MessageRef, error) {
			if v.MessageLookup == nil {
				return vendors.MessageRef{}, errUnsettled
			}
			ref, there, err := v.MessageLookup.FindMessage(ctx, l)
			if err == nil && !there {
				err = errUnsettled
			}
			return ref, err
		})
	if err != nil {
		return vendors.MessageRef{}, fmt.Errorf("%w: %v", errUnsettled, err)
	}
	return ref, nil
}

// stored is the message that the target has.
func (s *Service) stored(ctx context.Context, account string, since time.Time, sent Sent, to string) (vendors.MessageRef, error) {
	conversation, err := s.conversation(ctx, account, sent, to)
	if err != nil {
		return vendors.MessageRef{}, fmt.Errorf("%w: %v", errUnsettled, err)
	}
	q := vendors.HistoryQuery{
		Conversation: conversation,
		After:        since.Add(-time.Millisecond), Until: time.Now().Add(time.Minute), Limit: historyPage,
	}
	for range historyMost {
		rows, err := vendors.Via(ctx, s.routes, vendors.Request{Capability: vendors.CapMessages, Account: account},
			func(ctx context.Context, v *vendors.Vendor) ([]vendors.Stored, error) {
				if v.History == nil {
					return nil, errUnsettled
				}
				return v.History.Messages(ctx, q)
			})
		if err != nil {
			return vendors.MessageRef{}, fmt.Errorf("%w: %v", errUnsettled, err) // a refusal to be asked says nothing of the send
		}
		found := slices.IndexFunc(rows, func(m vendors.Stored) bool { return m.From == sent.From && digestOf(m.Content) == sent.content(to) })
		if found >= 0 {
			return vendors.MessageRef{ID: rows[found].ID, At: rows[found].SentAt}, nil
		}
		if len(rows) == 0 {
			break
		}
		q.After = rows[len(rows)-1].SentAt
	}
	return vendors.MessageRef{}, errUnsettled
}

// conversation is where a target has the message: the receiver's own, or that of somebody
// who is in the group or the chat room now. The sender has none of what was sent here.
func (s *Service) conversation(ctx context.Context, account string, sent Sent, to string) (vendors.Conversation, error) {
	if sent.Kind == vendors.ToUsers {
		return vendors.Conversation{User: to, Kind: sent.Kind, Target: sent.From}, nil
	}
	name := s.nameAt(ctx, account, sent.Kind, to)
	there, err := vendors.Via(ctx, s.routes, vendors.Request{Capability: vendors.CapMessages, Account: account},
		func(ctx context.Context, v *vendors.Vendor) ([]string, error) {
			switch {
			case sent.Kind == vendors.ToGroups && v.GroupLists != nil:
				return v.GroupLists.GroupMembers(ctx, name)
			case sent.Kind == vendors.ToChatRooms && v.ChatRooms != nil:
				return v.ChatRooms.ChatRoomUsers(ctx, name)
			}
			return nil, errUnsettled
		})
	if err != nil {
		return vendors.Conversation{}, err
	}
	for _, user := range there {
		if user != sent.From {
			return vendors.Conversation{User: user, Kind: sent.Kind, Target: name}, nil
		}
	}
	return vendors.Conversation{}, errUnsettled
}
