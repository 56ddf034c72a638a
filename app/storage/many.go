package storage

// listSize bounds the list of one IN.
const listSize = 256

// insertMany inserts rows in few statements.
func insertMany(tx *Tx, insert func(table string, rows int, cols ...string) string, table string, cols []string, rows [][]any) error {
	_, err := addMany(tx, insert, table, cols, rows)
	return err
}

// addMany is insertMany that returns how many rows were new.
func addMany(tx *Tx, insert func(table string, rows int, cols ...string) string, table string, cols []string, rows [][]any) (added int64, err error) {
	for len(rows) > 0 {
		size := tx.Dialect().rowsAtOnce(len(rows), len(cols))
		args := make([]any, 0, size*len(cols))
		for _, r := range rows[:size] {
			args = append(args, r...)
		}
		n, err := tx.Exec(insert(table, size, cols...), args...)
		if err != nil {
			return added, err
		}
		added += n
		rows = rows[size:]
	}
	return added, nil
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
