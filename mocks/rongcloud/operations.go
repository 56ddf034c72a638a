package rongcloud

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"switchboard/mocks/mock"
)

// reply is the members of a successful answer; the code is added to them.
type reply map[string]any

// handler does one call. It runs inside Namespace.Do.
type handler func(*App, request) (reply, *failure)

// operation is one line of the table: what is called, how often it may be, and
// what it does. The openapi has the parameters, and the same rates and services.
type operation struct {
	name, path string
	serve      handler
	rates      []rate  // nil: none known
	unit       string  // the list of which every entry counts against the rates
	service    Service // that must be enabled
	method     string  // empty: POST
	ok         int     // the code of success; 0: 200
}

var (
	management = []rate{{100, time.Second}}
	once       = []rate{{1, time.Second}}
	fewADay    = []rate{{2, time.Hour}, {3, 24 * time.Hour}}
	perMinute  = []rate{{6000, time.Minute}}
	groupSends = []rate{{20, time.Second}}
)

// operations is every call that the mock takes.
func operations() []mock.Operation[*App] {
	var all []mock.Operation[*App]
	for _, o := range table() {
		all = append(all, o.mount())
	}
	return all
}

func table() []operation {
	return slices.Concat(userOperations(), relationOperations(), messageOperations(), wordOperations(),
		groupOperations(), roomOperations(), roomRuleOperations(), rtcOperations())
}

func (o operation) mount() mock.Operation[*App] {
	m := mock.Operation[*App]{Name: o.name, Path: o.path, Serve: o.answer}
	if o.method != "" {
		m.Methods = []string{o.method}
	}
	return m
}

// answer checks a call against rate and service, and does it. INVENTED: 1005 for
// a request id over the 36 characters of the vendor's page.
func (o operation) answer(a *App, c *mock.Call) mock.Answer {
	r := request{c}
	units := 1
	if o.unit != "" {
		units = len(r.list(o.unit))
	}
	switch {
	case len(c.Header("X-Request-ID")) > 36:
		return fail(codeTooLong, "X-Request-ID is too long").answer()
	case !a.spend(o.name, o.rates, units, c.Now):
		return fail(codeTooFast, "").answer()
	case o.service == Translation && a.off(Translation):
		return fail(codeTranslateOff, "Translation is not enabled").answer()
	case o.service != "" && a.off(o.service):
		return fail(codeOff, "").answer()
	}
	out, f := o.serve(a, r)
	if f != nil {
		return f.answer()
	}
	code := o.ok
	if code == 0 {
		code = codeOK
	}
	out["code"] = code
	return mock.Answer{Status: http.StatusOK, Code: strconv.Itoa(code), Body: out}
}

func userOperations() []operation {
	return []operation{
		{name: "user.getToken", path: "/user/getToken.json", serve: (*App).getToken, rates: []rate{{200, time.Second}}},
		{name: "user.token.expire", path: "/user/token/expire.json", serve: (*App).expireTokens, rates: management},
		{name: "user.refresh", path: "/user/refresh.json", serve: (*App).refreshUser, rates: management},
		{name: "user.info", path: "/user/info.json", serve: (*App).userInfo, rates: management},
		{name: "user.checkOnline", path: "/user/checkOnline.json", serve: (*App).checkOnline, rates: management},
		{name: "user.block", path: "/user/block.json", serve: (*App).blockUsers, rates: management},
		{name: "user.unblock", path: "/user/unblock.json", serve: (*App).unblockUsers, rates: management},
		{name: "user.block.query", path: "/user/block/query.json", serve: (*App).blockedUsers, rates: management},
		{name: "user.deactivate", path: "/user/deactivate.json", serve: setInactive(true), rates: management},
		{name: "user.reactivate", path: "/user/reactivate.json", serve: setInactive(false), rates: management},
		{name: "user.activate", path: "/user/activate.json", serve: setInactive(false), rates: management},
		{name: "user.deactivate.query", path: "/user/deactivate/query.json", serve: (*App).inactiveUsers, rates: management},
		{name: "user.query", path: "/user/query.json", serve: (*App).queryUsers, rates: management},
		{name: "user.delusers", path: "/user/delusers.json", serve: (*App).deleteUsers, rates: management},
		{name: "user.group.query", path: "/user/group/query.json", serve: (*App).groupsOfUser, rates: management},
	}
}

