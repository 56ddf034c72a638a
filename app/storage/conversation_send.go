package storage

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"switchboard/app/conversation"
)

// Send implements conversation.Store.
func (s *Conversations) Send(ctx context.Context, o *conversation.Outgoing) error {
	return s.sends.Write(ctx, o)
}

// scene is what a batch of sends sees, and how it changes conversations.
type scene struct {
	convs   map[string]*conversation.Conversation
	changed []*conversation.Conversation
	members map[pair]membership
	keys    map[sender]*conversation.SentKey
}

type pair struct{ conv, user string }

type membership struct{ banned bool }

type sender struct{ app, user, key string }

// send stores what a batch of messages may store, in a few statements.
func (s *Conversations) send(tx *Tx, items []*conversation.Outgoing) error {
	at := time.Now().UTC().Truncate(time.Microsecond)
	tick, sc, err := look(tx, conversation.TickAt(at), items)
	if err != nil {
		return err
	}
	var messages, keys, outbox [][]any
	for i, o := range items {
		if !sc.admit(o, tick+conversation.Tick(i), at) {
			continue
		}
		if !o.Transient {
			messages = append(messages, messageRow(o.Message))
		}
		if o.Relay {
			outbox = append(outbox, []any{o.Conversation, o.Seq, 0, 0, ""})
		}
		if o.ClientKey != "" {
			keys = append(keys, []any{o.App, o.From, o.ClientKey, o.Digest, o.ID, o.Seq, o.At.UnixMicro()})
		}
	}
	d := tx.Dialect()
	return tx.together(slices.Concat(
		inserts(d, d.Insert, "messages", messageFields, messages),
		inserts(d, d.Insert, "send_keys", keyFields, keys),
		inserts(d, d.Insert, "relay_outbox", outboxFields, outbox),
		updateLast(d, sc.changed),
	)...)
}

// ticks takes n ticks, none before earliest; last becomes the last of them. The
// row stays locked until the commit, so ticks rise in the order of commits.
func ticks(d Dialect, earliest conversation.Tick, n int, last *int64) []stmt {
	return d.countUp("UPDATE message_clock SET tick = CASE WHEN tick < ? THEN ? ELSE tick + ? END",
		"message_clock", "tick", "id = 1", last, int64(earliest), int64(earliest)+int64(n), n)
}

// look reads what Admit needs to know of all items at once, and takes as many
// ticks, of which it returns the first. The clock comes first: whoever has it
// sees all that was sent before.
func look(tx *Tx, earliest conversation.Tick, items []*conversation.Outgoing) (conversation.Tick, *scene, error) {
	sc := &scene{
		convs:   make(map[string]*conversation.Conversation),
		members: make(map[pair]membership),
		keys:    make(map[sender]*conversation.SentKey),
	}
	var ids []string
	var pairs []pair
	for _, o := range items {
		if _, seen := sc.convs[o.Conversation]; !seen {
			sc.convs[o.Conversation] = nil
			ids = append(ids, o.Conversation)
		}
		pairs = append(pairs, pair{o.Conversation, o.From})
	}
	slices.Sort(ids)
	slices.SortFunc(pairs, func(a, b pair) int { return cmp.Or(cmp.Compare(a.conv, b.conv), cmp.Compare(a.user, b.user)) })
	d, last := tx.Dialect(), int64(0)
	err := tx.together(slices.Concat(
		ticks(d, earliest, len(items), &last),
		sc.conversations(d, ids),
		sc.memberships(d, slices.Compact(pairs)),
		sc.sentKeys(d, items),
	)...)
	return conversation.Tick(last - int64(len(items)) + 1), sc, err
}

func (sc *scene) conversations(d Dialect, ids []string) (reads []stmt) {
	for part := range slices.Chunk(ids, listSize) {
		reads = append(reads, stmt{
			query: "SELECT " + conversationColumns + " FROM conversations c WHERE c.id IN (" + Marks(padded(len(part))) + ") ORDER BY c.id" + d.ForUpdate(),
			args:  pad(part),
			row: func(row scanner) error {
				c, err := scanConversation(row)
				sc.convs[c.ID] = &c
				return err
			},
		})
	}
	return reads
}

func (sc *scene) memberships(d Dialect, pairs []pair) (reads []stmt) {
	for part := range slices.Chunk(pairs, listSize) {
		reads = append(reads, stmt{
			query: `SELECT m.conv_id, m.user_id, u.banned FROM members m
				JOIN users u ON u.app_id = m.app_id AND u.id = m.user_id
				WHERE m.left_us = 0 AND (m.conv_id, m.user_id) IN ` + d.pairs(padded(len(part))),
			args: padPairs(part),
			row: func(row scanner) error {
				var p pair
				var m membership
				err := row.Scan(&p.conv, &p.user, &m.banned)
				sc.members[p] = m
				return err
			},
		})
	}
	return reads
}

