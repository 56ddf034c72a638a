package vendortest

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"switchboard/vendors"
)

func limitChecks() []check {
	return []check{
		{name: "LimitsAreAsDocumented", run: sameLimits},
		{name: "CallOverALimitIsRefusedBeforeItLeavesAndOneAtTheLimitIsNot", run: limitsHold},
	}
}

func sameLimits(t T, e *env) {
	strip := func(l vendors.Limit) string {
		return fmt.Sprintf("targets %d, bytes %d, runes %d, id bytes %d, %d calls in %s", l.Targets, l.Bytes, l.Runes, l.IDBytes, l.Calls, l.Per)
	}
	for name, want := range e.Limits {
		if got := e.v.Limits[name]; strip(got) != strip(want) {
			t.Errorf("%s: %s; documented: %s", name, strip(got), strip(want))
		}
	}
	for name := range e.v.Limits {
		if _, ok := e.Limits[name]; !ok {
			t.Errorf("%s: the vendor states a limit that the fixture does not know", name)
		}
	}
}

// sized is a call that is as big as its numbers say in each respect.
type sized struct {
	op   string
	need string
	call func(c ctx, e *env, s size) error
}

// size is how big to make a call; a zero means one, or something short.
type size struct{ targets, bytes, runes, id int }

// ids are n distinct ids, the first of them width bytes long.
func ids(n, width int) []string {
	out := make([]string, max(n, 1))
	for i := range out {
		out[i] = fmt.Sprintf("u%d", i)
	}
	if width > 0 {
		out[0] = strings.Repeat("i", width)
	}
	return out
}

func limitsHold(t T, e *env) {
	for _, s := range slices.Concat(sizedSends(e), sizedPeople(), sizedServices(), sizedGroups(), sizedSessions(), sizedDeletions(), sizedChatRooms(), sizedBroadcasts(), sizedConversations(), sizedNotices()) {
		l := e.v.Limits[s.op]
		if !e.has[s.need] {
			continue
		}
		try := func(what string, at, over size) {
			v := *e
			v.v = e.open(e.w.url)
			v.atLimit(t, s.op+" at the limit of "+what, func(c ctx) error { return s.call(c, &v, at) })
			v.mustNotCall(t, s.op+" over the limit of "+what, func(c ctx) error { return s.call(c, &v, over) }, vendors.ErrTooLarge)
		}
		if l.Targets > 0 {
			try("targets", size{targets: l.Targets}, size{targets: l.Targets + 1})
		}
		if l.Bytes > 0 {
			try("bytes", size{bytes: l.Bytes * 9 / 10}, size{bytes: l.Bytes + 1})
		}
		if l.Runes > 0 {
			try("characters", size{runes: l.Runes}, size{runes: l.Runes + 1})
		}
		if l.IDBytes > 0 {
			try("id bytes", size{id: l.IDBytes}, size{id: l.IDBytes + 1})
		}
	}
}

// atLimit fails unless the call left, whatever came of it: nothing is executed.
func (e *env) atLimit(t T, what string, f func(ctx) error) {
	t.Helper()
	e.w.spoil(always, answer("no", 400, "text/plain", "not executed"))
	before := len(e.w.requests())
	err := f(t.Context())
	if len(e.w.requests()) == before {
		t.Errorf("%s: refused before the call: %v", what, err)
	}
	e.w.heal()
}

func sizedSends(e *env) []sized {
	var out []sized
	for _, kind := range e.Kinds {
		out = append(out, sized{vendors.OpSend(kind), "Messages", func(c ctx, e *env, s size) error {
			_, err := e.v.Messages.Send(c, e.text(kind, strings.Repeat("a", max(s.bytes, 1)), ids(s.targets, s.id)...))
			return err
		}})
	}
	return out
}

func sizedPeople() []sized {
	return []sized{
		{vendors.OpTokenIssue, "Tokens", func(c ctx, e *env, s size) error {
			u := vendors.User{ID: ids(1, s.id)[0], Name: strings.Repeat("礼", s.runes)}
			if s.bytes > 0 {
				u.Portrait = "https://portraits.example/" + strings.Repeat("p", s.bytes-26)
			}
			_, err := e.v.Tokens.Issue(c, u)
			return err
		}},
		{vendors.OpSendTemplate, "Templates", func(c ctx, e *env, s size) error {
			m := vendors.Template{Kind: vendors.ToUsers, From: e.Peer, Text: strings.Repeat("a", max(s.bytes, 1))}
			for _, id := range ids(s.targets, s.id) {
				m.To = append(m.To, vendors.Filling{Target: id})
			}
			_, err := e.v.Templates.SendTemplate(c, m)
			return err
		}},
		{vendors.OpTokenRevoke, "Revoker", func(c ctx, e *env, s size) error {
			return errOf(e.v.Revoker.Revoke(c, ids(s.targets, s.id), time.Now()))
		}},
		{vendors.OpUserBlock, "Users", func(c ctx, e *env, s size) error {
			return errOf(e.v.Users.Block(c, ids(s.targets, s.id), forAWhile(e.v.Traits.Block)))
		}},
		{vendors.OpUserUnblock, "Users", func(c ctx, e *env, s size) error {
			return errOf(e.v.Users.Unblock(c, ids(s.targets, s.id)))
		}},
		{vendors.OpBlacklist, "Blacklist", func(c ctx, e *env, s size) error {
			return errOf(e.v.Blacklist.AddToBlacklist(c, e.Known, ids(s.targets, s.id)))
		}},
		{vendors.OpBlacklist, "Blacklist", func(c ctx, e *env, s size) error {
			return errOf(e.v.Blacklist.RemoveFromBlacklist(c, e.Known, ids(s.targets, s.id)))
		}},
	}
}

