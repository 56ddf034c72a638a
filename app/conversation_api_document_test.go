package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fasthttp/websocket"
)

func in(seconds int) time.Time { return time.Now().Add(time.Duration(seconds) * time.Second) }

func asClose(err error, into **websocket.CloseError) bool { return errors.As(err, into) }

// The command lines and answers of the conversation API's document, as they stand
// there; {conv_id} and ids of samples are replaced by what exists.
const (
	curlAddMembers = `curl -X POST \
  -H "app-id: 666666" \
  -H "app-key: master" \
  -H "Content-Type: application/json" \
  -d '{"client_ids": ["Tom", "Jerry"]}' \
  http://127.0.0.1/im/conversations/{conv_id}/members`
	sampleTrue = `{
    "code": 0,
    "message": "ok",
    "data": true,
    "request-id": null
}`
	curlMembers = `curl -X GET \
  -H "app-id: 666666" \
  -H "app-key: master" \
  http://127.0.0.1/im/conversations/{conv_id}/members`
	sampleMembers = `{
    "code": 0,
    "message": "ok",
    "data": [
        "Tom",
        "Alex",
        "Iron"
    ],
    "request-id": null
}`
	sampleLogin = `{
    "type": "login",
    "data": {
        "device_id": "1111",
        "app_id": "666666",
        "client_id": "1111",
        "ext": {
            "nickname": "liliSara"
        }
    }
}`
	sampleLoginSuccess = `{
    "type": "login.success",
    "msg": "success",
    "data": {
        "time": 1599927082012
    }
}`
	curlCreate = `curl -X POST \
  -H "app-id: 666666" \
  -H "app-key: master" \
  -H "Content-Type: application/json" \
  -d '{"client_id":"1597500303","to_client_ids":["1597500304"],"conv_type":2,"conv_extend":{"conv_name":"just test"}}' \
  http://127.0.0.1/im/conversations
`
	sampleCreated = `{
    "code": 0,
    "message": "ok",
    "data": {
        "conv_extend": null,
        "conv_id": "0e7ae8d24e2658e7fb4ecdfbb409249d"
    },
    "request-id": null
}`
	curlQuery = `curl -X POST \
  -H "app-id: 666666" \
  -H "app-key: master" \
  -G \
  --data-urlencode 'where=[["conv_id","=","e7c42cf35bd47c216f4b8e205e1fc0ca"]]' \
  --data-urlencode 'page=1' \
  --data-urlencode 'size=20' \
  http://127.0.0.1/im/conversations
`
	sampleQuery = `{
    "code": 0,
    "message": "ok",
    "data": {
        "current_page": 1,
        "data": [
            {
                "conv_id": "05df798f554739291589f521d0f0f5a1",
                "conv_type": 2,
                "client_num": 0,
                "app_id": "666666",
                "conv_extend": null,
                "conv_creater_id": "1597500303",
                "ctime": "2020-08-21 07:16:37",
                "mtime": null
            },
            {
                "conv_id": "581d849f088217f07139181c5ea8d05f",
                "conv_type": 1,
                "client_num": 0,
                "app_id": "666666",
                "conv_extend": null,
                "conv_creater_id": "1597500303",
                "ctime": "2020-08-21 07:16:37",
                "mtime": null
            }
        ],
        "last_page": 10,
        "per_page": "2",
        "total": 20
    },
    "request-id": null
}`
	curlUpdate = `curl -X PUT \
  -H "app-id: 666666" \
  -H "app-key: master" \
  -H "Content-Type: application/json" \
  -d '{"where": [["conv_id","=","b0e5ec174bd477df4b43e664927f6e3a"]],
    "update": {"conv_extend":{"conv_name":"test2"}}}' \
  http://127.0.0.1/im/conversations`
	curlDelete = `curl -X DELETE \
  -H "app-id: 666666" \
  -H "app-key: master" \
  http://127.0.0.1/im/conversations/{conv_id}`
	curlSend = `curl -X POST \
  -H "app-id: 666666" \
  -H "app-key: master" \
  -H "Content-Type: application/json" \
  -d '{"from_client":2,"type":-1,"text":"HELLO !"}' \
  http://127.0.0.1/im/conversations/{conv_id}/message`
	sampleSent = `{
    "code": 0,
    "message": "ok",
    "data": {
        "msg_id": "1228a6554433f500a034b3f8d0b93571",
        "time": 1608126111686
    },
    "request-id": null
}`
	sampleNew = `{
    "type": "msg.new",
    "data": {
        "from_client": 2,
        "conv_id": "cd7fc5304f56f52488d5246b0ebbdbfb",
        "msg_id": "1228a6554433f500a034b3f8d0b93571",
        "ctime": 1608126111618,
        "type": -1,
        "text": "HELLO !",
        "attr": "null",
        "url": "null",
        "transient": "0",
        "mention_all": 0,
        "mention_client_ids": "null"
    }
}`
	curlMessages = `curl --location --request GET 'http://127.0.0.1/im/conversations/cd7fc5304f56f52488d5246b0ebbdbfb/message' \
--header 'app-id: 666666' \
--header 'Content-Type: application/json' \
--data-raw '{
    "page":3,
    "size":5
}'`
	sampleMessages = `{
    "code": 0,
    "message": "ok",
    "data": {
        "current_page": 3,
        "data": [
            {
                "msg_id": "84a2ab146df74c4d1306d13d000d2ff7",
                "conv_id": "cd7fc5304f56f52488d5246b0ebbdbfb",
                "type": -1,
                "text": "123323333211112321",
                "attr": null,
                "url": "null",
                "ctime": 1608298323027,
                "msg_status": 1,
                "no_sync": 0,
                "mention_all": 0,
                "mention_client_ids": "null",
                "transient": 0,
                "mtime": null,
                "client_id": "2"
            }
        ],
        "last_page": 119,
        "per_page": 2,
        "total": 237
    },
    "request-id": null
}`
	curlUpload = `curl --location --request POST 'http://127.0.0.1/im/file/upload' \
--header 'app-id: 666666' \
--form 'file=@/Users/zorozdd/Desktop/2020-04-28 16.25.13.jpg' \
`
	sampleUploaded = `{
    "code": 0,
    "message": "ok",
    "data": "http://127.0.0.1/storage/uploads/7de523065e29c5526b7f1f8b15030df3.jpg",
    "request-id": null
}`
)

