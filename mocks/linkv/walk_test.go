package linkv

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"switchboard/mocks/mock"
)

// step is a call of the walk, what the vendor's Go client decodes its answer into,
// and how many refusals belong to it: none but where the document says so.
type step struct {
	what   string
	path   string
	user   string // appUid; empty: a live call
	fields []string
	into   any
	code   string // "200" unless told otherwise
}

// The types of the vendor's Go client, which refuses a text for a number.
type (
	goDone struct {
		RequestID string `json:"requestID"`
		Code      int
	}
	goToken struct{ Code, Token, UserID string }
	goMany  struct {
		goDone
		Result map[string]int `json:"messageSendResult"`
	}
	goOnline struct {
		goDone
		Data int
	}
	goGroup struct {
		ID        string `json:"gid"`
		Name      string `json:"gname"`
		GagStatus int8   `json:"gagstatus"`
		AppID     string `json:"appid"`
		Block     int8   `json:"block"`
		Admin     string `json:"admin"`
		Created   string `json:"createtime"`
		Version   int64  `json:"version"`
	}
	goInfo struct {
		goDone
		Data struct {
			Basic  goGroup `json:"basicInfo"`
			Attach struct{ AppID, GID, Topic, ModifyTime, Author string }
		}
	}
	goGroups struct {
		goDone
		Data []goGroup
	}
	goUsers struct {
		goDone
		Data []struct {
			UID, Nickname, GID, AppID           string
			GagStatus, Role, Notifiable, Status int8
			CreateTime                          string
		}
	}
	goLive struct {
		Status int `json:"status,string"`
		Data   json.RawMessage
	}
)

