package rongcloud_test

import (
	"bufio"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"switchboard/mocks/rongcloud"
)

// raw writes one request on the wire exactly as given, with {sig} replaced, and
// returns the answer.
func raw(t *testing.T, s *rongcloud.Server, nonce, timestamp string, lines []string, body string) answer {
	t.Helper()
	conn, err := net.DialTimeout("tcp", strings.TrimPrefix(s.URL, "http://"), 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	sum := sha1.Sum([]byte(testSecret + nonce + timestamp))
	head := strings.Join(lines, "\r\n")
	for name, value := range map[string]string{"{nonce}": nonce, "{time}": timestamp, "{sig}": hex.EncodeToString(sum[:]), "{key}": testKey, "{len}": fmt.Sprint(len(body))} {
		head = strings.ReplaceAll(head, name, value)
	}
	if _, err := io.WriteString(conn, head+"\r\n\r\n"+body); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := answer{status: res.StatusCode, header: res.Header, raw: string(text)}
	if err := json.Unmarshal(text, &a.body); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	if code, ok := a.body["code"].(float64); ok {
		a.code = int(code)
	}
	return a
}

// Requests in the shape that each client of the vendor puts on the wire:
// header names and their case, nonce and timestamp, body and its type
// (docs/vendors/rongcloud.md#what-clients-send, docs/vendors/rongcloud.md#transport).
func TestRequestsInTheShapeOfEachSDK(t *testing.T) {
	s := start(t, rongcloud.Config{})
	seconds := fmt.Sprint(time.Now().Unix())
	millis := fmt.Sprint(time.Now().UnixMilli())
	for _, c := range []struct {
		name, nonce, timestamp string
		lines                  []string
		body                   string
	}{
		{"Go: beego, repeated keys, empty optionals", "8674665223082153551", seconds, []string{
			"POST /message/private/publish.json HTTP/1.1", "Host: api.rong-api.com", "User-Agent: beegoServer", "Content-Length: {len}",
			"App-Key: {key}", "Content-Type: application/x-www-form-urlencoded", "Nonce: {nonce}", "Signature: {sig}", "Timestamp: {time}",
			"X-Request-Id: 7c9e6679-7425-40de-944b-e07fc1f90ae7", "Accept-Encoding: gzip"},
			"content=%7B%22content%22%3A%22hi%22%2C%22user%22%3A%7B%22id%22%3A%22%22%2C%22name%22%3A%22%22%2C%22icon%22%3A%22%22%7D%7D&contentAvailable=0&count=&expansion=false&fromUserId=a&isIncludeSender=0&isPersisted=1&objectName=RC%3ATxtMsg&pushContent=&pushData=&toUserId=b&toUserId=c&verifyBlacklist=0"},
		{"Go: the double slash", "1", seconds, []string{
			"POST //user/deactivate/query.json HTTP/1.1", "Host: x", "Content-Length: {len}", "App-Key: {key}", "Nonce: {nonce}", "Signature: {sig}", "Timestamp: {time}",
			"Content-Type: application/x-www-form-urlencoded"}, "pageNo=1&pageSize=50"},
		{"Go: a template as JSON", "6129484611666145821", seconds, []string{
			"POST /message/system/publish_template.json HTTP/1.1", "Host: x", "Content-Length: {len}", "App-Key: {key}", "Nonce: {nonce}", "Signature: {sig}", "Timestamp: {time}",
			"Content-Type: application/json"},
			`{"fromUserId":"a","toUserId":["b"],"objectName":"RC:TxtMsg","values":[{"{d}":"e"}],"content":"{\"content\":\"{d}\"}","pushContent":["{d}"],"pushData":["x"],"verifyBlacklist":0,"contentAvailable":0,"disableUpdateLastMsg":"false"}`},
		{"Go: a list without any body", "4037200794235010051", seconds, []string{
			"POST /chatroom/whitelist/query.json HTTP/1.1", "Host: x", "Content-Length: 0", "App-Key: {key}", "Nonce: {nonce}", "Signature: {sig}", "Timestamp: {time}"}, ""},
		{"Java: a double as nonce, charset, Connection close", "123456.78901", seconds, []string{
			"POST /user/getToken.json HTTP/1.1", "App-Key: {key}", "Nonce: {nonce}", "Timestamp: {time}", "Signature: {sig}", "X-Request-ID: 0e1d7a3c-6c0f-4a53-8f0e-0b5a3a3c9b1d",
			"Content-Type: application/x-www-form-urlencoded; charset=UTF-8", "Connection: close", "User-Agent: Java/1.8.0_202", "Host: x", "Accept: text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", "Content-Length: {len}"},
			"&userId=u1&name=n%20ame&portraitUri=http%3A%2F%2Fp"},
		{"Java: tags as JSON", "0.123", seconds, []string{
			"POST /user/tag/set.json HTTP/1.1", "App-Key: {key}", "Nonce: {nonce}", "Timestamp: {time}", "Signature: {sig}", "Content-Type: application/json", "Host: x", "Content-Length: {len}"},
			`{"userId":"u1","tags":["男","gold"]}`},
		{"PHP: curl", "1804289383", seconds, []string{
			"POST /sensitiveword/list.json HTTP/1.1", "Host: x", "Accept: */*", "App-Key:{key}", "Nonce:{nonce}", "Timestamp:{time}", "Signature:{sig}",
			"Content-Type: application/x-www-form-urlencoded", "Content-Length: {len}"}, "type=2"},
		{"Node: lower-case names", "812345", seconds, []string{
			"POST /user/checkOnline.json HTTP/1.1", "host: x", "app-key: {key}", "nonce: {nonce}", "timestamp: {time}", "signature: {sig}",
			"content-type: application/x-www-form-urlencoded", "content-length: {len}", "connection: close"}, "userId=u1"},
		{"the connector: RC names, milliseconds, a negative nonce", "-6129484611666145821", millis, []string{
			"POST /message/system/publish.json HTTP/1.1", "Host: x", "RC-App-Key: {key}", "RC-Nonce: {nonce}", "RC-Timestamp: {time}", "RC-Signature: {sig}",
			"Content-Type: application/x-www-form-urlencoded", "Content-Length: {len}"},
			"fromUserId=s&toUserId=a&objectName=RC:InfoNtf&content=%7B%22message%22:%22m%22%7D"},
		{"the scene server: RTC with its room in a header", "42", millis, []string{
			"POST /rtc/user/kick.json HTTP/1.1", "Host: x", "App-Key: {key}", "Nonce: {nonce}", "Timestamp: {time}", "Signature: {sig}",
			"Content-Type: application/json", "Room-Id: r", "Content-Length: {len}"}, `{"userId":"u","roomId":"r"}`},
		{"HTTP/1.0", "7", seconds, []string{
			"POST /user/checkOnline.json HTTP/1.0", "App-Key: {key}", "Nonce: {nonce}", "Timestamp: {time}", "Signature: {sig}",
			"Content-Type: application/x-www-form-urlencoded", "Content-Length: {len}"}, "userId=u1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := raw(t, s, c.nonce, c.timestamp, c.lines, c.body).want(t, 200)
			if a.status != 200 || a.header.Get("Content-Type") != "application/json; charset=utf-8" {
				t.Error(a.status, a.header)
			}
		})
	}
	if in := s.Inbox("c"); len(in) != 1 || in[0].From != "a" {
		t.Error(in)
	}
	if in := s.Inbox("b"); len(in) != 2 || in[1].Content != `{"content":"e"}` {
		t.Error(in)
	}
}
