package certify

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	mock "switchboard/mocks/rongcloud"
	"switchboard/vendors"
	"switchboard/vendors/vendortest"
)

// rongFarEnd looks into the mock, by its accessors or by the vendor's own reads.
func rongFarEnd(m *mock.Server, far rongClient) vendortest.FarEnd {
	return vendortest.FarEnd{
		Inbox: func(user string) []vendortest.Received { return rongReceived(user, m.Inbox(user)) },
		TokenUser: func(token string) string {
			user, _ := m.Connect(token)
			return user
		},
		Blocked: func(user string) (time.Time, bool) {
			return far.held("/user/block/query.json", url.Values{"page": {"1"}, "size": {"50"}}, user)
		},
		Blacklist: func(user string) []string {
			return texts(far.post("/user/blacklist/query.json", url.Values{"userId": {user}})["users"])
		},
		Words: func() []vendors.Word {
			var out []vendors.Word
			for word, replace := range m.Words() {
				out = append(out, vendors.Word{Text: word, Replace: replace})
			}
			return out
		},
		SetWords:  func(words ...vendors.Word) { far.setWords(m.Words(), words) },
		Members:   m.Members,
		GroupName: func(group string) string { return far.groupName(m.Members(group), group) },
		GroupMuted: func(group string) bool {
			return far.entry("/group/ban/query.json", url.Values{"groupId": {group}}, "groupinfo", "groupId", group)["stat"] == 1.0
		},
		MemberMute: func(group, user string) (time.Time, bool) {
			return far.held("/group/user/gag/list.json", url.Values{"groupId": {group}}, user)
		},
		ChatRoomMute: func(room, user string) (time.Time, bool) {
			return far.held("/chatroom/user/gag/list.json", url.Values{"chatroomId": {room}}, user)
		},
		ChatRoomBlock: func(room, user string) (time.Time, bool) {
			return far.held("/chatroom/user/block/list.json", url.Values{"chatroomId": {room}}, user)
		},
		Profile: func(user string) vendors.User {
			u := far.post("/user/info.json", url.Values{"userId": {user}})
			return vendors.User{ID: user, Name: fmt.Sprint(u["userName"]), Portrait: fmt.Sprint(u["userPortrait"])}
		},
		Notice: far.notice,
		Pushed: func(user string) []vendors.Push { return rongPushed(user, m.Pushes()) },
		Remarks: func(user string) []vendors.Remark {
			var out []vendors.Remark
			list, _ := far.post("/user/remarks/get.json", url.Values{"userId": {user}})["users"].([]any)
			for _, r := range list {
				entry, _ := r.(map[string]any)
				out = append(out, vendors.Remark{User: fmt.Sprint(entry["id"]), Name: fmt.Sprint(entry["remark"])})
			}
			return out
		},
		RoomUsers: m.RTCMembers, Session: m.RTCSession,
		ChatRoom: func(id string) bool {
			_, exists := m.ChatRoomMembers(id)
			return exists
		},
		RoomBanned: func(room, user string) bool { return rongBanned(m, room, user) },
		Recalled:   rongRecalled(m),
		SetOnline:  m.SetOnline,
		Translated: func(text, to string) string {
			body, _ := json.Marshal(map[string]string{"text": text, "targetLanguage": to})
			return fmt.Sprint(far.call("/v3/translate.json", "application/json", body)["translated"])
		},
	}
}

func rongReceived(user string, inbox []mock.Delivery) []vendortest.Received {
	kinds := map[mock.Kind]vendors.TargetKind{
		mock.Private: vendors.ToUsers, mock.Group: vendors.ToGroups, mock.ChatRoom: vendors.ToChatRooms, mock.System: vendors.ToSystem,
		mock.Everybody: vendortest.Everybody,
	}
	var out []vendortest.Received
	for _, d := range inbox {
		r := vendortest.Received{From: d.From, Target: d.Target, Kind: kinds[d.Kind], Type: d.ObjectName, Content: d.Content}
		if d.Kind == mock.System || d.Kind == mock.Everybody {
			r.Target = user // the mock names the conversation, which is the sender
		}
		out = append(out, r)
	}
	return out
}

// rongBanned tries the door: who was in the room stays in it, who was not leaves
// again.
func rongBanned(m *mock.Server, room, user string) bool {
	inside := slices.Contains(m.RTCMembers(room), user)
	err := m.JoinRTC(room, user)
	if err == nil && !inside {
		m.LeaveRTC(room, user)
	}
	return err != nil
}

