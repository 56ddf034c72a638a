package realtime

import (
	"context"
	"fmt"
)

// An audience is what this node knows of the members of one conversation: those who
// have a session here. It is right at a version of the member list. Every message
// carries the version that was valid when it was read, so an audience that is behind
// is seen and read again before the message is delivered: no news of membership
// has to arrive for a left or kicked member to get nothing newer.
type audience struct {
	key     conversationKey
	version int64          // 0: not read yet
	users   map[User]int64 // who is here; the member sees a greater Seq
}

type conversationKey struct{ app, conversation string }

// audience returns the audience of a conversation. h.mu is held.
func (h *Hub) audience(k conversationKey) *audience {
	r := h.audiences[k]
	if r == nil {
		r = &audience{key: k, users: map[User]int64{}}
		h.audiences[k] = r
	}
	return r
}

// joinAudiences adds a user who just came to the audiences that this node has read. An audience
// that has moved on since the user's memberships were read is set back, so that
// the changes in between are read again. h.mu is held.
func (h *Hub) joinAudiences(u User, l *localUser, joined []Joined) {
	for _, j := range joined {
		r := h.audiences[conversationKey{u.App, j.Conversation}]
		if r == nil || r.version == 0 {
			continue
		}
		r.users[u] = j.Seq
		l.audiences[r] = struct{}{}
		r.version = min(r.version, j.MemberVersion)
	}
}

// apply brings an audience to a version. Users without a session here are left out:
// they settle when they come. h.mu is held.
func (h *Hub) apply(r *audience, changes []Change, version int64) {
	for _, c := range changes {
		u := User{r.key.app, c.User}
		l := h.users[u]
		if l == nil {
			continue
		}
		if c.Left {
			delete(r.users, u)
			delete(l.audiences, r)
			continue
		}
		r.users[u] = c.Seq
		l.audiences[r] = struct{}{}
	}
	r.version = version
}

// dropUser drops a user who has no session left. h.mu is held.
func (h *Hub) dropUser(u User, l *localUser) {
	for r := range l.audiences {
		delete(r.users, u)
	}
	delete(h.users, u)
}

// refresh reads the changes of one audience; a version of 0 reads the whole list.
// When somebody settled meanwhile and set the audience further back, what was read
// is not enough: it is left to the next reading.
func (h *Hub) refresh(ctx context.Context, r *audience, from int64) error {
	changes, version, err := h.deps.Members.Changes(ctx, r.key.app, r.key.conversation, from)
	if err != nil {
		return fmt.Errorf("realtime: members of %s: %w", r.key.conversation, err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if r.version == from {
		h.apply(r, changes, version)
	}
	return nil
}
