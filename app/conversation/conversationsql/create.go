package conversationsql

import (
	"cmp"
	"context"
	"database/sql"
	"errors"

	"switchboard/app/conversation"
	"switchboard/app/sqldb"
)

// Create implements conversation.Store.
func (s *Store) Create(ctx context.Context, c conversation.Conversation, pairKey string, key conversation.CreateKey, m conversation.Membership) (out conversation.Conversation, fresh bool, err error) {
	order := cmp.Or(pairKey, key.Key, c.ID)
	write := func() error {
		return s.db.WriteKeyed(ctx, order, func(tx *sqldb.Tx) error {
			out, fresh, err = createOnceTx(tx, c, pairKey, key, m)
			return err
		})
	}
	if err = write(); errors.Is(err, sqldb.ErrDuplicate) {
		err = write() // another replica made the pair's or the key's conversation meanwhile
	}
	return out, fresh, err
}

// createOnceTx makes the conversation unless the key has one.
func createOnceTx(tx *sqldb.Tx, c conversation.Conversation, pairKey string, key conversation.CreateKey, m conversation.Membership) (out conversation.Conversation, fresh bool, err error) {
	if key.Key == "" {
		return createTx(tx, c, pairKey, m)
	}
	var digest string
	err = tx.QueryRow("SELECT k.digest, k.conv_id, k.fresh FROM create_keys k WHERE k.app_id = ? AND k.caller = ? AND k.rules = ? AND k.idem_key = ?",
		c.App, key.Caller.User, key.Caller.Rules, key.Key).Scan(&digest, &out.ID, &fresh)
	switch {
	case err == nil && digest != key.Digest:
		return out, false, conversation.ErrKeyReused
	case err == nil:
		out, err = scanConversation(tx.QueryRow("SELECT "+conversationColumns+" FROM conversations c WHERE c.id = ?", out.ID))
		return out, fresh, err
	case !errors.Is(err, sql.ErrNoRows):
		return out, false, err
	}
	if out, fresh, err = createTx(tx, c, pairKey, m); err != nil {
		return out, fresh, err
	}
	_, err = tx.Exec(tx.Dialect().Insert("create_keys", 1, "app_id", "caller", "rules", "idem_key", "digest", "conv_id", "fresh", "at_us"),
		c.App, key.Caller.User, key.Caller.Rules, key.Key, key.Digest, out.ID, sqldb.Flag(fresh), m.At.UnixMicro())
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
