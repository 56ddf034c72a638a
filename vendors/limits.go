package vendors

import "time"

// The operations, as errors, logs, metrics and limits name them. A message's
// operation carries its target kind, since vendors limit each kind on its own.
const (
	OpTokenIssue     = "token.issue"
	OpTokenRevoke    = "token.revoke"
	OpUserBlock      = "user.block"
	OpUserUnblock    = "user.unblock"
	OpBlacklist      = "blacklist.change"
	OpSendUser       = "message.send.user"
	OpSendGroup      = "message.send.group"
	OpSendChatRoom   = "message.send.chatroom"
	OpSendSystem     = "message.send.system"
	OpRecall         = "message.recall"
	OpPresence       = "presence.check"
	OpWordList       = "word.list"
	OpWordChange     = "word.change"
	OpTranslate      = "translate"
	OpBalance        = "wallet.balance"
	OpAdjust         = "wallet.adjust"
	OpGroup          = "group.change"
	OpChatRoom       = "chatroom.change"
	OpChatRoomUsers  = "chatroom.users"
	OpRoomList       = "room.list"
	OpRoomStatus     = "room.status"
	OpRoomUsers      = "room.users"
	OpRoomSpeakers   = "room.speakers"
	OpRoomKick       = "room.kick"
	OpRoomBan        = "room.ban"
	OpRoomUnban      = "room.unban"
	OpRoomDissolve   = "room.dissolve"
	OpRoomPush       = "room.push"
	OpRoomIdentity   = "room.identity"
	OpRoomUserState  = "room.user_state"
	OpRoomUserCalls  = "room.user_calls"
	OpCallbackVerify = "callback.verify"
)

// OpSend is the operation of a publish to targets of kind k.
func OpSend(k TargetKind) string { return "message.send." + string(k) }

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

// Limits maps an operation to its limit.
type Limits map[string]Limit
