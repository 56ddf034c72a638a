package vendors

// ability is one port that a vendor may have, under the name by which it is shown.
type ability struct {
	name string
	has  func(*Vendor) bool
}

// abilities are in the order in which they are shown.
var abilities = []ability{
	{"tokens", func(v *Vendor) bool { return v.Tokens != nil }},
	{"tokens.revoke", func(v *Vendor) bool { return v.Revoker != nil }},
	{"sessions", func(v *Vendor) bool { return v.Sessions != nil }},
	{"users.block", func(v *Vendor) bool { return v.Users != nil }},
	{"users.import", func(v *Vendor) bool { return v.UserImport != nil }},
	{"users.delete", func(v *Vendor) bool { return v.Deletions != nil }},
	{"users.profile", func(v *Vendor) bool { return v.Profiles != nil }},
	{"blacklist", func(v *Vendor) bool { return v.Blacklist != nil }},
	{"messages", func(v *Vendor) bool { return v.Messages != nil }},
	{"messages.template", func(v *Vendor) bool { return v.Templates != nil }},
	{"messages.broadcast", func(v *Vendor) bool { return v.Broadcasts != nil }},
	{"messages.recall", func(v *Vendor) bool { return v.Recaller != nil }},
	{"messages.lookup", func(v *Vendor) bool { return v.MessageLookup != nil }},
	{"messages.edit", func(v *Vendor) bool { return v.Editor != nil }},
	{"messages.history", func(v *Vendor) bool { return v.History != nil }},
	{"conversations.notices", func(v *Vendor) bool { return v.Notices != nil }},
	{"users.push", func(v *Vendor) bool { return v.Pushes != nil }},
	{"users.remarks", func(v *Vendor) bool { return v.Remarks != nil }},
	{"presence", func(v *Vendor) bool { return v.Presence != nil }},
	{"words", func(v *Vendor) bool { return v.Words != nil }},
	{"words.change", func(v *Vendor) bool { return v.WordAdmin != nil }},
	{"translator", func(v *Vendor) bool { return v.Translator != nil }},
	{"wallet", func(v *Vendor) bool { return v.Wallet != nil }},
	{"wallet.orders", func(v *Vendor) bool { return v.Orders != nil }},
	{"groups", func(v *Vendor) bool { return v.Groups != nil }},
	{"groups.rename", func(v *Vendor) bool { return v.GroupNames != nil }},
	{"groups.transfer", func(v *Vendor) bool { return v.GroupOwners != nil }},
	{"groups.list", func(v *Vendor) bool { return v.GroupLists != nil }},
	{"groups.mute_members", func(v *Vendor) bool { return v.MemberMutes != nil }},
	{"groups.mute", func(v *Vendor) bool { return v.GroupMutes != nil }},
	{"chatrooms", func(v *Vendor) bool { return v.ChatRooms != nil }},
	{"chatrooms.mute", func(v *Vendor) bool { return v.ChatRoomMutes != nil }},
	{"chatrooms.block", func(v *Vendor) bool { return v.ChatRoomBlocks != nil }},
	{"rooms.tokens", func(v *Vendor) bool { return v.Rooms.Tokens != nil }},
	{"rooms.list", func(v *Vendor) bool { return v.Rooms.List != nil }},
	{"rooms.query", func(v *Vendor) bool { return v.Rooms.Query != nil }},
	{"rooms.speakers", func(v *Vendor) bool { return v.Rooms.Speakers != nil }},
	{"rooms.kick", func(v *Vendor) bool { return v.Rooms.Kick != nil }},
	{"rooms.ban", func(v *Vendor) bool { return v.Rooms.Ban != nil }},
	{"rooms.dissolve", func(v *Vendor) bool { return v.Rooms.Dissolve != nil }},
	{"rooms.push", func(v *Vendor) bool { return v.Rooms.Push != nil }},
	{"rooms.data", func(v *Vendor) bool { return v.Rooms.Data != nil }},
	{"rooms.permission", func(v *Vendor) bool { return v.Rooms.Permission != nil }},
	{"rooms.mute", func(v *Vendor) bool { return v.Rooms.Mute != nil }},
	{"rooms.record", func(v *Vendor) bool { return v.Rooms.Recorder != nil }},
	{"rooms.calls", func(v *Vendor) bool { return v.Rooms.Calls != nil }},
	{"callbacks", func(v *Vendor) bool { return v.Callbacks != nil }},
	{"callbacks.reconcile", func(v *Vendor) bool { return v.Reconciler != nil }},
}

// Abilities lists what a vendor may be able to do, in the order of the port.
func Abilities() []string {
	out := make([]string, len(abilities))
	for i, a := range abilities {
		out[i] = a.name
	}
	return out
}

// Can lists what v is able to do.
func (v *Vendor) Can() []string {
	out := []string{}
	for _, a := range abilities {
		if a.has(v) {
			out = append(out, a.name)
		}
	}
	return out
}
