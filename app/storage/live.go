package storage

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"switchboard/app/realtime"
)

// Live is what sessions read: the log of messages, each with the version of its
// conversation's member list, and the changes of member lists.
type Live struct{ db *DB }

var _ realtime.Members = (*Live)(nil)

// NewLive reads conversations for delivery.
func NewLive(db *DB) *Live { return &Live{db} }

// After reads the app's messages that follow the id, in the order of commits.
// Their bodies are conversation.Message.
func (l *Live) After(ctx context.Context, app, id string, limit int) ([]*realtime.Message, error) {
	rows, err := l.db.Query(ctx, "SELECT "+messageColumns+`, c.roster FROM messages m JOIN conversations c ON c.id = m.conv_id
		WHERE m.msg_id > ? AND m.app_id = ? ORDER BY m.msg_id LIMIT ?`, id, app, limit)
	if err != nil {
		return nil, err
	}
	return collect(rows, func(row scanner) (*realtime.Message, error) {
		var roster int64
		m, err := scanMessage(with{row, &roster})
		return &realtime.Message{
			App: m.App, Conversation: m.Conversation, ID: m.ID, Seq: m.Seq, From: m.From, Echo: m.NoSync, Membership: roster, Body: m,
		}, err
	})
}

// with scans one more column behind the others.
type with struct {
	row  scanner
	last any
}

func (w with) Scan(dest ...any) error { return w.row.Scan(append(dest, w.last)...) }

// Roster is the version of a conversation's member list, 0 when there is no such
// conversation.
func (l *Live) Roster(ctx context.Context, app, conv string) (roster int64, err error) {
	err = l.db.QueryRow(ctx, "SELECT roster FROM conversations WHERE id = ? AND app_id = ? AND deleted = 0", conv, app).Scan(&roster)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return roster, err
}

// Banned returns those of the users who are banned; with an error, those found
// before it.
func (l *Live) Banned(ctx context.Context, users []realtime.User) (banned []realtime.User, err error) {
	ids := map[string][]string{}
	for _, u := range users {
		ids[u.App] = append(ids[u.App], u.ID)
	}
	for app, all := range ids {
		for part := range slices.Chunk(all, listSize) {
			rows, err := l.db.Query(ctx, "SELECT id FROM users WHERE banned <> 0 AND app_id = ? AND id IN ("+Marks(padded(len(part)))+")",
				append([]any{app}, pad(part)...)...)
			if err != nil {
				return banned, err
			}
			found, err := collect(rows, func(row scanner) (u realtime.User, err error) {
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
func (l *Live) Joined(ctx context.Context, u realtime.User) ([]realtime.Joined, error) {
	rows, err := l.db.Query(ctx, `SELECT m.conv_id, m.join_seq, c.roster FROM members m JOIN conversations c ON c.id = m.conv_id
		WHERE m.app_id = ? AND m.user_id = ? AND m.left_us = 0 AND c.deleted = 0`, u.App, u.ID)
	if err != nil {
		return nil, err
	}
	return collect(rows, func(row scanner) (j realtime.Joined, err error) {
		return j, row.Scan(&j.Conversation, &j.Seq, &j.Membership)
	})
}

// Changes implements realtime.Members. The version is read first: what changes
// between the two reads is answered now and once more next time.
func (l *Live) Changes(ctx context.Context, app, conv string, version int64) ([]realtime.Change, int64, error) {
	var roster int64
	if err := l.db.QueryRow(ctx, "SELECT roster FROM conversations WHERE id = ? AND app_id = ?", conv, app).Scan(&roster); err != nil {
		return nil, 0, err
	}
	query := "SELECT user_id, join_seq, left_us FROM members WHERE conv_id = ? AND roster > ?"
	if version == 0 {
		query += " AND left_us = 0"
	}
	rows, err := l.db.Query(ctx, query, conv, version)
	if err != nil {
		return nil, 0, err
	}
	changes, err := collect(rows, func(row scanner) (c realtime.Change, err error) {
		var left int64
		err = row.Scan(&c.User, &c.Seq, &left)
		c.Left = left != 0
		return c, err
	})
	return changes, roster, err
}