func sizedServices() []sized {
	return []sized{
		{vendors.OpPresence, "Presence", func(c ctx, e *env, s size) error {
			return errOf(e.v.Presence.Statuses(c, ids(s.targets, s.id)))
		}},
		{vendors.OpWordChange, "WordAdmin", func(c ctx, e *env, s size) error {
			words := make([]vendors.Word, max(s.targets, 1))
			for i := range words {
				words[i].Text = fmt.Sprintf("w%d", i)
			}
			words[0].Text = strings.Repeat("礼", max(s.runes, 1))
			return e.v.WordAdmin.AddWords(c, words)
		}},
		{vendors.OpWordChange, "WordAdmin", func(c ctx, e *env, s size) error {
			words := ids(s.targets, 0)
			words[0] = strings.Repeat("礼", max(s.runes, 1))
			return e.v.WordAdmin.RemoveWords(c, words)
		}},
		{vendors.OpTranslate, "Translator", func(c ctx, e *env, s size) error {
			_, err := e.v.Translator.Translate(c, vendors.Translation{Text: strings.Repeat("礼", max(s.runes, 1)), From: "zh", To: "en"})
			return err
		}},
		{vendors.OpGroup, "Groups", func(c ctx, e *env, s size) error {
			members := slices.Concat([]string{e.Known}, ids(s.targets, 0))[:max(s.targets, 1)]
			return errOf(e.v.Groups.CreateGroup(c, vendors.Group{ID: ids(1, s.id)[0], Name: "New", Creator: e.Known, Members: members}))
		}},
		{vendors.OpGroup, "Groups", func(c ctx, e *env, s size) error {
			return errOf(e.v.Groups.ChangeGroup(c, ids(1, s.id)[0], ids(s.targets, 0), nil))
		}},
		{vendors.OpChatRoom, "ChatRooms", func(c ctx, e *env, s size) error {
			return errOf(e.v.ChatRooms.CreateChatRoom(c, ids(1, s.id)[0], "New"))
		}},
		{vendors.OpRoomBan, "Rooms.Ban", func(c ctx, e *env, s size) error {
			return e.v.Rooms.Ban.BanUsers(c, "room", ids(s.targets, s.id), forAWhile(e.v.Traits.Ban))
		}},
		{vendors.OpRoomPush, "Rooms.Push", func(c ctx, e *env, s size) error {
			return e.v.Rooms.Push.PushText(c, vendors.RoomText{Room: ids(1, s.id)[0], From: e.Peer, Text: strings.Repeat("a", max(s.bytes, 1))})
		}},
		{vendors.OpRoomData, "Rooms.Data", func(c ctx, e *env, s size) error {
			return e.v.Rooms.Data.SendData(c, vendors.RoomPacket{Room: ids(1, s.id)[0], Data: bytes.Repeat([]byte("a"), max(s.bytes, 1)), Reliable: true})
		}},
		{vendors.OpRoomStatus, "Rooms.Query", func(c ctx, e *env, s size) error {
			_, err := e.v.Rooms.Query.RoomStatus(c, ids(1, s.id)[0])
			return err
		}},
		{vendors.OpRoomKick, "Rooms.Kick", func(c ctx, e *env, s size) error {
			return e.v.Rooms.Kick.KickUser(c, vendors.Kick{Room: "room", User: ids(1, s.id)[0]})
		}},
		{vendors.OpRoomDissolve, "Rooms.Dissolve", func(c ctx, e *env, s size) error {
			return e.v.Rooms.Dissolve.DissolveRoom(c, ids(1, s.id)[0])
		}},
		{vendors.OpRoomPermission, "Rooms.Permission", func(c ctx, e *env, s size) error {
			return e.v.Rooms.Permission.SetPermission(c, vendors.PermissionChange{Room: "room", User: ids(1, s.id)[0], Identity: vendors.IdentityHost})
		}},
		{vendors.OpRoomUserCalls, "Rooms.Calls", func(c ctx, e *env, s size) error {
			_, err := e.v.Rooms.Calls.UserCalls(c, vendors.CallQuery{User: e.Known, Day: "2026-01-02", Limit: max(s.targets, 1)})
			return err
		}},
		{vendors.OpAdjust, "Wallet", func(c ctx, e *env, s size) error {
			return e.v.Wallet.Adjust(c, vendors.Adjustment{RequestID: "sized", User: ids(1, s.id)[0], Delta: 1})
		}},
		{vendors.OpOrder, "Orders", func(c ctx, e *env, s size) error {
			o := e.order("sized", 1)
			o.User = ids(1, s.id)[0]
			return e.v.Orders.CreditOrder(c, o)
		}},
		{vendors.OpBalance, "Wallet", func(c ctx, e *env, s size) error {
			_, err := e.v.Wallet.Balance(c, ids(1, s.id)[0])
			return err
		}},
	}
}
