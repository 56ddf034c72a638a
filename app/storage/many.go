package storage

import "slices"

// listSize bounds the list of one IN.
const listSize = 256

// insertMany inserts rows in few statements.
func insertMany(tx *Tx, insert func(table string, rows int, cols ...string) string, table string, cols []string, rows [][]any) error {
	_, err := addMany(tx, insert, table, cols, rows)
	return err
}

// addMany is insertMany that returns how many rows were new.
func addMany(tx *Tx, insert func(table string, rows int, cols ...string) string, table string, cols []string, rows [][]any) (added int64, err error) {
	for _, s := range inserts(tx.Dialect(), insert, table, cols, rows) {
		n, err := tx.Exec(s.query, s.args...)
		if err != nil {
			return added, err
		}
		added += n
	}
	return added, nil
}

// inserts are the statements of insertMany.
func inserts(d Dialect, insert func(table string, rows int, cols ...string) string, table string, cols []string, rows [][]any) (out []stmt) {
	for len(rows) > 0 {
		size := d.rowsAtOnce(len(rows), len(cols))
		out = append(out, stmt{query: insert(table, size, cols...), args: slices.Concat(rows[:size]...)})
		rows = rows[size:]
	}
	return out
}

// padded is the length to which a list in a statement is brought: 1, 4, 16, 64 or 256.
func padded(n int) int {
	size := 1
	for size < n {
		size *= 4
	}
	return size
}

// pad repeats the last value up to the padded length: IN does not mind.
func pad[T any](values []T) []any {
	out := make([]any, padded(len(values)))
	for i := range out {
		out[i] = values[min(i, len(values)-1)]
	}
	return out
}
