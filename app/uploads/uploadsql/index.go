// Package uploadsql keeps in SQL whose files there are, and how much each app stored.
package uploadsql

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"switchboard/app/sqldb"
	"switchboard/app/uploads"
)

// Index is the files and the bytes of each app's.
type Index struct{ db *sqldb.DB }

var _ uploads.Index = (*Index)(nil)

// New keeps the index in db.
func New(db *sqldb.DB) *Index { return &Index{db} }

// Used implements uploads.Index.
func (x *Index) Used(ctx context.Context, app string) (bytes int64, err error) {
	err = x.db.QueryRow(ctx, "SELECT bytes FROM upload_usage WHERE app_id = ?", app).Scan(&bytes)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return bytes, err
}

// Begin implements uploads.Index.
func (x *Index) Begin(ctx context.Context, f uploads.File) error {
	return x.db.WriteKeyed(ctx, f.App, func(tx *sqldb.Tx) error {
		now, err := tx.Now()
		if err != nil {
			return err
		}
		_, err = tx.Exec(tx.Dialect().Insert("files", 1, "name", "app_id", "user_id", "bytes", "at_us"), f.Name, f.App, f.User, 0, now.UnixMicro())
		return err
	})
}

// Add implements uploads.Index.
func (x *Index) Add(ctx context.Context, f uploads.File) (there bool, err error) {
	err = x.db.WriteKeyed(ctx, f.App, func(tx *sqldb.Tx) error {
		n, err := tx.Exec("UPDATE files SET bytes = ? WHERE name = ? AND bytes = 0", f.Bytes, f.Name)
		if there = n > 0; err != nil || !there {
			return err
		}
		return count(tx, f.App, f.Bytes)
	})
	return there, err
}

// count changes the bytes of an app.
func count(tx *sqldb.Tx, app string, bytes int64) error {
	const add = "UPDATE upload_usage SET bytes = bytes + ? WHERE app_id = ?"
	if n, err := tx.Exec(add, bytes, app); err != nil || n > 0 {
		return err
	}
	if _, err := tx.Exec(tx.Dialect().InsertIgnore("upload_usage", 1, "app_id", "bytes"), app, 0); err != nil {
		return err
	}
	_, err := tx.Exec(add, bytes, app)
	return err
}

// Drop implements uploads.Index.
func (x *Index) Drop(ctx context.Context, f uploads.File) error {
	return x.db.WriteKeyed(ctx, f.App, func(tx *sqldb.Tx) error {
		var bytes int64
		if err := tx.QueryRow("SELECT bytes FROM files WHERE name = ?", f.Name).Scan(&bytes); err != nil {
			return sqldb.IgnoreNoRows(err)
		}
		if _, err := tx.Exec("DELETE FROM files WHERE name = ?", f.Name); err != nil || bytes == 0 {
			return err
		}
		return count(tx, f.App, -bytes)
	})
}

const (
	columns   = "name, app_id, user_id, bytes, at_us"
	oldFiles  = "SELECT " + columns + " FROM files WHERE app_id = ? AND at_us < ? ORDER BY at_us LIMIT ?"
	userFiles = "SELECT " + columns + " FROM files WHERE app_id = ? AND user_id = ? AND name > ? ORDER BY name LIMIT ?"
	oldest    = "SELECT at_us FROM files WHERE app_id = ? ORDER BY at_us LIMIT 1"
)

func (x *Index) list(ctx context.Context, query string, args ...any) ([]uploads.File, error) {
	rows, err := x.db.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	return sqldb.Collect(rows, func(row sqldb.Scanner) (f uploads.File, err error) {
		var at int64
		err = row.Scan(&f.Name, &f.App, &f.User, &f.Bytes, &at)
		f.At = sqldb.Time(at)
		return f, err
	})
}

// Before implements uploads.Index.
func (x *Index) Before(ctx context.Context, app string, t time.Time, limit int) ([]uploads.File, error) {
	return x.list(ctx, oldFiles, app, t.UnixMicro(), limit)
}

// Of implements uploads.Index.
func (x *Index) Of(ctx context.Context, app, user, behind string, limit int) ([]uploads.File, error) {
	return x.list(ctx, userFiles, app, user, behind, limit)
}

// Oldest implements uploads.Index.
func (x *Index) Oldest(ctx context.Context, app string) (time.Time, error) {
	var at int64
	err := x.db.QueryRow(ctx, oldest, app).Scan(&at)
	return sqldb.Time(at), sqldb.IgnoreNoRows(err)
}