func relationOperations() []operation {
	all := []operation{
		{name: "user.whitelist.add", path: "/user/whitelist/add.json", serve: addRelation(whitelist, "whiteUserId"), rates: management},
		{name: "user.whitelist.remove", path: "/user/whitelist/remove.json", serve: removeRelation(whitelist, "whiteUserId"), rates: management},
		{name: "user.whitelist.query", path: "/user/whitelist/query.json", serve: queryRelation(whitelist), rates: management},
		{name: "user.chat.fb.set", path: "/user/chat/fb/set.json", serve: (*App).banChat, rates: management},
		{name: "user.chat.fb.querylist", path: "/user/chat/fb/querylist.json", serve: (*App).chatBanned, rates: management},
		{name: "user.tag.set", path: "/user/tag/set.json", serve: (*App).setTags, rates: management},
		{name: "user.tag.batch.set", path: "/user/tag/batch/set.json", serve: (*App).setTags, rates: management},
		{name: "user.tags.get", path: "/user/tags/get.json", serve: (*App).getTags, rates: management},
	}
	// The SDKs say blacklist, the newest document says blocklist.
	for _, list := range []string{"blacklist", "blocklist"} {
		all = append(all,
			operation{name: "user." + list + ".add", path: "/user/" + list + "/add.json", serve: addRelation(blacklist, "blackUserId"), rates: management},
			operation{name: "user." + list + ".remove", path: "/user/" + list + "/remove.json", serve: removeRelation(blacklist, "blackUserId"), rates: management},
			operation{name: "user." + list + ".query", path: "/user/" + list + "/query.json", serve: queryRelation(blacklist), rates: management})
	}
	return all
}

func messageOperations() []operation {
	return []operation{
		{name: "message.private.publish", path: "/message/private/publish.json", serve: publish(Private, "toUserId", "userId", false), rates: perMinute, unit: "toUserId"},
		{name: "statusmessage.private.publish", path: "/statusmessage/private/publish.json", serve: publish(Private, "toUserId", "userId", true), rates: perMinute, unit: "toUserId"},
		{name: "message.group.publish", path: "/message/group/publish.json", serve: publish(Group, "toGroupId", "groupId", false), rates: groupSends, unit: "toGroupId"},
		{name: "statusmessage.group.publish", path: "/statusmessage/group/publish.json", serve: publish(Group, "toGroupId", "groupId", true), rates: groupSends, unit: "toGroupId"},
		{name: "message.chatroom.publish", path: "/message/chatroom/publish.json", serve: publish(ChatRoom, "toChatroomId", "chatroomId", false), rates: management, unit: "toChatroomId"},
		{name: "message.chatroom.broadcast", path: "/message/chatroom/broadcast.json", serve: broadcast(ChatRoom, false), rates: once},
		{name: "message.system.publish", path: "/message/system/publish.json", serve: publish(System, "toUserId", "userId", false), rates: management, unit: "toUserId"},
		{name: "message.private.publish_template", path: "/message/private/publish_template.json", serve: publishTemplate(Private), rates: perMinute, unit: "toUserId"},
		{name: "message.system.publish_template", path: "/message/system/publish_template.json", serve: publishTemplate(System), rates: management, unit: "toUserId"},
		{name: "message.broadcast", path: "/message/broadcast.json", serve: broadcast(Everybody, false), rates: fewADay, service: Broadcast},
		{name: "message.online.broadcast", path: "/message/online/broadcast.json", serve: broadcast(Everybody, true), service: Broadcast},
		{name: "message.recall", path: "/message/recall.json", serve: (*App).recall, rates: management},
		{name: "message.broadcast.recall", path: "/message/broadcast/recall.json", serve: (*App).recall, rates: fewADay, service: Broadcast},
		{name: "message.expansion.set", path: "/message/expansion/set.json", serve: (*App).setExpansion, rates: management},
		{name: "message.expansion.delete", path: "/message/expansion/delete.json", serve: (*App).deleteExpansion, rates: management},
		{name: "message.expansion.query", path: "/message/expansion/query.json", serve: (*App).queryExpansion, rates: management},
		{name: "translate", path: "/v3/translate.json", serve: (*App).translate, rates: []rate{{10, time.Second}}, service: Translation},
	}
}

