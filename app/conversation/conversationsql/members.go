package conversationsql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"switchboard/app/conversation"
	"switchboard/app/sqldb"
)

// addMembersTx makes people members of c, which the transaction has locked or made,
// and returns those who were none before. Tick is the notice's place in the log.
func addMembersTx(tx *sqldb.Tx, c *conversation.Conversation, m conversation.Membership, what conversation.Change, tick conversation.Tick) ([]string, error) {
	users, err := readyUsers(tx, c.App, m)
	if err != nil {
		return nil, err
	}
	in, err := membersAmong(tx, c.ID, users)
	if err != nil {
		return nil, err
	}
	if users = slices.DeleteFunc(users, func(u string) bool { return in[u] }); len(users) == 0 {
		return nil, nil
	}
	if slices.Contains(users, m.Joining) {
		if err := mayReturn(tx, c.ID, m.Joining); err != nil {
			return nil, err
		}
	}
	if c.Members+len(users) > m.Limit {
		return nil, conversation.ErrTooManyMembers
	}
	c.Members += len(users)
	version, err := nextMemberVersion(tx, *c, tick, what, m.By, users)
	if err != nil {
		return nil, err
	}
	rows := make([][]any, len(users))
	for i, u := range users {
		rows[i] = []any{c.ID, u, c.App, m.At.UnixMicro(), c.Last.Seq, 0, version}
	}
	// Those who were members once come back as new ones.
	for part := range slices.Chunk(users, sqldb.MaxList) {
		list, ids := sqldb.InList(part)
		if _, err := tx.Exec("DELETE FROM members WHERE conv_id = ? AND user_id IN "+list, append([]any{c.ID}, ids...)...); err != nil {
			return nil, err
		}
	}
	cols := []string{"conv_id", "user_id", "app_id", "joined_us", "join_seq", "left_us", "member_version"}
	_, err = sqldb.InsertMany(tx, tx.Dialect().Insert, "members", cols, rows)
	return users, err
}

// mayReturn is ErrNotAllowed for somebody whom others removed.
func mayReturn(tx *sqldb.Tx, conv, user string) error {
	var removed bool
	err := tx.QueryRow("SELECT removed FROM members WHERE conv_id = ? AND user_id = ?", conv, user).Scan(&removed)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case err == nil && removed:
		return conversation.ErrNotAllowed
	}
	return err
}

// ofPair is ErrBadType when the conversation is one-to-one and one of users is neither
// of the two whom it was made for.
func ofPair(tx *sqldb.Tx, conv string, users []string) error {
	var pair sql.NullString
	if err := tx.QueryRow("SELECT pair_key FROM conversations WHERE id = ?", conv).Scan(&pair); err != nil || !pair.Valid {
		return err
	}
	rows, err := tx.Query("SELECT user_id FROM members WHERE conv_id = ?", conv)
	if err != nil {
		return err
	}
	two, err := sqldb.Collect(rows, sqldb.ScanOne[string])
	if err != nil {
		return err
	}
	for _, u := range users {
		if !slices.Contains(two, u) {
			return fmt.Errorf("%w: type 1 is between two people", conversation.ErrBadType)
		}
	}
	return nil
}

// noticeTick takes the tick of a change's notice; 0 when nobody is told. The clock
// comes before the conversation's lock, as it does in sends.
func noticeTick(tx *sqldb.Tx, tell bool, at time.Time) (conversation.Tick, error) {
	var tick, previous int64
	if !tell {
		return 0, nil
	}
	err := tx.Pipeline(ticks(tx.Dialect(), conversation.TickAt(at), 1, &tick, &previous)...)
	return conversation.Tick(tick), err
}

// nextMemberVersion counts a change of the member list, after which c has c.Members,
// and returns the list's new version. With a tick it stores the notice of what happened.
func nextMemberVersion(tx *sqldb.Tx, c conversation.Conversation, tick conversation.Tick, what conversation.Change, by string, users []string) (version int64, err error) {
	if _, err := tx.Exec("UPDATE conversations SET members = ?, member_version = member_version + 1 WHERE id = ?", c.Members, c.ID); err != nil {
		return 0, err
	}
	err = tx.QueryRow("SELECT member_version FROM conversations WHERE id = ?", c.ID).Scan(&version)
	if err != nil || tick == 0 {
		return version, err
	}
	notice := conversation.NewNotice(tick, c, version, what, by, users)
	if _, err := tx.Exec("UPDATE conversations SET last_notice_id = ? WHERE id = ?", notice.ID, c.ID); err != nil {
		return 0, err
	}
	_, err = tx.Exec(tx.Dialect().Insert("messages", 1, messageFields...), messageRow(notice)...)
	return version, err
}

// membersAmong tells which of users are in the conversation now.
func membersAmong(tx *sqldb.Tx, conv string, users []string) (map[string]bool, error) {
	in := make(map[string]bool)
	for part := range slices.Chunk(users, sqldb.MaxList) {
		list, ids := sqldb.InList(part)
		rows, err := tx.Query("SELECT user_id FROM members WHERE conv_id = ? AND left_us = 0 AND user_id IN "+list, append([]any{conv}, ids...)...)
		if err != nil {
			return nil, err
		}
		found, err := sqldb.Collect(rows, sqldb.ScanOne[string])
		if err != nil {
			return nil, err
		}
		for _, id := range found {
			in[id] = true
		}
	}
	return in, nil
}

