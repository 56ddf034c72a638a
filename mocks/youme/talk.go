package youme

import (
	"maps"
	"path"
	"slices"
	"strconv"
	"time"

	"switchboard/mocks/mock"
)

// operations is every command that is known, Talk's first. Nobody knows how
// the identity command is really spelt.
func operations() (all []mock.Operation[*App]) {
	const v1, identity = "/v1/im/", "/v1/im/change_user_ Identity"
	for _, c := range []mock.Operation[*App]{
		{Name: "room.count", Path: v1 + "query_talk_channel_user_count", Serve: (*App).userCount},
		{Name: "room.users", Path: v1 + "get_talk_user_list_on_a_channel", Serve: (*App).userList},
		{Name: "room.list", Path: v1 + "get_talk_channel_list", Serve: (*App).channelList},
		{Name: "room.kick", Path: v1 + "admin_kick_user", Serve: (*App).kick},
		{Name: "room.status", Path: v1 + "query_talk_channel_status", Serve: (*App).channelStatus},
		{Name: "room.user_state", Path: v1 + "query_talk_user_status", Serve: (*App).userStatus},
		{Name: "room.user_calls", Path: v1 + "query_talk_user_call", Serve: (*App).userCalls},
		{Name: "room.speakers", Path: v1 + "get_talk_speaker_list_on_a_channel", Serve: (*App).speakers},
		{Name: "room.push", Path: v1 + "push_mcu_msg", Serve: (*App).push},
		{Name: "room.identity", Path: identity, Serve: (*App).identity},
		{Name: "room.identity", Path: v1 + "change_user_Identity", Spec: identity, Serve: (*App).identity},
		{Name: "room.identity", Path: v1 + "change_user_identity", Spec: identity, Serve: (*App).identity},

		{Name: "im.send", Path: v1 + "query_im_send_msg", Serve: (*App).imSend},
		{Name: "im.enter", Path: v1 + "query_im_enter_channel", Serve: (*App).imEnter},
		{Name: "im.leave", Path: v1 + "query_im_leave_channel", Serve: (*App).imLeave},
		{Name: "im.rooms", Path: v1 + "get_room_list", Serve: (*App).imRooms},
		{Name: "im.users", Path: v1 + "get_im_user_list_of_room", Serve: (*App).imRoomUsers},
		{Name: "im.auth", Path: v1 + "add_user_auth", Serve: (*App).imAuth},
		{Name: "im.silence", Path: v1 + "forbid_im_user_send_channel_msg", Serve: (*App).imSilence},
		{Name: "im.notice.add", Path: v1 + "add_notice", Serve: (*App).addNotice},
		{Name: "im.notice.delete", Path: v1 + "delete_notice", Serve: (*App).deleteNotice},
		{Name: "im.rank.anchor", Path: v1 + "query_anchor_score_rank", Serve: (*App).anchorRank},
		{Name: "im.rank.user", Path: v1 + "query_im_user_score_rank", Serve: (*App).userRank},
		{Name: "video.rtmp.set", Path: v1 + "set_single_rtmp_param", Serve: (*App).setRTMP},
		{Name: "video.rtmp.publish", Path: "/v2/video/get_rtmp_publish_url", Serve: (*App).publishURL},
		{Name: "video.rtmp.play", Path: "/v2/video/get_rtmp_play_url", Serve: (*App).playURL},
		{Name: "video.history", Path: "/v2/video/get_history_activity", Serve: (*App).videoHistory},
		{Name: "video.save", Path: "/v2/video/save_play_back", Serve: (*App).savePlayback},
	} {
		if c.Spec == "" {
			c.Spec = c.Path
		}
		all = append(all, c)
		// Demos call the same commands as version 2 and under other services.
		c.Path = "/{version}/{service}/" + path.Base(c.Path)
		all = append(all, c)
	}
	return all
}

func text(c *mock.Call, field string) string {
	s, _ := c.JSON[field].(string)
	return s
}

// number is a whole number of the body, and whether it is there.
func number(c *mock.Call, field string) (int64, bool) {
	f, ok := c.JSON[field].(float64)
	return int64(f), ok
}

// wrongApp reports whether the call names an app that is not the account's.
// AppID is optional here wherever the openapi lets it be.
func (a *App) wrongApp(c *mock.Call) bool {
	for _, field := range []string{"AppID", "app_id"} {
		if id, given := number(c, field); given && id != a.appID {
			return true
		}
	}
	return false
}

// badID reports whether the strict mode refuses one of these ids.
func (a *App) badID(ids ...string) bool {
	return a.cfg.StrictIDs && slices.ContainsFunc(ids, func(id string) bool {
		return slices.ContainsFunc([]byte(id), func(b byte) bool {
			return (b < '0' || b > '9') && (b < 'A' || b > 'Z') && (b < 'a' || b > 'z')
		})
	})
}

// userCount is 0 for a channel that is not there, as one of the vendor's own
// samples suggests.
func (a *App) userCount(c *mock.Call) mock.Answer {
	count := 0
	if ch := a.channels[text(c, "ChannelID")]; ch != nil {
		count = len(ch.members)
	}
	return a.ok(map[string]any{"ChannelID": text(c, "ChannelID"), "UserCount": count})
}

func (a *App) userList(c *mock.Call) mock.Answer {
	return a.list(c, func(*member) bool { return true })
}

func (a *App) speakers(c *mock.Call) mock.Answer {
	return a.list(c, func(m *member) bool { return m.speaking })
}

type listed struct {
	UserID string `json:"UserID"`
}

