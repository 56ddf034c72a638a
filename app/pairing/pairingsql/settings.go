package pairingsql

import (
	"context"

	"switchboard/app/pairing"
	"switchboard/app/sqldb"
)

// allScenes is the scene of settings that hold for an app as a whole.
const allScenes = -1

// Settings is a pairing.Source: the rows of pair_settings for the app and
// scene over those for all scenes; pairing.ErrNoConfig when there are none.
func (s *Store) Settings(ctx context.Context, app string, scene int) (map[string]string, error) {
	rows, err := s.db.Query(ctx, "SELECT item, value FROM pair_settings WHERE app = ? AND scene IN (?, ?) ORDER BY scene", app, allScenes, scene)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	found, err := sqldb.Collect(rows, func(row sqldb.Scanner) (any, error) {
		var item, value string
		err := row.Scan(&item, &value)
		out[item] = value
		return nil, err
	})
	if err == nil && len(found) == 0 {
		err = pairing.ErrNoConfig
	}
	return out, err
}
