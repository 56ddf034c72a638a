package storage

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"

	"switchboard/app/pairing"
)

// Records lists uid's connected rounds from before the cursor, newest first. A
// person is asker in some and peer in others, and each has its index.
func (s Pairing) Records(ctx context.Context, app string, uid pairing.UID, before pairing.Cursor, limit int) ([]pairing.Record, error) {
	var out []pairing.Record
	for _, side := range []string{"asker", "peer"} {
		where := " WHERE app = ? AND " + side + " = ? AND " + side + "_hid = 0"
		args := []any{app, uid}
		if before != (pairing.Cursor{}) {
			where += " AND (start_at < ? OR start_at = ? AND ask_no < ?)"
			args = append(args, before.StartAt, before.StartAt, before.AskNo)
		}
		rows, err := s.DB.Query(ctx, "SELECT app, ask_no, start_at, asker, peer, round_no, call_id, end_at, liked FROM pair_records"+
			where+" ORDER BY start_at DESC, ask_no DESC LIMIT ?", append(args, limit)...)
		if err != nil {
			return nil, err
		}
		if out, err = scanRecords(rows, out); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(out, func(a, b pairing.Record) int {
		return cmp.Or(cmp.Compare(b.StartAt, a.StartAt), cmp.Compare(b.AskNo, a.AskNo))
	})
	return out[:min(limit, len(out))], nil
}

func scanRecords(rows *sql.Rows, out []pairing.Record) ([]pairing.Record, error) {
	defer rows.Close()
	for rows.Next() {
		var r pairing.Record
		var liked int
		if err := rows.Scan(&r.App, &r.AskNo, &r.StartAt, &r.Asker, &r.Peer, &r.Round, &r.CallID, &r.EndAt, &liked); err != nil {
			return nil, err
		}
		r.Liked = liked != 0
		out = append(out, r)
	}
	return out, wrap(rows.Err())
}

// DeleteRecord hides one record from uid.
func (s Pairing) DeleteRecord(ctx context.Context, app, askNo string, startAt int64, uid pairing.UID) error {
	var asker, peer pairing.UID
	err := s.DB.QueryRow(ctx, "SELECT asker, peer FROM pair_records WHERE app = ? AND ask_no = ? AND start_at = ?", app, askNo, startAt).
		Scan(&asker, &peer)
	switch {
	case errors.Is(err, sql.ErrNoRows), err == nil && uid != asker && uid != peer:
		return pairing.ErrUnknownAsk
	case err != nil:
		return err
	}
	side := "asker"
	if uid == peer {
		side = "peer"
	}
	return s.DB.WriteKeyed(ctx, askNo, func(tx *Tx) error {
		_, err := tx.Exec("UPDATE pair_records SET "+side+"_hid = 1 WHERE app = ? AND ask_no = ? AND start_at = ?", app, askNo, startAt)
		return err
	})
}

// Met lists whom uid was connected with since, newest first.
func (s Pairing) Met(ctx context.Context, app string, uid pairing.UID, since pairing.Instant, limit int) (met []pairing.UID, err error) {
	rows, err := s.DB.Query(ctx, "SELECT other FROM ("+
		"SELECT peer AS other, start_at FROM pair_records WHERE app = ? AND asker = ? AND start_at >= ?"+
		" UNION ALL SELECT asker AS other, start_at FROM pair_records WHERE app = ? AND peer = ? AND start_at >= ?"+
		") AS met ORDER BY start_at DESC LIMIT ?", app, uid, int64(since)/1000, app, uid, int64(since)/1000, limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var other pairing.UID
		if err := rows.Scan(&other); err != nil {
			return nil, err
		}
		met = append(met, other)
	}
	return met, wrap(rows.Err())
}
