package rongcloud

import (
	"crypto/rand"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"switchboard/vendors"
	"switchboard/vendors/upstream"
)

func testConfig(base string) Config {
	return Config{AppKey: "key", AppSecret: "s3cret-of-key", BaseURL: base, CommandData: "object", CallbackAge: 15 * time.Minute}
}

func open(t testing.TB, cfg Config) *vendors.Vendor {
	t.Helper()
	v, err := Open("rongcloud", cfg, upstream.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Close)
	return v
}

// callback is a request as RongCloud makes it, signed at a given time under the
// given name of the time parameter.
func callback(secret vendors.Secret, at time.Time, timeName string) *http.Request {
	ts, nonce := strconv.FormatInt(at.UnixMilli(), 10), rand.Text()
	q := url.Values{"appKey": {"key"}, "nonce": {nonce}, timeName: {ts}, "signature": {digest(secret, nonce, ts)}}
	return httptest.NewRequest(http.MethodPost, "/callbacks/rongcloud/any?"+q.Encode(), nil)
}

func TestCallbackIsBelievedUnderNewAndOldNamesAndInHeaders(t *testing.T) {
	v := open(t, testConfig("http://127.0.0.1:1"))
	body := []byte(`[{"userid":"u1","status":"0","os":"iOS","time":1408710653000,"clientIp":"1.2.3.4:5","sessionId":"s"}]`)
	byHeader := httptest.NewRequest(http.MethodPost, "/callbacks/rongcloud", nil)
	ts := strconv.FormatInt(time.Now().Unix(), 10)
	for k, val := range map[string]string{"RC-App-Key": "key", "RC-Nonce": "n", "RC-Timestamp": ts, "RC-Signature": digest("s3cret-of-key", "n", ts)} {
		byHeader.Header.Set(k, val)
	}
	for name, r := range map[string]*http.Request{
		"new names": callback("s3cret-of-key", time.Now(), "timestamp"),
		"old names": callback("s3cret-of-key", time.Now(), "signTimestamp"),
		"headers":   byHeader,
	} {
		if events, err := v.Callbacks.Parse(r, body); err != nil || len(events) != 1 || events[0].Action != "online" {
			t.Errorf("%s: %v, %v", name, events, err)
		}
	}
}

// What a callback tells beside the event goes along, and cannot spoil it.
func TestCallbackTellsFromWhereAndWhy(t *testing.T) {
	v := open(t, testConfig("http://127.0.0.1:1"))
	for body, want := range map[string]vendors.Event{
		`[{"userid":"u","status":"0","time":1,"os":"Websocket","clientIp":"2001:db8::1"}]`: {Client: "Websocket", Address: "2001:db8::1"},
		`[{"userid":"u","status":"1","time":1}]`:                                           {},
		`[{"userid":"u","status":"1","time":1,"os":null,"clientIp":{"v":4}}]`:              {},
		`[{"chatRoomId":"c","type":2,"status":1,"time":1,"userIds":["u"]}]`:                {Reason: "ejected"},
		`[{"chatRoomId":"c","type":"2","status":"2","time":1,"userIds":["u"]}]`:            {Reason: "banned"},
		`[{"chatRoomId":"c","type":3,"status":0,"time":1}]`:                                {Reason: "api"},
		`[{"chatRoomId":"c","type":3,"status":3,"time":1}]`:                                {Reason: "empty"},
		`[{"chatRoomId":"c","type":3,"status":17,"time":1}]`:                               {Reason: "status 17"},
		`[{"chatRoomId":"c","type":3,"time":1}]`:                                           {},
		`{"roomId":"r","event":12,"userId":"u","timestamp":1,"exitType":3}`:                {Reason: "abnormal"},
		`{"roomId":"r","event":12,"userId":"u","timestamp":1,"exitType":"1"}`:              {Reason: "exit 1"},
		`{"roomId":"r","event":12,"userId":"u","timestamp":1,"exitType":[]}`:               {},
		"fromUserId=a&toUserId=b&objectName=RC:TxtMsg&msgUID=x&source=PC":                  {Client: "PC"},
		"fromUserId=a&targetId=b&msgType=RC:TxtMsg&messageId=y&os=iOS&clientIp=1.2.3.4":    {Client: "iOS", Address: "1.2.3.4"},
	} {
		events, err := v.Callbacks.Parse(callback("s3cret-of-key", time.Now(), "timestamp"), []byte(body))
		if err != nil || len(events) != 1 || events[0].Client != want.Client || events[0].Address != want.Address || events[0].Reason != want.Reason {
			t.Errorf("%s: %+v, %v", body, events, err)
		}
	}
}

