package conversationsql

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"switchboard/app/conversation"
	"switchboard/app/sqldb"
)

var _ conversation.RelayStore = (*Store)(nil)

// ClaimRelay implements conversation.RelayStore. The first message of a
// conversation stands for it: while it is leased nobody takes those behind it.
func (s *Store) ClaimRelay(ctx context.Context, convs, each int, lease time.Duration) (claimed [][]conversation.Relayed, err error) {
	if idle, err := s.relayIdle(ctx); idle || err != nil {
		return nil, err
	}
	err = s.db.WriteKeyed(ctx, "relay", func(tx *sqldb.Tx) error {
		claimed = nil
		now, err := tx.Now()
		if err != nil {
			return err
		}
		rows, err := tx.Query(`SELECT o.conv_id FROM relay_outbox o WHERE o.due_us <= ?
			AND NOT EXISTS (SELECT 1 FROM relay_outbox p WHERE p.conv_id = o.conv_id AND p.seq < o.seq)
			ORDER BY o.due_us, o.conv_id LIMIT ?`+tx.Dialect().SkipLocked(), now.UnixMicro(), convs)
		if err != nil {
			return err
		}
		heads, err := sqldb.Collect(rows, sqldb.ScanOne[string])
		if err != nil {
			return err
		}
		for _, conv := range heads {
			messages, err := leaseRelay(tx, conv, each, now.Add(lease))
			if err != nil {
				return err
			}
			if len(messages) > 0 {
				claimed = append(claimed, messages)
			}
		}
		return nil
	})
	return claimed, err
}

// relayIdle spares the writers a look at an outbox in which nothing is due.
func (s *Store) relayIdle(ctx context.Context) (bool, error) {
	now, err := s.db.Now(ctx)
	if err != nil {
		return false, err
	}
	var one int
	err = s.db.QueryRow(ctx, "SELECT 1 FROM relay_outbox WHERE due_us <= ? LIMIT 1", now.UnixMicro()).Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		return true, nil
	}
	return false, err
}

func leaseRelay(tx *sqldb.Tx, conv string, each int, until time.Time) ([]conversation.Relayed, error) {
	rows, err := tx.Query("SELECT "+messageColumns+`, o.attempts, o.after_user FROM relay_outbox o
		JOIN messages m ON m.conv_id = o.conv_id AND m.seq = o.seq WHERE o.conv_id = ? ORDER BY o.seq LIMIT ?`, conv, each)
	if err != nil {
		return nil, err
	}
	messages, err := sqldb.Collect(rows, func(row sqldb.Scanner) (r conversation.Relayed, err error) {
		r.Message, err = scanMessage(sqldb.WithColumns(row, &r.Attempts, &r.After))
		return r, err
	})
	if err != nil || len(messages) == 0 {
		return nil, err
	}
	_, err = tx.Exec("UPDATE relay_outbox SET due_us = ? WHERE conv_id = ? AND seq <= ?",
		until.UnixMicro(), conv, messages[len(messages)-1].Message.Seq)
	return messages, err
}

// RelayTargets implements conversation.RelayStore.
func (s *Store) RelayTargets(ctx context.Context, m conversation.Message, after string, limit int) ([]string, error) {
	rows, err := s.db.Query(ctx, `SELECT user_id FROM members WHERE conv_id = ? AND user_id > ? AND user_id <> ? AND left_us = 0 AND join_seq < ?
		ORDER BY user_id LIMIT ?`, m.Conversation, after, m.From, m.Seq, limit)
	if err != nil {
		return nil, err
	}
	return sqldb.Collect(rows, sqldb.ScanOne[string])
}

// RelayDone implements conversation.RelayStore.
func (s *Store) RelayDone(ctx context.Context, m conversation.Message) error {
	return s.db.WriteKeyed(ctx, m.Conversation, func(tx *sqldb.Tx) error {
		_, err := tx.Exec("DELETE FROM relay_outbox WHERE conv_id = ? AND seq = ?", m.Conversation, m.Seq)
		return err
	})
}

// RelayRetry implements conversation.RelayStore.
func (s *Store) RelayRetry(ctx context.Context, m conversation.Message, after string, wait time.Duration) error {
	return s.db.WriteKeyed(ctx, m.Conversation, func(tx *sqldb.Tx) error {
		now, err := tx.Now()
		if err != nil {
			return err
		}
		if _, err := tx.Exec("UPDATE relay_outbox SET attempts = attempts + ?, after_user = ? WHERE conv_id = ? AND seq = ?",
			sqldb.Flag(wait > 0), after, m.Conversation, m.Seq); err != nil {
			return err
		}
		_, err = tx.Exec("UPDATE relay_outbox SET due_us = ? WHERE conv_id = ? AND seq >= ?", now.Add(wait).UnixMicro(), m.Conversation, m.Seq)
		return err
	})
}
