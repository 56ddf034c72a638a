package youme

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"switchboard/mocks/mock"
)

// What is known of the IM commands comes from the vendor's own test tools
// (docs/vendors/youme.md#im-commands). INVENTED: an IM channel is there while somebody is in
// it; a MsgSeq counts once per sender; nobody sends to a channel that is not
// there.

// CopyCallback is the callback of an IM message's copy; its target is the
// account's webhook.
const CopyCallback = "callback.message_copy"

// copySchedule is INVENTED: the vendor only hints at redelivery.
var copySchedule = []time.Duration{time.Second, 5 * time.Second, 30 * time.Second}

const (
	private = 1
	inGroup = 2
)

func (a *App) imSend(c *mock.Call) mock.Answer {
	from, to := text(c, "SendID"), text(c, "RecvID")
	kind, _ := number(c, "ChatType")
	seen := [2]string{from, text(c, "MsgSeq")}
	switch {
	case a.badID(from):
		return fail(codeField)
	case a.imSeen[seen]:
		return a.ok(nil)
	case kind == inGroup && c.Now.Before(a.silenced[from]):
		return fail(codeSilenced)
	case kind == inGroup && a.imChannels[to] == nil:
		return fail(codeNoChannel)
	}
	a.imSeen[seen] = true
	m := Text{From: from, Content: text(c, "Content"), At: c.Now}
	receivers := []string{to}
	if kind == inGroup {
		m.Channel, receivers = to, a.imChannels[to]
	}
	for _, user := range receivers {
		if user != from {
			a.inbox[user] = append(a.inbox[user], m)
		}
	}
	a.copyMessage(from, to, int(kind), c.JSON["Base64"] == true, m.Content)
	return a.ok(nil)
}

// copyMessage sends a message to the account's webhook, in the vendor's spellings
// (docs/vendors/youme.md#notifications). INVENTED: c_time is in Unix seconds.
func (a *App) copyMessage(from, to string, kind int, binary bool, content string) {
	a.serial++
	msgType := 6
	if binary {
		msgType = 12
	}
	body, err := json.Marshal(map[string]any{
		"from": "youme_msg_cc", "serial_no": strconv.Itoa(a.serial), "msg_id": a.Random.Digits(18),
		"snder_id": from, "recver_id": to, "msg_type": msgType, "chat_type": kind,
		"msg_content": content, "c_time": strconv.FormatInt(a.Clock.Now().Unix(), 10),
	})
	if err != nil {
		panic(err) // texts and numbers only
	}
	a.Callbacks.Send(mock.Callback{Name: CopyCallback, User: from, Type: "application/json", Body: body})
}

func (a *App) imEnter(c *mock.Call) mock.Answer {
	user, name := text(c, "UserID"), text(c, "ChannelID")
	if a.badID(user) {
		return fail(codeField)
	}
	if !slices.Contains(a.imChannels[name], user) {
		a.imChannels[name] = append(a.imChannels[name], user)
	}
	return a.ok(nil)
}

func (a *App) imLeave(c *mock.Call) mock.Answer {
	user, name := text(c, "UserID"), text(c, "ChannelID")
	users := a.imChannels[name]
	switch {
	case users == nil:
		return fail(codeNoChannel)
	case !slices.Contains(users, user):
		return fail(codeNoUser)
	}
	users = slices.DeleteFunc(slices.Clone(users), func(u string) bool { return u == user })
	if a.imChannels[name] = users; len(users) == 0 {
		delete(a.imChannels, name)
	}
	return a.ok(nil)
}

func (a *App) imRooms(*mock.Call) mock.Answer {
	list := []any{}
	for _, name := range slices.Sorted(maps.Keys(a.imChannels)) {
		list = append(list, map[string]any{"room_name": name})
	}
	return a.ok(map[string]any{"room_cnt": len(list), "room_list": list})
}

// imUsers reads UserList, whose shape the openapi has checked.
func imUsers(c *mock.Call) []map[string]any {
	var users []map[string]any
	list, _ := c.JSON["UserList"].([]any)
	for _, u := range list {
		if user, ok := u.(map[string]any); ok {
			users = append(users, user)
		}
	}
	return users
}

// imAuth takes a Token that is a number too: the vendor's own tool sends such.
func (a *App) imAuth(c *mock.Call) mock.Answer {
	list := []any{}
	for _, u := range imUsers(c) {
		id, _ := u["UserID"].(string)
		if a.badID(id) {
			return fail(codeField)
		}
		token := a.Random.Hex(40)
		switch t := u["Token"].(type) {
		case string:
			token = t
		case float64:
			token = fmt.Sprintf("%.0f", t)
		}
		a.imTokens[id] = token
		list = append(list, map[string]any{"UserID": id, "Token": token})
	}
	return a.ok(map[string]any{"UserList": list})
}

// imSilence keeps users from sending to channels: for ShutUpTime seconds, for
// ever without it; 0 lets them again.
func (a *App) imSilence(c *mock.Call) mock.Answer {
	until := c.Now.AddDate(100, 0, 0)
	if seconds, given := number(c, "ShutUpTime"); given {
		until = c.Now.Add(time.Duration(min(seconds, 1<<32)) * time.Second)
	}
	for _, u := range imUsers(c) {
		id, _ := u["UserID"].(string)
		a.silenced[id] = until
	}
	return a.ok(nil)
}
