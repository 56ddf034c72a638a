package conversationsql

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"switchboard/app/conversation"
	"switchboard/app/sqldb"
)

// Send implements conversation.Store.
func (s *Store) Send(ctx context.Context, o *conversation.Outgoing) error {
	return s.sends.Write(ctx, o)
}

// sendState is what a batch of sends sees, and how it changes conversations.
type sendState struct {
	convs    map[string]*conversation.Conversation // only what Admit and Place look at
	versions map[string]int64                      // of their member lists
	changed  []*conversation.Conversation
	members  map[pair]membership
	keys     map[sender]*conversation.SentKey
}

type pair struct{ conv, user string }

type membership struct{ banned bool }

type sender struct{ app, user, key string }

// sendBatch stores what a batch of messages may store, in a few statements.
func (s *Store) sendBatch(tx *sqldb.Tx, items []*conversation.Outgoing) error {
	at := time.Now().UTC().Truncate(time.Microsecond)
	state, err := loadSendState(tx, conversation.TickAt(at), items)
	if err != nil {
		return err
	}
	var messages, keys, outbox [][]any
	for _, o := range items {
		if !state.admit(o, at) {
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
	return tx.Last(slices.Concat(
		sqldb.InsertStmts(d, d.Insert, "messages", messageFields, messages),
		sqldb.InsertStmts(d, d.Insert, "send_keys", keyFields, keys),
		sqldb.InsertStmts(d, d.Insert, "relay_outbox", outboxFields, outbox),
		updateLast(d, state.changed),
	)...)
}

// ticks takes n ticks, none before earliest; last becomes the last of them, and previous
// the one that anybody took before. The row stays locked until the commit, so ticks rise
// in the order of commits.
func ticks(d sqldb.Dialect, earliest conversation.Tick, n int, last, previous *int64) []sqldb.Stmt {
	return d.UpdateReturning("UPDATE message_clock SET previous = tick, tick = CASE WHEN tick < ? THEN ? ELSE tick + ? END",
		"message_clock", "tick, previous", "id = 1", []any{last, previous}, int64(earliest), int64(earliest)+int64(n), n)
}

// loadSendState reads what Admit needs to know of all items at once, and gives each its
// tick. The clock comes first: whoever has it sees all that was sent before.
func loadSendState(tx *sqldb.Tx, earliest conversation.Tick, items []*conversation.Outgoing) (*sendState, error) {
	state := &sendState{
		convs:    make(map[string]*conversation.Conversation),
		versions: make(map[string]int64),
		members:  make(map[pair]membership),
		keys:     make(map[sender]*conversation.SentKey),
	}
	var ids []string
	var pairs []pair
	for _, o := range items {
		if _, seen := state.convs[o.Conversation]; !seen {
			state.convs[o.Conversation] = nil
			ids = append(ids, o.Conversation)
		}
		pairs = append(pairs, pair{o.Conversation, o.From})
	}
	slices.Sort(ids)
	slices.SortFunc(pairs, func(a, b pair) int { return cmp.Or(cmp.Compare(a.conv, b.conv), cmp.Compare(a.user, b.user)) })
	d := tx.Dialect()
	var last, previous int64
	err := tx.Pipeline(slices.Concat(
		ticks(d, earliest, len(items), &last, &previous),
		state.conversations(d, ids),
		state.memberships(d, slices.Compact(pairs)),
		state.sentKeys(d, items),
	)...)
	before := conversation.Tick(previous)
	for i, o := range items {
		o.Before, o.After, o.Tick = before, conversation.Tick(previous), conversation.Tick(last-int64(len(items)-1-i))
		previous = int64(o.Tick)
	}
	return state, err
}

func (state *sendState) conversations(d sqldb.Dialect, ids []string) (reads []sqldb.Stmt) {
	for part := range slices.Chunk(ids, sqldb.MaxList) {
		list, args := sqldb.InList(part)
		reads = append(reads, sqldb.Stmt{
			Query: "SELECT id, app_id, type, archived, deleted, last_seq, member_version FROM conversations WHERE id IN " + list + " ORDER BY id" + d.ForUpdate(),
			Args:  args,
			Row: func(row sqldb.Scanner) error {
				c, version := &conversation.Conversation{}, int64(0)
				err := row.Scan(&c.ID, &c.App, &c.Type, &c.Archived, &c.Deleted, &c.Last.Seq, &version)
				state.convs[c.ID], state.versions[c.ID] = c, version
				return err
			},
		})
	}
	return reads
}

func (state *sendState) memberships(d sqldb.Dialect, pairs []pair) (reads []sqldb.Stmt) {
	for part := range slices.Chunk(pairs, sqldb.MaxList) {
		list, args := d.InPairs(split(part))
		reads = append(reads, sqldb.Stmt{
			Query: `SELECT m.conv_id, m.user_id, u.banned FROM members m
				JOIN users u ON u.app_id = m.app_id AND u.id = m.user_id
				WHERE m.left_us = 0 AND (m.conv_id, m.user_id) IN ` + list,
			Args: args,
			Row: func(row sqldb.Scanner) error {
				var p pair
				var m membership
				err := row.Scan(&p.conv, &p.user, &m.banned)
				state.members[p] = m
				return err
			},
		})
	}
	return reads
}

func (state *sendState) sentKeys(d sqldb.Dialect, items []*conversation.Outgoing) (reads []sqldb.Stmt) {
	byApp := make(map[string][]pair)
	for _, o := range items {
		if o.ClientKey != "" {
			byApp[o.App] = append(byApp[o.App], pair{o.From, o.ClientKey})
		}
	}
	for app, all := range byApp {
		for part := range slices.Chunk(all, sqldb.MaxList) {
			list, args := d.InPairs(split(part))
			reads = append(reads, sqldb.Stmt{
				Query: "SELECT sender, client_key, digest, msg_id, seq, at_us FROM send_keys WHERE app_id = ? AND (sender, client_key) IN " + list,
				Args:  append([]any{app}, args...),
				Row: func(row sqldb.Scanner) error {
					k, s, at := &conversation.SentKey{}, sender{app: app}, int64(0)
					err := row.Scan(&s.user, &s.key, &k.Digest, &k.ID, &k.Seq, &at)
					k.At = sqldb.Time(at)
					state.keys[s] = k
					return err
				},
			})
		}
	}
	return reads
}

func split(pairs []pair) (convs, users []string) {
	for _, p := range pairs {
		convs, users = append(convs, p.conv), append(users, p.user)
	}
	return convs, users
}

// admit asks the domain about o and gives it its place after those before it.
func (state *sendState) admit(o *conversation.Outgoing, at time.Time) bool {
	c := state.convs[o.Conversation]
	o.MemberVersion = state.versions[o.Conversation]
	if c != nil && c.App != o.App {
		c = nil
	}
	m, member := state.members[pair{o.Conversation, o.From}]
	key := sender{o.App, o.From, o.ClientKey}
	if !o.Admit(conversation.Found{Conversation: c, Member: member, Banned: m.banned, Key: state.keys[key]}) {
		return false
	}
	seq := int64(0)
	if !o.Transient {
		if seq = c.Last.Seq + 1; !slices.Contains(state.changed, c) {
			state.changed = append(state.changed, c)
		}
	}
	o.Place(o.Tick, at, seq, c.Type)
	if !o.Transient {
		c.Last = conversation.Last{Seq: seq, ID: o.ID, From: o.From, At: o.At}
	}
	if o.ClientKey != "" {
		state.keys[key] = &conversation.SentKey{Digest: o.Digest, ID: o.ID, Seq: seq, At: o.At}
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
	return []any{m.Conversation, m.Seq, m.App, m.ID, m.From, m.Type, m.Status, m.Text, sqldb.NullJSON(m.Attr), m.URL,
		sqldb.Flag(m.NoSync), sqldb.Flag(m.MentionAll), mentions, m.At.UnixMicro()}
}

var lastFields = []string{"id", "last_seq", "last_msg_id", "last_sender", "last_us"}

// updateLast writes the newest message of each conversation, which the
// transaction has locked.
func updateLast(d sqldb.Dialect, changed []*conversation.Conversation) []sqldb.Stmt {
	var rows [][]any
	for _, c := range changed {
		rows = append(rows, []any{c.ID, c.Last.Seq, c.Last.ID, c.Last.From, c.Last.At.UnixMicro()})
	}
	return d.UpdateEach("conversations", lastFields, rows)
}

// ForgetKeys implements conversation.Store.
func (s *Store) ForgetKeys(ctx context.Context, t time.Time, limit int) (int, error) {
	sent, err := s.forgetKeys(ctx, "send_keys", []string{"app_id", "sender", "client_key"}, t, limit)
	if err != nil {
		return sent, err
	}
	made, err := s.forgetKeys(ctx, "create_keys", []string{"app_id", "caller", "idem_key"}, t, limit)
	return max(sent, made), err
}

// forgetKeys drops the oldest rows of a table of keys, found again by the columns by.
func (s *Store) forgetKeys(ctx context.Context, table string, by []string, t time.Time, limit int) (n int, err error) {
	err = s.db.Write(ctx, func(tx *sqldb.Tx) error {
		n = 0
		rows, err := tx.Query("SELECT "+strings.Join(by, ", ")+" FROM "+table+" WHERE at_us < ? ORDER BY at_us LIMIT ?"+
			tx.Dialect().SkipLocked(), t.UnixMicro(), limit)
		if err != nil {
			return err
		}
		old, err := sqldb.Collect(rows, func(row sqldb.Scanner) (k sender, err error) { return k, row.Scan(&k.app, &k.user, &k.key) })
		if err != nil {
			return err
		}
		for _, k := range old {
			if _, err := tx.Exec("DELETE FROM "+table+" WHERE "+strings.Join(by, " = ? AND ")+" = ? AND at_us < ?", k.app, k.user, k.key, t.UnixMicro()); err != nil {
				return err
			}
		}
		n = len(old)
		return nil
	})
	return n, err
}
