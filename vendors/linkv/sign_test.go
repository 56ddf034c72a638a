package linkv

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"switchboard/vendors"
	"switchboard/vendors/upstream"
)

// vectorForm is the vector of docs/vendors/linkv.md#live-signing.
func vectorForm() url.Values {
	return url.Values{
		"app_id": {"LM6000000000000000000001"}, "expriation": {"1700086400"},
		"nonce_str": {"AbCdEfGh1700000000StUvWxYz"}, "reason": {"礼物 a+b&c"},
		"request_id": {"6000000000000000000001-AbCdEfGhI"}, "type": {"1"},
		"uid": {"115213496111983232934"}, "value": {"10"},
	}
}

const vectorSign = "a0395acee174407ec703bdaf4eaa5864"

// TestSignaturesAreThoseOfTheReference holds the vectors of
// docs/vendors/linkv.md#im-signing and docs/vendors/linkv.md#live-signing.
func TestSignaturesAreThoseOfTheReference(t *testing.T) {
	const nonce, timestamp = "abcDEF123-qwer-ty12-ABCDEFGH1234", "1700000000"
	if got := cmimToken(nonce, timestamp, "mocksecret"); got != "bd46648865703ae261fb0266a9036be6" {
		t.Errorf("cmimToken %s", got)
	}
	if got := imSign("mockapp", "mockkey", timestamp, nonce); got != "B4A54B7D03F5984B72B4DC57AAF17DB3A62F998B" {
		t.Errorf("sign %s", got)
	}
	if got := liveSign(fieldsOf(vectorForm()), "livesecret"); got != vectorSign {
		t.Errorf("live sign %s", got)
	}
}

func TestLiveSignatureLeavesOutEmptyFieldsAndItself(t *testing.T) {
	form := vectorForm()
	form.Set("channel", "")
	form.Set("sign", "anything")
	if got := liveSign(fieldsOf(form), "livesecret"); got != vectorSign {
		t.Errorf("live sign %s", got)
	}
	form.Set("Reason", "names are case sensitive")
	if got := liveSign(fieldsOf(form), "livesecret"); got == vectorSign {
		t.Errorf("a field more, and the same signature")
	}
}

func TestEveryAttemptIsSignedAfreshWithTheVendorsTime(t *testing.T) {
	a := &adapter{cfg: Config{AppID: "mockapp", AppKey: "mockkey", AppSecret: "mocksecret", LiveAppID: "LM1", LiveAppSecret: "livesecret"}}
	now := time.Unix(1700000000, 0)
	seen := map[string]bool{}
	for range 50 {
		im := upstream.Request{Now: now}
		a.signIM("u1")(&im)
		h := im.Header
		if h.Get("Timestamp") != "1700000000" || h.Get("Appuid") != "u1" || h.Get("Appid") != "mockapp" || h.Get("Appkey") != "mockkey" {
			t.Fatalf("headers %v", h)
		}
		if want := cmimToken(h.Get("Nonce"), "1700000000", "mocksecret"); h.Get("Cmimtoken") != want || h.Get("Signature") != want {
			t.Fatalf("cmimToken %s, signature %s, want both %s", h.Get("Cmimtoken"), h.Get("Signature"), want)
		}
		live := upstream.Request{Form: upstream.Fields{{"uid", "9"}}, Now: now}
		a.signLive(&live)
		nonce := live.Form.Get("nonce_str")
		if len(nonce) != 26 || nonce[8:18] != "1700000000" || live.Form.Get("sign") != liveSign(live.Form, "livesecret") {
			t.Fatalf("form %v", live.Form)
		}
		if seen[nonce] || seen[h.Get("Nonce")] {
			t.Fatalf("a nonce came twice")
		}
		seen[nonce], seen[h.Get("Nonce")] = true, true
	}
}

func TestExplainShowsWhatIsHashedAndNoSecret(t *testing.T) {
	cfg := Config{AppID: "mockapp", AppKey: "mockkey", AppSecret: "mocksecret", LiveAppSecret: "livesecret"}
	now := time.Unix(1700000412, 0)
	live := Explain(cfg, vendors.SignInput{Values: vectorForm(), Signature: strings.ToUpper(vectorSign), Now: now})
	if len(live) != 1 || live[0].Digest != vectorSign || live[0].Age != 412*time.Second {
		t.Fatalf("live: %+v", live)
	}
	if len(live[0].Problems) != 1 || !strings.Contains(live[0].Problems[0], "6m52s off") {
		t.Errorf("live problems %q", live[0].Problems)
	}
	im := Explain(cfg, vendors.SignInput{
		Values:    url.Values{"nonce": {"abcDEF123-qwer-ty12-ABCDEFGH1234"}, "timestamp": {"1700000000"}},
		Signature: "wrong", Now: now, Date: now.Add(-time.Minute),
	})
	if len(im) != 2 || im[0].Digest != "bd46648865703ae261fb0266a9036be6" || im[1].Digest != "B4A54B7D03F5984B72B4DC57AAF17DB3A62F998B" {
		t.Fatalf("im: %+v", im)
	}
	if im[0].Canonical != "1700000000abcDEF123-qwer-ty12-ABCDEFGH1234[secret of 10 bytes]" || im[0].Skew != -time.Minute {
		t.Errorf("canonical %q, skew %s", im[0].Canonical, im[0].Skew)
	}
	if len(im[0].Problems) != 1 || len(im[1].Problems) != 0 {
		t.Errorf("im problems %q and %q", im[0].Problems, im[1].Problems)
	}
	for _, e := range append(im, live...) {
		if text := e.String(); strings.Contains(text, "mocksecret") || strings.Contains(text, "livesecret") {
			t.Errorf("a secret shows:\n%s", text)
		}
	}
	bad := Explain(cfg, vendors.SignInput{Values: url.Values{"nonce_str": {"short"}}, Now: now})
	if len(bad[0].Problems) != 1 || !bad[0].At.IsZero() {
		t.Errorf("a nonce without a time: %+v", bad[0])
	}
}
