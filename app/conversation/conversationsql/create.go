package conversationsql

import (
	"context"
	"database/sql"
	"errors"

	"switchboard/app/conversation"
	"switchboard/app/sqldb"
)

// Create implements conversation.Store.
func (s *Store) Create(ctx context.Context, c conversation.Conversation, pairKey string, m conversation.Membership) (out conversation.Conversation, fresh bool, err error) {
	key := c.ID
	if pairKey != "" {
		key = pairKey
	}
	write := func() error {
		return s.db.WriteKeyed(ctx, key, func(tx *sqldb.Tx) error {
			out, fresh, err = createTx(tx, c, pairKey, m)
			return err
		})
	}
	if err = write(); pairKey != "" && errors.Is(err, sqldb.ErrDuplicate) {
		err = write() // another replica made the pair's conversation meanwhile
	}
	return out, fresh, err
}

func createTx(tx *sqldb.Tx, c conversation.Conversation, pairKey string, m conversation.Membership) (conversation.Conversation, bool, error) {
	tick, err := noticeTick(tx, m.Tell, m.At)
	if err != nil {
		return c, false, err
	}
	var pair any
	if pairKey != "" {
		pair = pairKey
		old, err := scanConversation(tx.QueryRow("SELECT "+conversationColumns+
			" FROM conversations c WHERE c.app_id = ? AND c.pair_key = ?"+tx.Dialect().ForUpdate(), c.App, pairKey))
		if err == nil {
			_, err = addMembersTx(tx, &old, m, conversation.Added, tick)
			return old, false, err
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return c, false, err
		}
	}
	_, err = tx.Exec(tx.Dialect().Insert("conversations", 1, "id", "app_id", "type", "creator", "ext", "created_us", "updated_us",
		"archived", "deleted", "members", "member_version", "last_seq", "last_msg_id", "last_sender", "last_us", "pair_key"),
		c.ID, c.App, c.Type, c.Creator, sqldb.NullJSON(c.Ext), c.Created.UnixMicro(), 0, 0, 0, 0, 1, 0, "", "", 0, pair)
	if err != nil {
		return c, false, err
	}
	_, err = addMembersTx(tx, &c, m, conversation.Created, tick)
	return c, true, err
}