// TestAnIntegratorsWalkFromTheFirstTokenToTheDissolvedGroup makes every call of
// docs/vendors/linkv.md in the order in which somebody builds on LinkV, the groups
// as the vendor's own Go example goes through them. No call may be refused for
// another reason than its own.
func TestAnIntegratorsWalkFromTheFirstTokenToTheDissolvedGroup(t *testing.T) {
	r := start(t)
	openID := ""
	group := func(what, action string, fields ...string) step {
		return step{what: what, path: "/api/rest/group/" + action, user: "operator", fields: append(fields, "groupId", "test9"), into: &goDone{}}
	}
	message := []string{"fromUserId", "golang", "toUserId", "123456", "content", "77881122", "objectName", "RC:textMsg"}
	walk := []step{
		{what: "first token", path: "/api/rest/getToken", user: "golang", fields: []string{"userId", "golang"}, into: &goToken{}},
		{what: "another token", path: "/api/rest/getToken", user: "golang", fields: []string{"userId", "golang"}, into: &goToken{}},
		{what: "message by the document", path: "/api/rest/message/converse/pushConverseData", user: "golang", fields: append(message, "toUserAppid", "", "toUserExtSysUserId", "", "isCheckSensitiveWords", "1", "pushContent", "you have a message", "pushData", "", "deviceId", ""), into: &goDone{}},
		{what: "message of the client", path: "/api/rest/message/v1/converse/pushConverseData", user: "operator", fields: message, into: &goDone{}},
		{what: "message to many", path: "/api/rest/message/v1/converse/pushConverseDatas", user: "operator", fields: []string{"fromUserId", "golang", "toUserIds", "123456,ann", "content", "c", "objectName", "000"}, into: &goMany{}},
		{what: "event", path: "/api/rest/sendEventMsg", user: "golang", fields: message, into: &goDone{}},
		{what: "event of the client", path: "/api/rest/v1/sendEventMsg", user: "operator", fields: message, into: &goDone{}},
		{what: "room message", path: "/api/rest/room/sendRoomMessage", user: "operator", fields: []string{"roomId", "123", "content", "c", "objectName", "yyy"}, into: &goDone{}},
		{what: "block for a minute", path: "/api/rest/user/block", user: "operator", fields: []string{"userIds", "1234444", "minute", "1"}, into: &goDone{}},
		{what: "block for good", path: "/api/rest/user/block", user: "operator", fields: []string{"userIds", "1234444,55"}, into: &goDone{}},
		{what: "a blocked sender", path: "/api/rest/message/converse/pushConverseData", user: "55", fields: []string{"fromUserId", "55", "toUserId", "ann", "content", "c"}, into: &goDone{}, code: codeBlocked},
		{what: "online", path: "/api/rest/userOnlineStatus", user: "operator", fields: []string{"userId", "123456"}, into: &goOnline{}},
		{what: "blacklist", path: "/api/rest/user/addUserBlack", user: "operator", fields: []string{"userId", "golang", "blackUserIds", "123123"}, into: &goMany{}},
		{what: "kept away", path: "/api/rest/message/converse/pushConverseData", user: "123123", fields: []string{"fromUserId", "123123", "toUserId", "golang", "content", "c"}, into: &goDone{}, code: codeBlacklisted},
		{what: "off the blacklist", path: "/api/rest/user/removeUserBlack", user: "operator", fields: []string{"userId", "golang", "blackUserIds", "123123"}, into: &goMany{}},
		{what: "heard again", path: "/api/rest/message/converse/pushConverseData", user: "123123", fields: []string{"fromUserId", "123123", "toUserId", "golang", "content", "c"}, into: &goDone{}},

		group("create", "create", "userId", "1", "groupName", "test", "nickName", "admin"),
		group("join", "join", "userId", "10", "nickName", "10a"),
		group("exit", "exit", "userId", "10"),
		group("join again", "join", "userId", "10", "nickName", "10a"),
		{what: "info", path: "/api/rest/group/groupInfo", user: "operator", fields: []string{"groupId", "test9"}, into: &goInfo{}},
		group("rename", "modifyName", "userId", "1", "groupName", "bb"),
		group("topic", "modifyTopic", "userId", "1", "topic", "bb"),
		{what: "group message", path: "/api/rest/message/pushGroupMsg", user: "operator", fields: []string{"fromUserId", "10", "toGroupId", "test9", "content", "c", "objectName", "x"}, into: &goDone{}},
		group("dissolve, block 1", "dissolve", "userId", "1", "block", "1"),
		{what: "send to a blocked group", path: "/api/rest/message/pushGroupMsg", user: "operator", fields: []string{"fromUserId", "10", "toGroupId", "test9", "content", "c"}, into: &goDone{}, code: codeNoGroup},
		{what: "join a blocked group", path: "/api/rest/group/join", user: "operator", fields: []string{"groupId", "test9", "userId", "77"}, into: &goDone{}, code: codeNoGroup},
		{what: "make a blocked group anew", path: "/api/rest/group/create", user: "operator", fields: []string{"groupId", "test9", "userId", "77", "groupName", "n"}, into: &goDone{}, code: codeGroupExists},
		{what: "info of a blocked group", path: "/api/rest/group/groupInfo", user: "operator", fields: []string{"groupId", "test9"}, into: &goInfo{}},
		group("give it back, block 0", "dissolve", "userId", "1", "block", "0"),
		{what: "send again", path: "/api/rest/message/pushGroupMsg", user: "operator", fields: []string{"fromUserId", "10", "toGroupId", "test9", "content", "c"}, into: &goDone{}},
		group("kick", "groupKickUser", "fromUserId", "1", "toUserId", "10"),
		group("join after the kick", "join", "userId", "10", "nickName", "10a"),
		group("gag", "gagUser", "fromUserId", "1", "toUserId", "10", "type", "0"),
		group("gag all", "gagAllUser", "fromUserId", "1", "type", "0"),
		group("hand over", "transfer", "adminUserId", "1", "toUserId", "10"),
		group("hand back", "transfer", "adminUserId", "10", "toUserId", "1"),
		{what: "groups of a user", path: "/api/rest/group/groups", user: "operator", fields: []string{"userId", "10", "page", "1", "size", "10"}, into: &goGroups{}},
		group("no notices", "setNotifiable", "fromUserId", "10", "type", "0"),
		{what: "members, by the id of a user as the example has it", path: "/api/rest/group/users", user: "operator", fields: []string{"groupId", "10", "page", "1", "size", "10"}, into: &goUsers{}},
		{what: "members", path: "/api/rest/group/users", user: "operator", fields: []string{"groupId", "test9", "page", "1", "size", "10"}, into: &goUsers{}},

		{what: "register", path: "/open/v0/thGetToken", fields: []string{"userId", "golang", "aid", "a", "name", "Golang", "portraitUri", "https://example.com/a.png", "email", "", "countryCode", "", "birthday", "2010-01-01", "sex", "1"}, into: &goLive{}},
		{what: "coins", path: "/open/finanv0/getUserTokens", fields: []string{"uid", "OPEN"}, into: &goLive{}},
		{what: "add coins", path: "/open/finanv0/changeGold", fields: []string{"uid", "OPEN", "request_id", "w1", "type", "1", "value", "10", "expriation", "1900000000", "reason", "礼物 a+b&c"}, into: &goLive{}},
		{what: "take coins, without expriation and reason", path: "/open/finanv0/changeGold", fields: []string{"uid", "OPEN", "request_id", "w2", "type", "2", "value", "5"}, into: &goLive{}},
		{what: "the same again", path: "/open/finanv0/changeGold", fields: []string{"uid", "OPEN", "request_id", "w2", "type", "2", "value", "5"}, into: &goLive{}},
		{what: "an order", path: "/open/finanv0/orderSuccess", fields: []string{"uid", "OPEN", "request_id", "w3", "type", "1", "value", "1", "order_id", "o", "expriation", "1900000000", "money", "99", "channel", "", "platform", "h5"}, into: &goLive{}},
		{what: "the coin change that the document prints as an event", path: "/api/rest/sendEventMsg", fields: []string{"uid", "OPEN", "request_id", "w4", "type", "1", "value", "1", "expriation", "1900000000"}, into: &goLive{}},

		group("dissolve for good", "dissolve", "userId", "1", "block", "1"),
	}
	for _, s := range walk {
		r.take(s, &openID)
	}
	if coins := r.Balance("golang"); coins != 1007 {
		t.Errorf("golang has %d coins", coins)
	}
	r.namesCovered(t, "message.send.system", "message.send.room")
}