func wordOperations() []operation {
	return []operation{
		{name: "sensitiveword.add", path: "/sensitiveword/add.json", serve: (*App).addWord, rates: management},
		{name: "sensitiveword.batch.add", path: "/sensitiveword/batch/add.json", serve: (*App).addWordBatch, rates: management},
		{name: "sensitiveword.delete", path: "/sensitiveword/delete.json", serve: deleteWords("word"), rates: management},
		{name: "sensitiveword.batch.delete", path: "/sensitiveword/batch/delete.json", serve: deleteWords("words"), rates: management},
		{name: "sensitiveword.list", path: "/sensitiveword/list.json", serve: (*App).listWords, rates: management},
		{name: "wordfilter.add", path: "/wordfilter/add.json", serve: (*App).addWord, rates: management},
		{name: "wordfilter.delete", path: "/wordfilter/delete.json", serve: deleteWords("word"), rates: management},
		{name: "wordfilter.list", path: "/wordfilter/list.json", serve: (*App).listWords, rates: management},
	}
}

func groupOperations() []operation {
	return []operation{
		{name: "group.create", path: "/group/create.json", serve: (*App).joinGroup, rates: management},
		{name: "group.join", path: "/group/join.json", serve: (*App).joinGroup, rates: management},
		{name: "group.quit", path: "/group/quit.json", serve: (*App).quitGroup, rates: management},
		{name: "group.dismiss", path: "/group/dismiss.json", serve: (*App).dismissGroup, rates: management},
		{name: "group.refresh", path: "/group/refresh.json", serve: (*App).refreshGroup, rates: management},
		{name: "group.sync", path: "/group/sync.json", serve: (*App).syncGroups, rates: management},
		{name: "group.user.query", path: "/group/user/query.json", serve: (*App).groupMembers, rates: management},
		{name: "group.user.gag.add", path: "/group/user/gag/add.json", serve: (*App).gagMembers, rates: management},
		{name: "group.user.gag.rollback", path: "/group/user/gag/rollback.json", serve: (*App).ungagMembers, rates: management},
		{name: "group.user.gag.list", path: "/group/user/gag/list.json", serve: (*App).gaggedMembers, rates: management},
		{name: "group.ban.add", path: "/group/ban/add.json", serve: banGroups(true), rates: management},
		{name: "group.ban.rollback", path: "/group/ban/rollback.json", serve: banGroups(false), rates: management},
		{name: "group.ban.query", path: "/group/ban/query.json", serve: (*App).bannedGroups, rates: management},
		{name: "group.user.ban.whitelist.add", path: "/group/user/ban/whitelist/add.json", serve: (*App).allowInGroup, rates: management},
		{name: "group.user.ban.whitelist.rollback", path: "/group/user/ban/whitelist/rollback.json", serve: (*App).disallowInGroup, rates: management},
		{name: "group.user.ban.whitelist.query", path: "/group/user/ban/whitelist/query.json", serve: (*App).allowedInGroup, rates: management},
		{name: "group.remarks.set", path: "/group/remarks/set.json", serve: (*App).setRemark, rates: management},
		{name: "group.remarks.get", path: "/group/remarks/get.json", serve: (*App).getRemark, rates: management},
		{name: "group.remarks.del", path: "/group/remarks/del.json", serve: (*App).deleteRemark, rates: management},
	}
}

