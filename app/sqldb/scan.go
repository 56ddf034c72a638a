package sqldb

import (
	"database/sql"
	"encoding/json"
	"errors"
	"time"
)

// Scanner is one row: of a RowSet, or a Row.
type Scanner interface{ Scan(dest ...any) error }

// RowSet is what a read found: *Rows, or inside a write *sql.Rows.
type RowSet interface {
	Scanner
	Next() bool
	Err() error
	Close() error
}

// Collect scans all rows and closes them.
func Collect[T any](rows RowSet, scan func(Scanner) (T, error)) ([]T, error) {
	defer rows.Close()
	var out []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, wrap(err)
		}
		out = append(out, v)
	}
	return out, wrap(rows.Err())
}

// ScanOne scans a row of one column.
func ScanOne[T any](row Scanner) (v T, err error) { return v, row.Scan(&v) }

// WithColumns is row with more columns to be scanned behind those that its reader knows.
func WithColumns(row Scanner, more ...any) Scanner { return longRow{row, more} }

type longRow struct {
	row  Scanner
	more []any
}

func (r longRow) Scan(dest ...any) error { return r.row.Scan(append(dest, r.more...)...) }

// IgnoreNoRows is err, or nil when it only says that no row was found.
func IgnoreNoRows(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	return err
}

// Time reads a stored time in Unix microseconds; 0 is the zero Time.
func Time(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

// Flag is a bool as it is stored: 0 or 1.
func Flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

// NullJSON is an optional JSON value as it is stored: text, or null for nil.
func NullJSON(raw json.RawMessage) any {
	if raw == nil {
		return nil
	}
	return string(raw)
}
