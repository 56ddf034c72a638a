package roomsql

import (
	"context"

	"switchboard/app/rooms"
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

// Of implements rooms.Grants.
func (s *Store) Of(ctx context.Context, app, user string) ([]rooms.Grant, error) {
	rows, err := s.db.Query(ctx, "SELECT room, rights, until_us FROM room_grants WHERE app_id = ? AND user_id = ? ORDER BY room", app, user)
	if err != nil {
		return nil, err
	}
	return sqldb.Collect(rows, func(row sqldb.Scanner) (g rooms.Grant, err error) {
		var rights string
		var until int64
		err = row.Scan(&g.Room, &rights, &until)
		g.May, g.Until = permission(rights), sqldb.Time(until)
		return g, err
	})
}