// take makes one step and holds its answer against code and types.
func (r *rig) take(s step, openID *string) {
	r.Helper()
	fields := slices.Clone(s.fields)
	for i, f := range fields {
		fields[i] = strings.Replace(f, "OPEN", *openID, 1)
	}
	var a answer
	if s.user == "" {
		a = r.live(s.path, fields...)
	} else {
		a = r.im(s.path, s.user, fields...)
	}
	if s.code == "" {
		s.code = codeOK
	}
	raw, _ := json.Marshal(a)
	if a.code() != s.code {
		entry, _ := r.Journal.Last(mock.Filter{})
		r.Fatalf("%s: %s, want %s (%s)", s.what, raw, s.code, entry.Refused)
	}
	if err := json.Unmarshal(raw, s.into); err != nil {
		r.Fatalf("%s: the vendor's client cannot read %s: %v", s.what, raw, err)
	}
	if data, ok := a["data"].(map[string]any); ok && data["openId"] != nil {
		*openID = data["openId"].(string)
	}
}

// namesCovered fails unless the walk came by every operation but those told, which
// older clients alone call and which have tests of their own.
func (r *rig) namesCovered(t *testing.T, older ...string) {
	t.Helper()
	for _, op := range operations() {
		if !slices.Contains(older, op.Name) && r.Journal.Count(mock.Filter{Op: op.Name}) == 0 {
			t.Errorf("the walk leaves out %s", op.Name)
		}
	}
}

