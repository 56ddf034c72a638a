package linkv

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"switchboard/mocks/mock"
)

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
			if data, list := a["data"].([]any); row.code != "200" && (a["code"] != row.code || !list || len(data) != 0) {
				t.Fatal("a failure has its code as text and an empty list: ", a)
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
	for _, row := range []struct {
		name   string
		form   func() url.Values
		code   string
		reason string
	}{
		{"the document's", func() url.Values { return signed(now, "uid", openID, "channel", "") }, "200", ""},
		{"empty values signed", func() url.Values {
			return signedAs(now, "app_id=%s&channel=&nonce_str=%s&uid="+openID, "uid", openID, "channel", "")
		}, "200", ""},
		{"zero left out", func() url.Values {
			return signedAs(now, "app_id=%s&nonce_str=%s&uid="+openID, "uid", openID, "sex", "0")
		}, "200", ""},
		{"unescaped twice", func() url.Values {
			return signedAs(now, "app_id=%s&nonce_str=%s&reason=a b&uid="+openID, "uid", openID, "reason", "a+b")
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

// signedAs signs the text that a client makes of its fields, whose app_id and
// nonce_str are left open.
func signedAs(at time.Time, text string, pairs ...string) url.Values {
	form := signed(at, pairs...)
	form.Set("sign", md5Hex(fmt.Sprintf(text, form.Get("app_id"), form.Get("nonce_str"))+"&key=livesecret"))
	return form
}

func TestANonceMayHaveItsTimeAnywhereNearTheFront(t *testing.T) {
	r := start(t)
	openID := r.Register("ann")
	now := r.Clock.Now()
	for length := range 10 {
		form := signed(now, "uid", openID)
		form.Set("nonce_str", "abcdefghi"[:length]+strconv.FormatInt(now.Unix(), 10)+"x")
		form.Set("sign", md5Hex(liveCanonical(form, leaveOutEmpty)+"&key=livesecret"))
		want := "200"
		if length > 8 {
			want = "403"
		}
		r.want(r.post("/open/finanv0/getUserTokens", nil, form), want)
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
