package realtimesql

import (
	"context"
	"slices"
	"time"

	"switchboard/app/realtime"
	"switchboard/app/realtime/presence"
	"switchboard/app/sqldb"
)

// Presence keeps who has a session at which process (a node), so that a user is
// online while any of them holds one.
type Presence struct{ db *sqldb.DB }

var (
	_ presence.Store     = (*Presence)(nil)
	_ presence.NodeStore = (*Presence)(nil)
)

// NewPresence keeps presence in db.
func NewPresence(db *sqldb.DB) *Presence { return &Presence{db} }

// Set implements presence.Store.
func (p *Presence) Set(ctx context.Context, u realtime.User, node string, here bool) (change *presence.Change, err error) {
	err = p.db.WriteKeyed(ctx, u.ID, func(tx *sqldb.Tx) (err error) {
		change, err = setPresence(tx, u, node, here)
		return err
	})
	return change, err
}

// setPresence locks the user first: of two nodes that the user leaves at once, one sees
// that the other has none.
func setPresence(tx *sqldb.Tx, u realtime.User, node string, here bool) (*presence.Change, error) {
	var one, others int
	rows, err := tx.Query("SELECT 1 FROM users WHERE app_id = ? AND id = ?"+tx.Dialect().ForUpdate(), u.App, u.ID)
	if err != nil {
		return nil, err
	}
	if _, err := sqldb.Collect(rows, func(row sqldb.Scanner) (int, error) { return one, row.Scan(&one) }); err != nil {
		return nil, err
	}
	query := "DELETE FROM presence WHERE app_id = ? AND user_id = ? AND node = ?"
	if here {
		query = tx.Dialect().InsertIgnore("presence", 1, "app_id", "user_id", "node")
	}
	n, err := tx.Exec(query, u.App, u.ID, node)
	if err != nil || n == 0 {
		return nil, err
	}
	if err := tx.QueryRow("SELECT COUNT(*) FROM presence WHERE app_id = ? AND user_id = ? AND node <> ?", u.App, u.ID, node).Scan(&others); err != nil || others > 0 {
		return nil, err
	}
	at, err := tx.Now()
	return &presence.Change{User: u, Online: here, At: at}, err
}

// Online returns those of the users who have a session at a process whose lease is not
// over.
func (p *Presence) Online(ctx context.Context, app string, users []string) (online []string, err error) {
	for some := range slices.Chunk(users, sqldb.MaxList) {
		list, args := sqldb.InList(some)
		rows, err := p.db.Query(ctx, "SELECT DISTINCT p.user_id FROM presence p JOIN presence_nodes n ON n.node = p.node WHERE n.until_us >= "+p.db.Dialect().NowSQL()+
			" AND p.app_id = ? AND p.user_id IN "+list, append([]any{app}, args...)...)
		if err != nil {
			return nil, err
		}
		found, err := sqldb.Collect(rows, func(row sqldb.Scanner) (id string, err error) { return id, row.Scan(&id) })
		if err != nil {
			return nil, err
		}
		online = append(online, found...)
	}
	return online, nil
}

// Holders names the processes with a lease that is not over that hold a session of the user.
func (p *Presence) Holders(ctx context.Context, u realtime.User) ([]string, error) {
	rows, err := p.db.Query(ctx, "SELECT p.node FROM presence p JOIN presence_nodes n ON n.node = p.node WHERE n.until_us >= "+p.db.Dialect().NowSQL()+
		" AND p.app_id = ? AND p.user_id = ?", u.App, u.ID)
	if err != nil {
		return nil, err
	}
	return sqldb.Collect(rows, func(row sqldb.Scanner) (node string, err error) { return node, row.Scan(&node) })
}

// Renew implements presence.Store.
func (p *Presence) Renew(ctx context.Context, node string, lease time.Duration) (isNew bool, err error) {
	err = p.db.WriteKeyed(ctx, node, func(tx *sqldb.Tx) error {
		isNew = false
		now, err := tx.Now()
		if err != nil {
			return err
		}
		until := now.Add(lease).UnixMicro()
		n, err := tx.Exec("UPDATE presence_nodes SET until_us = ? WHERE node = ?", until, node)
		if err != nil || n > 0 {
			return err
		}
		isNew = true
		_, err = tx.Exec(tx.Dialect().Insert("presence_nodes", 1, "node", "until_us"), node, until)
		return err
	})
	return isNew, err
}

// Leases implements presence.NodeStore, and forgets the nodes whose lease is over.
func (p *Presence) Leases(ctx context.Context, prefix string) (map[string]time.Time, error) {
	now, err := p.db.Now(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := p.db.Query(ctx, "SELECT node, until_us FROM presence_nodes WHERE node >= ? AND node < ?", prefix, prefix+"~")
	if err != nil {
		return nil, err
	}
	type lease struct {
		node  string
		until int64
	}
	found, err := sqldb.Collect(rows, func(row sqldb.Scanner) (l lease, err error) { return l, row.Scan(&l.node, &l.until) })
	live := map[string]time.Time{}
	for _, l := range found {
		if live[l.node] = time.UnixMicro(l.until); l.until >= now.UnixMicro() {
			continue
		}
		delete(live, l.node)
		if err := p.db.Write(ctx, func(tx *sqldb.Tx) error {
			_, err := tx.Exec("DELETE FROM presence_nodes WHERE node = ? AND until_us = ?", l.node, l.until)
			return err
		}); err != nil {
			return nil, err
		}
	}
	return live, err
}

// Sweep implements presence.Store.
func (p *Presence) Sweep(ctx context.Context, limit int) (changes []presence.Change, err error) {
	if err := p.db.Write(ctx, func(tx *sqldb.Tx) error {
		now, err := tx.Now()
		if err != nil {
			return err
		}
		_, err = tx.Exec("DELETE FROM presence_nodes WHERE until_us < ?", now.UnixMicro())
		return err
	}); err != nil {
		return nil, err
	}
	rows, err := p.db.Query(ctx, "SELECT app_id, user_id, node FROM presence WHERE node NOT IN (SELECT node FROM presence_nodes) LIMIT ?", limit)
	if err != nil {
		return nil, err
	}
	type place struct {
		user realtime.User
		node string
	}
	gone, err := sqldb.Collect(rows, func(row sqldb.Scanner) (at place, err error) {
		return at, row.Scan(&at.user.App, &at.user.ID, &at.node)
	})
	for _, at := range gone {
		change, err := p.Set(ctx, at.user, at.node, false)
		if err != nil {
			return changes, err
		}
		if change != nil {
			changes = append(changes, *change)
		}
	}
	return changes, err
}
