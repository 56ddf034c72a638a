package pairingsql

import (
	"context"

	"switchboard/app/pairing"
	"switchboard/app/pairing/ticket"
	"switchboard/app/sqldb"
)

// A record is a row for each of its two people: each lists and deletes their own.
var (
	recordColumns = []string{"app", "uid", "start_at", "ask_no", "peer", "asked", "round_no", "call_id", "end_at", "liked", "hidden"}
	insertRecords = map[int]map[sqldb.Dialect]string{1: insertRows(1), 2: insertRows(2)}
)

func insertRows(rows int) map[sqldb.Dialect]string {
	return sqldb.PerDialect(func(d sqldb.Dialect) string { return d.Insert("pair_records", rows, recordColumns...) })
}

const (
	selectRecords = "SELECT app, uid, start_at, ask_no, peer, asked, round_no, call_id, end_at, liked FROM pair_records" +
		" WHERE app = ? AND uid = ? AND hidden = 0"
	newestRecords = " ORDER BY start_at DESC, ask_no DESC LIMIT ?"
	beforeCursor  = " AND (start_at, ask_no) < (?, ?)"
	selectPeers   = "SELECT peer FROM pair_records WHERE app = ? AND uid = ? AND start_at >= ?" + newestRecords
	hideRecord    = "UPDATE pair_records SET hidden = 1 WHERE app = ? AND uid = ? AND start_at = ? AND ask_no = ?"
)

func scanRecord(row sqldb.Scanner) (r ticket.Record, err error) {
	var asked bool
	err = row.Scan(&r.App, &r.Asker, &r.StartAt, &r.AskNo, &r.Peer, &asked, &r.Round, &r.CallID, &r.EndAt, &r.Liked)
	if !asked {
		r.Asker, r.Peer = r.Peer, r.Asker
	}
	return r, err
}

// Records lists uid's connected rounds from before the cursor, newest first.
func (s *Store) Records(ctx context.Context, app string, uid ticket.UID, before pairing.Cursor, limit int) ([]ticket.Record, error) {
	query, args := selectRecords, []any{app, uid}
	if before != (pairing.Cursor{}) {
		query, args = query+beforeCursor, append(args, before.StartAt, before.AskNo)
	}
	rows, err := s.db.Query(ctx, query+newestRecords, append(args, limit)...)
	if err != nil {
		return nil, err
	}
	return sqldb.Collect(rows, scanRecord)
}

// DeleteRecord hides one record from uid. It is an ErrUnknownAsk when uid has no
// such record, and no error when it is hidden already.
func (s *Store) DeleteRecord(ctx context.Context, app, askNo string, startAt int64, uid ticket.UID) error {
	var found int64
	err := s.db.WriteKeyed(ctx, askNo, func(tx *sqldb.Tx) (err error) {
		found, err = tx.Exec(hideRecord, app, uid, startAt, askNo)
		return err
	})
	if err == nil && found == 0 {
		return ticket.ErrUnknownAsk
	}
	return err
}

// RecentPeers lists whom uid was connected with since, newest first, hidden records too.
func (s *Store) RecentPeers(ctx context.Context, app string, uid ticket.UID, since ticket.Instant, limit int) ([]ticket.UID, error) {
	rows, err := s.db.Query(ctx, selectPeers, app, uid, int64(since)/1000, limit)
	if err != nil {
		return nil, err
	}
	return sqldb.Collect(rows, sqldb.ScanOne[ticket.UID])
}
