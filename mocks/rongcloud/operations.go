package rongcloud

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
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
	pool       string  // shared with other calls; empty: the call's own
	service    Service // that must be enabled
	method     string  // empty: POST
	ok         int     // the code of success; 0: 200
}

// broadcastPool is the rate that broadcasts and pushes share.
const broadcastPool = "broadcast"

var (
	management = []rate{{100, time.Second}}
	once       = []rate{{1, time.Second}}
	fewADay    = []rate{{2, time.Hour}, {3, 24 * time.Hour}}
	perMinute  = []rate{{6000, time.Minute}}
	groupSends = []rate{{20, time.Second}}
)

// managed is a call of the common kind: a form or JSON by POST, 100 a second, named
// by its path.
func managed(path string, serve handler) operation {
	name := strings.ReplaceAll(strings.TrimSuffix(strings.TrimPrefix(path, "/"), ".json"), "/", ".")
	return operation{name: name, path: path, serve: serve, rates: management}
}

// reads makes the call a GET with a query.
func (o operation) reads() operation {
	o.method = http.MethodGet
	return o
}

// operations is every call that the mock takes.
func operations() []mock.Operation[*App] {
	var all []mock.Operation[*App]
	for _, o := range table() {
		all = append(all, o.mount())
	}
	return all
}

func table() []operation {
	return slices.Concat(userOperations(), relationOperations(), remarkOperations(), profileOperations(), friendOperations(),
		messageOperations(), historyOperations(), pushOperations(), conversationOperations(), tagOperations(), wordOperations(),
		groupOperations(), entrustedOperations(), roomOperations(), roomRuleOperations(),
		ultraOperations(), ultraRuleOperations(), ultraMessageOperations(), circleOperations(), restOperations(),
		botOperations(), rtcOperations())
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
	return withMessage(c, o.judge(a, c))
}

func (o operation) judge(a *App, c *mock.Call) mock.Answer {
	r := request{c}
	units := 1
	if o.unit != "" {
		units = len(r.list(o.unit))
	}
	switch {
	case len(c.Header("X-Request-ID")) > 36:
		return fail(codeTooLong, "X-Request-ID is too long").answer()
	case !a.spend(cmp.Or(o.pool, o.name), o.rates, units, c.Now):
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
		managed("/user/token/expire.json", (*App).expireTokens),
		managed("/user/refresh.json", (*App).refreshUser),
		managed("/user/info.json", (*App).userInfo),
		managed("/user/checkOnline.json", (*App).checkOnline),
		managed("/user/block.json", (*App).blockUsers),
		managed("/user/unblock.json", (*App).unblockUsers),
		managed("/user/block/query.json", (*App).blockedUsers),
		managed("/user/deactivate.json", setInactive(true)),
		managed("/user/reactivate.json", setInactive(false)),
		managed("/user/activate.json", setInactive(false)),
		managed("/user/deactivate/query.json", (*App).inactiveUsers),
		managed("/user/query.json", (*App).queryUsers),
		managed("/user/delusers.json", (*App).deleteUsers),
		managed("/user/group/query.json", (*App).groupsOfUser),
	}
}

func relationOperations() []operation {
	all := []operation{
		managed("/user/whitelist/add.json", addRelation(whitelist, "whiteUserId")),
		managed("/user/whitelist/remove.json", removeRelation(whitelist, "whiteUserId")),
		managed("/user/whitelist/query.json", queryRelation(whitelist)),
		managed("/user/chat/fb/set.json", (*App).banChat),
		managed("/user/chat/fb/querylist.json", (*App).chatBanned),
		managed("/user/tag/set.json", (*App).setTags),
		managed("/user/tag/batch/set.json", (*App).setTags),
		managed("/user/tags/get.json", (*App).getTags),
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
		{name: "message.discussion.publish", path: "/message/discussion/publish.json", serve: (*App).publishDiscussion, rates: groupSends},
		{name: "message.private.publish_template", path: "/message/private/publish_template.json", serve: publishTemplate(Private), rates: perMinute, unit: "toUserId"},
		{name: "message.system.publish_template", path: "/message/system/publish_template.json", serve: publishTemplate(System), rates: management, unit: "toUserId"},
		{name: "message.broadcast", path: "/message/broadcast.json", serve: broadcast(Everybody, false), rates: fewADay, service: Broadcast, pool: broadcastPool},
		{name: "message.online.broadcast", path: "/message/online/broadcast.json", serve: broadcast(Everybody, true), service: Broadcast},
		managed("/message/recall.json", (*App).recall),
		{name: "message.broadcast.recall", path: "/message/broadcast/recall.json", serve: (*App).recall, rates: fewADay, service: Broadcast},
		managed("/message/expansion/set.json", (*App).setExpansion),
		managed("/message/expansion/delete.json", (*App).deleteExpansion),
		managed("/message/expansion/query.json", (*App).queryExpansion),
		{name: "translate", path: "/v3/translate.json", serve: (*App).translate, rates: []rate{{10, time.Second}}, service: Translation},
	}
}

func wordOperations() []operation {
	return []operation{
		managed("/sensitiveword/add.json", (*App).addWord),
		managed("/sensitiveword/batch/add.json", (*App).addWordBatch),
		managed("/sensitiveword/delete.json", deleteWords("word")),
		managed("/sensitiveword/batch/delete.json", deleteWords("words")),
		managed("/sensitiveword/list.json", (*App).listWords),
		managed("/wordfilter/add.json", (*App).addWord),
		managed("/wordfilter/delete.json", deleteWords("word")),
		managed("/wordfilter/list.json", (*App).listWords),
	}
}

