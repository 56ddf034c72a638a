package linkv

import (
	"errors"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"switchboard/vendors"
	"switchboard/vendors/upstream"
)

// script answers by path and keeps the forms that came in.
type script struct {
	answers map[string]func(url.Values) string

	mu   sync.Mutex // guards seen
	seen map[string][]url.Values
}

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	s.mu.Lock()
	s.seen[r.URL.Path] = append(s.seen[r.URL.Path], r.PostForm)
	s.mu.Unlock()
	w.Header().Set("Content-Type", "text/plain") // never to be trusted
	_, _ = io.WriteString(w, s.answers[r.URL.Path](r.PostForm))
}

func (s *script) forms(path string) []url.Values {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen[path]
}

const (
	registerPath = "/open/v0/thGetToken"
	goldPath     = "/open/finanv0/changeGold"
	balancePath  = "/open/finanv0/getUserTokens"
)

func always(body string) func(url.Values) string { return func(url.Values) string { return body } }

const registered = `{"status":"200","data":{"token":"t","openId":"115213496111983232934"}}`

func liveVendor(t *testing.T, answers map[string]func(url.Values) string) (*vendors.Vendor, *script) {
	t.Helper()
	s := &script{answers: answers, seen: map[string][]url.Values{}}
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	v, err := Open("linkv", Config{
		LiveAppID: "LM1", LiveAppSecret: "livesecret", BaseURL: srv.URL,
		AID: "aid", Portrait: "https://portraits.example/none.png", CoinDays: 91,
	}, upstream.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Close)
	return v, s
}

func TestUserWhomLinkVHasNeverSeenIsRegisteredWithStandIns(t *testing.T) {
	v, s := liveVendor(t, map[string]func(url.Values) string{
		registerPath: func(f url.Values) string {
			if f.Get("name") == "" || f.Get("portraitUri") == "" {
				return `{"status":"400","msg":"name","data":[]}`
			}
			return registered
		},
		balancePath: always(`{"status":200,"data":{"tokens":"12"}}`),
	})
	for range 3 {
		if n, err := v.Wallet.Balance(t.Context(), "u1"); n != 12 || err != nil {
			t.Fatalf("%d, %v", n, err)
		}
	}
	forms := s.forms(registerPath)
	if len(forms) != 2 {
		t.Fatalf("%d registrations, want one refused and one good, then the id kept", len(forms))
	}
	if forms[0].Has("name") || forms[0].Get("aid") != "aid" || forms[0].Get("userId") != "u1" {
		t.Errorf("first %v", forms[0])
	}
	if forms[1].Get("name") != "u1" || forms[1].Get("portraitUri") != "https://portraits.example/none.png" {
		t.Errorf("second %v", forms[1])
	}
	for _, f := range s.forms(balancePath) {
		if f.Get("uid") != "115213496111983232934" || f.Get("app_id") != "LM1" {
			t.Errorf("balance of %v", f)
		}
	}
}

func TestKnownUsersProfileIsNotOverwritten(t *testing.T) {
	v, s := liveVendor(t, map[string]func(url.Values) string{
		registerPath: always(registered), balancePath: always(`{"status":"200","data":{"livemeTokens":7}}`),
	})
	if n, err := v.Wallet.Balance(t.Context(), "u1"); n != 7 || err != nil {
		t.Fatalf("%d, %v", n, err)
	}
	if f := s.forms(registerPath); len(f) != 1 || f[0].Has("name") || f[0].Has("portraitUri") {
		t.Errorf("registered by %v", f)
	}
}

func TestMoneyIsNeverGuessed(t *testing.T) {
	for _, data := range []string{`[]`, `{}`, `{"tokens":""}`, `{"tokens":"1.5"}`, `{"tokens":null}`} {
		v, _ := liveVendor(t, map[string]func(url.Values) string{
			registerPath: always(registered), balancePath: always(`{"status":"200","data":` + data + `}`),
		})
		n, err := v.Wallet.Balance(t.Context(), "u1")
		if n != 0 || vendors.OutcomeOf(err) != vendors.Ambiguous || !errors.Is(err, vendors.ErrUnreadable) {
			t.Errorf("%s: %d, %v", data, n, err)
		}
	}
}

