package conversation

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
)

// Draft is a conversation to be made. The creator is a member.
type Draft struct {
	Type    int
	Creator string   // a user caller is always the creator
	Members []string // without or with the creator
	Ext     json.RawMessage
	// Key makes the creation safe to repeat: the same key from the same caller, by the
	// same rules, gives the same conversation, for at least 24 h. Empty: none.
	Key string
}

// CreateKey is a Draft's key as the store keeps it; zero: none.
type CreateKey struct {
	Caller Caller
	Key    string
	Digest string // of the draft
}

// Create makes a conversation and reports whether it is new: under Typed rules
// a one-to-one conversation between the same two people exists once. A repeat is
// answered as the first call was. ErrBadType, ErrBadUserID, ErrNoMembers,
// ErrUnknownUser, ErrBanned, ErrTooManyMembers, ErrTooLarge, ErrKeyReused.
func (s *Service) Create(ctx context.Context, c Caller, d Draft) (Conversation, bool, error) {
	if !c.Server() {
		d.Creator = c.User
	}
	if (c.Rules == Typed && (d.Type < OneToOne || d.Type > ChatRoom)) || d.Type < 0 || d.Type > 15 {
		return Conversation{}, false, ErrBadType
	}
	users := d.Members
	if d.Creator != "" {
		users = append([]string{d.Creator}, users...)
	}
	users, err := validUsers(c.Rules, users)
	if err != nil {
		return Conversation{}, false, err
	}
	if len(users) == 0 {
		return Conversation{}, false, ErrNoMembers
	}
	ext, err := validJSON("ext", d.Ext, s.config.ExtBytes)
	if err := errors.Join(err, validText("key", d.Key, keyBytes)); err != nil {
		return Conversation{}, false, err
	}
	pair := ""
	if c.Rules == Typed && d.Type == OneToOne {
		if len(users) != 2 {
			return Conversation{}, false, because(ErrBadType, "type 1 is between two people")
		}
		pair = pairKey(users[0], users[1])
	}
	conv := Conversation{App: c.App, ID: newID(c.Rules), Type: d.Type, Creator: d.Creator, Ext: ext, Created: now()}
	m := s.newMembership(c, d.Type, users)
	m.Joining, m.By = c.User, d.Creator
	key := CreateKey{Caller: c, Key: d.Key, Digest: draftDigest(d, users, ext)}
	conv, fresh, err := s.store.Create(ctx, conv, pair, key, m)
	if err != nil {
		return Conversation{}, false, err
	}
	s.publish(News{App: c.App, Conversation: conv.ID, Joined: users})
	return conv, fresh, nil
}

// draftDigest tells whether two drafts are the same to their caller. Every part is
// quoted, so that none can run into the next.
func draftDigest(d Draft, users []string, ext json.RawMessage) string {
	var plain bytes.Buffer
	if len(ext) > 0 {
		_ = json.Compact(&plain, ext) // it was read as JSON
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %q %q %q", d.Type, d.Creator, users, plain.Bytes()))
	return hex.EncodeToString(sum[:16])
}

// newMembership is the entry of users. The app's server makes those that are
// unknown, and so does anybody under Open rules, which have no registration.
func (s *Service) newMembership(c Caller, convType int, users []string) Membership {
	return Membership{
		Users:  users,
		Create: c.Server() || c.Rules == Open,
		Limit:  s.config.memberLimit(convType),
		By:     c.User,
		Tell:   s.config.Notices,
		At:     now(),
	}
}

// pairKey names two people whoever comes first. Ids hold no NUL.
func pairKey(a, b string) string {
	if cmp.Less(b, a) {
		a, b = b, a
	}
	sum := sha256.Sum256([]byte(a + "\x00" + b))
	return hex.EncodeToString(sum[:])
}

// Detail reads a conversation for its members, also a deleted one for those who were
// members at its end: ErrUnknownConversation, ErrNotMember.
func (s *Service) Detail(ctx context.Context, c Caller, id string) (Conversation, error) {
	if err := validConversation(id); err != nil {
		return Conversation{}, err
	}
	conv, err := s.store.Conversation(ctx, c.App, id)
	if err != nil || c.Server() {
		return conv, err
	}
	switch in, err := s.store.InList(ctx, id, c.User); {
	case err != nil:
		return Conversation{}, err
	case !in:
		return Conversation{}, ErrNotMember
	}
	return conv, nil
}

// Find lists the conversations that match, newest first; a user sees their own.
func (s *Service) Find(ctx context.Context, c Caller, w Where, page, size int) (Page[Conversation], error) {
	p := pageOf[Conversation](page, size, 20)
	var err error
	p.Items, p.Total, err = s.store.Find(ctx, c.App, c.User, w, p.offset(), p.Size)
	return p, err
}

// SetExt replaces the extension of the conversations that match and returns
// how many; a user changes only those that they created. An empty Where is
// refused: ErrMissing.
func (s *Service) SetExt(ctx context.Context, c Caller, w Where, ext json.RawMessage) (int, error) {
	if len(w) == 0 {
		return 0, because(ErrMissing, "where")
	}
	ext, err := validJSON("ext", ext, s.config.ExtBytes)
	if err != nil {
		return 0, err
	}
	return s.store.SetExt(ctx, c.App, c.User, w, ext, now())
}

// SetArchived ends or reopens sending, for all of ids or none. Only the app's
// server may: ErrNotAllowed, ErrUnknownConversation.
func (s *Service) SetArchived(ctx context.Context, c Caller, ids []string, archived bool) error {
	if !c.Server() {
		return ErrNotAllowed
	}
	for _, id := range ids {
		if err := validConversation(id); err != nil {
			return err
		}
	}
	return s.store.SetArchived(ctx, c.App, ids, archived, now())
}

// Delete closes the conversation for all. Only its creator or the app's server
// may: ErrUnknownConversation, ErrNotAllowed.
func (s *Service) Delete(ctx context.Context, c Caller, id string) error {
	if err := validConversation(id); err != nil {
		return err
	}
	if err := s.store.Delete(ctx, c.App, id, c.User, s.config.Notices, now()); err != nil {
		return err
	}
	s.publish(News{App: c.App, Conversation: id, Closed: true})
	return nil
}
