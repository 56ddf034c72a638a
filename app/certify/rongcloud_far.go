package certify

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	mock "switchboard/mocks/rongcloud"
	"switchboard/vendors"
	"switchboard/vendors/vendortest"
)

// rongFarEnd looks into the mock, by its accessors or by the vendor's own reads.
func rongFarEnd(m *mock.Server, far rongClient) vendortest.FarEnd {
	kinds := map[mock.Kind]vendors.TargetKind{
		mock.Private: vendors.ToUsers, mock.Group: vendors.ToGroups, mock.ChatRoom: vendors.ToChatRooms, mock.System: vendors.ToSystem,
	}
	return vendortest.FarEnd{
		Inbox: func(user string) []vendortest.Received {
			var out []vendortest.Received
			for _, d := range m.Inbox(user) {
				r := vendortest.Received{From: d.From, Target: d.Target, Kind: kinds[d.Kind], Type: d.ObjectName, Content: d.Content}
				if d.Kind == mock.System {
					r.Target = user
				}
				out = append(out, r)
			}
			return out
		},
		TokenUser: func(token string) string {
			user, _ := m.Connect(token)
			return user
		},
		Blocked: func(user string) bool {
			for _, u := range far.post("/user/block/query.json", url.Values{"page": {"1"}, "size": {"50"}})["users"].([]any) {
				if u.(map[string]any)["userId"] == user {
					return true
				}
			}
			return false
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
		SetWords: func(words ...vendors.Word) {
			for word := range m.Words() {
				far.post("/sensitiveword/delete.json", url.Values{"word": {word}})
			}
			for _, w := range words {
				form := url.Values{"word": {w.Text}}
				if w.Replace != "" {
					form.Set("replaceWord", w.Replace)
				}
				far.post("/sensitiveword/add.json", form)
			}
		},
		Members:   m.Members,
		RoomUsers: m.RTCMembers,
		ChatRoom: func(id string) bool {
			_, exists := m.ChatRoomMembers(id)
			return exists
		},
		RoomBanned: func(room, user string) bool {
			if err := m.JoinRTC(room+"-probe", user); err != nil {
				far.t.Fatalf("probe: %v", err)
			}
			m.LeaveRTC(room+"-probe", user)
			err := m.JoinRTC(room, user)
			if err == nil && user != "alice" {
				m.LeaveRTC(room, user)
			}
			return err != nil
		},
		Recalled:  rongRecalled(m),
		SetOnline: m.SetOnline,
		Translated: func(text, to string) string {
			body, _ := json.Marshal(map[string]string{"text": text, "targetLanguage": to})
			return fmt.Sprint(far.call("/v3/translate.json", "application/json", body)["translated"])
		},
	}
}

// rongRecalled: the receiver gets a notice in the message's place (2.3).
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
