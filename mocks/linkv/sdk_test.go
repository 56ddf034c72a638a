package linkv

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// sdkCall is a request in the shape of one of the vendor's own clients, and
// what that client does with the answer.
type sdkCall struct {
	sdk    string
	method string
	path   string
	header map[string]string
	query  url.Values
	form   url.Values
	read   func(t *testing.T, contentType string, body []byte)
}

// The Go client's types, which refuse text for a number and the other way round.
func readsGoIM(t *testing.T, _ string, body []byte) {
	var out struct {
		ID   string `json:"requestID"`
		Code int    `json:"code"`
	}
	if err := json.Unmarshal(body, &out); err != nil || out.Code != 200 || out.ID == "" {
		t.Errorf("%v: %s", err, body)
	}
}

func readsGoToken(t *testing.T, _ string, body []byte) {
	var out struct {
		Code  string `json:"code"`
		Token string `json:"token"`
	}
	if err := json.Unmarshal(body, &out); err != nil || out.Code != "200" || out.Token == "" {
		t.Errorf("%v: %s", err, body)
	}
}

func readsGoCoins(t *testing.T, _ string, body []byte) {
	var out struct {
		Status int `json:"status,string"`
		Data   struct {
			Coins    int64  `json:"livemeTokens,string"`
			Renamed  int64  `json:"tokens,string"`
			Migrated string `json:"isMigrate"`
		} `json:"data"`
	}
	if err := json.Unmarshal(body, &out); err != nil || out.Status != 200 || out.Data.Coins != 1000 || out.Data.Renamed != 1000 {
		t.Errorf("%v: %s", err, body)
	}
}

// The Node client's HTTP library decodes what is labelled JSON. The client
// relies on that for IM answers, and decodes live answers itself.
func readsNodeIM(t *testing.T, contentType string, body []byte) {
	if !strings.HasPrefix(contentType, "application/json") {
		t.Error(contentType)
	}
	readsGoIM(t, contentType, body)
}

func readsNodeLive(t *testing.T, contentType string, body []byte) {
	var out struct{ Status any }
	if strings.Contains(contentType, "json") || json.Unmarshal(body, &out) != nil || out.Status != "200" {
		t.Errorf("%s: %s", contentType, body)
	}
}

func readsOpenID(t *testing.T, _ string, body []byte) {
	var out struct {
		Status string
		Data   struct{ Token, OpenID, Im_token string }
	}
	if json.Unmarshal(body, &out) != nil || out.Status != "200" || out.Data.Token == "" || len(out.Data.OpenID) != 21 || out.Data.Im_token == "" {
		t.Errorf("%s", body)
	}
}

func without(header map[string]string, names ...string) map[string]string {
	for _, name := range names {
		delete(header, name)
	}
	return header
}

func renamed(header map[string]string, from, to string) map[string]string {
	header[to] = header[from]
	delete(header, from)
	return header
}

func sdkCalls(openID string, now time.Time) []sdkCall {
	im := func() map[string]string { return imHeaders("ann", now) }
	push := fields("fromUserId", "ann", "toUserId", "bob", "objectName", "RC:textMsg", "content", "hi", "appId", "mockapp")
	const pushPath, orderPath, coinsPath = "/api/rest/message/converse/pushConverseData", "/open/finanv0/orderSuccess", "/open/finanv0/getUserTokens"
	order := func(pairs ...string) url.Values {
		return signed(now, append([]string{"uid", openID, "type", "1", "value", "1", "money", "1", "platform", "h5"}, pairs...)...)
	}
	emptySigned := signedAs(now, "app_id=%s&channel=&money=1&nonce_str=%s&platform=h5&request_id=go&type=1&uid="+openID+"&value=1",
		"uid", openID, "type", "1", "value", "1", "money", "1", "platform", "h5", "request_id", "go", "channel", "")
	return []sdkCall{
		{sdk: "Go token", path: "/api/rest/getToken", header: im(), form: fields("userId", "ann"), read: readsGoToken},
		{sdk: "Go push, a week-old timestamp", path: "/api/rest/message/v1/converse/pushConverseData", header: without(imHeaders("operator", now.Add(-7*24*time.Hour)), "signature"), form: push, read: readsGoIM},
		{sdk: "Go coins, by GET", method: http.MethodGet, path: coinsPath, query: signed(now, "uid", openID), read: readsGoCoins},
		{sdk: "Java and C# push", path: pushPath, header: without(im(), "signature"), form: push, read: readsGoIM},
		{sdk: "Python push, no appUid", path: pushPath, header: without(im(), "signature", "appUid"), form: push, read: readsGoIM},
		{sdk: "Node push, appKey and no appUid", path: pushPath, header: without(renamed(im(), "appkey", "appKey"), "signature", "appUid"), form: push, read: readsNodeIM},
		{sdk: "Dart push, all in the query", path: pushPath, header: without(im(), "signature", "appUid"), query: push, read: readsGoIM},
		{sdk: "PHP composer register", path: "/open/v0/thGetToken", form: signed(now, "userId", "new", "aid", "x", "name", "N", "portraitUri", "p", "country_code", "SG"), read: readsOpenID},
		{sdk: "Node coins", path: coinsPath, form: signed(now, "uid", openID), read: readsNodeLive},
		{sdk: "Go order, an empty channel signed", path: orderPath, form: emptySigned, read: readsNodeLive},
		{sdk: "Node order, two numbers run together", path: orderPath, form: order("request_id", "node", "expriation", "179522032586400"), read: readsNodeLive},
		{sdk: "Python order, a float", path: orderPath, form: order("request_id", "py", "expriation", "1795306725.0"), read: readsNodeLive},
		{sdk: "Dart order, all in the query", path: orderPath, query: order("request_id", "dart"), read: readsNodeLive},
	}
}

func TestRequestsInTheShapeOfEachSDKAreServed(t *testing.T) {
	r := start(t)
	openID := r.Register("ann")
	for _, call := range sdkCalls(openID, r.Clock.Now()) {
		t.Run(call.sdk, func(t *testing.T) {
			if call.method == "" {
				call.method = http.MethodPost
			}
			req, err := http.NewRequest(call.method, r.url+call.path+"?"+call.query.Encode(), strings.NewReader(call.form.Encode()))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			for name, value := range call.header {
				req.Header[name] = []string{value}
			}
			res, err := r.client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			body, err := io.ReadAll(res.Body)
			if err != nil {
				t.Fatal(err)
			}
			call.read(t, res.Header.Get("Content-Type"), body)
		})
	}
}