// replay runs a command line of the document against conversation conv.
func (p *process) replay(t testing.TB, line, conv string) answer {
	t.Helper()
	r := curl(t, line)
	for _, sample := range []string{"{conv_id}", "e7c42cf35bd47c216f4b8e205e1fc0ca", "b0e5ec174bd477df4b43e664927f6e3a", "cd7fc5304f56f52488d5246b0ebbdbfb"} {
		r.Path = strings.ReplaceAll(r.Path, sample, conv)
		if body, ok := r.Body.(string); ok {
			r.Body = strings.ReplaceAll(body, sample, conv)
		}
	}
	got := p.do(t, r)
	if got.Status != 200 || got.Code != 0 {
		t.Fatalf("%s\n%d %s", line, got.Status, got.Body)
	}
	return got
}

// newConversation replays the document's creation and returns the id.
func (p *process) newConversation(t testing.TB, members ...string) string {
	t.Helper()
	got := p.replay(t, curlCreate, "")
	var data struct {
		ConvID string `json:"conv_id"`
	}
	got.decode(t, &data)
	if len(members) > 0 {
		p.im(t, "POST", "/im/conversations/"+data.ConvID+"/members", map[string]any{"client_ids": members})
	}
	return data.ConvID
}

// im is a call of the app's server that has to succeed.
func (p *process) im(t testing.TB, method, path string, body any) answer {
	t.Helper()
	got := p.do(t, request{Method: method, Path: path, Header: serverKey, Body: body})
	if got.Code != 0 || got.Status != 200 {
		t.Fatalf("%s %s: %d %s", method, path, got.Status, got.Body)
	}
	return got
}

// login opens the document's socket and logs in.
func (p *process) login(t testing.TB, text string) *websocket.Conn {
	t.Helper()
	conn := p.dial(t, "/im/socket")
	if err := conn.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
		t.Fatal(err)
	}
	alike(t, "login", sampleLoginSuccess, frame(t, conn), "recovered")
	return conn
}

func TestConversationDocumentIsServedToTheLetter(t *testing.T) {
	p := start(t, nil)
	created := p.replay(t, curlCreate, "")
	alike(t, "create", sampleCreated, created.Body)
	conv := p.newConversation(t)
	alike(t, "add members", sampleTrue, p.replay(t, curlAddMembers, conv).Body)
	members := p.replay(t, curlMembers, conv)
	alike(t, "members", sampleMembers, members.Body)
	if !bytes.Contains(members.Body, []byte(`"Tom"`)) || !bytes.Contains(members.Body, []byte(`"1597500303"`)) {
		t.Errorf("members: %s", members.Body)
	}
	query := p.replay(t, curlQuery, conv)
	alike(t, "query", sampleQuery, query.Body, "conv_extend")
	if !bytes.Contains(query.Body, []byte(`"per_page":"20","total":1`)) || !bytes.Contains(query.Body, []byte(`{"conv_name":"just test"}`)) {
		t.Errorf("query: %s", query.Body)
	}
	alike(t, "update", sampleTrue, p.replay(t, curlUpdate, conv).Body)
	if got := p.replay(t, curlQuery, conv); !bytes.Contains(got.Body, []byte(`{"conv_name":"test2"}`)) || bytes.Contains(got.Body, []byte(`"mtime":null`)) {
		t.Errorf("after the update: %s", got.Body)
	}
	alike(t, "delete", sampleTrue, p.replay(t, curlDelete, conv).Body)
	if got := p.do(t, request{Method: "GET", Path: "/im/conversations/" + conv + "/members", Header: serverKey}); got.Code != 4011 {
		t.Errorf("a deleted conversation: %s", got.Body)
	}
}

