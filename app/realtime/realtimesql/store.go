// Package realtimesql reads for sessions: memberships, changes of member lists and bans.
package realtimesql

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"switchboard/app/realtime"
	"switchboard/app/sqldb"
)

// Store is what sessions read: the log of messages, each with the version of its
// conversation's member list, and the changes of member lists.
type Store struct{ db *sqldb.DB }

var _ realtime.Members = (*Store)(nil)

// New reads conversations for delivery.
func New(db *sqldb.DB) *Store { return &Store{db} }

// MemberVersion is the version of a conversation's member list, 0 when there is no such
// conversation.
func (s *Store) MemberVersion(ctx context.Context, app, conv string) (version int64, err error) {
	err = s.db.QueryRow(ctx, "SELECT member_version FROM conversations WHERE id = ? AND app_id = ? AND deleted = 0", conv, app).Scan(&version)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return version, err
}

// BanTick is another number whenever somebody was banned or let in again.
func (s *Store) BanTick(ctx context.Context) (tick int64, err error) {
	return tick, s.db.QueryRow(ctx, "SELECT tick FROM ban_clock WHERE id = 1").Scan(&tick)
}

// Banned returns those of the users who are banned; with an error, those found
// before it.
func (s *Store) Banned(ctx context.Context, users []realtime.User) (banned []realtime.User, err error) {
	ids := map[string][]string{}
	for _, u := range users {
		ids[u.App] = append(ids[u.App], u.ID)
	}
	for app, all := range ids {
		for part := range slices.Chunk(all, sqldb.MaxList) {
			list, ids := sqldb.InList(part)
			rows, err := s.db.Query(ctx, "SELECT id FROM users WHERE banned <> 0 AND app_id = ? AND id IN "+list, append([]any{app}, ids...)...)
			if err != nil {
				return banned, err
			}
			found, err := sqldb.Collect(rows, func(row sqldb.Scanner) (u realtime.User, err error) {
				u.App = app
				return u, row.Scan(&u.ID)
			})
			if banned = append(banned, found...); err != nil {
				return banned, err
			}
		}
	}
	return banned, nil
}

// Joined implements realtime.Members.
func (s *Store) Joined(ctx context.Context, u realtime.User) ([]realtime.Joined, error) {
	rows, err := s.db.Query(ctx, `SELECT m.conv_id, m.join_seq, c.member_version FROM members m JOIN conversations c ON c.id = m.conv_id
		WHERE m.app_id = ? AND m.user_id = ? AND m.left_us = 0 AND c.deleted = 0`, u.App, u.ID)
	if err != nil {
		return nil, err
	}
	return sqldb.Collect(rows, func(row sqldb.Scanner) (j realtime.Joined, err error) {
		return j, row.Scan(&j.Conversation, &j.Seq, &j.MemberVersion)
	})
}

// Changes implements realtime.Members. The version is read first: what changes
// between the two reads is answered now and once more next time.
func (s *Store) Changes(ctx context.Context, app, conv string, since int64) ([]realtime.Change, int64, error) {
	var version int64
	if err := s.db.QueryRow(ctx, "SELECT member_version FROM conversations WHERE id = ? AND app_id = ?", conv, app).Scan(&version); err != nil {
		return nil, 0, err
	}
	query := "SELECT user_id, join_seq, left_us FROM members WHERE conv_id = ? AND member_version > ?"
	if since == 0 {
		query += " AND left_us = 0"
	}
	rows, err := s.db.Query(ctx, query, conv, since)
	if err != nil {
		return nil, 0, err
	}
	changes, err := sqldb.Collect(rows, func(row sqldb.Scanner) (c realtime.Change, err error) {
		var left int64
		err = row.Scan(&c.User, &c.Seq, &left)
		c.Left = left != 0
		return c, err
	})
	return changes, version, err
}
