package conversationsql

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"switchboard/app/conversation"
	"switchboard/app/sqldb"
)

const userColumns = "app_id, id, ext, banned, created_us"

func scanUser(row sqldb.Scanner) (conversation.User, error) {
	var (
		u       conversation.User
		ext     []byte
		created int64
	)
	err := row.Scan(&u.App, &u.ID, &ext, &u.Banned, &created)
	u.Ext, u.Created = ext, sqldb.Time(created)
	return u, err
}

// PutUser implements conversation.Store. Nothing is written when nothing changes.
func (s *Store) PutUser(ctx context.Context, u conversation.User) (conversation.User, error) {
	old, err := s.UserByID(ctx, u.App, u.ID)
	if err == nil && (u.Ext == nil || string(u.Ext) == string(old.Ext)) {
		return old, nil
	}
	if err != nil && !errors.Is(err, conversation.ErrUnknownUser) {
		return u, err
	}
	err = s.db.WriteKeyed(ctx, u.ID, func(tx *sqldb.Tx) error {
		n, err := tx.Exec(tx.Dialect().InsertIgnore("users", 1, "app_id", "id", "ext", "banned", "created_us"),
			u.App, u.ID, sqldb.NullJSON(u.Ext), 0, u.Created.UnixMicro())
		if err != nil || n > 0 || u.Ext == nil {
			return err
		}
		_, err = tx.Exec("UPDATE users SET ext = ? WHERE app_id = ? AND id = ?", string(u.Ext), u.App, u.ID)
		return err
	})
	if err != nil {
		return u, err
	}
	return s.UserByID(ctx, u.App, u.ID)
}

// UserByID implements conversation.Store.
func (s *Store) UserByID(ctx context.Context, app, id string) (conversation.User, error) {
	u, err := scanUser(s.db.QueryRow(ctx, "SELECT "+userColumns+" FROM users WHERE app_id = ? AND id = ?", app, id))
	if errors.Is(err, sql.ErrNoRows) {
		err = conversation.ErrUnknownUser
	}
	return u, err
}

// Users implements conversation.Store.
func (s *Store) Users(ctx context.Context, app string, offset, limit int) ([]conversation.User, int, error) {
	var total int
	if err := s.db.QueryRow(ctx, "SELECT COUNT(*) FROM users WHERE app_id = ?", app).Scan(&total); err != nil {
		return nil, 0, err
	}
	rows, err := s.db.Query(ctx, "SELECT "+userColumns+" FROM users WHERE app_id = ? ORDER BY id LIMIT ? OFFSET ?", app, limit, offset)
	if err != nil {
		return nil, 0, err
	}
	users, err := sqldb.Collect(rows, scanUser)
	return users, total, err
}

// BanUser implements conversation.Store. The clock moves with the row, so that who
// reads the clock first and the row then is behind in neither.
func (s *Store) BanUser(ctx context.Context, app, id string, banned bool) error {
	return s.db.WriteKeyed(ctx, id, func(tx *sqldb.Tx) error {
		n, err := tx.Exec("UPDATE users SET banned = ? WHERE app_id = ? AND id = ?", sqldb.Flag(banned), app, id)
		if err == nil && n == 0 {
			err = conversation.ErrUnknownUser
		}
		if err == nil {
			_, err = tx.Exec("UPDATE ban_clock SET tick = tick + 1 WHERE id = 1")
		}
		return err
	})
}

// readyUsers makes the users that are missing, or refuses them, and refuses the
// banned. It returns them in the order in which rows are to be locked.
func readyUsers(tx *sqldb.Tx, app string, m conversation.Membership) ([]string, error) {
	users := slices.Clone(m.Users)
	slices.Sort(users)
	known := make(map[string]bool, len(users))
	for part := range slices.Chunk(users, sqldb.MaxList) {
		list, ids := sqldb.InList(part)
		rows, err := tx.Query("SELECT "+userColumns+" FROM users WHERE app_id = ? AND id IN "+list, append([]any{app}, ids...)...)
		if err != nil {
			return nil, err
		}
		found, err := sqldb.Collect(rows, scanUser)
		if err != nil {
			return nil, err
		}
		for _, u := range found {
			if u.Banned {
				return nil, conversation.ErrBanned
			}
			known[u.ID] = true
		}
	}
	missing := slices.DeleteFunc(slices.Clone(users), func(id string) bool { return known[id] })
	if len(missing) > 0 && !m.Create {
		return nil, conversation.ErrUnknownUser
	}
	return users, insertUsers(tx, app, missing, m.At)
}

func insertUsers(tx *sqldb.Tx, app string, ids []string, at time.Time) error {
	rows := make([][]any, len(ids))
	for i, id := range ids {
		rows[i] = []any{app, id, nil, 0, at.UnixMicro()}
	}
	_, err := sqldb.InsertMany(tx, tx.Dialect().InsertIgnore, "users", []string{"app_id", "id", "ext", "banned", "created_us"}, rows)
	return err
}
