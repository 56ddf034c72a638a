package realtimesql

import (
	"context"

	"switchboard/app/sqldb"
)

// EraseUser forgets at which processes user had sessions.
func (p *Presence) EraseUser(ctx context.Context, app, user string) (n int, err error) {
	err = p.db.WriteKeyed(ctx, user, func(tx *sqldb.Tx) error {
		gone, err := tx.Exec("DELETE FROM presence WHERE app_id = ? AND user_id = ?", app, user)
		n = int(gone)
		return err
	})
	return n, err
}
