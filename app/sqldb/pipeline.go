package sqldb

import (
	"database/sql"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Stmt is a statement of Tx.Pipeline. Row takes each row that it answers; nil:
// there is none.
type Stmt struct {
	Query string
	Args  []any
	Row   func(Scanner) error
}

// Pipeline runs statements in their order, none of which waits for another's
// answer: one round trip on PostgreSQL. Each sees what was committed before it began.
func (tx *Tx) Pipeline(stmts ...Stmt) error {
	tx.wrote = true
	if t, ok := tx.tx.(*pgTx); ok {
		err := wrap(t.pipeline(tx.ctx, stmts))
		tx.noteError(err)
		return err
	}
	for _, s := range stmts {
		if err := tx.one(s); err != nil {
			return err
		}
	}
	return nil
}

// Last is Pipeline for statements that answer no rows and after which the write does no
// more: PostgreSQL gets them with the commit. What they fail of is the write's error.
func (tx *Tx) Last(stmts ...Stmt) error {
	t, ok := tx.tx.(*pgTx)
	if !ok {
		return tx.Pipeline(stmts...)
	}
	tx.wrote = true
	t.last = append(t.last, stmts...)
	return nil
}

// forgetLast undoes Last for a write that failed.
func (tx *Tx) forgetLast() {
	if t, ok := tx.tx.(*pgTx); ok {
		t.last = nil
	}
}

func (tx *Tx) one(s Stmt) error {
	if s.Row == nil {
		_, err := tx.Exec(s.Query, s.Args...)
		return err
	}
	rows, err := tx.Query(s.Query, s.Args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := s.Row(rows); err != nil {
			return err
		}
	}
	return wrap(rows.Err())
}

// UpdateReturning is an UPDATE of one row that also reads columns, as they are then; two
// statements where there is no such thing.
func (d Dialect) UpdateReturning(update, table, columns, where string, to []any, args ...any) []Stmt {
	read := func(row Scanner) error { return row.Scan(to...) }
	if d != MySQL {
		return []Stmt{{update + " WHERE " + where + " RETURNING " + columns, args, read}}
	}
	return []Stmt{
		{Query: update + " WHERE " + where, Args: args},
		{Query: "SELECT " + columns + " FROM " + table + " WHERE " + where, Row: read},
	}
}

// pgRow scans flags, which are stored as numbers, as database/sql does.
type pgRow struct{ pgx.Rows }

// Scan implements scanner.
func (r pgRow) Scan(dest ...any) error {
	for i, d := range dest {
		if b, ok := d.(*bool); ok {
			dest[i] = pgFlag{b}
		}
	}
	return r.Rows.Scan(dest...)
}

type pgFlag struct{ to *bool }

var _ sql.Scanner = pgFlag{}

// Scan implements sql.Scanner.
func (f pgFlag) Scan(v any) error {
	n, ok := v.(int64)
	if !ok {
		return fmt.Errorf("sqldb: a flag is %T", v)
	}
	*f.to = n != 0
	return nil
}
