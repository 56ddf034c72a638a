package linkv

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
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

func TestSignaturesMatchTheReferenceVectors(t *testing.T) {
	token, canonical := cmimToken("abcDEF123-qwer-ty12-ABCDEFGH1234", "1700000000", "mocksecret")
	if token != "bd46648865703ae261fb0266a9036be6" || canonical != "1700000000abcDEF123-qwer-ty12-ABCDEFGH1234<secret>" {
		t.Error(token, canonical)
	}
	if got := imSign("mockapp", "mockkey", "1700000000", "abcDEF123-qwer-ty12-ABCDEFGH1234"); got != "B4A54B7D03F5984B72B4DC57AAF17DB3A62F998B" {
		t.Error(got)
	}
	form := fields("app_id", "LM6000000000000000000001", "expriation", "1700086400", "nonce_str", "AbCdEfGh1700000000StUvWxYz",
		"reason", "礼物 a+b&c", "request_id", "6000000000000000000001-AbCdEfGhI", "type", "1", "uid", "115213496111983232934",
		"value", "10", "sign", "left out", "channel", "")
	if got := md5Hex(liveCanonical(form, leaveOutEmpty) + "&key=livesecret"); got != "a0395acee174407ec703bdaf4eaa5864" {
		t.Error(got)
	}
}

func TestGetTokenWantsEveryCredentialRight(t *testing.T) {
	for _, row := range []struct {
		name   string
		change func(h map[string]string, now time.Time)
		code   string
		reason string
	}{
		{"as the clients send it", func(map[string]string, time.Time) {}, "200", ""},
		{"canonical header names", func(h map[string]string, _ time.Time) {
			for name, value := range maps.Clone(h) {
				delete(h, name)
				h[http.CanonicalHeaderKey(name)] = value
			}
		}, "200", ""},
		{"lower-case sign", func(h map[string]string, _ time.Time) { h["sign"] = strings.ToLower(h["sign"]) }, "200", ""},
		{"no cmimToken, as the portal has it", func(h map[string]string, _ time.Time) { delete(h, "cmimToken") }, "200", ""},
		{"the older PHP client", func(h map[string]string, _ time.Time) {
			h["sign"] = h["signature"]
			delete(h, "cmimToken")
			delete(h, "appId")
			delete(h, "appUid")
		}, "200", ""},
		{"signature as the document says", func(h map[string]string, _ time.Time) { h["signature"] = h["sign"] }, "401", "signature is sign, and has to be cmimToken"},
		{"no signature", func(h map[string]string, _ time.Time) { delete(h, "signature") }, "401", "signature does not match: another secret"},
		{"another secret", func(h map[string]string, _ time.Time) {
			h["cmimToken"], _ = cmimToken(h["nonce"], h["timestamp"], "other")
		}, "401", "cmimToken does not match: another secret"},
		{"wrong sign", func(h map[string]string, _ time.Time) { h["sign"] = "00" }, "401", "sign does not match"},
		{"no nonce", func(h map[string]string, _ time.Time) { delete(h, "nonce") }, "401", "nonce is missing"},
		{"another app id", func(h map[string]string, _ time.Time) { h["appId"] = "other" }, "401", "appId is not this account's"},
		{"unknown app key", func(h map[string]string, _ time.Time) { h["appkey"] = "other" }, "602", "no namespace has these credentials"},
		{"seven days old", func(h map[string]string, now time.Time) {
			maps.Copy(h, imHeaders("ann", now.Add(-7*24*time.Hour)))
		}, "200", ""},
		{"eight days old", func(h map[string]string, now time.Time) {
			maps.Copy(h, imHeaders("ann", now.Add(-8*24*time.Hour)))
		}, "401", "timestamp 691200 s old"},
		{"an hour ahead", func(h map[string]string, now time.Time) { maps.Copy(h, imHeaders("ann", now.Add(time.Hour))) }, "401", "timestamp 3600 s ahead"},
		{"milliseconds", func(h map[string]string, now time.Time) { h["timestamp"] = strconv.FormatInt(now.UnixMilli(), 10) }, "401", "s ahead"},
		{"no timestamp", func(h map[string]string, _ time.Time) { delete(h, "timestamp") }, "401", "timestamp is not in whole seconds"},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := start(t)
			now := time.Unix(1800000000, 0)
			r.Clock.Set(now.Add(100 * time.Millisecond))
			h := imHeaders("ann", now)
			row.change(h, now)
			a := r.post("/api/rest/getToken", h, fields("userId", "ann"))
			r.want(a, row.code)
			e, _ := r.Journal.Last(mock.Filter{})
			if !strings.Contains(e.Refused, row.reason) || strings.Contains(e.Signature.Canonical+e.Refused, "mocksecret") {
				t.Fatalf("journal: %+v", e)
			}
			if row.code == "200" && (a["code"] != "200" || r.TokenUser(a["token"].(string)) != "ann") {
				t.Fatal(a)
			}
		})
	}
}

