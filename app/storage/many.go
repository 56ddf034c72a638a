package storage

// insertRows bounds the rows of one statement; below it statements come in few
// sizes, so that compiled ones are found again.
const insertRows = 256

// insertMany inserts rows by statements of 256, 64, 16, 4 and 1 rows.
func insertMany(tx *Tx, insert func(table string, rows int, cols ...string) string, table string, cols []string, rows [][]any) error {
	for size := insertRows; size > 0; size /= 4 {
		for len(rows) >= size {
			args := make([]any, 0, size*len(cols))
			for _, r := range rows[:size] {
				args = append(args, r...)
			}
			if _, err := tx.Exec(insert(table, size, cols...), args...); err != nil {
				return err
			}
			rows = rows[size:]
		}
	}
	return nil
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
