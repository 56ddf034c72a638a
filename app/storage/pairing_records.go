package storage

import (
	"context"
	"math"
	"slices"

	"switchboard/app/pairing"
)

// Both people of a record have a row of it, and each reads, hides and pages his own.
const (
	// All of the cursor's second and, of those, only what stands before it: a range of the key.
	selectRecords = "SELECT app, ask_no, start_at, asker, peer, round_no, call_id, end_at, liked FROM pair_records" +
		" WHERE uid = ? AND app = ? AND start_at <= ? AND (start_at < ? OR ask_no < ?) AND hidden = 0" +
		" ORDER BY start_at DESC, ask_no DESC LIMIT ?"
	selectMet = "SELECT CASE WHEN asker = uid THEN peer ELSE asker END FROM pair_records" +
		" WHERE uid = ? AND app = ? AND start_at >= ? ORDER BY start_at DESC, ask_no DESC LIMIT ?"
	hideRecord = "UPDATE pair_records SET hidden = 1 WHERE uid = ? AND app = ? AND start_at = ? AND ask_no = ?"
)

// upsertRecord by how many people the record has.
var upsertRecord = map[int]map[Dialect]string{1: spellRecord(1), 2: spellRecord(2)}

func spellRecord(people int) map[Dialect]string {
	return spell(func(d Dialect) string {
		return d.Upsert("pair_records", people, "uid, app, start_at, ask_no", []string{"call_id", "end_at", "liked"},
			"uid", "app", "start_at", "ask_no", "asker", "peer", "round_no", "call_id", "end_at", "liked")
	})
}

func (c *commit) record(r pairing.Record) error {
	people := slices.Compact([]pairing.UID{r.Asker, r.Peer})
	var args []any
	for _, uid := range people {
		args = append(args, int64(uid), r.App, r.StartAt, r.AskNo, int64(r.Asker), int64(r.Peer), int64(r.Round), r.CallID, r.EndAt, int64(flag(r.Liked)))
	}
	_, err := c.tx.Exec(upsertRecord[len(people)][c.tx.Dialect()], args...)
	return err
}

// Records lists uid's connected rounds from before the cursor, newest first.
func (s Pairing) Records(ctx context.Context, app string, uid pairing.UID, before pairing.Cursor, limit int) (out []pairing.Record, err error) {
	if before == (pairing.Cursor{}) {
		before.StartAt = math.MaxInt64
	}
	rows, err := s.DB.Query(ctx, selectRecords, uid, app, before.StartAt, before.StartAt, before.AskNo, limit)
	if err != nil {
		return nil, err
	}
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
	var his int64
	err := s.DB.WriteKeyed(ctx, askNo, func(tx *Tx) (err error) {
		his, err = tx.Exec(hideRecord, uid, app, startAt, askNo)
		return err
	})
	if err == nil && his == 0 {
		return pairing.ErrUnknownAsk
	}
	return err
}

// Met lists whom uid was connected with since, newest first.
func (s Pairing) Met(ctx context.Context, app string, uid pairing.UID, since pairing.Instant, limit int) (met []pairing.UID, err error) {
	rows, err := s.DB.Query(ctx, selectMet, uid, app, int64(since)/1000, limit)
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