func TestMessagesOfTheDocumentReachTheSocketAndTheList(t *testing.T) {
	p := start(t, nil)
	socket := p.login(t, sampleLogin)
	conv := p.newConversation(t, "2", "1111") // after the login
	sent := p.replay(t, curlSend, conv)
	alike(t, "send", sampleSent, sent.Body)
	alike(t, "msg.new", sampleNew, frame(t, socket))
	for i := range 12 {
		p.im(t, "POST", "/im/conversations/"+conv+"/message", map[string]any{"from_client": "2", "type": -1, "text": fmt.Sprint(i)})
	}
	list := p.replay(t, curlMessages, conv)
	alike(t, "messages", sampleMessages, list.Body)
	var data struct {
		Data     []struct{ Text string }
		LastPage int `json:"last_page"`
		PerPage  int `json:"per_page"`
		Total    int
	}
	list.decode(t, &data)
	if len(data.Data) != 3 || data.Data[0].Text != "1" || data.Data[2].Text != "HELLO !" || data.LastPage != 3 || data.PerPage != 5 || data.Total != 13 {
		t.Errorf("page 3 of 5: %s", list.Body)
	}
	for i := range 12 {
		var m struct{ Data struct{ Text string } }
		if text := frame(t, socket); json.Unmarshal(text, &m) != nil || m.Data.Text != fmt.Sprint(i) {
			t.Fatalf("message %d: %s", i, text)
		}
	}
}

func TestFileOfTheDocumentComesBackAsWhatItIs(t *testing.T) {
	p := start(t, nil)
	sample := curl(t, curlUpload)
	_, name, _ := strings.Cut(sample.Body.(string), "=@")
	jpeg := append([]byte("\xff\xd8\xff\xe0\x00\x10JFIF"), make([]byte, 2<<20)...) // over the limit of other bodies
	got := p.upload(t, sample, name, jpeg)
	alike(t, "upload", sampleUploaded, got.Body)
	var address string
	got.decode(t, &address)
	if !strings.HasPrefix(address, p.URL+"/storage/uploads/") || !strings.HasSuffix(address, ".jpg") {
		t.Fatalf("address %s", address)
	}
	res, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	back, _ := io.ReadAll(res.Body)
	h := res.Header
	if !bytes.Equal(back, jpeg) || h.Get("Content-Type") != "image/jpeg" || h.Get("X-Content-Type-Options") != "nosniff" || !strings.HasPrefix(h.Get("Content-Disposition"), "inline;") {
		t.Errorf("%d bytes, %v", len(back), h)
	}
	for what, c := range map[string]struct {
		content string
		status  int
		code    int
	}{
		"a page named like a picture": {"<html><script>alert(1)</script>", 200, 4601},
		"a program":                   {"MZ\x90\x00\x03", 200, 4601},
		"nothing":                     {"", 200, 4406},
		"too much":                    {"\xff\xd8\xff" + string(make([]byte, 20<<20)), 413, 1},
	} {
		if got := p.upload(t, sample, "x.jpg", []byte(c.content)); got.Status != c.status || got.Code != c.code {
			t.Errorf("%s: %d %.200s", what, got.Status, got.Body)
		}
	}
	if got := p.do(t, request{Path: "/im/file/upload", Header: sample.Header, Body: "{}", Bad: true}); got.Code != 4001 {
		t.Errorf("no file: %s", got.Body)
	}
	for _, path := range []string{"/storage/uploads/x.jpg", "/storage/uploads/..%2f..%2fetc%2fpasswd", "/storage/uploads/" + strings.Repeat("0", 32) + ".jpg"} {
		if got := p.do(t, request{Method: "GET", Path: path}); got.Status != 404 {
			t.Errorf("%s: %d %s", path, got.Status, got.Body)
		}
	}
}

func (p *process) upload(t testing.TB, r request, name string, content []byte) answer {
	t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("file", name)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = part.Write(content)
	_ = form.Close()
	req, err := http.NewRequestWithContext(t.Context(), r.Method, p.URL+r.Path, &body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", form.FormDataContentType())
	for k, v := range r.Header {
		req.Header.Set(k, v)
	}
	res, err := p.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	got := answer{Status: res.StatusCode, Header: res.Header}
	if got.Body, err = io.ReadAll(res.Body); err == nil {
		err = json.Unmarshal(got.Body, &got)
	}
	if err != nil {
		t.Fatal(err)
	}
	return got
}
