package erasuresql

import (
	"context"
	"time"

	"switchboard/app/erasure"
	"switchboard/app/sqldb"
)

var _ erasure.VoidStore = (*Store)(nil)

// AddVoid implements erasure.VoidStore.
func (s *Store) AddVoid(ctx context.Context, v erasure.Void) error {
	return s.db.WriteKeyed(ctx, v.Digest, func(tx *sqldb.Tx) error {
		_, err := tx.Exec(tx.Dialect().Upsert("void_tokens", 1, "app_id, user_digest", []string{"at_us"}, "app_id", "user_digest", "at_us"),
			v.App, v.Digest, v.At.UnixMicro())
		return err
	})
}

// Voids implements erasure.VoidStore.
func (s *Store) Voids(ctx context.Context, since time.Time) ([]erasure.Void, error) {
	from := int64(0)
	if !since.IsZero() {
		from = since.UnixMicro()
	}
	rows, err := s.db.Query(ctx, "SELECT app_id, user_digest, at_us FROM void_tokens WHERE at_us >= ?", from)
	if err != nil {
		return nil, err
	}
	return sqldb.Collect(rows, func(row sqldb.Scanner) (v erasure.Void, err error) {
		var at int64
		err = row.Scan(&v.App, &v.Digest, &at)
		v.At = sqldb.Time(at)
		return v, err
	})
}

// PruneVoids implements erasure.VoidStore.
func (s *Store) PruneVoids(ctx context.Context, before time.Time) error {
	return s.db.Write(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec("DELETE FROM void_tokens WHERE at_us < ?", before.UnixMicro())
		return err
	})
}
