package rongcloud

import (
	"time"

	"switchboard/vendors"
)

// The vendor's sizes: docs/vendors/rongcloud.md#limits.
const (
	idBytes     = 64        // bytes of a user, group or chat room id
	maxContent  = 128 << 10 // bytes of a message's content
	maxTypeName = 32        // characters of an objectName
	maxBlock    = 43200     // minutes of a block; there is none for good
	maxReplace  = 32        // characters of a replacement word
	maxNote     = 1024      // bytes of a callback reply's extra
	maxListed   = 500       // chat room users in one answer
)

// limits are the numbers of docs/vendors/rongcloud.md#limits. A publish counts one
// unit for each target. For token.issue and user.profile Bytes is the portrait's and Runes the name's.
// Chat room targets are what the vendor advises. A template's numbers are those
// of the system variant: none are published for the private one. A push counts one
// unit for each user, and its Runes are the title's; the targets of a history are its rows. RTC has no published numbers.
// A broadcast to all may be made twice an hour and three times a day. The vendor
// counts that: several processes that each kept to it would break it together.
var limits = vendors.Limits{
	vendors.OpTokenIssue:      {IDBytes: idBytes, Bytes: 1024, Runes: 64, Calls: 200, Per: time.Second},
	vendors.OpTokenRevoke:     many(20),
	vendors.OpUserBlock:       many(20),
	vendors.OpUserUnblock:     many(20),
	vendors.OpUserDelete:      many(100),
	vendors.OpUserProfile:     {IDBytes: idBytes, Bytes: 1024, Runes: 64, Calls: 100, Per: time.Second},
	vendors.OpBlacklist:       many(20),
	vendors.OpPresence:        many(1),
	vendors.OpSendUser:        {Targets: 1000, Bytes: maxContent, IDBytes: idBytes, Calls: 6000, Per: time.Minute},
	vendors.OpSendGroup:       {Targets: 3, Bytes: maxContent, IDBytes: idBytes, Calls: 20, Per: time.Second},
	vendors.OpSendChatRoom:    {Targets: 10, Bytes: maxContent, IDBytes: idBytes, Calls: 100, Per: time.Second},
	vendors.OpSendSystem:      {Targets: 100, Bytes: maxContent, IDBytes: idBytes, Calls: 100, Per: time.Second},
	vendors.OpSendTemplate:    {Targets: 100, Bytes: maxContent, IDBytes: idBytes, Calls: 100, Per: time.Second},
	vendors.OpBroadcast:       {Bytes: maxContent, IDBytes: idBytes},
	vendors.OpBroadcastOnline: {Bytes: maxContent, IDBytes: idBytes},
	vendors.OpRecall:          many(0),
	vendors.OpEdit:            {Bytes: maxContent, IDBytes: idBytes, Calls: 100, Per: time.Second},
	vendors.OpHistory:         many(100),
	vendors.OpNotice:          many(0),
	vendors.OpNoticeSet:       many(0),
	vendors.OpPush:            {Targets: 100, Runes: 50, IDBytes: idBytes, Calls: 100, Per: time.Second},
	vendors.OpRemark:          many(100),
	vendors.OpWordList:        {Calls: 100, Per: time.Second},
	vendors.OpWordChange:      {Targets: 50, Runes: 32, Calls: 100, Per: time.Second},
	vendors.OpTranslate:       {Runes: 1000, Calls: 10, Per: time.Second},
	vendors.OpGroup:           many(1000),
	vendors.OpGroupRename:     many(0),
	vendors.OpGroupMembers:    many(0),
	vendors.OpUserGroups:      many(0),
	vendors.OpMemberMute:      many(20),
	vendors.OpMemberUnmute:    many(20),
	vendors.OpGroupMute:       many(0),
	vendors.OpGroupUnmute:     many(0),
	vendors.OpChatRoom:        many(0),
	vendors.OpChatRoomUsers:   many(0),
	vendors.OpChatRoomMute:    many(20),
	vendors.OpChatRoomUnmute:  many(20),
	vendors.OpChatRoomBlock:   many(20),
	vendors.OpChatRoomUnblock: many(20),
	vendors.OpRoomStatus:      roomID,
	vendors.OpRoomUsers:       roomID,
	vendors.OpRoomKick:        roomID,
	vendors.OpRoomBan:         roomID,
	vendors.OpRoomUnban:       roomID,
	vendors.OpRoomDissolve:    roomID,
}

// forAWhile: RongCloud counts in minutes, at most 43200, and takes it back early. Only a
// mute in a group has a form for good (docs/vendors/rongcloud.md#groups).
const forAWhile = vendors.HoldTimed | vendors.HoldLifted

var traits = vendors.Traits{
	Block: forAWhile, Ban: forAWhile, ChatRoomMute: forAWhile, ChatRoomBlock: forAWhile, Kick: vendors.HoldTimed,
	MemberMute: forAWhile | vendors.HoldOpen,
	Revoke:     vendors.RevokeBefore,
	Delete:     vendors.DeletionLater, // docs/vendors/rongcloud.md#deactivation
	Content:    "rongcloud",
	// docs/vendors/rongcloud.md#pre-send-check for the deadline, and
	// docs/vendors/rongcloud.md#chat-room-status for retries and loss.
	Callbacks: vendors.CallbackTerms{Deadline: 3 * time.Second, Silence: vendors.SilenceDelivers, Retries: 2, Lossy: true},
}

// roomID: room ids travel in a path and a header, so only visible characters.
var roomID = vendors.Limit{IDLetter: func(b byte) bool { return b > ' ' && b != 0x7f }}

// many is the limit of most management calls: 100/s, up to n ids.
func many(n int) vendors.Limit {
	return vendors.Limit{Targets: n, IDBytes: idBytes, Calls: 100, Per: time.Second}
}

// checkIDs refuses an empty list, and ids or numbers over the limit of op.
func (a *adapter) checkIDs(op string, targets []string, others ...string) error {
	if len(targets) == 0 {
		return a.refuse(op, vendors.ErrInvalid, "nobody is named")
	}
	return limits.Check(a.name, op, vendors.Size{IDs: append(others, targets...), Targets: len(targets)})
}

// minutes rounds d up to what the vendor counts in, 1 to 43200; 0 for an open hold,
// where h has one.
func (a *adapter) minutes(op string, h vendors.Hold, d time.Duration) (int, error) {
	if err := h.Refuse(a.name, op, d); err != nil {
		return 0, err
	}
	n := int((d + time.Minute - 1) / time.Minute)
	if n > maxBlock {
		return 0, a.refuse(op, vendors.ErrTooLarge, "more than 43200 minutes")
	}
	return n, nil
}
