package storage

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"switchboard/app/ledger"
	"switchboard/vendors"
)

// Ledger keeps the writes that were made at vendors.
type Ledger struct{ DB *DB }

var (
	_ ledger.Store   = Ledger{}
	_ ledger.Archive = Ledger{}
)

const ledgerColumns = "id, app, op, idem_key, request_id, vendor, state, outcome, status, body, payload, digest, steps, checks, version, created_us, updated_us"

// Insert adds e, or returns the entry that has its app, operation and key.
func (s Ledger) Insert(ctx context.Context, e ledger.Entry, dueIn time.Duration) (there ledger.Entry, taken bool, err error) {
	steps, err := json.Marshal(stepRows(e.Steps))
	if err != nil {
		return there, false, fmt.Errorf("storage: ledger: %w", err)
	}
	err = s.DB.WriteKeyed(ctx, e.App+e.Op+e.Key, func(tx *Tx) error {
		now, err := tx.Now()
		if err != nil {
			return err
		}
		n, err := tx.Exec(tx.Dialect().InsertIgnore("ledger", 1, strings.Split(ledgerColumns+", due_us", ", ")...),
			e.ID, e.App, e.Op, e.Key, e.RequestID, e.Vendor, string(e.State), e.Answer.Outcome.String(), e.Answer.Status, e.Answer.Body,
			e.Payload, e.Digest, steps, e.Checks, e.Version, now.UnixMicro(), now.UnixMicro(), due(now, dueIn))
		if taken = n == 0; err != nil || !taken {
			return err
		}
		there, err = scanEntry(tx.QueryRow("SELECT "+ledgerColumns+" FROM ledger WHERE app = ? AND op = ? AND idem_key = ?", e.App, e.Op, e.Key))
		return err
	})
	return there, taken, err
}

// Add keeps entries that have ended, in one statement.
func (s Ledger) Add(ctx context.Context, ended []ledger.Entry) error {
	cols := strings.Split(ledgerColumns, ", ")
	args := make([]any, 0, len(ended)*len(cols))
	now := time.Now().UnixMicro()
	for _, e := range ended {
		steps, err := json.Marshal(stepRows(e.Steps))
		if err != nil {
			return fmt.Errorf("storage: ledger: %w", err)
		}
		args = append(args, e.ID, e.App, e.Op, e.Key, e.RequestID, e.Vendor, string(e.State), e.Answer.Outcome.String(), e.Answer.Status, e.Answer.Body,
			e.Payload, e.Digest, steps, e.Checks, e.Version, e.Created.UnixMicro(), now)
	}
	return s.DB.Write(ctx, func(tx *Tx) error {
		_, err := tx.Exec(tx.Dialect().InsertIgnore("ledger", len(ended), cols...), args...)
		return err
	})
}

// Save changes the entry of e.ID from e.Version to the next; false: it was
// changed before, and nothing was written.
func (s Ledger) Save(ctx context.Context, e ledger.Entry, dueIn time.Duration) (saved bool, err error) {
	steps, err := json.Marshal(stepRows(e.Steps))
	if err != nil {
		return false, fmt.Errorf("storage: ledger: %w", err)
	}
	err = s.DB.WriteKeyed(ctx, e.App+e.Op+e.Key, func(tx *Tx) error {
		now, err := tx.Now()
		if err != nil {
			return err
		}
		n, err := tx.Exec("UPDATE ledger SET request_id = ?, vendor = ?, state = ?, outcome = ?, status = ?, body = ?, steps = ?, checks = ?, version = version + 1, updated_us = ?, due_us = ? WHERE id = ? AND version = ?",
			e.RequestID, e.Vendor, string(e.State), e.Answer.Outcome.String(), e.Answer.Status, e.Answer.Body,
			steps, e.Checks, now.UnixMicro(), due(now, dueIn), e.ID, e.Version)
		saved = n == 1
		return err
	})
	return saved, err
}

// Due returns at most limit entries whose time has come, the latest last.
func (s Ledger) Due(ctx context.Context, limit int) ([]ledger.Entry, error) {
	now, err := s.DB.Now(ctx)
	if err != nil {
		return nil, err
	}
	return s.list(ctx, "WHERE due_us <= ? ORDER BY due_us LIMIT ?", now.UnixMicro(), limit)
}