func TestABlockedGroupComesBackAsItWas(t *testing.T) {
	r := start(t)
	group := func(action string, fields ...string) answer {
		return r.im("/api/rest/group/"+action, "op", append(fields, "groupId", "g")...)
	}
	r.want(group("create", "userId", "ann", "groupName", "G"), codeOK)
	r.want(group("join", "userId", "bob", "nickName", "B"), codeOK)
	r.want(group("gagUser", "fromUserId", "ann", "toUserId", "bob", "type", "0"), codeOK)
	before, _ := r.Group("g")
	for _, spelling := range [][2]string{{"1", "0"}, {"true", "false"}, {"True", "False"}, {"TRUE", "FALSE"}} {
		r.want(group("dissolve", "userId", "bob", "block", spelling[0]), codeNotAdmin)
		r.want(group("dissolve", "userId", "ann", "block", spelling[0]), codeOK)
		if s, _ := r.Group("g"); !s.Blocked {
			t.Errorf("block=%s does not block", spelling[0])
		}
		info := group("groupInfo")["data"].(map[string]any)["basicInfo"].(map[string]any)
		if info["block"] != 1.0 {
			t.Error(info)
		}
		r.want(group("dissolve", "userId", "ann", "block", spelling[1]), codeOK)
		if after, _ := r.Group("g"); fmt.Sprint(after) != fmt.Sprint(before) || fmt.Sprint(r.Members("g")) != "[ann bob]" {
			t.Errorf("block=%s: %+v, want %+v", spelling[1], after, before)
		}
	}
	r.want(group("dissolve", "userId", "ann", "block", "2"), codeParameter)
	r.want(group("dissolve", "userId", "ann"), codeOK)
	r.want(group("create", "userId", "eve", "groupName", "G"), codeOK)
}

func TestWhatIsOptionalMayBeLeftOutOrEmpty(t *testing.T) {
	r := start(t)
	r.want(r.im("/api/rest/group/create", "ann", "userId", "ann", "groupId", "g", "groupName", "G"), codeOK)
	push := "/api/rest/message/converse/pushConverseData"
	for _, row := range []struct {
		path     string
		required []string
		optional []string
	}{
		{push, []string{"fromUserId", "ann", "toUserId", "bob", "content", "c"}, []string{"objectName", "toUserAppid", "toUserExtSysUserId", "isCheckSensitiveWords", "pushContent", "pushData", "deviceId"}},
		{"/api/rest/user/block", []string{"userIds", "eve"}, []string{"minute"}},
		{"/api/rest/group/groups", []string{"userId", "ann"}, []string{"page", "size"}},
		{"/api/rest/group/users", []string{"groupId", "g"}, []string{"page", "size"}},
		{"/api/rest/group/join", []string{"groupId", "g", "userId", "bob"}, []string{"nickName"}},
		{"/api/rest/message/pushGroupMsg", []string{"fromUserId", "ann", "toGroupId", "g", "content", "c"}, []string{"objectName", "pushData"}},
		{"/api/rest/room/sendRoomMessage", []string{"roomId", "r", "content", "c"}, []string{"objectName"}},
	} {
		r.want(r.im(row.path, "ann", row.required...), codeOK)
		fields := slices.Clone(row.required)
		for _, name := range row.optional {
			fields = append(fields, name, "")
		}
		r.want(r.im(row.path, "ann", fields...), codeOK)
	}
	for _, spelling := range []string{"0", "1", "true", "false", "True", "False", "TRUE"} {
		r.want(r.im(push, "ann", "fromUserId", "ann", "toUserId", "bob", "content", "c", "isCheckSensitiveWords", spelling), codeOK)
	}
	r.want(r.im(push, "ann", "fromUserId", "ann", "toUserId", "bob", "content", "c", "isCheckSensitiveWords", "maybe"), codeParameter)
	repeated := url.Values{"appId": {"mockapp"}, "fromUserId": {"ann"}, "content": {"c"}, "toUserIds": {"b1", "b2,b3"}}
	a := r.post("/api/rest/message/v1/converse/pushConverseDatas", imHeaders("ann", r.Clock.Now()), repeated)
	if result, _ := a["messageSendResult"].(map[string]any); len(result) != 3 {
		t.Error(a)
	}
}

func TestTheLiveKeyAsAppkeyIsThePythonClients(t *testing.T) {
	r := start(t)
	header := imHeaders("ann", r.Clock.Now())
	for key, code := range map[string]string{"mockkey": codeOK, "LM6000000000000000000001": codeOK, "another": codeAppKey} {
		header["appkey"] = key
		r.want(r.post("/api/rest/getToken", header, fields("userId", "ann")), code)
	}
}
