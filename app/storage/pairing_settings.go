package storage

import (
	"context"

	"switchboard/app/pairing"
)

// allScenes is the scene of settings that hold for an app as a whole.
const allScenes = -1

// Settings is a pairing.Source: the rows of pair_settings for the app and
// scene over those for all scenes; pairing.ErrNoConfig when there are none.
func (s Pairing) Settings(ctx context.Context, app string, scene int) (map[string]string, error) {
	rows, err := s.DB.Query(ctx, "SELECT item, value FROM pair_settings WHERE app = ? AND scene IN (?, ?) ORDER BY scene", app, allScenes, scene)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[string]string{}
	for rows.Next() {
		var item, value string
		if err := rows.Scan(&item, &value); err != nil {
			return nil, err
		}
		out[item] = value
	}
	if err := rows.Err(); err != nil {
		return nil, wrap(err)
	}
	if len(out) == 0 {
		return nil, pairing.ErrNoConfig
	}
	return out, nil
}
