package conversation

import (
	"context"
	"encoding/base64"
	"strconv"
	"strings"
	"time"
)

// Entry is a conversation in its member's list by activity.
type Entry struct {
	Conversation
	LastMessage *Message  // the newest that the member may see; nil: none
	Unread      int       // messages of others above what was marked as read, at most 1,000
	Active      time.Time // of the last message, or of the member's joining when that is later
}

// Place is where a list goes on: after the entry of this moment and id. Lists are
// ordered by moment, the newest first, then by id. The zero Place is the beginning.
type Place struct {
	At time.Time
	ID string
}

// String is the place as clients are given it; they only hand it back.
func (p Place) String() string {
	if p.ID == "" {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(p.At.UnixMicro(), 10) + " " + p.ID))
}

// ParsePlace reads what String wrote; nothing is the beginning. ErrBadFormat.
func ParsePlace(text string) (Place, error) {
	if text == "" {
		return Place{}, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	at, id, found := strings.Cut(string(raw), " ")
	us, wrong := strconv.ParseInt(at, 10, 64)
	if err != nil || wrong != nil || !found || validConversation(id) != nil {
		return Place{}, because(ErrBadFormat, "cursor")
	}
	return Place{At: time.UnixMicro(us).UTC(), ID: id}, nil
}

// List is a stretch of a list, and where it goes on.
type List[T any] struct {
	Items []T
	Next  Place // zero: there is no more
}

// listOf cuts what was found for size+1 entries.
func listOf[T any](found []T, size int, place func(T) Place) List[T] {
	if len(found) <= size {
		return List[T]{Items: found}
	}
	return List[T]{Items: found[:size], Next: place(found[size-1])}
}

// Inbox lists the user's conversations by activity. The app's server names the user;
// for a user caller it is the caller: ErrNotAllowed. What becomes active while a client
// reads on moves to the top, which new messages tell of; nothing comes twice below.
func (s *Service) Inbox(ctx context.Context, c Caller, user string, from Place, size int) (List[Entry], error) {
	user, err := readerOf(c, user)
	if err != nil {
		return List[Entry]{}, err
	}
	size = pageOf[Entry](1, size, 20).Size
	found, err := s.store.Inbox(ctx, c.App, user, s.openHistory(c.App), from, size+1)
	return listOf(found, size, func(e Entry) Place { return Place{e.Active, e.ID} }), err
}

// FindFrom is Find from a place on, which stays right while conversations are made.
func (s *Service) FindFrom(ctx context.Context, c Caller, w Where, from Place, size int) (List[Conversation], error) {
	size = pageOf[Conversation](1, size, 20).Size
	found, err := s.store.FindFrom(ctx, c.App, c.User, w, from, size+1)
	return listOf(found, size, func(conv Conversation) Place { return Place{conv.Created, conv.ID} }), err
}

// MarkRead says that the user has read the conversation up to a message, or all of it
// when none is named. What was read before stays read: ErrUnknownConversation,
// ErrNotMember, ErrNotAllowed, ErrBadFormat.
func (s *Service) MarkRead(ctx context.Context, c Caller, conversation, user, message string) error {
	user, err := readerOf(c, user)
	if err != nil {
		return err
	}
	if _, err := s.viewer(ctx, Caller{App: c.App, User: user, Rules: c.Rules}, conversation); err != nil {
		return err
	}
	conv, err := s.store.Conversation(ctx, c.App, conversation)
	if err != nil {
		return err
	}
	seq := conv.Last.Seq
	if message != "" {
		if seq, _, err = s.seqOf(ctx, conversation, message); err != nil {
			return err
		}
	}
	return s.store.MarkRead(ctx, conversation, user, seq)
}

// readerOf is whose list or reading it is.
func readerOf(c Caller, user string) (string, error) {
	switch {
	case c.Server() && user == "":
		return "", because(ErrMissing, "client_id")
	case c.Server():
		return user, ValidUser(Open, user)
	case user != "" && user != c.User:
		return "", ErrNotAllowed
	}
	return c.User, nil
}