// AddMembers implements conversation.Store.
func (s *Store) AddMembers(ctx context.Context, app, conv string, m conversation.Membership) (added []string, err error) {
	err = s.db.WriteKeyed(ctx, conv, func(tx *sqldb.Tx) error {
		tick, err := noticeTick(tx, m.Tell, m.At)
		if err != nil {
			return err
		}
		c, err := lockConversation(tx, app, conv)
		if err != nil {
			return err
		}
		if err := ofPair(tx, conv, m.Users); err != nil {
			return err
		}
		added, err = addMembersTx(tx, &c, m, conversation.Added, tick)
		return err
	})
	return added, err
}

// RemoveMembers implements conversation.Store.
func (s *Store) RemoveMembers(ctx context.Context, app, conv string, r conversation.Removal) (removed []string, err error) {
	err = s.db.WriteKeyed(ctx, conv, func(tx *sqldb.Tx) error {
		removed = nil
		tick, err := noticeTick(tx, r.Tell, r.At)
		if err != nil {
			return err
		}
		c, err := lockConversation(tx, app, conv)
		if err != nil {
			return err
		}
		in, err := membersAmong(tx, conv, r.Users)
		if err != nil {
			return err
		}
		for _, u := range r.Users {
			if in[u] {
				removed = append(removed, u)
			}
		}
		if len(removed) == 0 {
			return nil
		}
		c.Members -= len(removed)
		version, err := nextMemberVersion(tx, c, tick, conversation.Removed, r.By, removed)
		if err != nil {
			return err
		}
		for part := range slices.Chunk(removed, sqldb.MaxList) {
			list, ids := sqldb.InList(part)
			if _, err := tx.Exec("UPDATE members SET left_us = ?, removed = ?, member_version = ? WHERE conv_id = ? AND user_id IN "+list, append([]any{r.At.UnixMicro(), sqldb.Flag(!r.Own), version, conv}, ids...)...); err != nil {
				return err
			}
		}
		return nil
	})
	return removed, err
}

// Member implements conversation.Store.
func (s *Store) Member(ctx context.Context, app, conv, user string) (conversation.Member, error) {
	var (
		m      = conversation.Member{User: user}
		joined sql.NullInt64
		seq    sql.NullInt64
	)
	err := s.db.QueryRow(ctx, `SELECT c.creator = ?, m.joined_us, m.join_seq FROM conversations c
		LEFT JOIN members m ON m.conv_id = c.id AND m.user_id = ? AND m.left_us = 0
		WHERE c.id = ? AND c.app_id = ? AND c.deleted = 0`, user, user, conv, app).Scan(&m.Creator, &joined, &seq)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return m, conversation.ErrUnknownConversation
	case err == nil && !joined.Valid:
		return m, conversation.ErrNotMember
	}
	m.Joined, m.JoinSeq = sqldb.Time(joined.Int64), seq.Int64
	return m, err
}

// InList implements conversation.Store.
func (s *Store) InList(ctx context.Context, conv, user string) (in bool, err error) {
	err = s.db.QueryRow(ctx, "SELECT left_us = 0 FROM members WHERE conv_id = ? AND user_id = ?", conv, user).Scan(&in)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return in, err
}

// Members implements conversation.Store.
func (s *Store) Members(ctx context.Context, app, conv string, offset, limit int) ([]conversation.Member, int, error) {
	c, err := s.Conversation(ctx, app, conv)
	if err != nil {
		return nil, 0, err
	}
	if limit == 0 {
		offset, limit = 0, 1<<30
	}
	rows, err := s.db.Query(ctx, `SELECT user_id, joined_us, join_seq FROM members WHERE conv_id = ? AND left_us = 0
		ORDER BY joined_us, user_id LIMIT ? OFFSET ?`, conv, limit, offset)
	if err != nil {
		return nil, 0, err
	}
	members, err := sqldb.Collect(rows, func(row sqldb.Scanner) (m conversation.Member, err error) {
		var joined int64
		err = row.Scan(&m.User, &joined, &m.JoinSeq)
		m.Joined, m.Creator = sqldb.Time(joined), m.User == c.Creator
		return m, err
	})
	return members, c.Members, err
}

// Joined implements conversation.Store.
func (s *Store) Joined(ctx context.Context, app, user string) ([]string, error) {
	rows, err := s.db.Query(ctx, `SELECT m.conv_id FROM members m JOIN conversations c ON c.id = m.conv_id
		WHERE m.app_id = ? AND m.user_id = ? AND m.left_us = 0 AND c.deleted = 0 ORDER BY m.joined_us, m.conv_id`, app, user)
	if err != nil {
		return nil, err
	}
	return sqldb.Collect(rows, sqldb.ScanOne[string])
}
