// Package ownersql keeps in SQL which vendor account has what an app made.
package ownersql

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"switchboard/app/owners"
	"switchboard/app/sqldb"
)

// Store keeps records, moves and restraints.
type Store struct{ db *sqldb.DB }

var (
	_ owners.Store      = (*Store)(nil)
	_ owners.Restraints = (*Store)(nil)
)

// New keeps them in db.
func New(db *sqldb.DB) *Store { return &Store{db} }

const columns = "app_id, kind, id, account, vendor_id, uses, state, name, person, last_write, version, made_us, changed_us"

func scan(row sqldb.Scanner) (r owners.Record, err error) {
	var made, changed int64
	err = row.Scan(&r.App, &r.Kind, &r.ID, &r.Account, &r.VendorID, &r.Uses, &r.State, &r.Name, &r.Person, &r.LastWrite, &r.Version, &made, &changed)
	r.Made, r.Changed = sqldb.Time(made), sqldb.Time(changed)
	return r, err
}

func one(row sqldb.Scanner) (owners.Record, bool, error) {
	r, err := scan(row)
	if errors.Is(err, sql.ErrNoRows) {
		return owners.Record{}, false, nil
	}
	return r, err == nil, err
}

const byKey = "app_id = ? AND kind = ? AND id = ?"

// Get implements owners.Store.
func (s *Store) Get(ctx context.Context, k owners.Key) (owners.Record, bool, error) {
	return one(s.db.QueryRow(ctx, "SELECT "+columns+" FROM owners WHERE "+byKey, k.App, string(k.Kind), k.ID))
}

const byVendor = "SELECT " + columns + " FROM owners WHERE account = ? AND kind = ? AND vendor_id = ?"

// ByVendor implements owners.Store.
func (s *Store) ByVendor(ctx context.Context, account string, kind owners.Kind, vendorID string) (owners.Record, bool, error) {
	return one(s.db.QueryRow(ctx, byVendor, account, string(kind), vendorID))
}

// Save implements owners.Store.
func (s *Store) Save(ctx context.Context, r owners.Record, m *owners.Move) (saved bool, err error) {
	err = s.db.WriteKeyed(ctx, r.App, func(tx *sqldb.Tx) error {
		saved = false
		other, found, err := one(tx.QueryRow(byVendor, r.Account, string(r.Kind), r.VendorID))
		switch {
		case err != nil:
			return err
		case found && other.Key != r.Key:
			return owners.ErrTaken
		}
		now, err := tx.Now()
		if err != nil {
			return err
		}
		if saved, err = save(tx, r, now.UnixMicro()); err != nil || !saved || m == nil {
			return err
		}
		moved, err := json.Marshal(map[string]owners.Place{"from": m.From, "to": m.To})
		if err != nil {
			return err
		}
		_, err = tx.Exec(tx.Dialect().Insert("owner_audit", 1, "app_id", "kind", "id", "version", "at_us", "actor", "reason", "moved"),
			r.App, string(r.Kind), r.ID, r.Version+1, now.UnixMicro(), m.Actor, m.Reason, string(moved))
		return err
	})
	if errors.Is(err, sqldb.ErrDuplicate) { // another process was between the look and the write
		err = fmt.Errorf("%w: %w", owners.ErrTaken, err)
	}
	return saved, err
}

// save writes r as the next version.
func save(tx *sqldb.Tx, r owners.Record, now int64) (bool, error) {
	if r.Version == 0 {
		n, err := tx.Exec(tx.Dialect().InsertIgnore("owners", 1, strings.Split(columns, ", ")...),
			r.App, string(r.Kind), r.ID, r.Account, r.VendorID, r.Uses, string(r.State), r.Name, r.Person, r.LastWrite, 1, now, now)
		return n == 1, err
	}
	n, err := tx.Exec("UPDATE owners SET account = ?, vendor_id = ?, uses = ?, state = ?, name = ?, person = ?, last_write = ?, version = version + 1, changed_us = ?,"+
		" made_us = CASE WHEN ? = 'reserved' THEN ? ELSE made_us END WHERE "+byKey+" AND version = ?",
		r.Account, r.VendorID, r.Uses, string(r.State), r.Name, r.Person, r.LastWrite, now, string(r.State), now, r.App, string(r.Kind), r.ID, r.Version)
	return n == 1, err
}

// Delete implements owners.Store.
func (s *Store) Delete(ctx context.Context, r owners.Record) (deleted bool, err error) {
	err = s.db.WriteKeyed(ctx, r.App, func(tx *sqldb.Tx) error {
		n, err := tx.Exec("DELETE FROM owners WHERE "+byKey+" AND version = ?", r.App, string(r.Kind), r.ID, r.Version)
		deleted = n == 1
		return err
	})
	return deleted, err
}

// List implements owners.Store.
func (s *Store) List(ctx context.Context, f owners.Filter, behind owners.Key, limit int) ([]owners.Record, error) {
	where, args := []string{"1 = 1"}, []any{}
	for _, c := range []struct{ column, value string }{
		{"app_id", f.App}, {"kind", string(f.Kind)}, {"account", f.Account}, {"state", string(f.State)},
	} {
		if c.value != "" {
			where, args = append(where, c.column+" = ?"), append(args, c.value)
		}
	}
	if f.There {
		where, args = append(where, "state <> ?"), append(args, string(owners.Gone))
	}
	if behind != (owners.Key{}) {
		where = append(where, "(app_id > ? OR app_id = ? AND (kind > ? OR kind = ? AND id > ?))")
		args = append(args, behind.App, behind.App, string(behind.Kind), string(behind.Kind), behind.ID)
	}
	rows, err := s.db.Query(ctx, "SELECT "+columns+" FROM owners WHERE "+strings.Join(where, " AND ")+" ORDER BY app_id, kind, id LIMIT ?", append(args, limit)...)
	if err != nil {
		return nil, err
	}
	return sqldb.Collect(rows, scan)
}

// Accounts implements owners.Store. It goes from one account to the next by the index:
// there are few of them, and there may be many groups.
func (s *Store) Accounts(ctx context.Context, app string, kind owners.Kind) (out []string, err error) {
	last := ""
	for {
		var next sql.NullString
		err := s.db.QueryRow(ctx, "SELECT MIN(account) FROM owners WHERE app_id = ? AND kind = ? AND account > ? AND state <> ?", app, string(kind), last, string(owners.Gone)).Scan(&next)
		if err != nil || !next.Valid {
			return out, err
		}
		last = next.String
		out = append(out, last)
	}
}

const selectMove = "SELECT app_id, kind, id, at_us, actor, reason, moved FROM owner_audit "

func scanMove(row sqldb.Scanner) (m owners.Move, err error) {
	var at int64
	var raw string
	if err := row.Scan(&m.App, &m.Kind, &m.ID, &at, &m.Actor, &m.Reason, &raw); err != nil {
		return m, err
	}
	var moved struct{ From, To owners.Place }
	err = json.Unmarshal([]byte(raw), &moved)
	m.At, m.From, m.To = sqldb.Time(at), moved.From, moved.To
	return m, err
}

// Moves implements owners.Store.
func (s *Store) Moves(ctx context.Context, limit int) ([]owners.Move, error) {
	rows, err := s.db.Query(ctx, selectMove+"ORDER BY at_us DESC, version DESC LIMIT ?", limit)
	if err != nil {
		return nil, err
	}
	return sqldb.Collect(rows, scanMove)
}