func groupOperations() []operation {
	return []operation{
		managed("/group/create.json", (*App).joinGroup),
		managed("/group/join.json", (*App).joinGroup),
		managed("/group/quit.json", (*App).quitGroup),
		managed("/group/dismiss.json", (*App).dismissGroup),
		managed("/group/refresh.json", (*App).refreshGroup),
		managed("/group/sync.json", (*App).syncGroups),
		managed("/group/user/query.json", (*App).groupMembers),
		managed("/group/user/gag/add.json", (*App).gagMembers),
		managed("/group/user/gag/rollback.json", (*App).ungagMembers),
		managed("/group/user/gag/list.json", (*App).gaggedMembers),
		managed("/group/ban/add.json", banGroups(true)),
		managed("/group/ban/rollback.json", banGroups(false)),
		managed("/group/ban/query.json", (*App).bannedGroups),
		managed("/group/user/ban/whitelist/add.json", (*App).allowInGroup),
		managed("/group/user/ban/whitelist/rollback.json", (*App).disallowInGroup),
		managed("/group/user/ban/whitelist/query.json", (*App).allowedInGroup),
		managed("/group/remarks/set.json", (*App).setRemark),
		managed("/group/remarks/get.json", (*App).getRemark),
		managed("/group/remarks/del.json", (*App).deleteRemark),
	}
}

func roomOperations() []operation {
	return []operation{
		managed("/chatroom/create.json", (*App).createRooms),
		managed("/chatroom/create_new.json", (*App).createRoom),
		managed("/chatroom/destroy.json", (*App).destroyRooms),
		managed("/chatroom/destroy/set.json", withRoom(func(_ *App, c *chatRoom, r request) { c.setLife(r) })),
		managed("/chatroom/get.json", (*App).getRoom),
		managed("/chatroom/query.json", (*App).queryRooms),
		managed("/chatroom/user/query.json", (*App).roomMembers),
		managed("/chatroom/user/exist.json", (*App).inRoom),
		managed("/chatroom/users/exist.json", (*App).inRoomMany),
		managed("/chatroom/entry/set.json", (*App).setEntry),
		managed("/chatroom/entry/remove.json", withRoom(removeEntry)),
		managed("/chatroom/entry/query.json", (*App).queryEntries),
		managed("/chatroom/entry/batch/set.json", (*App).setEntries),
		{name: "chatroom.keepalive.add", path: "/chatroom/keepalive/add.json", serve: (*App).addKeepAlive, rates: management, service: KeepAlive},
		{name: "chatroom.keepalive.remove", path: "/chatroom/keepalive/remove.json", serve: (*App).removeKeepAlive, rates: management, service: KeepAlive},
		{name: "chatroom.keepalive.query", path: "/chatroom/keepalive/query.json", serve: queryAppList(aliveRooms, "chatroomids"), rates: management, service: KeepAlive},
		managed("/chatroom/message/priority/add.json", addToAppList(demotedTypes, "objectName")),
		managed("/chatroom/message/priority/remove.json", removeFromAppList(demotedTypes, "objectName")),
		managed("/chatroom/message/priority/query.json", queryAppList(demotedTypes, "objectNames")),
		managed("/chatroom/whitelist/add.json", addToAppList(keptTypes, "objectnames")),
		managed("/chatroom/whitelist/delete.json", removeFromAppList(keptTypes, "objectnames")),
		managed("/chatroom/whitelist/query.json", queryAppList(keptTypes, "whitlistMsgType")),
		managed("/chatroom/message/stopDistribution.json", distribution(true)),
		managed("/chatroom/message/resumeDistribution.json", distribution(false)),
	}
}

func roomRuleOperations() []operation {
	return []operation{
		managed("/chatroom/user/block/add.json", withRoom(blockInRoom)),
		managed("/chatroom/user/block/rollback.json", withRoom(unblockInRoom)),
		managed("/chatroom/user/block/list.json", bansInRoom((*chatRoom).blocks)),
		managed("/chatroom/user/gag/add.json", withRoom(gagInRoom)),
		managed("/chatroom/user/gag/rollback.json", withRoom(ungagInRoom)),
		managed("/chatroom/user/gag/list.json", bansInRoom((*chatRoom).mutes)),
		{name: "chatroom.user.ban.add", path: "/chatroom/user/ban/add.json", serve: (*App).muteEverywhere, rates: management, service: ChatRoomMute},
		{name: "chatroom.user.ban.remove", path: "/chatroom/user/ban/remove.json", serve: (*App).unmuteEverywhere, rates: management, service: ChatRoomMute},
		{name: "chatroom.user.ban.query", path: "/chatroom/user/ban/query.json", serve: (*App).mutedEverywhere, rates: management, service: ChatRoomMute},
		managed("/chatroom/ban/add.json", muteRooms(true)),
		managed("/chatroom/ban/rollback.json", muteRooms(false)),
		managed("/chatroom/ban/query.json", (*App).mutedRooms),
		managed("/chatroom/ban/check.json", (*App).roomMuted),
		managed("/chatroom/user/ban/whitelist/add.json", addToRoomList(allowed)),
		managed("/chatroom/user/ban/whitelist/rollback.json", removeFromRoomList(allowed)),
		managed("/chatroom/user/ban/whitelist/query.json", queryRoomList(allowed, "userIds")),
		managed("/chatroom/user/whitelist/add.json", addToRoomList(guarded)),
		managed("/chatroom/user/whitelist/remove.json", removeFromRoomList(guarded)),
		managed("/chatroom/user/whitelist/query.json", queryRoomList(guarded, "users")),
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