func roomOperations() []operation {
	return []operation{
		{name: "chatroom.create", path: "/chatroom/create.json", serve: (*App).createRooms, rates: management},
		{name: "chatroom.create_new", path: "/chatroom/create_new.json", serve: (*App).createRoom, rates: management},
		{name: "chatroom.destroy", path: "/chatroom/destroy.json", serve: (*App).destroyRooms, rates: management},
		{name: "chatroom.destroy.set", path: "/chatroom/destroy/set.json", serve: withRoom(func(_ *App, c *chatRoom, r request) { c.setLife(r) }), rates: management},
		{name: "chatroom.get", path: "/chatroom/get.json", serve: (*App).getRoom, rates: management},
		{name: "chatroom.query", path: "/chatroom/query.json", serve: (*App).queryRooms, rates: management},
		{name: "chatroom.user.query", path: "/chatroom/user/query.json", serve: (*App).roomMembers, rates: management},
		{name: "chatroom.user.exist", path: "/chatroom/user/exist.json", serve: (*App).inRoom, rates: management},
		{name: "chatroom.users.exist", path: "/chatroom/users/exist.json", serve: (*App).inRoomMany, rates: management},
		{name: "chatroom.entry.set", path: "/chatroom/entry/set.json", serve: (*App).setEntry, rates: management},
		{name: "chatroom.entry.remove", path: "/chatroom/entry/remove.json", serve: withRoom(removeEntry), rates: management},
		{name: "chatroom.entry.query", path: "/chatroom/entry/query.json", serve: (*App).queryEntries, rates: management},
		{name: "chatroom.entry.batch.set", path: "/chatroom/entry/batch/set.json", serve: (*App).setEntries, rates: management},
		{name: "chatroom.keepalive.add", path: "/chatroom/keepalive/add.json", serve: (*App).addKeepAlive, rates: management, service: KeepAlive},
		{name: "chatroom.keepalive.remove", path: "/chatroom/keepalive/remove.json", serve: (*App).removeKeepAlive, rates: management, service: KeepAlive},
		{name: "chatroom.keepalive.query", path: "/chatroom/keepalive/query.json", serve: queryAppList(aliveRooms, "chatroomids"), rates: management, service: KeepAlive},
		{name: "chatroom.message.priority.add", path: "/chatroom/message/priority/add.json", serve: addToAppList(demotedTypes, "objectName"), rates: management},
		{name: "chatroom.message.priority.remove", path: "/chatroom/message/priority/remove.json", serve: removeFromAppList(demotedTypes, "objectName"), rates: management},
		{name: "chatroom.message.priority.query", path: "/chatroom/message/priority/query.json", serve: queryAppList(demotedTypes, "objectNames"), rates: management},
		{name: "chatroom.whitelist.add", path: "/chatroom/whitelist/add.json", serve: addToAppList(keptTypes, "objectnames"), rates: management},
		{name: "chatroom.whitelist.delete", path: "/chatroom/whitelist/delete.json", serve: removeFromAppList(keptTypes, "objectnames"), rates: management},
		{name: "chatroom.whitelist.query", path: "/chatroom/whitelist/query.json", serve: queryAppList(keptTypes, "whitlistMsgType"), rates: management},
		{name: "chatroom.message.stopDistribution", path: "/chatroom/message/stopDistribution.json", serve: distribution(true), rates: management},
		{name: "chatroom.message.resumeDistribution", path: "/chatroom/message/resumeDistribution.json", serve: distribution(false), rates: management},
	}
}

