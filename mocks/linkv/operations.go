package linkv

import (
	"net/http"

	"switchboard/mocks/mock"
)

// Operations that a rule asks about.
const (
	opToken     = "token.issue"
	opEventGold = "wallet.adjust.event"
	opOrder     = "wallet.order"
)

// operations is every path that one of LinkV's clients calls.
func operations() []mock.Operation[*App] {
	either := []string{http.MethodPost, http.MethodGet}
	return []mock.Operation[*App]{
		{Name: opToken, Path: "/api/rest/getToken", Serve: (*App).getToken},
		{Name: "message.send.user", Path: "/api/rest/message/converse/pushConverseData", Serve: (*App).push},
		{Name: "message.send.user", Path: "/api/rest/message/v1/converse/pushConverseData", Serve: (*App).push},
		{Name: "message.send.users", Path: "/api/rest/message/v1/converse/pushConverseDatas", Serve: (*App).pushMany},
		{Name: opEventGold, Path: "/api/rest/sendEventMsg", Spec: "/open/finanv0/changeGold", When: isGold, Serve: (*App).changeGold},
		{Name: "message.send.event", Path: "/api/rest/sendEventMsg", Serve: (*App).event},
		{Name: "message.send.event", Path: "/api/rest/v1/sendEventMsg", Serve: (*App).event},
		{Name: "message.send.room", Path: "/api/rest/room/sendRoomMessage", Serve: (*App).sendRoom},
		{Name: "message.send.group", Path: "/api/rest/message/pushGroupMsg", Serve: (*App).pushGroup},
		{Name: "message.send.system", Path: "/task/rest/{appId}/converse/pushSysMsg", Methods: either, Serve: (*App).pushSystem},
		{Name: "message.send.room", Path: "/im/innerrest/{appId}/sendservermsg", Methods: either, Serve: (*App).broadcastRoom},

		{Name: "user.block", Path: "/api/rest/user/block", Serve: (*App).block},
		{Name: "presence.check", Path: "/api/rest/userOnlineStatus", Serve: (*App).onlineStatus},
		{Name: "blacklist.add", Path: "/api/rest/user/addUserBlack", Serve: (*App).addBlack},
		{Name: "blacklist.remove", Path: "/api/rest/user/removeUserBlack", Serve: (*App).removeBlack},

		{Name: "group.create", Path: "/api/rest/group/create", Serve: (*App).groupCreate},
		{Name: "group.join", Path: "/api/rest/group/join", Serve: (*App).groupJoin},
		{Name: "group.exit", Path: "/api/rest/group/exit", Serve: (*App).groupExit},
		{Name: "group.info", Path: "/api/rest/group/groupInfo", Serve: (*App).groupInfo},
		{Name: "group.rename", Path: "/api/rest/group/modifyName", Serve: (*App).groupRename},
		{Name: "group.topic", Path: "/api/rest/group/modifyTopic", Serve: (*App).groupTopic},
		{Name: "group.transfer", Path: "/api/rest/group/transfer", Serve: (*App).groupTransfer},
		{Name: "group.list", Path: "/api/rest/group/groups", Serve: (*App).groupList},
		{Name: "group.users", Path: "/api/rest/group/users", Serve: (*App).groupUsers},
		{Name: "group.dissolve", Path: "/api/rest/group/dissolve", Serve: (*App).groupDissolve},
		{Name: "group.kick", Path: "/api/rest/group/groupKickUser", Serve: (*App).groupKick},
		{Name: "group.gag", Path: "/api/rest/group/gagUser", Serve: (*App).groupGag},
		{Name: "group.gag_all", Path: "/api/rest/group/gagAllUser", Serve: (*App).groupGagAll},
		{Name: "group.notifiable", Path: "/api/rest/group/setNotifiable", Serve: (*App).groupNotifiable},

		{Name: "user.register", Path: "/open/v0/thGetToken", Methods: either, Serve: (*App).thGetToken},
		{Name: opOrder, Path: "/open/finanv0/orderSuccess", Methods: either, Serve: (*App).orderSuccess},
		{Name: "wallet.adjust", Path: "/open/finanv0/changeGold", Methods: either, Serve: (*App).changeGold},
		{Name: "wallet.balance", Path: "/open/finanv0/getUserTokens", Methods: either, Serve: (*App).getUserTokens},
	}
}

// isGold tells the coin form that the document prints under sendEventMsg from
// the IM call that really lives there (docs/vendors/linkv.md#oddities).
func isGold(c *mock.Call) bool { return c.Values.Has("app_id") && c.Values.Has("nonce_str") }
