package pairingsql

import (
	"context"

	"switchboard/app/pairing/ticket"
	"switchboard/app/sqldb"
)

// Held names up to limit people of the apps who are in an ask now: who asked, who is
// offered something, and who is in a call.
func (s *Store) Held(ctx context.Context, apps []string, limit int) ([]string, error) {
	if len(apps) == 0 {
		return nil, nil
	}
	args := make([]any, 0, len(apps)+1)
	for _, app := range apps {
		args = append(args, app)
	}
	rows, err := s.db.Query(ctx, "SELECT DISTINCT uid FROM pair_claims WHERE app IN ("+sqldb.Marks(len(apps))+") ORDER BY uid LIMIT ?", append(args, limit)...)
	if err != nil {
		return nil, err
	}
	return sqldb.Collect(rows, func(row sqldb.Scanner) (string, error) {
		var uid ticket.UID
		err := row.Scan(&uid)
		return uid.String(), err
	})
}
