package conversation

import (
	"context"
	"errors"
)

// AddMembers adds users; who is a member already is no error. A user caller
// has to be a member, or to add only themselves under Open rules, unless others
// removed them. A one-to-one conversation takes nobody but its two people.
// ErrUnknownConversation, ErrNotMember, ErrUnknownUser, ErrBanned, ErrTooManyMembers,
// ErrNotAllowed, ErrBadType.
func (s *Service) AddMembers(ctx context.Context, c Caller, conversation string, users []string) error {
	if err := validConversation(conversation); err != nil {
		return err
	}
	users, err := validUsers(c.Rules, users)
	if err != nil {
		return err
	}
	if len(users) == 0 {
		return ErrNoMembers
	}
	joining := c.Rules == Open && len(users) == 1 && users[0] == c.User
	if !c.Server() && !joining {
		if _, err := s.store.Member(ctx, c.App, conversation, c.User); err != nil {
			return err
		}
	}
	conv, err := s.store.Conversation(ctx, c.App, conversation)
	if err != nil {
		return err
	}
	m := s.newMembership(c, conv.Type, users)
	if joining {
		m.Joining = c.User
	}
	added, err := s.store.AddMembers(ctx, c.App, conversation, m)
	if err == nil && len(added) > 0 {
		s.publish(News{App: c.App, Conversation: conversation, Joined: added})
	}
	return err
}

// RemoveMembers removes users and returns those who were no members. A user
// caller may remove themselves, and others as the creator: ErrNotAllowed,
// ErrUnknownConversation.
func (s *Service) RemoveMembers(ctx context.Context, c Caller, conversation string, users []string) (failed []string, err error) {
	if err := validConversation(conversation); err != nil {
		return nil, err
	}
	if users, err = validUsers(Open, users); err != nil {
		return nil, err
	}
	if len(users) == 0 {
		return nil, ErrNoMembers
	}
	leaving := !c.Server() && len(users) == 1 && users[0] == c.User
	if !c.Server() && !leaving {
		conv, err := s.store.Conversation(ctx, c.App, conversation)
		if err != nil {
			return nil, err
		}
		if conv.Creator != c.User {
			return nil, ErrNotAllowed
		}
	}
	removed, err := s.store.RemoveMembers(ctx, c.App, conversation, Removal{
		Users: users, Own: leaving, By: c.User, Tell: s.config.Notices, At: now(),
	})
	if err != nil {
		return nil, err
	}
	if len(removed) > 0 {
		s.publish(News{App: c.App, Conversation: conversation, Left: removed})
	}
	gone := make(map[string]bool, len(removed))
	for _, u := range removed {
		gone[u] = true
	}
	for _, u := range users {
		if !gone[u] {
			failed = append(failed, u)
		}
	}
	return failed, nil
}

// Members lists the members by time of joining: ErrUnknownConversation, ErrNotMember.
func (s *Service) Members(ctx context.Context, c Caller, conversation string, page, size int) (Page[Member], error) {
	p := pageOf[Member](page, size, maxPage)
	if _, err := s.viewer(ctx, c, conversation); err != nil {
		return p, err
	}
	var err error
	p.Items, p.Total, err = s.store.Members(ctx, c.App, conversation, p.offset(), p.Size)
	return p, err
}

// AllMembers is the ids of all members, for delivery.
func (s *Service) AllMembers(ctx context.Context, app, conversation string) ([]string, error) {
	members, _, err := s.store.Members(ctx, app, conversation, 0, 0)
	ids := make([]string, len(members))
	for i, m := range members {
		ids[i] = m.User
	}
	return ids, err
}

// IsMember reports whether user is in the conversation: ErrUnknownConversation.
func (s *Service) IsMember(ctx context.Context, app, conversation, user string) (bool, error) {
	if err := validConversation(conversation); err != nil {
		return false, err
	}
	_, err := s.store.Member(ctx, app, conversation, user)
	if errors.Is(err, ErrNotMember) {
		return false, nil
	}
	return err == nil, err
}

// Joined lists the ids of a user's conversations, archived ones included.
func (s *Service) Joined(ctx context.Context, app, user string) ([]string, error) {
	if ValidUser(Open, user) != nil {
		return nil, nil
	}
	return s.store.Joined(ctx, app, user)
}

// viewer returns the membership by which the caller may read the conversation. The
// app's server reads as a member who sees everything.
func (s *Service) viewer(ctx context.Context, c Caller, conversation string) (Member, error) {
	if err := validConversation(conversation); err != nil {
		return Member{}, err
	}
	if !c.Server() {
		m, err := s.store.Member(ctx, c.App, conversation, c.User)
		if s.openHistory(c.App) {
			m.JoinSeq = 0
		}
		return m, err
	}
	conv, err := s.store.Conversation(ctx, c.App, conversation)
	if err == nil && conv.Deleted {
		err = ErrUnknownConversation
	}
	return Member{}, err
}
