package rongcloud_test

import (
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"switchboard/mocks/mock"
	"switchboard/mocks/rongcloud"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	testKey    = "uwd1c0sxdlx2"
	testSecret = "Y1W2MeFwwwRxa0"
)

// start serves a mock with known credentials, and holds every answer it gave
// against the openapi at the end.
func start(t *testing.T, cfg rongcloud.Config) *rongcloud.Server {
	t.Helper()
	cfg.AppKey, cfg.AppSecret, cfg.CheckAnswers = testKey, testSecret, true
	s, err := rongcloud.Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, e := range s.Journal.Find(mock.Filter{}) {
			if e.Breach != "" {
				t.Errorf("%s answered %s: %s", e.Op, e.Answer, e.Breach)
			}
			if strings.Contains(e.Refused, "panicked") {
				t.Errorf("%s: %s", e.Op, e.Refused)
			}
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	code   int
	body   map[string]any
	raw    string
}

var nonces atomic.Int64

// sign sets the headers as the Go SDK does: seconds and a long decimal nonce.
func sign(r *http.Request) {
	nonce := strconv.FormatInt(5577006791947779410+nonces.Add(1), 10)
	signWith(r, "", nonce, strconv.FormatInt(time.Now().Unix(), 10))
}

func signWith(r *http.Request, prefix, nonce, timestamp string) {
	sum := sha1.Sum([]byte(testSecret + nonce + timestamp))
	r.Header.Set(prefix+"App-Key", testKey)
	r.Header.Set(prefix+"Nonce", nonce)
	r.Header.Set(prefix+"Timestamp", timestamp)
	r.Header.Set(prefix+"Signature", hex.EncodeToString(sum[:]))
}

func do(t *testing.T, r *http.Request) answer {
	t.Helper()
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := answer{status: res.StatusCode, header: res.Header, raw: string(raw)}
	if err := json.Unmarshal(raw, &a.body); err != nil {
		t.Fatalf("%s %s answered no JSON object: %s", r.Method, r.URL.Path, raw)
	}
	code, ok := a.body["code"].(float64)
	if !ok {
		t.Fatalf("%s has no numeric code: %s", r.URL.Path, raw)
	}
	a.code = int(code)
	return a
}

func request(t *testing.T, method, target, contentType, body string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Close = true
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	return r
}

// form makes a form call; pairs are names and values in turn, names repeat.
func form(t *testing.T, s *rongcloud.Server, path string, pairs ...string) answer {
	t.Helper()
	var b bytes.Buffer
	for i := 0; i < len(pairs); i += 2 {
		fmt.Fprintf(&b, "&%s=%s", url.QueryEscape(pairs[i]), url.QueryEscape(pairs[i+1]))
	}
	r := request(t, http.MethodPost, s.URL+path+".json", "application/x-www-form-urlencoded", strings.TrimPrefix(b.String(), "&"))
	sign(r)
	return do(t, r)
}

// call makes a JSON call.
func call(t *testing.T, s *rongcloud.Server, method, path string, body any) answer {
	t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	r := request(t, method, s.URL+path, "application/json", string(b))
	sign(r)
	return do(t, r)
}

func (a answer) want(t *testing.T, code int) answer {
	t.Helper()
	if a.code != code {
		t.Fatalf("code %d, want %d: %s", a.code, code, a.raw)
	}
	return a
}

// object is a JSON object in a test.
type object map[string]any

const hello = `{"content":"hello"}`

// The same seed and the same calls give the same tokens, ids and order.
func TestASeedRepeatsEverything(t *testing.T) {
	play := func(seed uint64) string {
		s := start(t, rongcloud.Config{Seed: seed})
		var out []string
		for range 2 {
			out = append(out, fmt.Sprint(form(t, s, "/user/getToken", "userId", "a", "name", "A").body["token"]))
		}
		form(t, s, "/chatroom/create_new", "chatroomId", "r", "entryOwnerId", "a", "entryInfo", `{"c":"3","a":"1","b":"2"}`).want(t, 200)
		for _, e := range form(t, s, "/chatroom/entry/query", "chatroomId", "r").want(t, 200).body["keys"].([]any) {
			out = append(out, fmt.Sprint(e.(map[string]any)["key"]))
		}
		out = append(out, form(t, s, "/message/private/publish", "fromUserId", "a", "toUserId", "b", "objectName", "RC:TxtMsg", "content", hello).raw)
		return strings.Join(out, " ")
	}
	one, again, other := play(1), play(1), play(2)
	if one != again {
		t.Errorf("seed 1 gave\n%s\nand then\n%s", one, again)
	}
	if one == other {
		t.Error("two seeds gave the same")
	}
}