func TestOldCallbackIsRefusedUnlessAnyAgeIsAllowed(t *testing.T) {
	old := callback("s3cret-of-key", time.Now().Add(-time.Hour), "timestamp")
	if _, err := open(t, testConfig("http://127.0.0.1:1")).Callbacks.Parse(old, []byte("[]")); vendors.OutcomeOf(err) != vendors.AuthFault {
		t.Errorf("an hour old: %v", err)
	}
	cfg := testConfig("http://127.0.0.1:1")
	cfg.CallbackAge = 0
	if _, err := open(t, cfg).Callbacks.Parse(old, []byte("[]")); err != nil {
		t.Errorf("any age: %v", err)
	}
}

func TestPreSendReplyPassesBlocksAndReplaces(t *testing.T) {
	v := open(t, testConfig("http://127.0.0.1:1"))
	asked := []vendors.Event{{Kind: vendors.EventModeration}}
	for _, c := range []struct {
		verdict vendors.Verdict
		want    string
	}{
		{vendors.Verdict{}, `{"pass":1}`},
		{vendors.Verdict{Block: true, Note: "not <here>"}, `{"pass":0,"extra":"not <here>"}`},
		{vendors.Verdict{Replace: []byte(`{"content":"***"}`)}, `{"pass":1,"replaceContent":"{\"content\":\"***\"}"}`},
		{vendors.Verdict{Block: true, Note: strings.Repeat("礼", 400)}, `{"pass":0,"extra":"` + strings.Repeat("礼", 341) + `"}`},
	} {
		if r := v.Callbacks.Reply(asked, c.verdict); string(r.Body) != c.want || r.Status != http.StatusOK {
			t.Errorf("%+v: %d %s, want %s", c.verdict, r.Status, r.Body, c.want)
		}
	}
	if r := v.Callbacks.Reply([]vendors.Event{{Kind: vendors.EventMessage}}, vendors.Verdict{Block: true}); r.Status != http.StatusOK || len(r.Body) != 0 {
		t.Errorf("a routed message is answered %d %s", r.Status, r.Body)
	}
}

// FuzzParse: whatever a signed body holds, Parse gives events with id and kind,
// or a DefiniteNo.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`[{"userid":"u","status":"0","time":1,"sessionId":"s"},{"chatRoomId":"c","userIds":["u"],"status":0,"type":1,"time":2}]`,
		`{"appKey":"k","roomId":"r","sessionId":"s","event":11,"userId":"u","timestamp":3}`,
		"fromUserId=a&toUserId=b&objectName=RC:TxtMsg&content=%7B%7D&channelType=PERSON&msgTimestamp=4&msgUID=x",
		"fromUserId=a&targetId=b&msgType=RC:TxtMsg&content=no+json&channelType=GROUP&msgTimeStamp=5&messageId=y&toUserIds=%5B%22b%22%5D",
		`{"event":"x","channelId":"r"}`, "", "[]", "{}", "[[", "a=%zz",
	} {
		f.Add([]byte(seed))
	}
	v := open(f, testConfig("http://127.0.0.1:1"))
	f.Fuzz(func(t *testing.T, body []byte) {
		events, err := v.Callbacks.Parse(callback("s3cret-of-key", time.Now(), "timestamp"), body)
		if err != nil && (vendors.OutcomeOf(err) != vendors.DefiniteNo || !errors.Is(err, vendors.ErrInvalid)) {
			t.Errorf("%q: %v", body, err)
		}
		for _, e := range events {
			if e.ID == "" || e.Kind == "" || e.Action == "" || e.Vendor != "rongcloud" {
				t.Errorf("%q: event %+v", body, e)
			}
		}
		v.Callbacks.Reply(events, vendors.Verdict{})
	})
}

