package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestWordsAreListedWithTheirOriginAndChangedAtTheVendor(t *testing.T) {
	dir := t.TempDir()
	file, allow := filepath.Join(dir, "words"), filepath.Join(dir, "allow")
	for path, content := range map[string]string{file: "ours\nass\n", allow: "class\n"} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p := startSurface(t, func(c *Config) { c.Words.File, c.Words.AllowFile, c.Words.Whole = file, allow, true })
	n := 0
	p.try(t, []act{
		{what: "words", body: func(_, name string) any {
			n++
			return map[string]any{"words": []map[string]any{{"text": "spam" + name}, {"text": fmt.Sprint("damn", n), "replace": "****"}, {"text": "spam" + name}}}
		}, can: []string{"rongcloud"}, rows: 2, settled: []string{"rongcloud"}, at: []string{"rongcloud"}},
		{what: "no words", method: "DELETE", body: func(_, name string) any { return map[string]any{"words": []map[string]any{{"text": "gone" + name}}} }, can: []string{"rongcloud"}, rows: 1, settled: []string{"rongcloud"}, at: []string{"rongcloud"}},
	}, "/api/server/words", "words")
	list := func() (out []string) {
		t.Helper()
		for path := "/api/server/words?limit=3"; path != ""; {
			var page struct {
				Words []struct {
					Text, Origin, Replace string
					Whole                 bool
				}
				Next *string
			}
			p.do(t, request{Method: "GET", Path: path, Header: serverKey}).decode(t, &page)
			for _, w := range page.Words {
				out = append(out, fmt.Sprintf("%s %s %s %v", w.Origin, w.Text, w.Replace, w.Whole))
			}
			if path = ""; page.Next != nil {
				path = "/api/server/words?limit=3&cursor=" + *page.Next
			}
		}
		return out
	}
	waitFor(t, "the vendor's words", func() bool {
		all := list()
		return slices.Contains(all, "vendor damn1 **** true") && slices.Contains(all, "vendor spamwords-r-done  true")
	})
	for _, want := range []string{"file ours  true", "file ass  true", "allow class  false"} {
		if all := list(); !slices.Contains(all, want) {
			t.Errorf("no %q in %q", want, all)
		}
	}
	// Texts are checked against it at once.
	alice := p.as(t, "1")
	waitFor(t, "the check", func() bool {
		return p.do(t, request{Path: "/api/v1/im/before/check", Header: alice, Body: map[string]any{"rc_msg": "RC:CmdMsg", "peer_uid": 2, "content": "buy damn1 now"}}).Code == 100002
	})
	for _, c := range []struct{ method, query, body string }{
		{"POST", "", `{}`}, {"POST", "", `{"words":[{"text":""}]}`}, {"DELETE", "", `{"words":[]}`}, {"GET", "?limit=0", ""}, {"GET", "?cursor=xx", ""},
		{"POST", "", `{"words":[{"text":"` + strings.Repeat("x", 257) + `"}]}`},
	} {
		r := request{Method: c.method, Path: "/api/server/words" + c.query, Header: serverKey, Bad: true}
		if c.body != "" {
			r.Body = c.body
		}
		if got := p.do(t, r); got.Status != 400 {
			t.Errorf("%s %s: %d %s", c.method, c.body, got.Status, got.Body)
		}
	}
}

func TestAnotherAppsWordsAreNotChanged(t *testing.T) {
	p := startSurface(t, withOtherApp)
	if got := p.do(t, request{Path: "/api/server/words", Header: otherServer, Body: map[string]any{"words": []map[string]any{{"text": "theirs"}}}}); got.Status != 403 {
		t.Errorf("%d %s", got.Status, got.Body)
	}
	if got := p.do(t, request{Method: "GET", Path: "/api/server/words", Header: serverKey}); strings.Contains(string(got.Body), `"reason":null`) {
		t.Errorf("the account's words may be the other app's: %s", got.Body)
	}
}

// The list of an account is its app's, though all texts are checked against it.
func TestAnotherAppsWordsAreNotShown(t *testing.T) {
	p := startSurface(t, func(c *Config) {
		withOtherApp(c)
		c.Apps[0].Tenant.Accounts, c.Apps[1].Tenant.Accounts = []string{"rongcloud", "linkv"}, []string{"youme"}
	})
	word := map[string]any{"words": []map[string]any{{"text": "gamble"}}}
	if got := p.do(t, request{Path: "/api/server/words", Header: serverKey, Body: word}); got.Code != 0 {
		t.Fatalf("%d %s", got.Status, got.Body)
	}
	shown := func(header map[string]string) string {
		return string(p.do(t, request{Method: "GET", Path: "/api/server/words", Header: header}).Body)
	}
	waitFor(t, "the word in its app's list", func() bool { return strings.Contains(shown(serverKey), `"gamble"`) })
	if mine := shown(serverKey); !strings.Contains(mine, `"reason":null`) {
		t.Errorf("%s", mine)
	}
	if theirs := shown(otherServer); strings.Contains(theirs, "gamble") || strings.Contains(theirs, `"reason":null`) {
		t.Errorf("another app is shown %s", theirs)
	}
}

func TestAPaidOrderIsCreditedOnce(t *testing.T) {
	p := startSurface(t, nil)
	order := func(vendor, name string) any {
		return map[string]any{"uid": "6001", "coins": 100, "request_id": name, "order_id": "GPA." + name, "cents": 99, "platform": "android"}
	}
	p.try(t, []act{{what: "order", body: order, can: []string{"linkv"}, settled: []string{"linkv"}, at: []string{"linkv"}, code: map[string]string{"linkv": "400"}}}, "/api/server/wallet/orders", "wallet")
	balance := func() (n int64) {
		var data struct{ Balance int64 }
		p.do(t, request{Method: "GET", Path: "/api/v1/wallet", Header: p.as(t, "6001")}).decode(t, &data)
		return data.Balance
	}
	if n := balance(); n != 1000+300 { // done, away and back again, doubted and settled
		t.Errorf("%d coins", n)
	}
	same := order("", "without-a-header")
	for range 3 { // request_id is the key
		if got := p.do(t, request{Path: "/api/server/wallet/orders", Header: serverKey, Body: same}); got.Code != 0 {
			t.Fatalf("%s", got.Body)
		}
	}
	if n := balance(); n != 1400 {
		t.Errorf("%d coins after one order sent three times", n)
	}
	for field, bad := range map[string]any{"uid": "", "coins": 0, "request_id": "", "order_id": nil, "cents": -1, "platform": "fax"} {
		in := order("", "bad").(map[string]any)
		in[field] = bad
		if got := p.do(t, request{Path: "/api/server/wallet/orders", Header: serverKey, Body: in, Bad: true}); got.Status != 400 {
			t.Errorf("%s %v: %d %s", field, bad, got.Status, got.Body)
		}
	}
	raw, _ := json.Marshal(map[string]any{"param": map[string]any{"uid": 6001, "coins": "50", "request_id": "texts", "order_id": 5, "cents": "0", "platform": "ios"}})
	if got := p.do(t, request{Path: "/api/server/wallet/orders", Header: serverKey, Body: string(raw), Bad: true}); got.Code != 0 || balance() != 1450 {
		t.Errorf("numbers as text: %s", got.Body)
	}
}
