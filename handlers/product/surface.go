package product

import "switchboard/vendors"

// path is one of the paths that need a vendor, with what it needs of one.
type path struct {
	method, path string
	route        vendors.Capability         // whose accounts are asked
	ability      string                     // as vendors.Abilities lists it
	instead      string                     // an ability with which it is done where the other one is missing; empty: none
	needs        func(*vendors.Vendor) bool // of one that has the ability; nil: nothing more
	kept         bool                       // answered from what is remembered here, whoever is routed
}

// surface is every such path of the product API, in the order of the contract. A test
// holds it to the contract, and docs/abilities.md is made from it.
var surface = []path{
	{method: "POST", path: "/api/v1/im/token", route: vendors.CapTokens, ability: "tokens"},
	{method: "POST", path: "/api/v1/rtc/token", route: vendors.CapRooms, ability: "rooms.tokens"},
	{method: "POST", path: "/api/v1/translate/action", route: vendors.CapTranslator, ability: "translator"},
	{method: "GET", path: "/api/v1/wallet", route: vendors.CapWallet, ability: "wallet"},
	{method: "POST", path: "/api/server/im/send/tip", route: vendors.CapMessages, ability: "messages"},
	{method: "POST", path: "/api/server/im/send/system", route: vendors.CapMessages, ability: "messages", needs: sendsSystem},
	{method: "POST", path: "/api/server/messages", route: vendors.CapMessages, ability: "messages"},
	{method: "POST", path: "/api/server/messages/template", route: vendors.CapMessages, ability: "messages.template", instead: "messages"},
	{method: "POST", path: "/api/server/messages/broadcast", route: vendors.CapMessages, ability: "messages.broadcast"},
	{method: "POST", path: "/api/server/messages/recall", route: vendors.CapMessages, ability: "messages.recall"},
	{method: "POST", path: "/api/server/messages/edit", route: vendors.CapMessages, ability: "messages.edit"},
	{method: "GET", path: "/api/server/messages/history", route: vendors.CapMessages, ability: "messages.history"},
	{method: "POST", path: "/api/server/wallet/adjust", route: vendors.CapWallet, ability: "wallet"},
	{method: "POST", path: "/api/server/wallet/orders", route: vendors.CapWallet, ability: "wallet.orders"},
	{method: "GET", path: "/api/server/words", route: vendors.CapWords, ability: "words", kept: true},
	{method: "POST", path: "/api/server/words", route: vendors.CapWords, ability: "words.change"},
	{method: "DELETE", path: "/api/server/words", route: vendors.CapWords, ability: "words.change"},
	{method: "PUT", path: "/api/server/users", route: vendors.CapTokens, ability: "users.profile", instead: "users.import"},
	{method: "POST", path: "/api/server/users/presence", route: vendors.CapPresence, ability: "presence"},
	{method: "POST", path: "/api/server/users/push", route: vendors.CapTokens, ability: "users.push"},
	{method: "PUT", path: "/api/server/users/{user}", route: vendors.CapTokens, ability: "users.profile", instead: "users.import"},
	{method: "POST", path: "/api/server/users/{user}/ban", ability: "users.block", kept: true},
	{method: "POST", path: "/api/server/users/{user}/unban", ability: "users.block", needs: endsBlocks, kept: true},
	{method: "POST", path: "/api/server/users/{user}/block", ability: "users.block"},
	{method: "POST", path: "/api/server/users/{user}/unblock", ability: "users.block", needs: endsBlocks},
	{method: "GET", path: "/api/server/users/{user}/sessions", route: vendors.CapTokens, ability: "sessions", kept: true},
	{method: "DELETE", path: "/api/server/users/{user}/sessions", route: vendors.CapTokens, ability: "sessions", instead: "tokens.revoke", kept: true},
	{method: "DELETE", path: "/api/server/users/{user}/sessions/{device}", route: vendors.CapTokens, ability: "sessions", needs: endsDevices, kept: true},
	{method: "GET", path: "/api/server/users/{user}/blacklist", route: vendors.CapTokens, ability: "blacklist", kept: true},
	{method: "POST", path: "/api/server/users/{user}/blacklist", route: vendors.CapTokens, ability: "blacklist"},
	{method: "DELETE", path: "/api/server/users/{user}/blacklist", route: vendors.CapTokens, ability: "blacklist"},
	{method: "POST", path: "/api/server/users/{user}/remarks", route: vendors.CapTokens, ability: "users.remarks"},
	{method: "DELETE", path: "/api/server/users/{user}/remarks", route: vendors.CapTokens, ability: "users.remarks"},
	{method: "GET", path: "/api/server/users/{user}/notices", route: vendors.CapTokens, ability: "conversations.notices"},
	{method: "PUT", path: "/api/server/users/{user}/notices", route: vendors.CapTokens, ability: "conversations.notices"},
	{method: "POST", path: "/api/server/groups", route: vendors.CapGroups, ability: "groups"},
	{method: "GET", path: "/api/server/groups", route: vendors.CapGroups, ability: "groups", kept: true},
	{method: "GET", path: "/api/server/groups/{group}", route: vendors.CapGroups, ability: "groups", kept: true},
	{method: "PATCH", path: "/api/server/groups/{group}", route: vendors.CapGroups, ability: "groups.rename"},
	{method: "DELETE", path: "/api/server/groups/{group}", route: vendors.CapGroups, ability: "groups"},
	{method: "GET", path: "/api/server/groups/{group}/members", route: vendors.CapGroups, ability: "groups.list"},
	{method: "POST", path: "/api/server/groups/{group}/members", route: vendors.CapGroups, ability: "groups"},
	{method: "DELETE", path: "/api/server/groups/{group}/members", route: vendors.CapGroups, ability: "groups"},
	{method: "PUT", path: "/api/server/groups/{group}/owner", route: vendors.CapGroups, ability: "groups.transfer"},
	{method: "GET", path: "/api/server/groups/{group}/mutes", route: vendors.CapGroups, ability: "groups.mute_members", kept: true},
	{method: "POST", path: "/api/server/groups/{group}/mutes", route: vendors.CapGroups, ability: "groups.mute_members"},
	{method: "DELETE", path: "/api/server/groups/{group}/mutes", route: vendors.CapGroups, ability: "groups.mute_members"},
	{method: "GET", path: "/api/server/users/{user}/groups", route: vendors.CapGroups, ability: "groups.list"},
	{method: "GET", path: "/api/server/chatrooms", route: vendors.CapChatRooms, ability: "chatrooms", kept: true},
	{method: "POST", path: "/api/server/chatrooms", route: vendors.CapChatRooms, ability: "chatrooms"},
	{method: "GET", path: "/api/server/chatrooms/{room}", route: vendors.CapChatRooms, ability: "chatrooms", kept: true},
	{method: "DELETE", path: "/api/server/chatrooms/{room}", route: vendors.CapChatRooms, ability: "chatrooms"},
	{method: "GET", path: "/api/server/chatrooms/{room}/users", route: vendors.CapChatRooms, ability: "chatrooms"},
	{method: "GET", path: "/api/server/chatrooms/{room}/mutes", route: vendors.CapChatRooms, ability: "chatrooms.mute", kept: true},
	{method: "POST", path: "/api/server/chatrooms/{room}/mutes", route: vendors.CapChatRooms, ability: "chatrooms.mute"},
	{method: "DELETE", path: "/api/server/chatrooms/{room}/mutes", route: vendors.CapChatRooms, ability: "chatrooms.mute"},
	{method: "GET", path: "/api/server/chatrooms/{room}/blocks", route: vendors.CapChatRooms, ability: "chatrooms.block", kept: true},
	{method: "POST", path: "/api/server/chatrooms/{room}/blocks", route: vendors.CapChatRooms, ability: "chatrooms.block"},
	{method: "DELETE", path: "/api/server/chatrooms/{room}/blocks", route: vendors.CapChatRooms, ability: "chatrooms.block"},
	{method: "GET", path: "/api/server/rooms", route: vendors.CapRooms, ability: "rooms.list"},
	{method: "GET", path: "/api/server/rooms/{room}", route: vendors.CapRooms, ability: "rooms.query"},
	{method: "GET", path: "/api/server/rooms/{room}/users", route: vendors.CapRooms, ability: "rooms.query"},
	{method: "GET", path: "/api/server/rooms/{room}/speakers", route: vendors.CapRooms, ability: "rooms.speakers"},
	{method: "POST", path: "/api/server/rooms/{room}/kick", route: vendors.CapRooms, ability: "rooms.kick"},
	{method: "POST", path: "/api/server/rooms/{room}/message", route: vendors.CapRooms, ability: "rooms.push"},
	{method: "POST", path: "/api/server/rooms/{room}/identity", route: vendors.CapRooms, ability: "rooms.permission"},
	{method: "POST", path: "/api/server/rooms/{room}/ban", route: vendors.CapRooms, ability: "rooms.ban"},
	{method: "POST", path: "/api/server/rooms/{room}/unban", route: vendors.CapRooms, ability: "rooms.ban"},
	{method: "POST", path: "/api/server/rooms/{room}/dissolve", route: vendors.CapRooms, ability: "rooms.dissolve"},
	{method: "POST", path: "/api/server/rooms/{room}/permission", route: vendors.CapRooms, ability: "rooms.permission"},
	{method: "POST", path: "/api/server/rooms/{room}/mute", route: vendors.CapRooms, ability: "rooms.mute"},
	{method: "POST", path: "/api/server/rooms/{room}/data", route: vendors.CapRooms, ability: "rooms.data"},
	{method: "GET", path: "/api/server/rooms/{room}/recordings", route: vendors.CapRooms, ability: "rooms.record"},
	{method: "POST", path: "/api/server/rooms/{room}/recordings", route: vendors.CapRooms, ability: "rooms.record"},
	{method: "POST", path: "/api/server/rooms/{room}/recordings/{recording}/stop", route: vendors.CapRooms, ability: "rooms.record"},
	{method: "POST", path: "/api/server/rooms/{room}/grants", route: vendors.CapRooms, ability: "rooms.tokens", kept: true},
	{method: "DELETE", path: "/api/server/rooms/{room}/grants", route: vendors.CapRooms, ability: "rooms.tokens", kept: true},
	{method: "GET", path: "/api/server/users/{user}/rooms", route: vendors.CapRooms, ability: "rooms.calls"},
	{method: "GET", path: "/api/server/users/{user}/calls", route: vendors.CapRooms, ability: "rooms.calls"},
}

// sendsSystem: a vendor that has system messages has a limit for them.
func sendsSystem(v *vendors.Vendor) bool {
	_, has := v.Limits[vendors.OpSendSystem]
	return has
}

func endsBlocks(v *vendors.Vendor) bool { return v.Traits.Block&vendors.HoldLifted != 0 }

func endsDevices(v *vendors.Vendor) bool { return v.Traits.Sessions == vendors.SessionsDevice }

// What a vendor account, or all that are routed, can of a path.
const (
	can      = "can"
	emulated = "emulated" // by another ability of the vendor's
	cannot   = "cannot"
	kept     = "kept" // without the vendor: from what is remembered here
)

// by says how v serves p.
func (p path) by(v *vendors.Vendor) string {
	switch {
	case v.HasAbility(p.ability) && (p.needs == nil || p.needs(v)):
		return can
	case p.instead != "" && v.HasAbility(p.instead):
		return emulated
	case p.kept:
		return kept
	}
	return cannot
}