func roomRuleOperations() []operation {
	return []operation{
		{name: "chatroom.user.block.add", path: "/chatroom/user/block/add.json", serve: withRoom(blockInRoom), rates: management},
		{name: "chatroom.user.block.rollback", path: "/chatroom/user/block/rollback.json", serve: withRoom(unblockInRoom), rates: management},
		{name: "chatroom.user.block.list", path: "/chatroom/user/block/list.json", serve: bansInRoom((*chatRoom).blocks), rates: management},
		{name: "chatroom.user.gag.add", path: "/chatroom/user/gag/add.json", serve: withRoom(gagInRoom), rates: management},
		{name: "chatroom.user.gag.rollback", path: "/chatroom/user/gag/rollback.json", serve: withRoom(ungagInRoom), rates: management},
		{name: "chatroom.user.gag.list", path: "/chatroom/user/gag/list.json", serve: bansInRoom((*chatRoom).mutes), rates: management},
		{name: "chatroom.user.ban.add", path: "/chatroom/user/ban/add.json", serve: (*App).muteEverywhere, rates: management, service: ChatRoomMute},
		{name: "chatroom.user.ban.remove", path: "/chatroom/user/ban/remove.json", serve: (*App).unmuteEverywhere, rates: management, service: ChatRoomMute},
		{name: "chatroom.user.ban.query", path: "/chatroom/user/ban/query.json", serve: (*App).mutedEverywhere, rates: management, service: ChatRoomMute},
		{name: "chatroom.ban.add", path: "/chatroom/ban/add.json", serve: muteRooms(true), rates: management},
		{name: "chatroom.ban.rollback", path: "/chatroom/ban/rollback.json", serve: muteRooms(false), rates: management},
		{name: "chatroom.ban.query", path: "/chatroom/ban/query.json", serve: (*App).mutedRooms, rates: management},
		{name: "chatroom.ban.check", path: "/chatroom/ban/check.json", serve: (*App).roomMuted, rates: management},
		{name: "chatroom.user.ban.whitelist.add", path: "/chatroom/user/ban/whitelist/add.json", serve: addToRoomList(allowed), rates: management},
		{name: "chatroom.user.ban.whitelist.rollback", path: "/chatroom/user/ban/whitelist/rollback.json", serve: removeFromRoomList(allowed), rates: management},
		{name: "chatroom.user.ban.whitelist.query", path: "/chatroom/user/ban/whitelist/query.json", serve: queryRoomList(allowed, "userIds"), rates: management},
		{name: "chatroom.user.whitelist.add", path: "/chatroom/user/whitelist/add.json", serve: addToRoomList(guarded), rates: management},
		{name: "chatroom.user.whitelist.remove", path: "/chatroom/user/whitelist/remove.json", serve: removeFromRoomList(guarded), rates: management},
		{name: "chatroom.user.whitelist.query", path: "/chatroom/user/whitelist/query.json", serve: queryRoomList(guarded, "users"), rates: management},
	}
}

func rtcOperations() []operation {
	return []operation{
		{name: "rtc.room.query", path: "/rtc/room/query.json", serve: (*App).queryRTC},
		{name: "rtc.user.kick", path: "/rtc/user/kick.json", serve: (*App).kickRTC},
		{name: "rtc.user.block", path: "/rtc/user/block.json", serve: (*App).blockRTCUser},
		{name: "rtc.user.unblock", path: "/rtc/user/unblock.json", serve: (*App).unblockRTCUser},
		{name: "rtc.room.block", path: "/v2/rtc/rooms/{room_id}/block-users", serve: (*App).blockRTC, ok: codeRTCOK},
		{name: "rtc.room.unblock", path: "/v2/rtc/rooms/{room_id}/block-users", serve: (*App).unblockRTC, ok: codeRTCOK, method: http.MethodDelete},
		{name: "rtc.room.dissolve", path: "/v2/rtc/rooms/{room_id}", serve: (*App).dissolveRTC, ok: codeRTCOK, method: http.MethodDelete},
		{name: "rtc.record.start", path: "/rtc/record/start.json", serve: (*App).startRecord},
		{name: "rtc.record.stop", path: "/rtc/record/stop.json", serve: (*App).stopRecord},
	}
}