func TestDocSignatureTakesTheDocumentsRule(t *testing.T) {
	r := start(t, func(c *Config) { c.DocSignature = true })
	h := imHeaders("ann", r.Clock.Now())
	h["signature"] = h["sign"]
	r.want(r.post("/api/rest/getToken", h, fields("userId", "ann")), "200")
}

func TestACallIsGoodWithTheDigestOrWithTheUsersToken(t *testing.T) {
	r := start(t, func(c *Config) { c.TokenTTL = time.Hour })
	token := r.im("/api/rest/getToken", "ann", "userId", "ann")["token"].(string)
	push := func(user, token string) answer {
		h := imHeaders(user, r.Clock.Now())
		h["cmimToken"] = token
		return r.post("/api/rest/message/converse/pushConverseData", h, fields("appId", "mockapp", "fromUserId", user, "toUserId", "bob", "content", "hi"))
	}
	r.want(push("ann", token), "200")
	r.want(push("eve", token), "403")
	r.want(push("ann", ""), "403")
	r.Clock.Advance(2 * time.Hour)
	r.want(push("ann", token), "403")
	if got := len(r.Inbox("bob")); got != 1 {
		t.Fatalf("%d messages arrived", got)
	}
}

func TestCredentialsMayStandInTheQuery(t *testing.T) {
	r := start(t)
	q := url.Values{}
	for name, value := range imHeaders("ann", r.Clock.Now()) {
		q.Set(name, value)
	}
	r.want(r.post("/api/rest/getToken?"+q.Encode(), nil, fields("userId", "ann")), "200")
}

func TestTheOlderAPIIsSignedByHeadersAndAForm(t *testing.T) {
	r := start(t)
	r.Clock.Set(time.Unix(1800000000, 0))
	body := "appId=mockapp&from=ann&to=bob&objectName=RC%3AtextMsg&content=a+b&pushContent="
	text, headers := hex.EncodeToString, sha1Sum("mockapp|mockkey|1800000000|{N-1}")
	if short(headers) == text(headers) && short(hmacSum("mockkey", body)) == text(hmacSum("mockkey", body)) {
		t.Fatal("no byte here has a leading zero to lose")
	}
	for _, row := range []struct{ name, method, header, form, appID, code string }{
		{"GET, as its client does", http.MethodGet, text(headers), text(hmacSum("mockkey", body)), "mockapp", "200"},
		{"POST", http.MethodPost, text(headers), text(hmacSum("mockkey", body)), "mockapp", "200"},
		{"hex without leading zeros", http.MethodGet, short(headers), short(hmacSum("mockkey", body)), "mockapp", "200"},
		{"another key", http.MethodGet, text(headers), text(hmacSum("other", body)), "mockapp", "403"},
		{"no form sign", http.MethodPost, text(headers), "", "mockapp", "403"},
		{"wrong header sign", http.MethodGet, text(headers[:19]), text(hmacSum("mockkey", body)), "mockapp", "403"},
		{"another app", http.MethodGet, text(headers), text(hmacSum("mockkey", body)), "other", "403"},
	} {
		t.Run(row.name, func(t *testing.T) {
			signed, url, sent := body+"&sign="+row.form, r.url+"/task/rest/mockapp/converse/pushSysMsg", io.Reader(nil)
			if row.method == http.MethodGet {
				url += "?" + signed
			} else {
				sent = strings.NewReader(signed)
			}
			req, err := http.NewRequest(row.method, url, sent)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			for name, value := range map[string]string{"appId": row.appID, "timestamp": "1800000000", "nonce": "{N-1}", "sign": row.header} {
				req.Header.Set(name, value)
			}
			before := len(r.Inbox("bob"))
			a, _ := r.do(req)
			r.want(a, row.code)
			if arrived := len(r.Inbox("bob")) - before; (arrived == 1) != (row.code == "200") {
				t.Fatalf("%d arrived", arrived)
			}
		})
	}
	if m := r.Inbox("bob")[0]; m.Kind != "system" || m.From != "ann" || m.Content != "a b" {
		t.Fatal(m)
	}
}

func sha1Sum(text string) []byte {
	sum := sha1.Sum([]byte(text))
	return sum[:]
}

func hmacSum(key, text string) []byte {
	h := hmac.New(sha256.New, []byte(key))
	h.Write([]byte(text))
	return h.Sum(nil)
}