// rongRecalled: the receiver gets a notice in the message's place
// (docs/vendors/rongcloud.md#recall).
func rongRecalled(m *mock.Server) func(string) bool {
	return func(id string) bool {
		for _, d := range m.Inbox("alice") {
			if d.UID == id && d.ObjectName != "RC:RcNtf" {
				return false
			}
		}
		return true
	}
}

func texts(v any) []string {
	var out []string
	list, _ := v.([]any)
	for _, t := range list {
		out = append(out, fmt.Sprint(t))
	}
	return out
}

// rongClient calls the mock as another program of the same account would.
type rongClient struct {
	t       vendortest.T
	url     string
	account rongAccount
}

func (c rongClient) post(path string, form url.Values) map[string]any {
	c.t.Helper()
	return c.call(path, "application/x-www-form-urlencoded", []byte(form.Encode()))
}

func (c rongClient) call(path, contentType string, in []byte) map[string]any {
	c.t.Helper()
	req, err := http.NewRequest(http.MethodPost, c.url+path, bytes.NewReader(in))
	if err != nil {
		c.t.Fatalf("%s: %v", path, err)
	}
	nonce, timestamp := "far-"+rand.Text(), strconv.FormatInt(time.Now().UnixMilli(), 10)
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("RC-App-Key", c.account.key)
	req.Header.Set("RC-Nonce", nonce)
	req.Header.Set("RC-Timestamp", timestamp)
	req.Header.Set("RC-Signature", c.account.signature(nonce, timestamp))
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatalf("%s: %v", path, err)
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	var out map[string]any
	if err := json.Unmarshal(body, &out); err != nil || out["code"] != 200.0 {
		c.t.Fatalf("%s: %s, %v", path, body, err)
	}
	return out
}

// setWords replaces the words that are there.
func (c rongClient) setWords(there map[string]string, words []vendors.Word) {
	for word := range there {
		c.post("/sensitiveword/delete.json", url.Values{"word": {word}})
	}
	for _, w := range words {
		form := url.Values{"word": {w.Text}}
		if w.Replace != "" {
			form.Set("replaceWord", w.Replace)
		}
		c.post("/sensitiveword/add.json", form)
	}
}

// entry is what an answer's list says of id; nil: it is not listed.
func (c rongClient) entry(path string, form url.Values, list, key, id string) map[string]any {
	c.t.Helper()
	entries, _ := c.post(path, form)[list].([]any)
	for _, e := range entries {
		if entry, _ := e.(map[string]any); entry[key] == id {
			return entry
		}
	}
	return nil
}

// groupName asks for the groups of a member: no call reads a group's name.
func (c rongClient) groupName(members []string, group string) string {
	if len(members) == 0 {
		return ""
	}
	return fmt.Sprint(c.entry("/user/group/query.json", url.Values{"userId": {members[0]}}, "groups", "id", group)["name"])
}

// notice reads a level by its number (docs/vendors/rongcloud-paths.md#conversations).
func (c rongClient) notice(of vendors.Conversation) vendors.NoticeLevel {
	kinds := map[vendors.TargetKind]string{vendors.ToUsers: "1", vendors.ToGroups: "3", vendors.ToSystem: "6"}
	answer := c.post("/conversation/notification/get.json", url.Values{
		"conversationType": {kinds[of.Kind]}, "requestId": {of.User}, "targetId": {of.Target},
	})
	return map[string]vendors.NoticeLevel{
		"-1": "all", "0": "default", "1": "mentions", "2": "own_mentions", "4": "to_all", "5": "none",
	}[fmt.Sprint(answer["isMuted"])]
}

func rongPushed(user string, all []mock.Push) []vendors.Push {
	var out []vendors.Push
	for _, p := range all {
		if title, _ := p.Notification["title"].(string); slices.Contains(p.Users, user) {
			out = append(out, vendors.Push{Users: p.Users, Title: title, Text: fmt.Sprint(p.Notification["pushContent"])})
		}
	}
	return out
}

// held reads from a list when a mute or a block ends, which the vendor writes in
// China's time.
func (c rongClient) held(path string, form url.Values, user string) (until time.Time, held bool) {
	c.t.Helper()
	entry := c.entry(path, form, "users", "userId", user)
	if entry == nil {
		return time.Time{}, false
	}
	end := entry["time"]
	if end == nil {
		end = entry["blockEndTime"] // of a user
	}
	until, err := time.ParseInLocation(time.DateTime, fmt.Sprint(end), time.FixedZone("CST", 8*60*60))
	if err != nil {
		c.t.Fatalf("the end of a mute or a block: %v", err)
	}
	if until.Year() > time.Now().Year()+100 {
		return time.Time{}, true // for good
	}
	return until, true
}
