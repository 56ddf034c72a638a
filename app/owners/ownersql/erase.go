package ownersql

import (
	"context"
	"strings"

	"switchboard/app/sqldb"
)

// escaped is an id in a pattern of LIKE.
var escaped = strings.NewReplacer(`\`, `_`, `%`, `_`)

// EraseUser forgets what is kept about user: their blocks and blacklist, what others keep
// them from, and ends of such holds. A group that was theirs is nobody's. Pseudonym takes
// their place where an operator moved something.
func (s *Store) EraseUser(ctx context.Context, app, user, pseudonym string) (n int, err error) {
	err = s.db.WriteKeyed(ctx, app, func(tx *sqldb.Tx) error {
		n = 0
		for _, st := range []struct {
			query string
			args  []any
		}{
			{"DELETE FROM restraints WHERE app_id = ? AND kind = 'block' AND id = ?", []any{app, user}},
			// Of a block, user_id is the account that holds it.
			{"DELETE FROM restraints WHERE app_id = ? AND user_id = ? AND NOT (kind = 'block' AND what = 'bar')", []any{app, user}},
			{"DELETE FROM lifts WHERE app_id = ? AND kind = 'block' AND id = ?", []any{app, user}},
			{"DELETE FROM lifts WHERE app_id = ? AND user_id = ?", []any{app, user}},
			{"UPDATE lifts SET person = '' WHERE app_id = ? AND person = ?", []any{app, user}},
			{"DELETE FROM wishes WHERE app_id = ? AND (kind IN ('block', 'message') AND id = ? OR thing IN (?, ?, ?) OR thing LIKE ? AND kind <> 'block')",
				[]any{app, user, "blacklist/" + user, "remark/" + user, "notice/user/" + user, "%/" + escaped.Replace(user)}},
			{"DELETE FROM owners WHERE app_id = ? AND kind = 'block' AND id = ?", []any{app, user}},
			{"UPDATE owners SET person = '', version = version + 1 WHERE app_id = ? AND person = ?", []any{app, user}},
			{"UPDATE owner_audit SET id = ? WHERE app_id = ? AND kind = 'block' AND id = ?", []any{pseudonym, app, user}},
		} {
			changed, err := tx.Exec(st.query, st.args...)
			if err != nil {
				return err
			}
			n += int(changed)
		}
		return nil
	})
	return n, err
}