// short is hex as the vendor's PHP client writes it.
func short(digest []byte) (text string) {
	for _, b := range digest {
		text += fmt.Sprintf("%x", b)
	}
	return text
}

func TestLiveSignaturesOfEveryClientPass(t *testing.T) {
	r := start(t)
	openID := r.Register("ann")
	now := r.Clock.Now()
	secret := "&key=livesecret"
	for _, row := range []struct {
		name   string
		form   func() url.Values
		code   string
		reason string
	}{
		{"the document's", func() url.Values { return signed(now, "uid", openID, "channel", "") }, "200", ""},
		{"empty values signed", func() url.Values {
			f := signed(now, "uid", openID, "channel", "")
			f.Set("sign", md5Hex(liveCanonical(f, liveVariants[1])+secret))
			return f
		}, "200", ""},
		{"zero left out", func() url.Values {
			f := signed(now, "uid", openID, "sex", "0")
			f.Set("sign", md5Hex(liveCanonical(f, liveVariants[2])+secret))
			return f
		}, "200", ""},
		{"unescaped twice", func() url.Values {
			f := signed(now, "uid", openID, "reason", "a+b")
			f.Set("sign", md5Hex(liveCanonical(f, liveVariants[3])+secret))
			return f
		}, "200", ""},
		{"short random parts", func() url.Values {
			f := signed(now, "uid", openID)
			f.Set("nonce_str", "abcdef"+strconv.FormatInt(now.Unix(), 10)+"x")
			f.Set("sign", md5Hex(liveCanonical(f, leaveOutEmpty)+secret))
			return f
		}, "200", ""},
		{"five minutes old", func() url.Values { return signed(now.Add(-295*time.Second), "uid", openID) }, "200", ""},
		{"older", func() url.Values { return signed(now.Add(-412*time.Second), "uid", openID) }, "403", "timestamp 412 s old"},
		{"ahead", func() url.Values { return signed(now.Add(412*time.Second), "uid", openID) }, "403", "s ahead"},
		{"no time", func() url.Values {
			f := signed(now, "uid", openID)
			f.Set("nonce_str", "abc")
			return f
		}, "403", "nonce_str has no time in it"},
		{"another value", func() url.Values { f := signed(now, "uid", openID); f.Set("x", "y"); return f }, "403", "sign does not match"},
		{"another app", func() url.Values { f := signed(now, "uid", openID); f.Set("app_id", "LM1"); return f }, "403", "no namespace"},
	} {
		t.Run(row.name, func(t *testing.T) {
			r.want(r.post("/open/finanv0/getUserTokens", nil, row.form()), row.code)
			if e, _ := r.Journal.Last(mock.Filter{}); !strings.Contains(e.Refused, row.reason) || strings.Contains(e.Signature.Canonical, "livesecret") {
				t.Fatalf("journal: %+v", e)
			}
		})
	}
}

func TestAnIdenticalRetryPassesAndAUsedNonceDoesNot(t *testing.T) {
	r := start(t)
	openID := r.Register("ann")
	form := signed(r.Clock.Now(), "uid", openID, "request_id", "r1", "type", "1", "value", "5")
	for range 3 {
		r.want(r.post("/open/finanv0/changeGold", nil, form), "200")
	}
	other := maps.Clone(form)
	other.Set("value", "6")
	other.Set("sign", md5Hex(liveCanonical(other, leaveOutEmpty)+"&key=livesecret"))
	r.want(r.post("/open/finanv0/changeGold", nil, other), "403")
	if got := r.Balance("ann"); got != 1005 {
		t.Fatal(got)
	}
}

func TestLiveCallsTakeGetAndPostAndFormAndQuery(t *testing.T) {
	r := start(t)
	openID := r.Register("ann")
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		req, err := http.NewRequest(method, r.url+"//open//finanv0/getUserTokens?"+signed(r.Clock.Now(), "uid", openID).Encode(), nil)
		if err != nil {
			t.Fatal(err)
		}
		a, res := r.do(req)
		r.want(a, "200")
		data := a["data"].(map[string]any)
		if data["tokens"] != "1000" || a["status"] != "200" || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") {
			t.Fatal(a, res.Header)
		}
	}
	form := signed(r.Clock.Now(), "uid", openID)
	query := url.Values{"uid": form["uid"], "sign": form["sign"]}
	delete(form, "uid")
	delete(form, "sign")
	r.want(r.post("/open/finanv0/getUserTokens?"+query.Encode(), nil, form), "200")
}

