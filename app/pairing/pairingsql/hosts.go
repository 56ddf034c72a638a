package pairingsql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"switchboard/app/pairing"
	"switchboard/app/pairing/ticket"
	"switchboard/app/sqldb"
)

// ChangeHosts changes a list of hosts. The row of its version is held until the
// commit, so that changes of one list come one after the other.
func (s *Store) ChangeHosts(ctx context.Context, app string, scene int, c pairing.HostChange) error {
	return s.db.WriteKeyed(ctx, fmt.Sprint("hosts", app, scene), func(tx *sqldb.Tx) error {
		if _, err := tx.Exec(tx.Dialect().InsertIgnore("pair_lists", 1, "app", "scene", "version"), app, scene, 0); err != nil {
			return err
		}
		if _, err := tx.Exec("UPDATE pair_lists SET version = version + 1 WHERE app = ? AND scene = ?", app, scene); err != nil {
			return err
		}
		if c.Whole {
			if _, err := tx.Exec("DELETE FROM pair_hosts WHERE app = ? AND scene = ?", app, scene); err != nil {
				return err
			}
		}
		for part := range slices.Chunk(c.Remove, sqldb.MaxList) {
			list, ids := sqldb.InList(part)
			if _, err := tx.Exec("DELETE FROM pair_hosts WHERE app = ? AND scene = ? AND uid IN "+list, append([]any{app, scene}, ids...)...); err != nil {
				return err
			}
		}
		rows := make([][]any, len(c.Add))
		for i, uid := range c.Add {
			rows[i] = []any{app, scene, uid}
		}
		_, err := sqldb.InsertMany(tx, tx.Dialect().InsertIgnore, "pair_hosts", []string{"app", "scene", "uid"}, rows)
		return err
	})
}

// Hosts reads a list whose version is not the known one. A change between the
// two reads shows again with its own version.
func (s *Store) Hosts(ctx context.Context, app string, scene int, known int64) (version int64, hosts []ticket.UID, err error) {
	err = s.db.QueryRow(ctx, "SELECT version FROM pair_lists WHERE app = ? AND scene = ?", app, scene).Scan(&version)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil, nil
	}
	if err != nil || version == known {
		return version, nil, err
	}
	rows, err := s.db.Query(ctx, "SELECT uid FROM pair_hosts WHERE app = ? AND scene = ? ORDER BY uid", app, scene)
	if err != nil {
		return 0, nil, err
	}
	hosts, err = sqldb.Collect(rows, sqldb.ScanOne[ticket.UID])
	return version, hosts, err
}
