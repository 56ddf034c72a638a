package groups

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"switchboard/app/owners"
	"switchboard/vendors"
)

// Action is what a Change does.
type Action string

// The actions. Rename, Transfer, Add, Remove, MuteAll and UnmuteAll are for groups alone,
// Block and Unblock for chat rooms alone.
const (
	Create    Action = "create" // By is whose it is
	Add       Action = "add"
	Remove    Action = "remove"
	Rename    Action = "rename"
	Transfer  Action = "transfer" // from By to the one user
	End       Action = "end"
	Mute      Action = "mute" // for Seconds; 0, which chat rooms do not know: until unmuted
	Unmute    Action = "unmute"
	MuteAll   Action = "mute_all"
	UnmuteAll Action = "unmute_all"
	Block     Action = "block" // for Seconds
	Unblock   Action = "unblock"
)

// Change is a write about a group or a chat room, and what the ledger keeps of it: what
// a recipe needs, and enough to tell two apart.
type Change struct {
	Kind    owners.Kind `json:"kind"`
	Action  Action      `json:"action"`
	ID      string      `json:"id"`
	Name    string      `json:"name,omitempty"`
	By      string      `json:"by,omitempty"` // who asks; empty: whose group it is
	Users   []string    `json:"users,omitempty"`
	Seconds int64       `json:"seconds,omitempty"`

	write string // digest, as it was asked for
}

// Key is what the change is about.
func (c Change) Key(app string) owners.Key { return owners.Key{App: app, Kind: c.Kind, ID: c.ID} }

func (c Change) span() time.Duration { return time.Duration(c.Seconds) * time.Second }

// digest tells writes apart, in 64 letters and digits.
func (c Change) digest() string {
	raw, _ := json.Marshal(c) // texts and numbers
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}

// ops are the operations of the port.
var ops = map[owners.Kind]map[Action]string{
	owners.Group: {
		Create: vendors.OpGroup, Add: vendors.OpGroup, Remove: vendors.OpGroup, End: vendors.OpGroup, Rename: vendors.OpGroupRename, Transfer: vendors.OpGroupTransfer,
		Mute: vendors.OpMemberMute, Unmute: vendors.OpMemberUnmute, MuteAll: vendors.OpGroupMute, UnmuteAll: vendors.OpGroupUnmute,
	},
	owners.ChatRoom: {
		Create: vendors.OpChatRoom, End: vendors.OpChatRoom, Mute: vendors.OpChatRoomMute, Unmute: vendors.OpChatRoomUnmute,
		Block: vendors.OpChatRoomBlock, Unblock: vendors.OpChatRoomUnblock,
	},
}

// Ops are the operations of all changes.
func Ops() (out []string) {
	for _, of := range ops {
		out = slices.AppendSeq(out, maps.Values(of))
	}
	return out
}

// Op is the port's operation.
func (c Change) Op() string { return ops[c.Kind][c.Action] }

// Done is what came of a change: where the thing is, and a row for each user of a
// change that names many.
type Done struct {
	Record owners.Record
	Rows   []vendors.MemberResult
	// Emulated: the vendor holds until it is told otherwise, and is told when the time
	// of a mute or a block is over.
	Emulated bool
}

// Apply makes a change. Beside an error there may be what was done all the same.
func (s *Service) Apply(ctx context.Context, app string, c Change) (Done, error) {
	if c.Users = distinct(c.Users); len(c.Users) > MaxUsers {
		return Done{}, tooMany(len(c.Users))
	}
	if c.Action == Create {
		return s.create(ctx, app, c)
	}
	c.write = c.digest()
	r, doubted, err := s.begin(ctx, app, c)
	if err != nil {
		return Done{Record: r}, err
	}
	done, err := s.applyAt(ctx, r, c)
	if outcomeOf(err) == vendors.Ambiguous || slices.ContainsFunc(done.Rows, func(m vendors.MemberResult) bool { return m.State == vendors.MemberUnknown }) {
		doubted()
	}
	return done, err
}

// applyAt makes a change of what is there.
func (s *Service) applyAt(ctx context.Context, r owners.Record, c Change) (_ Done, err error) {
	if c.By, err = byWhom(r, c); err != nil {
		return Done{Record: r}, err
	}
	switch c.Action {
	case Rename:
		r, err = s.rename(ctx, r, c)
	case Transfer:
		r, err = s.transfer(ctx, r, c)
	case End:
		err = s.end(ctx, r, c)
	case MuteAll, UnmuteAll:
		err = s.muteAll(ctx, r, c)
	default:
		var rows []vendors.MemberResult
		rows, err = s.portions(ctx, r, c)
		s.noteRows(ctx, r, c, rows)
		return Done{Record: r, Rows: rows, Emulated: s.emulated(r, c)}, err
	}
	return Done{Record: r}, err
}
