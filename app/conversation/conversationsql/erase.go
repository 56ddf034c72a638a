package conversationsql

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"switchboard/app/conversation"
	"switchboard/app/sqldb"
)

const eraseRows = 200 // messages that one step looks at

// EraseUser takes a step of taking user out of every conversation: what they said goes,
// and pseudonym stands where an id must stand. Cursor is empty at first; next is empty at
// the end. A step may be made again.
func (s *Store) EraseUser(ctx context.Context, app, user, pseudonym, cursor string) (next string, n int, err error) {
	conv, from, err := s.erasePlace(ctx, app, user, cursor)
	if err != nil {
		return "", 0, err
	}
	if conv == "" {
		n, err := s.eraseKeys(ctx, app, user)
		if err == nil && n == eraseRows {
			next = keysCursor
		}
		return next, n, err
	}
	rows, err := s.messages(ctx, "SELECT "+messageColumns+" FROM messages m WHERE m.conv_id = ? AND m.seq >= ? ORDER BY m.seq LIMIT ?", conv, from, eraseRows)
	if err != nil {
		return "", 0, err
	}
	changed := slices.DeleteFunc(slices.Clone(rows), func(m conversation.Message) bool { return !about(m, user) })
	last := len(rows) < eraseRows
	err = s.db.WriteKeyed(ctx, conv, func(tx *sqldb.Tx) error {
		for _, m := range changed {
			if err := eraseMessage(tx, m, user, pseudonym); err != nil {
				return err
			}
		}
		if last {
			return eraseMember(tx, conv, user, pseudonym)
		}
		return nil
	})
	switch {
	case err != nil:
		return "", 0, err
	case last:
		return nextConversation, len(changed), nil
	}
	return conv + "\n" + strconv.FormatInt(rows[len(rows)-1].Seq+1, 10), len(changed), nil
}

// Cursors that name no conversation: the first that is left, and the keys behind them all.
const (
	nextConversation = "next"
	keysCursor       = "keys"
)

// erasePlace is where the step begins. A conversation that is begun is left first: from
// then on nothing of the user's can come into it.
func (s *Store) erasePlace(ctx context.Context, app, user, cursor string) (conv string, from int64, err error) {
	if name, seq, found := strings.Cut(cursor, "\n"); found {
		from, err = strconv.ParseInt(seq, 10, 64)
		return name, from, err
	}
	if cursor == keysCursor {
		return "", 0, nil
	}
	err = s.db.QueryRow(ctx, "SELECT conv_id FROM members WHERE app_id = ? AND user_id = ? ORDER BY conv_id LIMIT 1", app, user).Scan(&conv)
	if err != nil {
		return "", 0, sqldb.IgnoreNoRows(err)
	}
	_, err = s.RemoveMembers(ctx, app, conv, conversation.Removal{Users: []string{user}, Own: true, At: time.Now().UTC().Truncate(time.Microsecond)})
	if errors.Is(err, conversation.ErrUnknownConversation) {
		err = nil // it is deleted, and nobody comes into it
	}
	return conv, -1 << 62, err
}

// about says whether a message is the user's, mentions them or, a notice, tells of them.
func about(m conversation.Message, user string) bool {
	if m.From == user || slices.Contains(m.Mentions, user) {
		return true
	}
	n := m.Notice()
	return n != nil && (n.By == user || slices.Contains(n.Users, user))
}

// eraseMessage leaves a message of the user's its place and nothing else, and one of
// others all but the user's id.
func eraseMessage(tx *sqldb.Tx, m conversation.Message, user, pseudonym string) error {
	notice := m.Notice()
	switch {
	case m.From == user:
		m.From, m.Text, m.Attr, m.URL, m.Mentions = pseudonym, "", nil, "", nil
		if _, err := tx.Exec("DELETE FROM relay_outbox WHERE conv_id = ? AND seq = ?", m.Conversation, m.Seq); err != nil {
			return err
		}
	case notice != nil:
		if notice.By == user {
			notice.By = pseudonym
		}
		notice.Users = renamed(notice.Users, user, pseudonym)
		text, err := json.Marshal(notice)
		if err != nil {
			return err
		}
		m.Text = string(text)
	}
	m.Mentions = renamed(m.Mentions, user, pseudonym)
	row := messageRow(m)
	_, err := tx.Exec("UPDATE messages SET sender = ?, content = ?, attr = ?, url = ?, mentions = ? WHERE conv_id = ? AND seq = ?",
		row[4], row[7], row[8], row[9], row[12], m.Conversation, m.Seq)
	return err
}