func (sc *scene) sentKeys(d Dialect, items []*conversation.Outgoing) (reads []stmt) {
	byApp := make(map[string][]pair)
	for _, o := range items {
		if o.ClientKey != "" {
			byApp[o.App] = append(byApp[o.App], pair{o.From, o.ClientKey})
		}
	}
	for app, all := range byApp {
		for part := range slices.Chunk(all, listSize) {
			reads = append(reads, stmt{
				query: "SELECT sender, client_key, digest, msg_id, seq, at_us FROM send_keys WHERE app_id = ? AND (sender, client_key) IN " +
					d.pairs(padded(len(part))),
				args: append([]any{app}, padPairs(part)...),
				row: func(row scanner) error {
					k, s, at := &conversation.SentKey{}, sender{app: app}, int64(0)
					err := row.Scan(&s.user, &s.key, &k.Digest, &k.ID, &k.Seq, &at)
					k.At = micros(at)
					sc.keys[s] = k
					return err
				},
			})
		}
	}
	return reads
}

func padPairs(pairs []pair) []any {
	out := make([]any, 0, 2*padded(len(pairs)))
	for i := range padded(len(pairs)) {
		p := pairs[min(i, len(pairs)-1)]
		out = append(out, p.conv, p.user)
	}
	return out
}

// admit asks the domain about o and gives it its place after those before it.
func (sc *scene) admit(o *conversation.Outgoing, tick conversation.Tick, at time.Time) bool {
	c := sc.convs[o.Conversation]
	if c != nil && c.App != o.App {
		c = nil
	}
	m, member := sc.members[pair{o.Conversation, o.From}]
	key := sender{o.App, o.From, o.ClientKey}
	if !o.Admit(conversation.Found{Conversation: c, Member: member, Banned: m.banned, Key: sc.keys[key]}) {
		return false
	}
	seq := int64(0)
	if !o.Transient {
		if seq = c.Last.Seq + 1; !slices.Contains(sc.changed, c) {
			sc.changed = append(sc.changed, c)
		}
	}
	o.Place(tick, at, seq, c.Type)
	if !o.Transient {
		c.Last = conversation.Last{Seq: seq, ID: o.ID, From: o.From, At: o.At}
	}
	if o.ClientKey != "" {
		sc.keys[key] = &conversation.SentKey{Digest: o.Digest, ID: o.ID, Seq: seq, At: o.At}
	}
	return true
}

var (
	messageFields = []string{"conv_id", "seq", "app_id", "msg_id", "sender", "type", "status", "content", "attr", "url",
		"no_sync", "mention_all", "mentions", "at_us"}
	outboxFields = []string{"conv_id", "seq", "due_us", "attempts", "after_user"}
	keyFields    = []string{"app_id", "sender", "client_key", "digest", "msg_id", "seq", "at_us"}
)

func messageRow(m conversation.Message) []any {
	mentions := ""
	if len(m.Mentions) > 0 {
		b, _ := json.Marshal(m.Mentions) // strings always marshal
		mentions = string(b)
	}
	return []any{m.Conversation, m.Seq, m.App, m.ID, m.From, m.Type, m.Status, m.Text, jsonOrNull(m.Attr), m.URL,
		flag(m.NoSync), flag(m.MentionAll), mentions, m.At.UnixMicro()}
}

// updateLast writes the newest message of each conversation, which the
// transaction has locked, many to a statement.
func updateLast(d Dialect, changed []*conversation.Conversation) (updates []stmt) {
	for part := range slices.Chunk(changed, d.updatesAtOnce()) {
		n := padded(len(part))
		cases := strings.Repeat(" WHEN ? THEN ?", n)
		var seqs, ids, froms, times, where []any
		for i := range n {
			c := part[min(i, len(part)-1)]
			seqs = append(seqs, c.ID, c.Last.Seq)
			ids = append(ids, c.ID, c.Last.ID)
			froms = append(froms, c.ID, c.Last.From)
			times = append(times, c.ID, c.Last.At.UnixMicro())
			where = append(where, c.ID)
		}
		updates = append(updates, stmt{
			query: "UPDATE conversations SET last_seq = CASE id" + cases + " ELSE last_seq END, last_msg_id = CASE id" + cases +
				" ELSE last_msg_id END, last_sender = CASE id" + cases + " ELSE last_sender END, last_us = CASE id" + cases +
				" ELSE last_us END WHERE id IN (" + Marks(n) + ")",
			args: slices.Concat(seqs, ids, froms, times, where),
		})
	}
	return updates
}

// ForgetKeys implements conversation.Store.
func (s *Conversations) ForgetKeys(ctx context.Context, t time.Time, limit int) (n int, err error) {
	err = s.db.Write(ctx, func(tx *Tx) error {
		n = 0
		rows, err := tx.Query("SELECT app_id, sender, client_key FROM send_keys WHERE at_us < ? ORDER BY at_us LIMIT ?"+
			tx.Dialect().SkipLocked(), t.UnixMicro(), limit)
		if err != nil {
			return err
		}
		old, err := collect(rows, func(row scanner) (k sender, err error) { return k, row.Scan(&k.app, &k.user, &k.key) })
		if err != nil {
			return err
		}
		for _, k := range old {
			if _, err := tx.Exec("DELETE FROM send_keys WHERE app_id = ? AND sender = ? AND client_key = ?", k.app, k.user, k.key); err != nil {
				return err
			}
		}
		n = len(old)
		return nil
	})
	return n, err
}
