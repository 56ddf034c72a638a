// Package conversationsql keeps conversations in SQL: users, members, messages, client
// keys and the relay's outbox. Sends are written in batches.
package conversationsql

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"switchboard/app/conversation"
	"switchboard/app/sqldb"
)

// Store is the store of the conversation domain.
type Store struct {
	db    *sqldb.DB
	sends *sqldb.Batch[*conversation.Outgoing]

	// Sent, unless nil, is told what each commit of this process did, in the order of the
	// log, before its senders are answered. It must not block, and keeps none of it. Set it
	// before the first send.
	Sent func([]*conversation.Outgoing)
}

var _ conversation.Store = (*Store)(nil)

// New keeps conversations in db. One per DB.
func New(db *sqldb.DB) *Store {
	s := &Store{db: db}
	s.sends = sqldb.NewBatch(db, s.sendBatch, s.tellSent)
	return s
}

func (s *Store) tellSent(items []*conversation.Outgoing) {
	if s.Sent != nil {
		s.Sent(items)
	}
}

const conversationColumns = `c.id, c.app_id, c.type, c.creator, c.ext, c.created_us, c.updated_us, c.archived,
	c.deleted, c.members, c.last_seq, c.last_msg_id, c.last_sender, c.last_us`

func scanConversation(row sqldb.Scanner) (conversation.Conversation, error) {
	var (
		c                      conversation.Conversation
		ext                    []byte
		created, updated, last int64
	)
	err := row.Scan(&c.ID, &c.App, &c.Type, &c.Creator, &ext, &created, &updated, &c.Archived,
		&c.Deleted, &c.Members, &c.Last.Seq, &c.Last.ID, &c.Last.From, &last)
	c.Ext, c.Created, c.Updated, c.Last.At = ext, sqldb.Time(created), sqldb.Time(updated), sqldb.Time(last)
	return c, err
}

// Conversation implements conversation.Store.
func (s *Store) Conversation(ctx context.Context, app, id string) (conversation.Conversation, error) {
	c, err := scanConversation(s.db.QueryRow(ctx, "SELECT "+conversationColumns+" FROM conversations c WHERE c.id = ? AND c.app_id = ?", id, app))
	if errors.Is(err, sql.ErrNoRows) {
		err = conversation.ErrUnknownConversation
	}
	return c, err
}

// lockConversation reads a conversation that is not deleted and keeps others
// from changing it until the commit.
func lockConversation(tx *sqldb.Tx, app, id string) (conversation.Conversation, error) {
	c, err := scanConversation(tx.QueryRow("SELECT "+conversationColumns+
		" FROM conversations c WHERE c.id = ? AND c.app_id = ? AND c.deleted = 0"+tx.Dialect().ForUpdate(), id, app))
	if errors.Is(err, sql.ErrNoRows) {
		err = conversation.ErrUnknownConversation
	}
	return c, err
}

// visible is the condition on conversations c that match and that viewer, unless empty,
// is a member of.
func visible(app, viewer string, w conversation.Where) (string, []any) {
	where, args := matching(app, w)
	if viewer == "" {
		return where, args
	}
	return where + " AND EXISTS (SELECT 1 FROM members v WHERE v.conv_id = c.id AND v.user_id = ? AND v.left_us = 0)", append(args, viewer)
}

// Find implements conversation.Store.
func (s *Store) Find(ctx context.Context, app, viewer string, w conversation.Where, offset, limit int) ([]conversation.Conversation, int, error) {
	where, args := visible(app, viewer, w)
	var total int
	if err := s.db.QueryRow(ctx, "SELECT COUNT(*) FROM conversations c WHERE "+where, args...).Scan(&total); err != nil {
		return nil, 0, err
	}
	rows, err := s.db.Query(ctx, "SELECT "+conversationColumns+" FROM conversations c WHERE "+where+
		" ORDER BY c.created_us DESC, c.id LIMIT ? OFFSET ?", append(args, limit, offset)...)
	if err != nil {
		return nil, 0, err
	}
	found, err := sqldb.Collect(rows, scanConversation)
	return found, total, err
}

// SetExt implements conversation.Store.
func (s *Store) SetExt(ctx context.Context, app, editor string, w conversation.Where, ext json.RawMessage, at time.Time) (n int, err error) {
	where, args := matching(app, w)
	if editor != "" {
		where += " AND c.creator = ?"
		args = append(args, editor)
	}
	err = s.db.Write(ctx, func(tx *sqldb.Tx) error {
		// The ids first: not every dialect updates a table by a query on it.
		rows, err := tx.Query("SELECT c.id FROM conversations c WHERE "+where+" ORDER BY c.id"+tx.Dialect().ForUpdate(), args...)
		if err != nil {
			return err
		}
		ids, err := sqldb.Collect(rows, sqldb.ScanOne[string])
		if err != nil {
			return err
		}
		for _, id := range ids {
			if _, err := tx.Exec("UPDATE conversations SET ext = ?, updated_us = ? WHERE id = ?", sqldb.NullJSON(ext), at.UnixMicro(), id); err != nil {
				return err
			}
		}
		n = len(ids)
		return nil
	})
	return n, err
}

// SetArchived implements conversation.Store.
func (s *Store) SetArchived(ctx context.Context, app string, ids []string, archived bool, at time.Time) error {
	ids = slices.Clone(ids)
	slices.Sort(ids)
	ids = slices.Compact(ids)
	key := ""
	if len(ids) == 1 {
		key = ids[0]
	}
	return s.db.WriteKeyed(ctx, key, func(tx *sqldb.Tx) error {
		for _, id := range ids {
			n, err := tx.Exec("UPDATE conversations SET archived = ?, updated_us = ? WHERE id = ? AND app_id = ? AND deleted = 0",
				sqldb.Flag(archived), at.UnixMicro(), id, app)
			if err != nil {
				return err
			}
			if n == 0 {
				return conversation.ErrUnknownConversation
			}
		}
		return nil
	})
}

// Delete implements conversation.Store.
func (s *Store) Delete(ctx context.Context, app, id, by string, tell bool, at time.Time) error {
	return s.db.WriteKeyed(ctx, id, func(tx *sqldb.Tx) error {
		tick, err := noticeTick(tx, tell, at)
		if err != nil {
			return err
		}
		c, err := lockConversation(tx, app, id)
		if err != nil {
			return err
		}
		if by != "" && c.Creator != by {
			return conversation.ErrNotAllowed
		}
		if _, err := nextMemberVersion(tx, c, tick, conversation.Closed, by, nil); err != nil {
			return err
		}
		_, err = tx.Exec("UPDATE conversations SET deleted = 1, pair_key = NULL, updated_us = ? WHERE id = ?", at.UnixMicro(), id)
		return err
	})
}
