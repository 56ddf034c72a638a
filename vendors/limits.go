package vendors

import (
	"fmt"
	"time"
	"unicode/utf8"
)

// The operations, as errors, logs, metrics and limits name them. A message's
// operation carries its target kind, since vendors limit each kind on its own.
const (
	OpTokenIssue      = "token.issue"
	OpTokenRevoke     = "token.revoke"
	OpSessionList     = "session.list"
	OpSessionEnd      = "session.end"
	OpUserBlock       = "user.block"
	OpUserUnblock     = "user.unblock"
	OpUserImport      = "user.import"
	OpUserProfile     = "user.profile"
	OpUserDelete      = "user.delete"
	OpUserErase       = "user.erase" // of several calls, as far as a vendor has them
	OpBlacklist       = "blacklist.change"
	OpSendUser        = "message.send.user"
	OpSendGroup       = "message.send.group"
	OpSendChatRoom    = "message.send.chatroom"
	OpSendSystem      = "message.send.system"
	OpSendTemplate    = "message.template"
	OpBroadcast       = "message.broadcast"
	OpBroadcastOnline = "message.broadcast.online"
	OpRecall          = "message.recall"
	OpMessageLookup   = "message.lookup"
	OpEdit            = "message.edit"
	OpHistory         = "message.history"
	OpNotice          = "conversation.notice"
	OpNoticeSet       = "conversation.notice.set"
	OpPush            = "user.push"
	OpRemark          = "user.remark"
	OpPresence        = "presence.check"
	OpWordList        = "word.list"
	OpWordChange      = "word.change"
	OpTranslate       = "translate"
	OpBalance         = "wallet.balance"
	OpAdjust          = "wallet.adjust"
	OpOrder           = "wallet.order"
	OpGroup           = "group.change"
	OpGroupRename     = "group.rename"
	OpGroupTransfer   = "group.transfer"
	OpGroupMembers    = "group.members"
	OpUserGroups      = "user.groups"
	OpMemberMute      = "group.mute_members"
	OpMemberUnmute    = "group.unmute_members"
	OpGroupMute       = "group.mute"
	OpGroupUnmute     = "group.unmute"
	OpChatRoom        = "chatroom.change"
	OpChatRoomUsers   = "chatroom.users"
	OpChatRoomMute    = "chatroom.mute"
	OpChatRoomUnmute  = "chatroom.unmute"
	OpChatRoomBlock   = "chatroom.block"
	OpChatRoomUnblock = "chatroom.unblock"
	OpRoomList        = "room.list"
	OpRoomStatus      = "room.status"
	OpRoomUsers       = "room.users"
	OpRoomSpeakers    = "room.speakers"
	OpRoomKick        = "room.kick"
	OpRoomBan         = "room.ban"
	OpRoomUnban       = "room.unban"
	OpRoomDissolve    = "room.dissolve"
	OpRoomPush        = "room.push"
	OpRoomToken       = "room.token"
	OpRoomData        = "room.data"
	OpRoomPermission  = "room.permission"
	OpRoomMute        = "room.mute"
	OpRoomRecord      = "room.record"
	OpRoomRecordStop  = "room.record.stop"
	OpRoomRecordings  = "room.recordings"
	OpRoomUserState   = "room.user_state"
	OpRoomUserCalls   = "room.user_calls"
	OpReconcile       = "room.snapshot"
	OpCallbackVerify  = "callback.verify"
)

// OpSend is the operation of a publish to targets of kind k.
func OpSend(k TargetKind) string {
	switch k {
	case ToUsers:
		return OpSendUser
	case ToGroups:
		return OpSendGroup
	case ToChatRooms:
		return OpSendChatRoom
	case ToSystem:
		return OpSendSystem
	}
	return "message.send." + string(k)
}

// Limit is what a vendor allows for one operation. Zero means no limit known.
type Limit struct {
	Targets  int           // targets in one call
	Bytes    int           // of the content as sent
	Runes    int           // characters of a text
	IDBytes  int           // length of a user, group or room id
	Calls    int           // units in each Per; a publish counts one unit per target
	Per      time.Duration // the window of Calls
	IDLetter func(byte) bool
}

// Pace is how many units may go out at once after a quiet time, and how many in each
// second after that: together at most Calls in any window of Per, as long as one call
// takes at most half of them. Zero: no limit known.
func (l Limit) Pace() (burst int, perSecond float64) {
	if l.Calls <= 0 || l.Per <= 0 {
		return 0, 0
	}
	burst = min(max(l.Targets, (l.Calls+4)/5), l.Calls)
	spread := l.Calls - burst
	if burst*2 > l.Calls {
		spread = l.Calls
	}
	return burst, float64(spread) / l.Per.Seconds()
}

// TakesID reports whether a user, group or room may have that id.
func (l Limit) TakesID(id string) bool {
	_, why := l.checkID(id)
	return why == nil
}

// Limits maps an operation to its limit.
type Limits map[string]Limit

// Size is what one call is about to ask of a limit.
type Size struct {
	IDs     []string // users, groups and rooms that the call names
	Targets int      // how many it is addressed to
	Content string   // as it will be sent
}

// Check refuses a call that the vendor would not take, before it leaves: an
// ErrInvalid for an empty id or a letter that ids may not have, an ErrTooLarge
// for the rest. The text names what and by how much, never the content.
func (l Limits) Check(vendor, op string, s Size) error {
	limit := l[op]
	for _, id := range s.IDs {
		if text, why := limit.checkID(id); why != nil {
			return Refuse(vendor, op, why, text)
		}
	}
	for _, m := range []struct {
		what     string
		have, at int
	}{
		{"targets", s.Targets, limit.Targets},
		{"bytes", len(s.Content), limit.Bytes},
		{"characters", utf8.RuneCountInString(s.Content), limit.Runes},
	} {
		if m.at > 0 && m.have > m.at {
			return Refuse(vendor, op, ErrTooLarge, fmt.Sprintf("%d %s, at most %d", m.have, m.what, m.at))
		}
	}
	return nil
}

func (l Limit) checkID(id string) (text string, why error) {
	if id == "" {
		return "an id is empty", ErrInvalid
	}
	if l.IDBytes > 0 && len(id) > l.IDBytes {
		return fmt.Sprintf("an id of %d bytes, at most %d", len(id), l.IDBytes), ErrTooLarge
	}
	for i := 0; l.IDLetter != nil && i < len(id); i++ {
		if !l.IDLetter(id[i]) {
			return "a letter that the vendor does not allow in ids", ErrInvalid
		}
	}
	return "", nil
}
