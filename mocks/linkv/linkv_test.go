package linkv

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"switchboard/mocks/mock"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var testAccount = Account{
	AppID: "mockapp", AppKey: "mockkey", AppSecret: "mocksecret",
	LiveAppID: "LM6000000000000000000001", LiveAppSecret: "livesecret",
}

// rig is a server and a client that signs as the vendor's own do.
type rig struct {
	*testing.T
	*App
	url    string
	client *http.Client
}

func start(t *testing.T, change ...func(*Config)) *rig {
	t.Helper()
	cfg := Config{Account: testAccount, StartBalance: 1000, CheckAnswers: true}
	for _, f := range change {
		f(&cfg)
	}
	s, err := Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if err := s.Default().Journal.Breaches(); err != nil {
			t.Error(err)
		}
	})
	return &rig{T: t, App: s.Default(), url: s.URL, client: &http.Client{Transport: transport, Timeout: 5 * time.Second}}
}

type answer map[string]any

func (r *rig) do(req *http.Request) (answer, *http.Response) {
	r.Helper()
	res, err := r.client.Do(req)
	if err != nil {
		r.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		r.Fatal(err)
	}
	var a answer
	if strings.HasPrefix(string(b), "{") {
		if err := json.Unmarshal(b, &a); err != nil {
			r.Fatalf("%s: %v", b, err)
		}
	}
	return a, res
}

// code is what an answer says, text or number.
func (a answer) code() string {
	v, ok := a["code"]
	if !ok {
		v = a["status"]
	}
	if n, isNumber := v.(float64); isNumber {
		return strconv.Itoa(int(n))
	}
	s, _ := v.(string)
	return s
}

func imHeaders(user string, at time.Time) map[string]string {
	nonce, timestamp := "abcDEF123-qwer-ty12-ABCDEFGH1234", strconv.FormatInt(at.Unix(), 10)
	token, _ := cmimToken(nonce, timestamp, "mocksecret")
	return map[string]string{
		"appId": "mockapp", "appkey": "mockkey", "appUid": user, "nonce": nonce, "timestamp": timestamp,
		"cmimToken": token, "signature": token, "sign": imSign("mockapp", "mockkey", timestamp, nonce),
	}
}

