package pairingsql

import (
	"context"

	"switchboard/app/pairing"
	"switchboard/app/pairing/ticket"
	"switchboard/app/sqldb"
)

// A record is one row. It leads to the record that each of its two people had
// before, and pair_people to everybody's newest: a list of one's own needs no
// index, whose pages a ticket's commit would write for nothing else.
var insertRecord = sqldb.PerDialect(func(d sqldb.Dialect) string {
	return "INSERT INTO pair_records (ask_no, start_at, app, asker, peer, round_no, call_id, end_at, liked, asker_prev_ask, asker_prev_at, peer_prev_ask, peer_prev_at)" +
		" SELECT ?, ?, a.app, a.uid, p.uid, ?, ?, ?, ?, a.last_ask, a.last_at, p.last_ask, p.last_at" +
		" FROM pair_people a JOIN pair_people p ON p.app = a.app WHERE a.app = ? AND a.uid = ? AND p.uid = ?" + d.ForUpdate()
})

const (
	setNewest  = "UPDATE pair_people SET last_ask = ?, last_at = ? WHERE app = ? AND uid = ?"
	hideRecord = "UPDATE pair_records SET asker_hid = CASE WHEN asker = ? THEN 1 ELSE asker_hid END, peer_hid = CASE WHEN peer = ? THEN 1 ELSE peer_hid END" +
		" WHERE ask_no = ? AND start_at = ? AND app = ? AND ? IN (asker, peer)"
	isRecord = "SELECT 1 FROM pair_records WHERE ask_no = ? AND start_at = ? AND app = ? AND ? IN (asker, peer)"
)

// So many of uid's records in a row, newest first: from his newest on, or after one
// that is known to be his.
const (
	walkNewest = "WITH RECURSIVE walk (n, ask_no, start_at) AS (SELECT 1, last_ask, last_at FROM pair_people WHERE app = ? AND uid = ?" + walkList
	walkAfter  = "WITH RECURSIVE walk (n, ask_no, start_at) AS (SELECT 1, " + walkPrev + " FROM pair_records r WHERE r.ask_no = ? AND r.start_at = ?" + walkList
	walkList   = " UNION ALL SELECT w.n + 1, " + walkPrev + walkStep + " WHERE w.n < ?)" +
		" SELECT r.app, r.ask_no, r.start_at, r.asker, r.peer, r.round_no, r.call_id, r.end_at, r.liked, CASE WHEN r.asker = ? THEN r.asker_hid ELSE r.peer_hid END" +
		walkStep + " ORDER BY w.n"
	walkPrev = "CASE WHEN r.asker = ? THEN r.asker_prev_ask ELSE r.peer_prev_ask END, CASE WHEN r.asker = ? THEN r.asker_prev_at ELSE r.peer_prev_at END"
	walkStep = " FROM walk w JOIN pair_records r ON r.ask_no = w.ask_no AND r.start_at = w.start_at"
	// Whom he met, in one go: every ask wants to know.
	walkMet = "WITH RECURSIVE walk (n, ask_no, start_at, other) AS (SELECT 0, last_ask, last_at, uid FROM pair_people WHERE app = ? AND uid = ?" +
		" UNION ALL SELECT w.n + 1, " + walkPrev + ", CASE WHEN r.asker = ? THEN r.peer ELSE r.asker END" + walkStep + " WHERE w.n < ? AND r.start_at >= ?)" +
		" SELECT other FROM walk WHERE n > 0"
)

// record adds a record before its people's newest changes, and makes those people known.
func (c *commit) record(r ticket.Record) error {
	insert := func() (int64, error) {
		return c.tx.Exec(insertRecord[c.tx.Dialect()], r.AskNo, r.StartAt, int64(r.Round), r.CallID, r.EndAt, int64(sqldb.Flag(r.Liked)), r.App, int64(r.Asker), int64(r.Peer))
	}
	if n, err := insert(); n > 0 || err != nil {
		return err
	}
	for _, uid := range []ticket.UID{r.Asker, r.Peer} {
		if err := addPerson(c.tx, r.App, uid); err != nil {
			return err
		}
	}
	_, err := insert()
	return err
}

// newest is uid's record in the batch; nil when he has none there.
func (c *commit) newest(uid ticket.UID) *ticket.Record {
	for i := range c.b.Records {
		if r := &c.b.Records[i]; uid == r.Asker || uid == r.Peer {
			return r
		}
	}
	return nil
}

// passed is a record on somebody's list.
type passed struct {
	ticket.Record
	hidden bool // from him
}

// walk lists n of uid's records from his newest on, or after one of his.
func (s *Store) walk(ctx context.Context, app string, uid ticket.UID, after pairing.Cursor, n int) (list []passed, err error) {
	query, args := walkNewest, []any{app, uid}
	if after != (pairing.Cursor{}) {
		query, args = walkAfter, []any{uid, uid, after.AskNo, after.StartAt}
	}
	rows, err := s.db.Query(ctx, query, append(args, uid, uid, n, uid)...)
	if err != nil {
		return nil, err
	}
	return sqldb.Collect(rows, func(row sqldb.Scanner) (r passed, err error) {
		return r, row.Scan(&r.App, &r.AskNo, &r.StartAt, &r.Asker, &r.Peer, &r.Round, &r.CallID, &r.EndAt, &r.Liked, &r.hidden)
	})
}

// Records lists uid's connected rounds from before the cursor, newest first.
func (s *Store) Records(ctx context.Context, app string, uid ticket.UID, before pairing.Cursor, limit int) (out []ticket.Record, err error) {
	var at pairing.Cursor
	own := false
	if before != at {
		if own, err = s.isRecord(ctx, app, before, uid); err != nil {
			return nil, err
		}
	}
	if own {
		at = before
	}
	for n := limit; ; n = passMost {
		page, err := s.walk(ctx, app, uid, at, n)
		if err != nil {
			return nil, err
		}
		for _, r := range page {
			at = pairing.Cursor{StartAt: r.StartAt, AskNo: r.AskNo}
			if !r.hidden && (own || before == pairing.Cursor{} || at.Compare(before) < 0) {
				out = append(out, r.Record)
			}
			if len(out) == limit {
				return out, nil
			}
		}
		if len(page) < n {
			return out, nil
		}
	}
}

// passMost is how many records are read at once after a page that had deleted ones.
const passMost = 100

func (s *Store) isRecord(ctx context.Context, app string, at pairing.Cursor, uid ticket.UID) (bool, error) {
	var one int
	err := s.db.QueryRow(ctx, isRecord, at.AskNo, at.StartAt, app, uid).Scan(&one)
	return err == nil, sqldb.IgnoreNoRows(err)
}

// DeleteRecord hides one record from uid.
func (s *Store) DeleteRecord(ctx context.Context, app, askNo string, startAt int64, uid ticket.UID) error {
	var his int64
	err := s.db.WriteKeyed(ctx, askNo, func(tx *sqldb.Tx) (err error) {
		his, err = tx.Exec(hideRecord, uid, uid, askNo, startAt, app, uid)
		return err
	})
	if err == nil && his == 0 {
		return ticket.ErrUnknownAsk
	}
	return err
}

// Met lists whom uid was connected with since.
func (s *Store) Met(ctx context.Context, app string, uid ticket.UID, since ticket.Instant, limit int) (met []ticket.UID, err error) {
	rows, err := s.db.Query(ctx, walkMet, app, uid, uid, uid, uid, limit, int64(since)/1000)
	if err != nil {
		return nil, err
	}
	return sqldb.Collect(rows, sqldb.ScanOne[ticket.UID])
}
