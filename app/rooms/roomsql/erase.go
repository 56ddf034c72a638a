package roomsql

import (
	"context"

	"switchboard/app/sqldb"
)

// EraseUser forgets into which rooms user was let.
func (s *Store) EraseUser(ctx context.Context, app, user string) (n int, err error) {
	err = s.db.WriteKeyed(ctx, app, func(tx *sqldb.Tx) error {
		gone, err := tx.Exec("DELETE FROM room_grants WHERE app_id = ? AND user_id = ?", app, user)
		n = int(gone)
		return err
	})
	return n, err
}

// Rooms implements rooms.Grants.
func (s *Store) Rooms(ctx context.Context, app, user string) ([]string, error) {
	rows, err := s.db.Query(ctx, "SELECT room FROM room_grants WHERE app_id = ? AND user_id = ? ORDER BY room", app, user)
	if err != nil {
		return nil, err
	}
	return sqldb.Collect(rows, sqldb.ScanOne[string])
}
