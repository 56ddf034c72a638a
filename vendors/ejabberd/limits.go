package ejabberd

import "switchboard/vendors"

// The server's and our sizes: docs/vendors/ejabberd.md#limits.
const (
	idBytes    = 255       // of an id: escaped it has at most 765 of the 1023 bytes of a localpart
	maxContent = 128 << 10 // bytes of a content
	maxName    = 256       // characters of a name
)

// limits are ours where the server has none: a call for each target or user must end
// within one deadline. The API has no rate limit.
var limits = vendors.Limits{
	vendors.OpTokenIssue:      {IDBytes: idBytes},
	vendors.OpTokenRevoke:     many(20),
	vendors.OpUserBlock:       many(20),
	vendors.OpUserUnblock:     many(20),
	vendors.OpUserProfile:     {IDBytes: idBytes, Bytes: 1024, Runes: maxName},
	vendors.OpPresence:        many(1),
	vendors.OpUserImport:      many(20),
	vendors.OpUserDelete:      many(20),
	vendors.OpSessionList:     {IDBytes: idBytes},
	vendors.OpSessionEnd:      {IDBytes: idBytes},
	vendors.OpSendUser:        send(100),
	vendors.OpSendSystem:      send(100),
	vendors.OpSendGroup:       send(3),
	vendors.OpSendChatRoom:    send(3),
	vendors.OpGroup:           many(100),
	vendors.OpGroupRename:     {IDBytes: idBytes},
	vendors.OpGroupMembers:    {IDBytes: idBytes},
	vendors.OpUserGroups:      {IDBytes: idBytes},
	vendors.OpMemberMute:      many(20),
	vendors.OpMemberUnmute:    many(20),
	vendors.OpChatRoom:        {IDBytes: idBytes},
	vendors.OpChatRoomUsers:   {IDBytes: idBytes},
	vendors.OpChatRoomBlock:   many(20),
	vendors.OpChatRoomUnblock: many(20),
}

// held is every hold here: the server keeps no time, so it lasts until it is ended
// (docs/vendors/ejabberd.md#blocks).
const held = vendors.HoldOpen | vendors.HoldLifted

func many(n int) vendors.Limit { return vendors.Limit{Targets: n, IDBytes: idBytes} }

func send(n int) vendors.Limit {
	return vendors.Limit{Targets: n, IDBytes: idBytes, Bytes: maxContent}
}

// checkIDs refuses an empty list, and ids or numbers over the limit of op.
func (a *adapter) checkIDs(op string, targets []string, others ...string) error {
	if len(targets) == 0 {
		return a.refuse(op, vendors.ErrInvalid, "nobody is named")
	}
	return limits.Check(a.name, op, vendors.Size{IDs: append(others, targets...), Targets: len(targets)})
}
