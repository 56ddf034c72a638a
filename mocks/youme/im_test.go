package youme

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestIMCommandsOfTheVendorsOwnTools(t *testing.T) {
	r := start(t)
	send := func(seq, kind, to, content string) answer {
		return r.call("query_im_send_msg", fmt.Sprintf(`{"MsgSeq":%q,"ChatType":%s,"SendID":"u1","RecvID":%q,"Content":%q}`, seq, kind, to, content))
	}
	for i, row := range []struct {
		a    answer
		code string
	}{
		{send("1", "1", "u2", "private"), "0"},
		{send("1", "1", "u2", "again"), "0"},
		{send("2", "2", "room", "x"), codeNoChannel},
		{r.call("query_im_enter_channel", `{"UserID":"u1","ChannelID":"room"}`), "0"},
		{r.call("query_im_enter_channel", `{"UserID":"u2","ChannelID":"room"}`), "0"},
		{send("2", "2", "room", "to all"), "0"},
		{r.call("forbid_im_user_send_channel_msg", `{"UserList":[{"UserID":"u1"}]}`), "0"},
		{send("3", "2", "room", "silenced"), codeSilenced},
		{send("4", "1", "u2", "private still"), "0"},
		{r.call("forbid_im_user_send_channel_msg", `{"UserList":[{"UserID":"u1"}],"ShutUpTime":0}`), "0"},
		{send("5", "2", "room", "free"), "0"},
		{r.call("query_im_leave_channel", `{"UserID":"u3","ChannelID":"room"}`), codeNoUser},
		{r.call("query_im_leave_channel", `{"UserID":"u2","ChannelID":"room"}`), "0"},
		{send("6", "3", "room", "x"), codeField},
	} {
		if row.a.code() != row.code {
			t.Fatalf("%d: %v", i, row.a)
		}
	}
	var got []string
	for _, m := range r.Inbox("u2") {
		got = append(got, m.Content)
	}
	if fmt.Sprint(got) != "[private to all private still free]" || len(r.Inbox("u1")) != 0 {
		t.Fatal(got)
	}
	if a := r.call("get_room_list", `{}`); a["room_cnt"] != 1.0 {
		t.Fatal(a)
	}
	a := r.call("add_user_auth", `{"UserList":[{"UserID":"u1","Token":12345678901},{"UserID":"u2","NickName":"n"}]}`)
	if a.code() != "0" || r.IMToken("u1") != "12345678901" || len(r.IMToken("u2")) != 40 {
		t.Fatal(a)
	}
}

func TestIMMessagesAreCopiedToTheWebhook(t *testing.T) {
	r := start(t)
	got := make(chan map[string]any, 4)
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		var m map[string]any
		_ = json.NewDecoder(req.Body).Decode(&m)
		got <- m
	}))
	defer hook.Close()
	r.Callbacks.Target(CopyCallback, hook.URL)
	r.call("query_im_send_msg", `{"MsgSeq":"1","ChatType":1,"SendID":"u1","RecvID":"u2","Content":"aGk=","Base64":1}`)
	res, err := r.client.Post(r.url+"/_mock/callbacks/message_copy", "", strings.NewReader(`{"user":"u3","channel":"room","content":"x"}`))
	if err != nil || res.StatusCode != 200 {
		t.Fatal(res, err)
	}
	res.Body.Close()
	r.Callbacks.Wait()
	one, two := <-got, <-got
	if one["snder_id"] != "u1" || one["recver_id"] != "u2" || one["msg_type"] != 12.0 || one["from"] != "youme_msg_cc" || one["serial_no"] == two["serial_no"] || two["chat_type"] != 2.0 {
		t.Fatal(one, two)
	}
}
