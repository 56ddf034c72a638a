package usersql

import (
	"context"

	"switchboard/app/sqldb"
)

// EraseUser forgets how vendors show user.
func (s *Store) EraseUser(ctx context.Context, app, user string) (n int, err error) {
	err = s.db.WriteKeyed(ctx, app, func(tx *sqldb.Tx) error {
		gone, err := tx.Exec("DELETE FROM profiles WHERE app_id = ? AND user_id = ?", app, user)
		n = int(gone)
		return err
	})
	return n, err
}
