package conversationsql

import (
	"context"
	"slices"

	"switchboard/app/conversation"
	"switchboard/app/sqldb"
)

const unreadLimit = 1000 // messages of one conversation that are looked at to count the unread

// activity is when a conversation c was last of interest to its member b.
const activity = "CASE WHEN c.last_us > b.joined_us THEN c.last_us ELSE b.joined_us END"

// inboxQuery chooses the page from the member's rows after a place, and counts for it alone.
func inboxQuery(after string) string {
	return "SELECT " + conversationColumns + `, p.join_seq, p.active_us,
		(SELECT COUNT(*) FROM messages u WHERE u.conv_id = c.id AND u.seq > p.read_seq AND u.seq > c.last_seq - ? AND u.sender <> ?)
		FROM (SELECT b.conv_id, b.join_seq, CASE WHEN b.read_seq > b.join_seq THEN b.read_seq ELSE b.join_seq END AS read_seq, ` + activity + ` AS active_us
			FROM members b JOIN conversations c ON c.id = b.conv_id AND c.deleted = 0
			WHERE b.app_id = ? AND b.user_id = ? AND b.left_us = 0` + after + `
			ORDER BY active_us DESC, b.conv_id LIMIT ?) p
		JOIN conversations c ON c.id = p.conv_id ORDER BY p.active_us DESC, c.id`
}

// Inbox implements conversation.Store: one statement over the member's rows, which
// members_user has, and one for the last messages of the page.
func (s *Store) Inbox(ctx context.Context, app, user string, open bool, from conversation.Place, limit int) ([]conversation.Entry, error) {
	after, args := "", []any{app, user}
	if from.ID != "" {
		after = " AND (" + activity + " < ? OR " + activity + " = ? AND b.conv_id > ?)"
		args = append(args, from.At.UnixMicro(), from.At.UnixMicro(), from.ID)
	}
	rows, err := s.db.Query(ctx, inboxQuery(after), append(append([]any{unreadLimit, user}, args...), limit)...)
	if err != nil {
		return nil, err
	}
	var joinSeqs []int64
	entries, err := sqldb.Collect(rows, func(row sqldb.Scanner) (e conversation.Entry, err error) {
		var join, active int64
		e.Conversation, err = scanConversation(sqldb.WithColumns(row, &join, &active, &e.Unread))
		if e.Active = sqldb.Time(active); open {
			join = 0
		}
		joinSeqs = append(joinSeqs, join)
		return e, err
	})
	if err != nil {
		return nil, err
	}
	return entries, s.addLast(ctx, app, entries, joinSeqs)
}

// addLast reads the newest message of each entry whose member may see it.
func (s *Store) addLast(ctx context.Context, app string, entries []conversation.Entry, joinSeqs []int64) error {
	var ids []string
	at := make(map[string]int)
	for i, e := range entries {
		if e.Last.Seq > joinSeqs[i] {
			ids = append(ids, e.Last.ID)
			at[e.Last.ID] = i
		}
	}
	for part := range slices.Chunk(ids, sqldb.MaxList) {
		list, args := sqldb.InList(part)
		found, err := s.messages(ctx, "SELECT "+messageColumns+" FROM messages m WHERE m.app_id = ? AND m.msg_id IN "+list, append([]any{app}, args...)...)
		if err != nil {
			return err
		}
		for _, m := range found {
			entries[at[m.ID]].LastMessage = &m
		}
	}
	return nil
}

// FindFrom implements conversation.Store.
func (s *Store) FindFrom(ctx context.Context, app, viewer string, w conversation.Where, from conversation.Place, limit int) ([]conversation.Conversation, error) {
	where, args := visible(app, viewer, w)
	if from.ID != "" {
		where += " AND (c.created_us < ? OR c.created_us = ? AND c.id > ?)"
		args = append(args, from.At.UnixMicro(), from.At.UnixMicro(), from.ID)
	}
	rows, err := s.db.Query(ctx, "SELECT "+conversationColumns+" FROM conversations c WHERE "+where+
		" ORDER BY c.created_us DESC, c.id LIMIT ?", append(args, limit)...)
	if err != nil {
		return nil, err
	}
	return sqldb.Collect(rows, scanConversation)
}

// MarkRead implements conversation.Store.
func (s *Store) MarkRead(ctx context.Context, conv, user string, seq int64) error {
	return s.db.WriteKeyed(ctx, conv, func(tx *sqldb.Tx) error {
		_, err := tx.Exec("UPDATE members SET read_seq = ? WHERE conv_id = ? AND user_id = ? AND left_us = 0 AND read_seq < ?", seq, conv, user, seq)
		return err
	})
}
