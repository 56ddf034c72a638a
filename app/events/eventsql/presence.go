package eventsql

import (
	"context"
	"time"

	"switchboard/app/events"
	"switchboard/app/sqldb"
)

var _ events.Watches = (*Store)(nil)

const thisUser = " WHERE account = ? AND user_id = ?"

// Watch implements events.Watches.
func (s *Store) Watch(ctx context.Context, account string, users []string, span time.Duration, most int) (refused int, err error) {
	err = s.db.Write(ctx, func(tx *sqldb.Tx) error {
		now, err := tx.Now()
		if err != nil {
			return err
		}
		refused = 0
		until, room := now.Add(span).UnixMicro(), most
		if err := tx.QueryRow("SELECT COUNT(*) FROM watched_users WHERE account = ?", account).Scan(&room); err != nil {
			return err
		}
		room = most - room
		for _, user := range users {
			var known int64
			err := tx.QueryRow("SELECT until_us FROM watched_users"+thisUser, account, user).Scan(&known)
			if sqldb.IgnoreNoRows(err) != nil {
				return err
			}
			switch {
			case err == nil && known >= until-span.Microseconds()/10: // not written at every call
				continue
			case err == nil:
				_, err = tx.Exec("UPDATE watched_users SET until_us = ?"+thisUser+" AND until_us < ?", until, account, user, until)
			case room <= 0:
				refused++
				continue
			default:
				room--
				_, err = tx.Exec(tx.Dialect().InsertIgnore("watched_users", 1, "account", "user_id", "until_us", "asked_us", "seen_us", "online"), account, user, until, 0, 0, 0)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	return refused, err
}

// ClaimPoll implements events.Watches. Most calls come too early, and only read.
func (s *Store) ClaimPoll(ctx context.Context, account string, every time.Duration) (at time.Time, mine bool, err error) {
	var due int64
	err = s.db.QueryRow(ctx, "SELECT due_us - "+s.db.Dialect().NowSQL()+" FROM presence_polls WHERE account = ?", account).Scan(&due)
	if sqldb.IgnoreNoRows(err) != nil || err == nil && due > 0 {
		return at, false, err
	}
	err = s.db.Write(ctx, func(tx *sqldb.Tx) error {
		now, err := tx.Now()
		if err != nil {
			return err
		}
		at = now
		if _, err := tx.Exec(tx.Dialect().InsertIgnore("presence_polls", 1, "account", "due_us"), account, 0); err != nil {
			return err
		}
		n, err := tx.Exec("UPDATE presence_polls SET due_us = ? WHERE account = ? AND due_us <= ?", now.Add(every).UnixMicro(), account, now.UnixMicro())
		mine = n == 1
		return err
	})
	return at, mine && err == nil, err
}

// NextWatched implements events.Watches.
func (s *Store) NextWatched(ctx context.Context, account string, limit int) (users []string, err error) {
	err = s.db.Write(ctx, func(tx *sqldb.Tx) error {
		now, err := tx.Now()
		if err != nil {
			return err
		}
		if _, err := tx.Exec("DELETE FROM watched_users WHERE account = ? AND until_us < ?", account, now.UnixMicro()); err != nil {
			return err
		}
		rows, err := tx.Query("SELECT user_id FROM watched_users WHERE account = ? ORDER BY asked_us, user_id LIMIT ?", account, limit)
		if err != nil {
			return err
		}
		if users, err = sqldb.Collect(rows, sqldb.ScanOne[string]); err != nil {
			return err
		}
		for _, user := range users {
			if _, err := tx.Exec("UPDATE watched_users SET asked_us = ?"+thisUser, now.UnixMicro(), account, user); err != nil {
				return err
			}
		}
		return nil
	})
	return users, err
}

// Seen implements events.Watches.
func (s *Store) Seen(ctx context.Context, account string, asOf time.Time, found []events.Sighting, record func(events.Sighting) (events.Record, error), send bool) (changed []string, err error) {
	err = s.db.Write(ctx, func(tx *sqldb.Tx) error {
		changed = nil
		var records []events.Record
		for _, one := range found {
			differs, err := seen(tx, account, asOf, &one)
			if err != nil {
				return err
			}
			if !differs {
				continue
			}
			r, err := record(one)
			if err != nil {
				return err
			}
			changed, records = append(changed, one.User), append(records, r)
		}
		_, err := add(tx, records, send)
		return err
	})
	return changed, err
}

// seen keeps what was found of one user, and reports whether that is news. An answer from
// before the last one, or about somebody who is watched no more, changes nothing. Since
// when it is so is put between the two answers.
func seen(tx *sqldb.Tx, account string, asOf time.Time, found *events.Sighting) (news bool, err error) {
	var before, was int64
	err = tx.QueryRow("SELECT seen_us, online FROM watched_users"+thisUser+tx.Dialect().ForUpdate(), account, found.User).Scan(&before, &was)
	if err != nil || before >= asOf.UnixMicro() {
		return false, sqldb.IgnoreNoRows(err)
	}
	if _, err := tx.Exec("UPDATE watched_users SET seen_us = ?, online = ?"+thisUser, asOf.UnixMicro(), sqldb.Flag(found.Online), account, found.User); err != nil {
		return false, err
	}
	if last := time.UnixMicro(before).UTC(); before > 0 && found.Since.Before(last) {
		found.Since = last
	}
	if !found.Online || found.Since.IsZero() || found.Since.After(asOf) {
		found.Since = asOf
	}
	return found.Online != (was != 0), nil
}