func (a *App) list(c *mock.Call, in func(*member) bool) mock.Answer {
	ch := a.channels[text(c, "ChannelID")]
	switch {
	case a.wrongApp(c):
		return fail(codeAppID)
	case ch == nil:
		return fail(codeNoChannel)
	}
	users := []listed{}
	for _, m := range ch.members {
		if in(m) {
			users = append(users, listed{m.user})
		}
	}
	return a.ok(map[string]any{"AppID": a.appID, "ChannelID": text(c, "ChannelID"), "Total": len(users), "UserList": users})
}

func (a *App) channelList(c *mock.Call) mock.Answer {
	if a.wrongApp(c) {
		return fail(codeAppID)
	}
	list := []any{}
	for _, name := range slices.Sorted(maps.Keys(a.channels)) {
		list = append(list, map[string]any{"ChannelID": name, "UserCount": len(a.channels[name].members)})
	}
	return a.ok(map[string]any{"AppID": a.appID, "Total": len(list), "ChannelList": list})
}

// kick also keeps the user out for kick_time seconds.
func (a *App) kick(c *mock.Call) mock.Answer {
	name, user := text(c, "channel_id"), text(c, "kick_user_id")
	ch := a.channels[name]
	switch {
	case a.wrongApp(c):
		return fail(codeAppID)
	case a.badID(user):
		return fail(codeField)
	case ch == nil:
		return fail(codeNoChannel)
	case ch.member(user) == nil:
		return fail(codeNoUser)
	}
	a.leave(name, user)
	if seconds, _ := number(c, "kick_time"); seconds > 0 {
		ch.banned[user] = c.Now.Add(time.Duration(min(seconds, 1<<32)) * time.Second)
	}
	return a.ok(nil)
}

func (a *App) channelStatus(c *mock.Call) mock.Answer {
	if a.wrongApp(c) {
		return fail(codeAppID)
	}
	status := 1
	if ch := a.channels[text(c, "ChannelID")]; ch != nil {
		status = 2
		if len(ch.members) > 0 {
			status = 3
		}
	}
	return a.ok(map[string]any{"AppID": a.appID, "ChannelID": text(c, "ChannelID"), "Status": status})
}

func (a *App) userStatus(c *mock.Call) mock.Answer {
	user := text(c, "UserID")
	switch {
	case a.wrongApp(c):
		return fail(codeAppID)
	case a.badID(user):
		return fail(codeField)
	}
	list := []any{}
	for _, name := range slices.Sorted(maps.Keys(a.channels)) {
		if m := a.channels[name].member(user); m != nil {
			list = append(list, map[string]any{
				"ChannelID": name, "UseVideo": flag(m.media.Video), "UseAudio": flag(m.media.Audio),
				"VideoFrameRate": m.media.FrameRate, "VideoBitRate": m.media.VideoBitRate, "AudioBitRate": m.media.AudioBitRate,
			})
		}
	}
	return a.ok(map[string]any{"AppID": a.appID, "UserID": user, "Status": list})
}

func flag(on bool) int {
	if on {
		return 1
	}
	return 0
}

// userCalls lists the stays that began on QueryDate and are over.
func (a *App) userCalls(c *mock.Call) mock.Answer {
	user := text(c, "UserID")
	date, _ := number(c, "QueryDate")
	day, err := time.ParseInLocation("20060102", strconv.FormatInt(date, 10), a.cfg.Zone)
	switch {
	case a.wrongApp(c):
		return fail(codeAppID)
	case err != nil, a.badID(user):
		return fail(codeField)
	}
	from, _ := number(c, "StartSeq")
	limit, given := number(c, "Limit")
	if !given {
		limit = 1
	}
	list := []any{}
	for _, call := range a.calls[user] {
		if call.Joined.Before(day) || !call.Joined.Before(day.AddDate(0, 0, 1)) {
			continue
		}
		if from--; from < 0 && int64(len(list)) < limit {
			list = append(list, map[string]any{
				"ChannelID": call.Channel, "JoinTime": call.Joined.Unix(), "LeaveTime": call.Left.Unix(),
				"CallDuration": call.Left.Unix() - call.Joined.Unix(),
			})
		}
	}
	return a.ok(map[string]any{"AppID": a.appID, "UserID": user, "Call": list})
}

// push reaches everybody in the channel or one of them.
func (a *App) push(c *mock.Call) mock.Answer {
	name, to, content := text(c, "meeting_id"), text(c, "receiver_id"), text(c, "content")
	ch := a.channels[name]
	switch {
	case ch == nil:
		return fail(codeNoChannel)
	case to != "" && ch.member(to) == nil:
		return fail(codeNoUser)
	}
	for _, m := range ch.members {
		if to == "" || to == m.user {
			a.inbox[m.user] = append(a.inbox[m.user], Text{Channel: name, From: text(c, "user_id"), Content: content, At: c.Now})
		}
	}
	return a.ok(nil)
}

// identity gives a member another role. RequstId rises per member
// (docs/vendors/youme.md#talk-commands). INVENTED: the same one again answers the
// same and changes nothing, and a listener loses the microphone.
func (a *App) identity(c *mock.Call) mock.Answer {
	name, user := text(c, "ChannelID"), text(c, "UserID")
	kind, _ := number(c, "IdentityType")
	body := map[string]any{"ChannelID": name, "UserID": user}
	id, given := number(c, "RequstId")
	if given {
		body["ResponetId"] = id
	}
	code := identityOK
	if ch := a.channels[name]; ch == nil {
		code = identityNoChannel
	} else if m := ch.member(user); m == nil {
		code = identityNoUser
	} else if given && m.request != nil && id < *m.request {
		code = identityOldID
	} else if !given || m.request == nil || id > *m.request {
		m.identity = kind
		m.speaking = m.speaking && kind != 3
		if given {
			m.request = &id
		}
	}
	body["Code"] = code
	return mock.Answer{Body: body, Code: strconv.Itoa(code)}
}