func TestCoinsChangeOncePerRequestID(t *testing.T) {
	r := start(t)
	openID := r.Register("ann")
	for _, row := range []struct {
		name, uid, id, kind, value, code string
		coins                            int64
	}{
		{"add", openID, "r1", "1", "10", "200", 1010},
		{"again", openID, "r1", "1", "10", "200", 1010},
		{"other value", openID, "r1", "1", "11", "9013", 1010},
		{"other direction", openID, "r1", "2", "10", "9013", 1010},
		{"remove", openID, "r2", "2", "1000", "200", 10},
		{"too much", openID, "r3", "2", "11", "9012", 10},
		{"the refused id again", openID, "r3", "2", "10", "200", 0},
		{"unknown user", "123", "r4", "1", "1", "9011", 0},
		{"no amount", openID, "r5", "1", "0", "400", 0},
		{"negative", openID, "r5", "1", "-5", "400", 0},
		{"over what is countable", openID, "r5", "1", "999999999999999999", "200", 999999999999999999},
		{"unknown type", openID, "r6", "3", "1", "400", 999999999999999999},
	} {
		a := r.live("/open/finanv0/changeGold", "uid", row.uid, "request_id", row.id, "type", row.kind, "value", row.value)
		if a.code() != row.code || r.Balance(openID) != row.coins {
			t.Fatalf("%s: %v, balance %d", row.name, a, r.Balance(openID))
		}
		if row.code != "200" && (len(a["data"].([]any)) != 0 || a["msg"] == "") {
			t.Fatalf("%s: %v", row.name, a)
		}
	}
}

func TestAnOrderAnswersTheBalance(t *testing.T) {
	r := start(t)
	openID := r.Register("ann")
	order := []string{"uid", openID, "request_id", "r1", "type", "1", "value", "10", "order_id", "o1", "expriation", "1795306725.0", "money", "99", "channel", "", "platform", "ios"}
	for range 2 {
		a := r.live("/open/finanv0/orderSuccess", order...)
		r.want(a, "200")
		if a["data"].(map[string]any)["tokens"] != "1010" {
			t.Fatal(a)
		}
	}
	r.want(r.live("/open/finanv0/orderSuccess", append(order, "order_id", "")...), "200")
	r.want(r.live("/open/finanv0/orderSuccess", append(order, "platform", "tv")...), "400")
	r.want(r.live("/open/finanv0/changeGold", "uid", openID, "request_id", "r1", "type", "1", "value", "10"), "9013")
}

func TestTheAmbiguousEventPathIsToldApartByItsFields(t *testing.T) {
	r := start(t)
	openID := r.Register("ann")
	gold := r.live("/api/rest/sendEventMsg", "uid", openID, "request_id", "r1", "type", "2", "value", "100")
	r.want(gold, "200")
	if gold["status"] != "200" || gold["code"] != nil || r.Balance("ann") != 900 {
		t.Fatal(gold, r.Balance("ann"))
	}
	r.want(r.live("/open/finanv0/changeGold", "uid", openID, "request_id", "r1", "type", "2", "value", "100"), "200")
	event := r.im("/api/rest/sendEventMsg", "ann", "fromUserId", "ann", "toUserId", "bob", "objectName", "x", "content", "c")
	r.want(event, "200")
	r.want(r.im("/api/rest/sendEventMsg?nonce_str=x", "ann", "fromUserId", "ann", "toUserId", "cid", "content", "c"), "200")
	if got := r.Inbox("bob"); r.Balance("ann") != 900 || len(got) != 1 || got[0].Kind != "event" {
		t.Fatal(got, r.Balance("ann"))
	}
}

func TestTheLiveSideWantsNameAndPortraitTheFirstTime(t *testing.T) {
	r := start(t)
	r.want(r.live("/open/v0/thGetToken", "userId", "ann", "aid", "x"), "400")
	r.want(r.live("/open/v0/thGetToken", "userId", "ann", "aid", "x", "name", strings.Repeat("n", 129), "portraitUri", "p"), "400")
	first := r.live("/open/v0/thGetToken", "userId", "ann", "aid", "x", "name", "Ann", "portraitUri", "p")
	r.want(first, "200")
	again := r.live("/open/v0/thGetToken", "userId", "ann")
	r.want(again, "200")
	one, two := first["data"].(map[string]any), again["data"].(map[string]any)
	if one["openId"] != two["openId"] || len(one["openId"].(string)) != 21 || one["token"] == two["token"] || one["aid"] != "x" {
		t.Fatal(one, two)
	}
	if r.TokenUser(one["im_token"].(string)) != "ann" || r.Balance("ann") != 1000 {
		t.Fatal("the IM token or the first coins are missing")
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
