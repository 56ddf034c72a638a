package conversationsql

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"switchboard/app/conversation"
	"switchboard/app/sqldb"
)

// What the log's index has to find, whose ids rise with time; a test sees that it does.
const (
	logOldest = "SELECT msg_id FROM messages WHERE app_id = ? ORDER BY msg_id LIMIT 1"
	logStep   = "SELECT msg_id FROM messages WHERE app_id = ? AND msg_id < ? ORDER BY msg_id LIMIT 1 OFFSET ?"
	dropLog   = "DELETE FROM messages WHERE app_id = ? AND msg_id <= ?"
	sweptIn   = "SELECT conv_id, MAX(seq) FROM messages WHERE app_id = ? AND msg_id <= ? GROUP BY conv_id"
)

// Sweep forgets at most limit of the app's messages and notices that were said before t,
// the oldest first, and moves the app's horizon behind them in the same commit.
func (s *Store) Sweep(ctx context.Context, app string, t time.Time, limit int) (n int, err error) {
	var last string
	bound := conversation.EarliestID(t)
	switch err := s.db.QueryRow(ctx, logStep, app, bound, limit-1).Scan(&last); {
	case errors.Is(err, sql.ErrNoRows):
		if last, err = s.newestBelow(ctx, app, bound); err != nil || last == "" {
			return 0, err
		}
	case err != nil:
		return 0, err
	}
	err = s.db.WriteKeyed(ctx, app, func(tx *sqldb.Tx) error {
		if err := dropRelayed(tx, app, last); err != nil {
			return err
		}
		gone, err := tx.Exec(dropLog, app, last)
		if n = int(gone); err != nil || n == 0 {
			return err
		}
		return raiseHorizon(tx, app, last)
	})
	return n, err
}

// newestBelow is the newest of fewer messages than a step takes; empty: there is none.
func (s *Store) newestBelow(ctx context.Context, app, bound string) (id string, err error) {
	err = s.db.QueryRow(ctx, "SELECT msg_id FROM messages WHERE app_id = ? AND msg_id < ? ORDER BY msg_id DESC LIMIT 1", app, bound).Scan(&id)
	return id, sqldb.IgnoreNoRows(err)
}

// dropRelayed takes what is about to go out of the outbox: the first message of a
// conversation stands for those behind it, and must not stand there for nothing.
func dropRelayed(tx *sqldb.Tx, app, last string) error {
	var one int
	if err := tx.QueryRow("SELECT 1 FROM relay_outbox LIMIT 1").Scan(&one); err != nil {
		return sqldb.IgnoreNoRows(err)
	}
	type place struct {
		conv string
		seq  int64
	}
	rows, err := tx.Query(sweptIn, app, last)
	if err != nil {
		return err
	}
	places, err := sqldb.Collect(rows, func(row sqldb.Scanner) (p place, err error) { return p, row.Scan(&p.conv, &p.seq) })
	if err != nil {
		return err
	}
	for _, p := range places {
		if _, err := tx.Exec("DELETE FROM relay_outbox WHERE conv_id = ? AND seq <= ?", p.conv, p.seq); err != nil {
			return err
		}
	}
	return nil
}

func raiseHorizon(tx *sqldb.Tx, app, id string) error {
	n, err := tx.Exec("UPDATE message_horizons SET msg_id = CASE WHEN msg_id < ? THEN ? ELSE msg_id END WHERE app_id = ?", id, id, app)
	if err != nil || n > 0 {
		return err
	}
	_, err = tx.Exec(tx.Dialect().InsertIgnore("message_horizons", 1, "app_id", "msg_id"), app, id)
	return err
}

// Horizon implements conversation.Store.
func (s *Store) Horizon(ctx context.Context, app string) (id string, err error) {
	err = s.db.QueryRow(ctx, "SELECT msg_id FROM message_horizons WHERE app_id = ?", app).Scan(&id)
	return id, sqldb.IgnoreNoRows(err)
}

// Oldest is when the app's oldest message was stored; zero: there is none.
func (s *Store) Oldest(ctx context.Context, app string) (time.Time, error) {
	var id string
	if err := s.db.QueryRow(ctx, logOldest, app).Scan(&id); err != nil {
		return time.Time{}, sqldb.IgnoreNoRows(err)
	}
	return conversation.TimeOfID(id), nil
}

// FirstSeq implements conversation.Store.
func (s *Store) FirstSeq(ctx context.Context, conv string, after int64) (seq int64, err error) {
	err = s.db.QueryRow(ctx, "SELECT seq FROM messages WHERE conv_id = ? AND seq > ? ORDER BY seq LIMIT 1", conv, max(after, 0)).Scan(&seq)
	return seq, sqldb.IgnoreNoRows(err)
}
