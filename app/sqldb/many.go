package sqldb

import "slices"

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
