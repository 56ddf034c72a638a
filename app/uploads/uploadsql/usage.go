// Package uploadsql keeps in SQL how much each app stored.
package uploadsql

import (
	"context"
	"database/sql"
	"errors"

	"switchboard/app/sqldb"
	"switchboard/app/uploads"
)

// Usage counts the bytes of each app's files.
type Usage struct{ db *sqldb.DB }

var _ uploads.Usage = (*Usage)(nil)

// New keeps the counts in db.
func New(db *sqldb.DB) *Usage { return &Usage{db} }

// Used implements uploads.Usage.
func (u *Usage) Used(ctx context.Context, app string) (bytes int64, err error) {
	err = u.db.QueryRow(ctx, "SELECT bytes FROM upload_usage WHERE app_id = ?", app).Scan(&bytes)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return bytes, err
}

// Add implements uploads.Usage.
func (u *Usage) Add(ctx context.Context, app string, bytes int64) error {
	return u.db.WriteKeyed(ctx, app, func(tx *sqldb.Tx) error {
		const add = "UPDATE upload_usage SET bytes = bytes + ? WHERE app_id = ?"
		if n, err := tx.Exec(add, bytes, app); err != nil || n > 0 {
			return err
		}
		if _, err := tx.Exec(tx.Dialect().InsertIgnore("upload_usage", 1, "app_id", "bytes"), app, 0); err != nil {
			return err
		}
		_, err := tx.Exec(add, bytes, app)
		return err
	})
}
