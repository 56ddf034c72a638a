package sqldb

import (
	"slices"
	"strings"
)

// MaxList bounds the list of one IN.
const MaxList = 256

// InsertFunc makes an INSERT of some rows: Dialect.Insert or Dialect.InsertIgnore.
type InsertFunc func(table string, rows int, cols ...string) string

// InsertMany inserts rows in few statements and returns how many were new.
func InsertMany(tx *Tx, insert InsertFunc, table string, cols []string, rows [][]any) (added int64, err error) {
	for _, s := range InsertStmts(tx.Dialect(), insert, table, cols, rows) {
		n, err := tx.Exec(s.Query, s.Args...)
		if err != nil {
			return added, err
		}
		added += n
	}
	return added, nil
}

// InsertStmts are the statements of InsertMany.
func InsertStmts(d Dialect, insert InsertFunc, table string, cols []string, rows [][]any) (out []Stmt) {
	for len(rows) > 0 {
		size := d.maxInsertRows(len(rows), len(cols))
		out = append(out, Stmt{Query: insert(table, size, cols...), Args: slices.Concat(rows[:size]...)})
		rows = rows[size:]
	}
	return out
}

// PaddedLen is the length to which a list in a statement is brought, so that there
// are few different statements: 1, 4, 16, 64 or 256.
func PaddedLen(n int) int {
	size := 1
	for size < n {
		size *= 4
	}
	return size
}

// Pad repeats the last value up to the padded length.
func Pad[T any](values []T) []T {
	out := make([]T, PaddedLen(len(values)))
	for i := range out {
		out[i] = values[min(i, len(values)-1)]
	}
	return out
}

// InList is the right side of an IN for at most MaxList values, with its arguments.
// Values are repeated up to the padded length, which IN does not mind.
func InList[T any](values []T) (list string, args []any) {
	for _, v := range Pad(values) {
		args = append(args, v)
	}
	return "(" + Marks(len(args)) + ")", args
}

// InPairs is the right side of (a, b) IN for at most MaxList pairs of texts, with its
// arguments. PostgreSQL reads lists of rows as so many conditions, which it plans anew
// each time; two arrays are one, and one pair keeps its plan.
func (d Dialect) InPairs(a, b []string) (list string, args []any) {
	if d == Postgres && len(a) > 1 {
		return "(SELECT * FROM unnest(?::text[], ?::text[]))", []any{a, b}
	}
	a, b = Pad(a), Pad(b)
	for i := range a {
		args = append(args, a[i], b[i])
	}
	list = strings.TrimSuffix(strings.Repeat("(?, ?), ", len(a)), ", ")
	if d == SQLite {
		list = "VALUES " + list
	}
	return "(" + list + ")", args
}

// maxCaseRows is how many rows one UPDATE by CASE takes: it compares each with all.
const maxCaseRows = 64

// UpdateEach sets columns of rows, each to values of its own. A row is a text, by which
// the first column finds it, and a text or an int64 for each other column.
func (d Dialect) UpdateEach(table string, cols []string, rows [][]any) (out []Stmt) {
	switch {
	case len(rows) == 0:
		return nil
	case len(rows) == 1: // below
	case d == Postgres:
		return []Stmt{updateFromArrays(table, cols, rows)}
	case d == MySQL:
		for part := range slices.Chunk(rows, maxCaseRows) {
			out = append(out, updateByCase(table, cols, Pad(part)))
		}
		return out
	}
	update := "UPDATE " + table + " SET " + strings.Join(cols[1:], " = ?, ") + " = ? WHERE " + cols[0] + " = ?"
	for _, row := range rows {
		out = append(out, Stmt{Query: update, Args: append(slices.Clone(row[1:]), row[0])})
	}
	return out
}

// updateFromArrays is one short statement however many rows there are.
func updateFromArrays(table string, cols []string, rows [][]any) Stmt {
	var sets, arrays []string
	var args []any
	for i, col := range cols {
		if i > 0 {
			sets = append(sets, col+" = v."+col)
		}
		if _, number := rows[0][i].(int64); number {
			arrays, args = append(arrays, "?::bigint[]"), append(args, column[int64](rows, i))
		} else {
			arrays, args = append(arrays, "?::text[]"), append(args, column[string](rows, i))
		}
	}
	return Stmt{Args: args, Query: "UPDATE " + table + " t SET " + strings.Join(sets, ", ") + " FROM unnest(" + strings.Join(arrays, ", ") +
		") AS v(" + strings.Join(cols, ", ") + ") WHERE t." + cols[0] + " = v." + cols[0]}
}

func column[T any](rows [][]any, i int) []T {
	out := make([]T, len(rows))
	for n, row := range rows {
		out[n] = row[i].(T)
	}
	return out
}

func updateByCase(table string, cols []string, rows [][]any) Stmt {
	cases := "CASE " + cols[0] + strings.Repeat(" WHEN ? THEN ?", len(rows)) + " ELSE "
	var sets []string
	var args []any
	for i, col := range cols[1:] {
		sets = append(sets, col+" = "+cases+col+" END")
		for _, row := range rows {
			args = append(args, row[0], row[i+1])
		}
	}
	for _, row := range rows {
		args = append(args, row[0])
	}
	return Stmt{Query: "UPDATE " + table + " SET " + strings.Join(sets, ", ") + " WHERE " + cols[0] + " IN (" + Marks(len(rows)) + ")", Args: args}
}
