package vendorset

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	mocklinkv "switchboard/mocks/linkv"
	mock "switchboard/mocks/rongcloud"
	"switchboard/vendors/linkv"
	"switchboard/vendors/rongcloud"
	"switchboard/vendors/vendortest"
)

// quick are checks that take no time and cover a far end that shows itself, one
// that does not, and a capability that is absent.
func quick(name string) bool {
	switch name {
	case "CapabilitiesAreAsDeclared", "PresenceFollowsTheFarEnd", "BalanceIsTheFarEnds", "KickedUserIsOutAndTheOthersStay",
		"ChatRoomIsCreatedListedAndDestroyed", "VendorCodeHasItsOutcomeAndIsKeptRaw", "CallbackBecomesItsEvents":
		return true
	}
	return false
}

func results(r vendortest.Report) map[string]vendortest.Result {
	out := map[string]vendortest.Result{}
	for _, c := range r.Cases {
		out[c.Case] = c.Result
	}
	return out
}

func TestVendorWithoutAccountIsCertifiedAgainstItsMock(t *testing.T) {
	for _, vendor := range Names() {
		r, err := Certify(t.Context(), vendor, Config{}, quick)
		if err != nil || !r.OK() || r.Target != "mock" || r.Vendor != vendor {
			var text strings.Builder
			_ = r.WriteText(&text)
			t.Errorf("%s: %v\n%s", vendor, err, text.String())
		}
	}
	if r, _ := Certify(t.Context(), "rongcloud", Config{}, quick); results(r)["BalanceIsTheFarEnds"] != vendortest.Absent {
		t.Errorf("RongCloud has no wallet, and the report says %s", results(r)["BalanceIsTheFarEnds"])
	}
	if _, err := Certify(t.Context(), "acme", Config{}, nil); err == nil {
		t.Error("an unknown vendor is certified")
	}
	two := linkv.Config{AppID: "a", BaseURL: "https://im.example", LiveBaseURL: "https://live.example"}
	if _, err := Certify(t.Context(), "linkv", Config{LinkV: two}, quick); err == nil || !strings.Contains(err.Error(), "one at a time") {
		t.Errorf("two hosts: %v", err)
	}
}

// A configured account is certified at its host: here at a mock into which the
// suite cannot look.
func TestVendorWithAccountIsCertifiedAtItsHost(t *testing.T) {
	m, err := mock.Start(mock.Config{Account: mock.Account{AppKey: "real", AppSecret: "real-s3cret"}, NoRateLimits: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close() })
	account := rongcloud.Config{AppKey: "real", AppSecret: "real-s3cret", BaseURL: m.URL, CommandData: "object", CallbackAge: time.Minute}
	r, err := Certify(t.Context(), "rongcloud", Config{RongCloud: account}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !r.OK() || !strings.HasPrefix(m.URL, "http://"+r.Target) {
		var text strings.Builder
		_ = r.WriteText(&text)
		t.Errorf("%s\n%s", r.Target, text.String())
	}
	got := results(r)
	if got["PresenceFollowsTheFarEnd"] != vendortest.Unchecked || got["SpoiledExchangeHasItsOutcome"] != vendortest.Passed {
		t.Errorf("presence %s, outcomes %s", got["PresenceFollowsTheFarEnd"], got["SpoiledExchangeHasItsOutcome"])
	}
	account.AppSecret = "wrong"
	if _, err := Certify(t.Context(), "rongcloud", Config{RongCloud: account}, quick); err == nil || strings.Contains(err.Error(), "wrong") {
		t.Errorf("a wrong secret: %v", err)
	}
}

func TestAccountWithHalfOfLinkVIsCertifiedForThatHalf(t *testing.T) {
	account := mocklinkv.Account{AppID: "im", AppKey: "k", AppSecret: "im-s3cret", LiveAppID: "LM1", LiveAppSecret: "live-s3cret"}
	m, err := mocklinkv.Start(mocklinkv.Config{Account: account, StartBalance: 1000})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close() })
	base := linkv.Config{BaseURL: m.URL, AID: "switchboard", Portrait: "https://portraits.example/none.png", CoinDays: 91}
	im, live := base, base
	im.AppID, im.AppKey, im.AppSecret = account.AppID, account.AppKey, "im-s3cret"
	live.LiveAppID, live.LiveAppSecret = account.LiveAppID, "live-s3cret"
	for name, cfg := range map[string]linkv.Config{"IM": im, "live": live} {
		r, err := Certify(t.Context(), "linkv", Config{LinkV: cfg}, nil)
		if err != nil || !r.OK() {
			var text strings.Builder
			_ = r.WriteText(&text)
			t.Errorf("%s: %v\n%s", name, err, text.String())
		}
	}
}

func TestReportsOfTwoRunsCanBeComparedThroughJSON(t *testing.T) {
	good, err := Certify(t.Context(), "rongcloud", Config{}, quick)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(good)
	if err != nil {
		t.Fatal(err)
	}
	var before, after vendortest.Report
	if json.Unmarshal(text, &before) != nil || json.Unmarshal(text, &after) != nil {
		t.Fatal("the report does not read its own JSON")
	}
	if d := before.Diff(after); len(d) != 0 {
		t.Errorf("the same run differs: %v", d)
	}
	after.Cases[1].Result = vendortest.Failed
	after.Cases = after.Cases[:len(after.Cases)-1]
	want := []string{
		after.Cases[1].Case + ": " + string(before.Cases[1].Result) + " -> failed",
		before.Cases[len(before.Cases)-1].Case + ": passed -> not run",
	}
	if d := before.Diff(after); strings.Join(d, "\n") != strings.Join(want, "\n") || after.OK() {
		t.Errorf("diff %q, want %q", d, want)
	}
}

func TestCertificationStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if r, _ := Certify(ctx, "rongcloud", Config{}, nil); len(r.Cases) != 0 || r.OK() {
		t.Errorf("%d checks ran after the end", len(r.Cases))
	}
}