func TestChangeWhoseUserCouldNotBeFoundHasNotBeenSent(t *testing.T) {
	v, s := liveVendor(t, map[string]func(url.Values) string{
		registerPath: always(`<html>502</html>`), goldPath: always(`{"status":"200"}`),
	})
	err := v.Wallet.Adjust(t.Context(), vendors.Adjustment{RequestID: "r", User: "u1", Delta: 5})
	var e *vendors.Error
	if !errors.As(err, &e) || e.Outcome != vendors.NotSent || e.Op != vendors.OpAdjust {
		t.Errorf("%v", err)
	}
	if len(s.forms(goldPath)) != 0 {
		t.Error("coins moved for nobody")
	}
}

func TestChangeGoesOutAsTheDocumentSpellsIt(t *testing.T) {
	v, s := liveVendor(t, map[string]func(url.Values) string{
		registerPath: always(registered), goldPath: always(`{"status":"200"}`),
	})
	for i, adj := range []vendors.Adjustment{
		{RequestID: "gift-1", User: "u1", Delta: 5, Reason: "礼物 a+b&c"},
		{RequestID: "gift-1", User: "u1", Delta: 5, Reason: "礼物 a+b&c"},
		{RequestID: "gift-2", User: "u1", Delta: -7},
		{RequestID: "gift-3", User: "u1", Delta: math.MinInt64},
	} {
		if err := v.Wallet.Adjust(t.Context(), adj); err != nil {
			t.Fatal(i, err)
		}
	}
	forms := s.forms(goldPath)
	expires := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, 91).Unix()
	for i, want := range []struct{ kind, value, reason string }{
		{"1", "5", "礼物 a+b&c"}, {"1", "5", "礼物 a+b&c"}, {"2", "7", ""}, {"2", "9223372036854775808", ""},
	} {
		f := forms[i]
		if f.Get("type") != want.kind || f.Get("value") != want.value || f.Get("reason") != want.reason || f.Has("reason") != (want.reason != "") {
			t.Errorf("%d: %v", i, f)
		}
		if n, err := upstream.Text(f.Get("expriation")).Int(); err != nil || n < expires || n > expires+86400 {
			t.Errorf("%d: expriation %q, want %d", i, f.Get("expriation"), expires)
		}
		if len(f.Get("request_id")) != 32 || f.Get("sign") != liveSign(fieldsOf(f), "livesecret") {
			t.Errorf("%d: request id %q, sign %q", i, f.Get("request_id"), f.Get("sign"))
		}
	}
	if forms[0].Get("request_id") != forms[1].Get("request_id") || forms[0].Get("nonce_str") == forms[1].Get("nonce_str") {
		t.Error("a repeat must have the same request id and a fresh nonce")
	}
	if forms[1].Get("request_id") == forms[2].Get("request_id") {
		t.Error("two ids of the caller became one")
	}
}

// TestRequestIDIsTheSameForEver: an id made by another release must stay the
// same, or a repeat across a deployment would move the coins twice.
func TestRequestIDIsTheSameForEver(t *testing.T) {
	a := &adapter{cfg: Config{LiveAppID: "LM1"}}
	if got := a.requestID("gift-1"); got != goldenRequestID {
		t.Errorf("became %s", got)
	}
	other := &adapter{cfg: Config{LiveAppID: "LM2"}}
	if other.requestID("gift-1") == goldenRequestID {
		t.Error("two accounts share request ids")
	}
}

// goldenRequestID is the first half of sha256("LM1\x00gift-1").
const goldenRequestID = "0411d07be103229f69c5d4d79d0f3281"

func TestRefusedRemovalIsInsufficientOnlyWhenTheBalanceSaysSo(t *testing.T) {
	for _, tc := range []struct {
		name, balance string
		delta         int64
		insufficient  bool
	}{
		{"too few", `{"status":"200","data":{"tokens":"4"}}`, -5, true},
		{"enough: something else", `{"status":"200","data":{"tokens":"5"}}`, -5, false},
		{"balance unknown", `{"status":"500"}`, -5, false},
		{"an addition", `{"status":"200","data":{"tokens":"0"}}`, 5, false},
	} {
		v, _ := liveVendor(t, map[string]func(url.Values) string{
			registerPath: always(registered), balancePath: always(tc.balance),
			goldPath: always(`{"status":"31337","msg":"no"}`),
		})
		err := v.Wallet.Adjust(t.Context(), vendors.Adjustment{RequestID: "r", User: "u1", Delta: tc.delta})
		var e *vendors.Error
		if !errors.As(err, &e) || e.Outcome != vendors.DefiniteNo || e.Code != "31337" || errors.Is(err, vendors.ErrInsufficient) != tc.insufficient {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
}
