package groups

import (
	"context"
	"fmt"
	"time"

	"switchboard/vendors"
)

// mode is what sort of day a vendor has.
type mode int

const (
	up      mode = iota
	away         // calls are not sent
	failing      // the vendor says that it did nothing
	lost         // calls are sent and not executed, and nobody knows
	late         // calls are executed, and nobody knows
	modes
)

// far is a vendor in memory. It notes calls about what it was never asked to make.
type far struct {
	name     string
	keeps    bool // the id of a group that ended stays taken, as at LinkV
	mode     mode
	groups   map[string]*farGroup
	rooms    map[string]bool
	muted    map[string]bool // by room and user
	asked    map[string]bool // ids that it was asked to make
	strays   []string
	executed bool // the last write
	deaf     bool // says yes to new members and does nothing
	own      bool // makes ids of its own
}

type farGroup struct {
	name    string
	members map[string]bool
	ended   bool
}

func newFar(name string, keeps bool) *far {
	return &far{name: name, keeps: keeps, groups: map[string]*farGroup{}, rooms: map[string]bool{}, muted: map[string]bool{}, asked: map[string]bool{}}
}

func (f *far) vendor() *vendors.Vendor {
	return &vendors.Vendor{
		Name: f.name, Groups: f, GroupNames: f, GroupLists: f, ChatRooms: f, ChatRoomMutes: f,
		Limits: vendors.Limits{vendors.OpGroup: {Targets: 2}, vendors.OpChatRoomMute: {Targets: 2}},
	}
}

func (f *far) error(op string, o vendors.Outcome, why error) error {
	return &vendors.Error{Vendor: f.name, Op: op, Outcome: o, Effect: vendors.Write, Sent: o != vendors.NotSent, Err: why}
}

// write makes a call as the day allows.
func (f *far) write(op, id string, do func() error) error {
	if f.executed = false; !f.asked[id] {
		f.strays = append(f.strays, op+" of "+id)
	}
	switch f.mode {
	case away:
		return f.error(op, vendors.NotSent, nil)
	case failing:
		return f.error(op, vendors.DefiniteFail, nil)
	case lost:
		return f.error(op, vendors.Ambiguous, nil)
	}
	err := do()
	f.executed = err == nil
	if f.mode == late {
		return f.error(op, vendors.Ambiguous, nil)
	}
	return err
}

func (f *far) read(op, id string) error {
	if !f.asked[id] {
		f.strays = append(f.strays, op+" of "+id)
	}
	if f.mode != up {
		return &vendors.Error{Vendor: f.name, Op: op, Outcome: vendors.NotSent}
	}
	return nil
}

func (f *far) there(op, id string) (*farGroup, error) {
	if g := f.groups[id]; g != nil && !g.ended {
		return g, nil
	}
	return nil, f.error(op, vendors.DefiniteNo, vendors.ErrNotFound)
}

func (f *far) CreateGroup(_ context.Context, g vendors.Group) (vendors.GroupRef, error) {
	if f.own {
		g.ID = "own-" + g.ID
	}
	f.asked[g.ID] = true
	return vendors.GroupRef{ID: g.ID, Own: !f.own}, f.write("create", g.ID, func() error {
		have := f.groups[g.ID]
		if have != nil && (f.keeps || !have.ended) {
			return f.error("create", vendors.DefiniteNo, vendors.ErrUnknownCode)
		}
		f.groups[g.ID] = &farGroup{name: g.Name, members: map[string]bool{}}
		for _, u := range g.Members {
			f.groups[g.ID].members[u] = true
		}
		return nil
	})
}

func (f *far) ChangeGroup(_ context.Context, id string, add, remove []string) ([]vendors.MemberResult, error) {
	err := f.write("change", id, func() error {
		g, err := f.there("change", id)
		if err != nil {
			return err
		}
		for _, u := range add {
			g.members[u] = g.members[u] || !f.deaf
		}
		for _, u := range remove {
			delete(g.members, u)
		}
		return nil
	})
	return vendors.AllMembers(append(add, remove...), err)
}

func (f *far) DismissGroup(_ context.Context, id, by string) error {
	return f.write("dismiss", id, func() error {
		g, err := f.there("dismiss", id)
		if err == nil {
			g.ended, g.members = true, nil
		}
		return err
	})
}

func (f *far) RenameGroup(_ context.Context, id, name, by string) error {
	return f.write("rename", id, func() error {
		g, err := f.there("rename", id)
		if err == nil {
			g.name = name
		}
		return err
	})
}

func (f *far) GroupMembers(_ context.Context, id string) (out []string, err error) {
	if err := f.read("members", id); err != nil || f.groups[id] == nil {
		return nil, err
	}
	for u := range f.groups[id].members {
		out = append(out, u)
	}
	return out, nil
}

func (f *far) UserGroups(_ context.Context, user string) (out []vendors.GroupName, err error) {
	if f.mode != up {
		return nil, &vendors.Error{Vendor: f.name, Op: "groups", Outcome: vendors.NotSent}
	}
	for id, g := range f.groups {
		if g.members[user] {
			out = append(out, vendors.GroupName{ID: id, Name: g.name})
		}
	}
	return out, nil
}

func (f *far) CreateChatRoom(_ context.Context, id, name string) (vendors.GroupRef, error) {
	f.asked[id] = true
	return vendors.GroupRef{ID: id, Own: true}, f.write("create", id, func() error { f.rooms[id] = true; return nil })
}

func (f *far) DestroyChatRoom(_ context.Context, id string) error {
	return f.write("destroy", id, func() error { delete(f.rooms, id); return nil })
}

func (f *far) ChatRoomUsers(_ context.Context, id string) ([]string, error) {
	if err := f.read("users", id); err != nil {
		return nil, err
	}
	if !f.rooms[id] {
		return nil, f.error("users", vendors.DefiniteNo, vendors.ErrNotFound)
	}
	return nil, nil
}

func (f *far) MuteInChatRoom(_ context.Context, id string, users []string, _ time.Duration) ([]vendors.MemberResult, error) {
	return vendors.AllMembers(users, f.write("mute", id, func() error { return f.silence(id, users, true) }))
}

func (f *far) UnmuteInChatRoom(_ context.Context, id string, users []string) ([]vendors.MemberResult, error) {
	return vendors.AllMembers(users, f.write("unmute", id, func() error { return f.silence(id, users, false) }))
}

func (f *far) silence(id string, users []string, muted bool) error {
	if err := f.room(id); err != nil {
		return err
	}
	for _, u := range users {
		f.muted[id+"/"+u] = muted
	}
	return nil
}

func (f *far) room(id string) error {
	if !f.rooms[id] {
		return f.error("mute", vendors.DefiniteNo, fmt.Errorf("%w: no room", vendors.ErrNotFound))
	}
	return nil
}