// ByRequest returns the writes of one request, the oldest first.
func (s Ledger) ByRequest(ctx context.Context, requestID string) ([]ledger.Entry, error) {
	return s.list(ctx, "WHERE request_id = ? ORDER BY created_us LIMIT 100", requestID)
}

// Prune deletes up to limit entries that ended before the span and returns how
// many; their keys are free again.
func (s Ledger) Prune(ctx context.Context, older time.Duration, limit int) (n int, err error) {
	now, err := s.DB.Now(ctx)
	if err != nil {
		return 0, err
	}
	old, err := s.list(ctx, "WHERE due_us IS NULL AND updated_us < ? ORDER BY updated_us LIMIT ?", now.Add(-older).UnixMicro(), limit)
	if err != nil || len(old) == 0 {
		return 0, err
	}
	return len(old), s.DB.Write(ctx, func(tx *Tx) error {
		for _, e := range old {
			if _, err := tx.Exec("DELETE FROM ledger WHERE id = ? AND version = ?", e.ID, e.Version); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s Ledger) list(ctx context.Context, where string, args ...any) (out []ledger.Entry, err error) {
	rows, err := s.DB.Query(ctx, "SELECT "+ledgerColumns+" FROM ledger "+where, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		e, err := scanEntry(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, wrap(rows.Err())
}

func due(now time.Time, in time.Duration) sql.NullInt64 {
	return sql.NullInt64{Int64: now.Add(in).UnixMicro(), Valid: in > 0}
}

func scanEntry(row interface{ Scan(...any) error }) (e ledger.Entry, err error) {
	var state, outcome string
	var steps []byte
	var created, updated int64
	err = row.Scan(&e.ID, &e.App, &e.Op, &e.Key, &e.RequestID, &e.Vendor, &state, &outcome, &e.Answer.Status, &e.Answer.Body,
		&e.Payload, &e.Digest, &steps, &e.Checks, &e.Version, &created, &updated)
	if err != nil {
		return e, err
	}
	e.State, e.Created, e.Updated = ledger.State(state), time.UnixMicro(created).UTC(), time.UnixMicro(updated).UTC()
	e.Answer.Outcome = outcomeNamed(outcome)
	var kept []stepRow
	if err := json.Unmarshal(steps, &kept); err != nil {
		return e, errors.New("storage: ledger: steps of " + e.ID + " are not JSON")
	}
	for _, k := range kept {
		e.Steps = append(e.Steps, vendors.Step{
			At: time.UnixMicro(k.At).UTC(), Vendor: k.Vendor, Op: k.Op, Took: time.Duration(k.Took) * time.Microsecond,
			Outcome: outcomeNamed(k.Outcome), Code: k.Code, Note: k.Note, Skipped: k.Skipped,
		})
	}
	return e, nil
}

// stepRow is a step as it stands in the steps column; times in microseconds.
type stepRow struct {
	At      int64  `json:"at"`
	Vendor  string `json:"vendor,omitempty"`
	Op      string `json:"op,omitempty"`
	Took    int64  `json:"took,omitempty"`
	Outcome string `json:"outcome"`
	Code    string `json:"code,omitempty"`
	Note    string `json:"note,omitempty"`
	Skipped bool   `json:"skipped,omitempty"`
}

func stepRows(steps []vendors.Step) []stepRow {
	out := make([]stepRow, len(steps))
	for i, s := range steps {
		out[i] = stepRow{s.At.UnixMicro(), s.Vendor, s.Op, s.Took.Microseconds(), s.Outcome.String(), s.Code, s.Note, s.Skipped}
	}
	return out
}

// outcomeNamed reads what Outcome.String wrote; a name of a later version is
// the most careful class.
func outcomeNamed(name string) vendors.Outcome {
	all := vendors.Outcomes()
	i := slices.IndexFunc(all, func(o vendors.Outcome) bool { return o.String() == name })
	if i < 0 {
		return vendors.Ambiguous
	}
	return all[i]
}