// The signature stands in the URL, which every proxy logs, and covers no body: whoever
// found one must not be able to say something else with it.
func TestASignatureServesOneBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServed(15 * time.Minute)
		for _, c := range []struct {
			signature, body string
			after           time.Duration
			want            bool
		}{
			{"a", "one", 0, true},
			{"a", "one", 0, true}, // the vendor repeats what was not acknowledged
			{"a", "two", 0, false},
			{"b", "two", 0, true},
			{"a", "two", 29 * time.Minute, false},
			{"a", "one", 2 * time.Minute, true}, // a generation later it is still known
			{"a", "", 0, false},
			{"c", "", 0, true},
		} {
			time.Sleep(c.after)
			if got := s.takes(c.signature, []byte(c.body)); got != c.want {
				t.Errorf("%+v: %v", c, got)
			}
		}
		time.Sleep(2 * time.Hour) // long after the signature is too old
		s.takes("x", nil)
		time.Sleep(2 * time.Hour)
		if s.takes("y", nil); len(s.young)+len(s.old) > 2 {
			t.Errorf("%d and %d signatures are remembered for ever", len(s.young), len(s.old))
		}
	})
}

func TestARepliedSignatureIsNotTheVendors(t *testing.T) {
	v := open(t, testConfig("http://127.0.0.1:1"))
	r := callback("s3cret-of-key", time.Now(), "timestamp")
	mine := []byte(`[{"userid":"u1","status":"0","time":1408710653000}]`)
	for range 2 {
		if _, err := v.Callbacks.Parse(r, mine); err != nil {
			t.Fatal(err)
		}
	}
	for _, forged := range []string{`[{"userid":"u2","status":"0","time":1408710653000}]`, "", "[]", "fromUserId=a&toUserId=b&objectName=RC:VCHangup&content=%7B%7D&channelType=PERSON&msgUID=x"} {
		if _, err := v.Callbacks.Parse(r, []byte(forged)); vendors.OutcomeOf(err) != vendors.AuthFault {
			t.Errorf("%s: %v", forged, err)
		}
	}
}

// One element that cannot be read, or says what nobody knows yet, takes none of the
// others along; and a time that cannot be is no time.
func TestStrangeElementsDoNotLoseTheirBatch(t *testing.T) {
	v := open(t, testConfig("http://127.0.0.1:1"))
	const good = `{"userid":"v1","status":"0","time":1408710653000}`
	for strange, actions := range map[string][]string{
		`{"userid":"v2","status":"3","time":1}`:                  {"event 3", "online"},
		`{"userid":2,"status":0,"time":"1"}`:                     {"online", "online"},
		`{"chatRoomId":"c","userIds":["u",7],"type":9,"time":2}`: {"event 9", "online"},
		`{"userid":"v2"}`: {"online"},
		`{}`:              {"online"}, `null`: {"online"}, `7`: {"online"}, `"x"`: {"online"}, `[]`: {"online"}, `{"userid":{},"status":0}`: {"online"},
		`{"userid":"v2","status":true}`:                            {"online"},
		`{"userid":"v2","status":"0","time":9223372036854775807}`:  {"online", "online"},
		`{"userid":"v2","status":"0","time":-9223372036854775808}`: {"online", "online"},
		`{"userid":"v2","status":"0","time":99999999999999999999}`: {"online", "online"},
		`{"userid":"v2","status":"0","time":"soon"}`:               {"online", "online"},
	} {
		for _, body := range []string{"[" + good + "," + strange + "]", "[" + strange + "," + good + "]"} {
			events, err := v.Callbacks.Parse(callback("s3cret-of-key", time.Now(), "timestamp"), []byte(body))
			var got []string
			for _, e := range events {
				if got = append(got, e.Action); e.At.After(time.Now()) {
					t.Errorf("%s: %s", body, e.At)
				}
			}
			if slices.Sort(got); err != nil || !slices.Equal(got, actions) {
				t.Errorf("%s: %v, %v", body, got, err)
			}
		}
	}
	for _, body := range []string{`[7]`, `[{}]`, `{"userid":"x"}`} {
		if _, err := v.Callbacks.Parse(callback("s3cret-of-key", time.Now(), "timestamp"), []byte(body)); !errors.Is(err, vendors.ErrInvalid) {
			t.Errorf("%s: %v", body, err)
		}
	}
}