func (r *rig) post(path string, header map[string]string, form url.Values) answer {
	r.Helper()
	req, err := http.NewRequest(http.MethodPost, r.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		r.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for name, value := range header {
		req.Header[name] = []string{value} // in the case given
	}
	a, res := r.do(req)
	if res.StatusCode != http.StatusOK {
		r.Fatalf("%s: status %d", path, res.StatusCode)
	}
	return a
}

func fields(pairs ...string) url.Values {
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return form
}

// im posts a well-signed IM call.
func (r *rig) im(path, user string, pairs ...string) answer {
	r.Helper()
	return r.post(path, imHeaders(user, r.Clock.Now()), fields(append(pairs, "appId", "mockapp")...))
}

var liveNonces int

func signed(at time.Time, pairs ...string) url.Values {
	liveNonces++
	form := fields(pairs...)
	form.Set("app_id", "LM6000000000000000000001")
	form.Set("nonce_str", "AbCdEfGh"+strconv.FormatInt(at.Unix(), 10)+strconv.Itoa(10000000+liveNonces))
	form.Set("sign", md5Hex(liveCanonical(form, leaveOutEmpty)+"&key=livesecret"))
	return form
}

func (r *rig) live(path string, pairs ...string) answer {
	r.Helper()
	return r.post(path, nil, signed(r.Clock.Now(), pairs...))
}

func (r *rig) want(a answer, code string) {
	r.Helper()
	if a.code() != code {
		r.Fatalf("code %s, want %s: %v", a.code(), code, a)
	}
}

func TestOtherTypesTurnsTextAndNumbersRound(t *testing.T) {
	for _, other := range []bool{false, true} {
		r := start(t, func(c *Config) { c.OtherTypes = other })
		token := r.im("/api/rest/getToken", "ann", "userId", "ann")
		push := r.im("/api/rest/message/converse/pushConverseData", "ann", "fromUserId", "ann", "toUserId", "bob", "content", "hi")
		coins := r.live("/open/finanv0/getUserTokens", "uid", r.Register("ann"))
		_, tokenText := token["code"].(string)
		_, pushText := push["code"].(string)
		_, liveText := coins["status"].(string)
		_, coinText := coins["data"].(map[string]any)["tokens"].(string)
		if tokenText == other || pushText != other || liveText == other || coinText == other {
			t.Fatalf("other=%t: %v %v %v", other, token, push, coins)
		}
	}
}

func TestBadInputGetsTheVendorsErrorAndNoGoText(t *testing.T) {
	r := start(t)
	for _, row := range []struct{ name, path, user, field, value, code string }{
		{"user id too long", "/api/rest/getToken", "ann", "userId", strings.Repeat("a", 65), "400"},
		{"user id with a space", "/api/rest/getToken", "ann", "userId", "a b", "400"},
		{"no user id", "/api/rest/getToken", "ann", "x", "y", "400"},
		{"minute is text", "/api/rest/user/block", "ann", "minute", "soon", "400"},
		{"no users to block", "/api/rest/user/block", "ann", "userIds", "a,,b", "400"},
		{"sender is no id", "/api/rest/room/sendRoomMessage", "a b", "roomId", "r", "400"},
	} {
		a := r.im(row.path, row.user, row.field, row.value)
		if a.code() != row.code || strings.Contains(strings.ToLower(a["msg"].(string)+""), "schema") {
			t.Fatalf("%s: %v", row.name, a)
		}
	}
	a := r.post("/api/rest/userOnlineStatus", imHeaders("ann", r.Clock.Now()), fields("appId", "other", "userId", "ann"))
	r.want(a, "400")
}

func TestUnknownPathsAndMethodsAreNotFoundPages(t *testing.T) {
	r := start(t)
	for _, row := range []struct {
		method, path string
		status       int
	}{{"POST", "/api/rest/nothing", 404}, {"GET", "/api/rest/getToken", 405}} {
		req, err := http.NewRequest(row.method, r.url+row.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, res := r.do(req); res.StatusCode != row.status {
			t.Fatal(row, res.StatusCode)
		}
	}
}

func TestFaultCodesHaveTheShapeOfTheOperation(t *testing.T) {
	r := start(t)
	openID := r.Register("ann")
	r.Faults.Next("", 3, mock.Action{Kind: mock.Code, Code: "500"})
	r.want(r.im("/api/rest/getToken", "ann", "userId", "ann"), "500")
	r.want(r.im("/api/rest/userOnlineStatus", "ann", "userId", "ann"), "500")
	live := r.live("/open/finanv0/changeGold", "uid", openID, "request_id", "r", "type", "1", "value", "1")
	if live["status"] != "500" || live["code"] != nil || r.Balance("ann") != 1000 {
		t.Fatal(live)
	}
	r.Faults.Next("wallet.adjust", 1, mock.Action{Kind: mock.Throttle})
	req, err := http.NewRequest(http.MethodPost, r.url+"/open/finanv0/changeGold", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, res := r.do(req); res.StatusCode != 429 || res.Header.Get("Retry-After") != "1" {
		t.Fatal(res)
	}
}

func TestNamespacesAreChosenByAnyOfTheirKeys(t *testing.T) {
	s, err := Start(Config{Account: testAccount})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	other, err := s.Create("other", nil)
	if err != nil {
		t.Fatal(err)
	}
	if id := other.Credential("live_app_id"); len(id) != 24 || !strings.HasPrefix(id, "LM") {
		t.Fatal(id)
	}
	again, err := New(Config{Account: testAccount})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	same, err := again.Create("other", nil)
	if err != nil || same.Credential("app_secret") != other.Credential("app_secret") {
		t.Fatal("the seed does not decide", err)
	}
}
