package conversationsql

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"sort"

	"switchboard/app/conversation"
	"switchboard/app/sqldb"
)

const messageColumns = `m.conv_id, m.seq, m.app_id, m.msg_id, m.sender, m.type, m.status, m.content, m.attr, m.url,
	m.no_sync, m.mention_all, m.mentions, m.at_us`

func scanMessage(row sqldb.Scanner) (conversation.Message, error) {
	var (
		m              conversation.Message
		attr, mentions []byte
		at             int64
	)
	err := row.Scan(&m.Conversation, &m.Seq, &m.App, &m.ID, &m.From, &m.Type, &m.Status, &m.Text, &attr, &m.URL,
		&m.NoSync, &m.MentionAll, &mentions, &at)
	m.Attr, m.At = attr, sqldb.Time(at)
	if err == nil && len(mentions) > 0 {
		err = json.Unmarshal(mentions, &m.Mentions)
	}
	return m, err
}

func (s *Store) messages(ctx context.Context, query string, args ...any) ([]conversation.Message, error) {
	rows, err := s.db.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	return sqldb.Collect(rows, scanMessage)
}

// Messages implements conversation.Store.
func (s *Store) Messages(ctx context.Context, conv string, from, to int64, limit int, newest bool) ([]conversation.Message, error) {
	query, args := "SELECT "+messageColumns+" FROM messages m WHERE m.conv_id = ? AND m.seq >= ?", []any{conv, from}
	if to > 0 {
		query += " AND m.seq <= ?"
		args = append(args, to)
	}
	order := " ORDER BY m.seq LIMIT ?"
	if newest {
		order = " ORDER BY m.seq DESC LIMIT ?"
	}
	found, err := s.messages(ctx, query+order, append(args, limit)...)
	if newest {
		slices.Reverse(found)
	}
	return found, err
}

// What the log's index has to find; a test sees that it does.
const (
	logAfter = "SELECT " + messageColumns + `, c.member_version FROM messages m JOIN conversations c ON c.id = m.conv_id
		WHERE m.msg_id > ? AND m.app_id = ? ORDER BY m.msg_id LIMIT ?`
	logEnd  = "SELECT msg_id FROM messages WHERE app_id = ? ORDER BY msg_id DESC LIMIT 1"
	seqOfID = "SELECT seq FROM messages WHERE app_id = (SELECT app_id FROM conversations WHERE id = ?) AND msg_id = ? AND conv_id = ? AND seq > 0"
)

// SeqOf implements conversation.Store.
func (s *Store) SeqOf(ctx context.Context, conv, id string) (int64, bool, error) {
	var seq int64
	err := s.db.QueryRow(ctx, seqOfID, conv, id, conv).Scan(&seq)
	if !errors.Is(err, sql.ErrNoRows) {
		return seq, err == nil, err
	}
	// Ids rise with seqs, which have no gaps but that the oldest may have been swept away:
	// search by halves. What is gone is below every id that can still be told apart.
	err = s.db.QueryRow(ctx, "SELECT last_seq FROM conversations WHERE id = ?", conv).Scan(&seq)
	if errors.Is(err, sql.ErrNoRows) {
		err = conversation.ErrUnknownConversation
	}
	if err != nil {
		return 0, false, err
	}
	above := sort.Search(int(seq), func(i int) bool {
		if err != nil {
			return true
		}
		var found string
		err = sqldb.IgnoreNoRows(s.db.QueryRow(ctx, "SELECT msg_id FROM messages WHERE conv_id = ? AND seq = ?", conv, i+1).Scan(&found))
		return found > id
	})
	return int64(above), false, err
}

// Since implements conversation.Store. No more than limit messages, and as many
// notices, of each conversation are looked at: their seqs count.
func (s *Store) Since(ctx context.Context, app, user, after string, open bool, limit int) ([]conversation.Message, error) {
	seen := " AND m.seq > b.join_seq"
	if open {
		seen = ""
	}
	// A notice is at the version of the member list that it tells of, and a member's row
	// at that of their own coming or going: what comes later is for who is still there.
	return s.messages(ctx, "SELECT "+messageColumns+` FROM members b
		JOIN conversations c ON c.id = b.conv_id AND c.deleted = 0 AND c.last_msg_id > ?
		JOIN messages m ON m.conv_id = c.id AND m.seq > c.last_seq - ? AND m.seq > 0 AND m.msg_id > ?`+seen+`
		WHERE b.app_id = ? AND b.user_id = ? AND b.left_us = 0
		UNION ALL SELECT `+messageColumns+` FROM members b
		JOIN conversations c ON c.id = b.conv_id AND c.last_notice_id > ?
		JOIN messages m ON m.conv_id = c.id AND m.seq < ? - c.member_version AND m.seq < 0 AND m.msg_id > ?
		WHERE b.app_id = ? AND b.user_id = ? AND (m.seq = -b.member_version OR b.left_us = 0 AND m.mention_all <> 0
			AND m.seq < -b.member_version AND (c.deleted = 0 OR m.seq = -c.member_version))
		ORDER BY msg_id LIMIT ?`, after, limit, after, app, user, after, limit, after, app, user, limit)
}

// After implements conversation.Store.
func (s *Store) After(ctx context.Context, app, id string, limit int) ([]conversation.Logged, error) {
	rows, err := s.db.Query(ctx, logAfter, id, app, limit)
	if err != nil {
		return nil, err
	}
	return sqldb.Collect(rows, func(row sqldb.Scanner) (l conversation.Logged, err error) {
		l.Message, err = scanMessage(sqldb.WithColumns(row, &l.MemberVersion))
		return l, err
	})
}

// LastID implements conversation.Store.
func (s *Store) LastID(ctx context.Context, app string) (string, error) {
	id, err := sqldb.ScanOne[string](s.db.QueryRow(ctx, logEnd, app))
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return id, err
}