func renamed(users []string, user, pseudonym string) []string {
	out := slices.Clone(users)
	for i, u := range out {
		if u == user {
			out[i] = pseudonym
		}
	}
	return out
}

// eraseMember ends a conversation's part. Two people whose conversation it was do not come
// back into it: whoever has the id next is somebody else.
func eraseMember(tx *sqldb.Tx, conv, user, pseudonym string) error {
	if _, err := tx.Exec("UPDATE conversations SET creator = CASE WHEN creator = ? THEN ? ELSE creator END, last_sender = CASE WHEN last_sender = ? THEN ? ELSE last_sender END,"+
		" pair_key = NULL WHERE id = ?", user, pseudonym, user, pseudonym, conv); err != nil {
		return err
	}
	_, err := tx.Exec("DELETE FROM members WHERE conv_id = ? AND user_id = ?", conv, user)
	return err
}

// eraseKeys forgets some of the keys with which the user sent and made conversations.
func (s *Store) eraseKeys(ctx context.Context, app, user string) (n int, err error) {
	err = s.db.WriteKeyed(ctx, user, func(tx *sqldb.Tx) error {
		rows, err := tx.Query("SELECT client_key FROM send_keys WHERE app_id = ? AND sender = ? LIMIT ?", app, user, eraseRows)
		if err != nil {
			return err
		}
		keys, err := sqldb.Collect(rows, sqldb.ScanOne[string])
		if n = len(keys); err != nil {
			return err
		}
		for _, key := range keys {
			if _, err := tx.Exec("DELETE FROM send_keys WHERE app_id = ? AND sender = ? AND client_key = ?", app, user, key); err != nil {
				return err
			}
		}
		_, err = tx.Exec("DELETE FROM create_keys WHERE app_id = ? AND caller = ?", app, user)
		return err
	})
	return n, err
}

// ForgetUser deletes the user's own row: whoever comes with the id is new.
func (s *Store) ForgetUser(ctx context.Context, app, user string) (n int, err error) {
	err = s.db.WriteKeyed(ctx, user, func(tx *sqldb.Tx) error {
		gone, err := tx.Exec("DELETE FROM users WHERE app_id = ? AND id = ?", app, user)
		if n = int(gone); err == nil && n > 0 {
			_, err = tx.Exec("UPDATE ban_clock SET tick = tick + 1 WHERE id = 1")
		}
		return err
	})
	return n, err
}

// Said lists messages that the user sent in one conversation, from a seq on; at most limit
// messages of the conversation are looked at. Next is 0 at its end.
func (s *Store) Said(ctx context.Context, conv, user string, from int64, limit int) (said []conversation.Message, next int64, err error) {
	rows, err := s.messages(ctx, "SELECT "+messageColumns+" FROM messages m WHERE m.conv_id = ? AND m.seq >= ? ORDER BY m.seq LIMIT ?", conv, max(from, 1), limit)
	if len(rows) == limit {
		next = rows[limit-1].Seq + 1
	}
	return slices.DeleteFunc(rows, func(m conversation.Message) bool { return m.From != user }), next, err
}

// TookPart is one conversation that a user is or was in.
type TookPart struct {
	conversation.Conversation
	Joined, Left time.Time // Left zero: still in
}

// TookPartIn lists the conversations of a user by id, from behind one.
func (s *Store) TookPartIn(ctx context.Context, app, user, behind string, limit int) ([]TookPart, error) {
	rows, err := s.db.Query(ctx, "SELECT "+conversationColumns+`, b.joined_us, b.left_us FROM members b JOIN conversations c ON c.id = b.conv_id
		WHERE b.app_id = ? AND b.user_id = ? AND b.conv_id > ? ORDER BY b.conv_id LIMIT ?`, app, user, behind, limit)
	if err != nil {
		return nil, err
	}
	return sqldb.Collect(rows, func(row sqldb.Scanner) (p TookPart, err error) {
		var joined, left int64
		p.Conversation, err = scanConversation(sqldb.WithColumns(row, &joined, &left))
		p.Joined, p.Left = sqldb.Time(joined), sqldb.Time(left)
		return p, err
	})
}
