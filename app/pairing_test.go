package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"switchboard/app/pairing"
)

// pairCall posts one pairing request as who and returns the answer.
func (p *process) pair(t testing.TB, who map[string]string, path string, body map[string]any) answer {
	t.Helper()
	return p.do(t, request{Path: "/api/v1/video/" + path, Header: who, Body: param(body)})
}

// until polls do for up to a minute.
func until(t testing.TB, what string, do func() bool) {
	t.Helper()
	for deadline := time.Now().Add(60 * time.Second); !do(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within a minute: %s", what)
		}
	}
}

type pairInfo struct {
	Status  int    `json:"status"`
	PeerUID int    `json:"peer_uid"`
	AskUID  int    `json:"ask_uid"`
	CallID  string `json:"call_id"`
}

func (p *process) pairInfo(t testing.TB, who map[string]string, ask string) (info pairInfo) {
	t.Helper()
	p.pair(t, who, "pair/info", map[string]any{"ask_no": ask}).decode(t, &info)
	return info
}

// offeredPair brings user 100's ask to an open offer for user 200.
func (p *process) offeredPair(t testing.TB) (asker, candidate map[string]string, ask string) {
	t.Helper()
	asker, candidate = p.as(t, "100"), p.as(t, "200")
	if got := p.pair(t, candidate, "pair/avail", map[string]any{"on": true}); got.Code != 0 {
		t.Fatalf("%s", got.Body)
	}
	var asked struct {
		AskNo string `json:"ask_no"`
	}
	got := p.do(t, request{Path: "/api/v1/video/pair/ask", Header: asker})
	if got.Code != 0 {
		t.Fatalf("%s", got.Body)
	}
	got.decode(t, &asked)
	until(t, "the candidate is offered", func() bool {
		return p.pair(t, candidate, "pair/info", map[string]any{"ask_no": asked.AskNo}).Code == 0
	})
	return asker, candidate, asked.AskNo
}

func TestTwoPeopleAreMatchedTalkAndPay(t *testing.T) {
	var mu sync.Mutex
	var told []string
	hook, err := webhooks.NewWebhook("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil {
		t.Fatal(err)
	}
	business := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if err := hook.Verify(body, r.Header); err != nil {
			t.Errorf("an event is not signed: %v", err)
		}
		var e struct{ Type string }
		if err := json.Unmarshal(body, &e); err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		told = append(told, e.Type)
	}))
	defer business.Close()
	p := start(t, func(c *Config) {
		c.Pairing.EventsURL, c.Pairing.EventsSecret = business.URL, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
		c.Pairing.Keys = map[string]string{"free": "0s"}
	})
	asker, candidate, ask := p.offeredPair(t)
	until(t, "the dispatch is on the vendor's wire", func() bool {
		journal := get(t, p.mock(t, "rongcloud")+"/_mock/journal")
		return strings.Contains(journal, "RC%3ACmdMsg") && strings.Contains(journal, "dispatch") && strings.Contains(journal, ask)
	})
	for _, c := range []struct {
		who  map[string]string
		path string
		body map[string]any
		code int
	}{
		{candidate, "pair/answer", map[string]any{"ask_no": ask, "round_no": 2, "pass": true}, 200103},
		{candidate, "pair/answer", map[string]any{"ask_no": ask, "round_no": 1, "pass": true}, 0},
		{candidate, "pair/answer", map[string]any{"ask_no": ask, "round_no": 1, "pass": true}, 0},
		{candidate, "pair/ask", map[string]any{}, 200107},
		{candidate, "pair/call", map[string]any{"ask_no": ask, "round_no": 1, "call_id": "room-1", "event": "started"}, 0},
		{asker, "pair/confirm", map[string]any{"ask_no": ask, "round_no": 1, "pass": true, "peer_uid": 201, "call_id": "room-1"}, 200109},
		{asker, "pair/confirm", map[string]any{"ask_no": ask, "round_no": 1, "pass": true, "peer_uid": 200, "call_id": "room-1"}, 0},
		{asker, "pair/confirm", map[string]any{"ask_no": ask, "round_no": 1, "pass": false, "peer_uid": 200, "call_id": "room-1"}, 200113},
	} {
		if got := p.pair(t, c.who, c.path, c.body); got.Code != c.code || got.Status != 200 {
			t.Fatalf("%s %v: %s, want %d", c.path, c.body, got.Body, c.code)
		}
	}
	if got := p.pairInfo(t, asker, ask); got != (pairInfo{2, 200, 100, "room-1"}) {
		t.Errorf("info %+v", got)
	}
	live := p.records(t, asker)
	if got := p.pair(t, asker, "delPairRecord", map[string]any{"ask_no": ask, "start_at": live[0].StartAt}); got.Code != 200114 {
		t.Errorf("a live record: %s", got.Body)
	}
	for _, who := range []map[string]string{asker, candidate} { // both agree that it is over
		if got := p.pair(t, who, "pair/call", map[string]any{"ask_no": ask, "round_no": 1, "call_id": "room-1", "event": "ended"}); got.Code != 0 {
			t.Fatalf("%s", got.Body)
		}
	}
	if got := p.pairInfo(t, asker, ask); got.Status != 1 {
		t.Errorf("info %+v", got)
	}
	until(t, "the asker has paid for a started minute", func() bool {
		var purse struct{ Balance int64 }
		p.do(t, request{Method: "GET", Path: "/api/v1/wallet", Header: asker}).decode(t, &purse)
		return purse.Balance == 1000-8
	})
	if got := p.pair(t, asker, "delPairRecord", map[string]any{"ask_no": ask, "start_at": live[0].StartAt}); got.Code != 0 {
		t.Errorf("%s", got.Body)
	}
	if mine, theirs := p.records(t, asker), p.records(t, candidate); len(mine) != 0 || len(theirs) != 1 || !theirs[0].Liked || theirs[0].Role != "candidate" || theirs[0].PeerUID != 100 {
		t.Errorf("mine %+v, theirs %+v", mine, theirs)
	}
	want := []string{"pair.asked", "pair.connected", "pair.ended", "pair.liked", "pair.matched", "pair.offer_closed", "pair.offered", "pair.round_ended"}
	until(t, "the business server knows every step", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return slices.Equal(slices.Compact(slices.Sorted(slices.Values(told))), want)
	})
	shown := get(t, p.URL+"/metrics")
	for _, want := range []string{ // 2.14
		`asks_total{result="accepted"} 1`, `deduped_total 0`, `offers_total{outcome="passed"} 1`, `ended_total{reason="call_ended"} 1`,
		`vendor_sent_total{result="ok"}`, `wallet_sent_total{result="ok"} 2`, `claim_conflicts_total 0`, `cas_retries_total`, `missed_opportunity_total`,
		`offer_latency_seconds_count 1`, `answer_latency_seconds_count 1`, `answer_late_seconds_count 0`, `time_to_first_offer_seconds_count 1`,
		`time_to_call_seconds_count 1`, `time_to_like_seconds_count 1`, `rounds_per_ask_sum 1`, `timers_late_seconds_count`, `outbox_age_seconds_count`,
		`tickets_live`, `candidates{app="666666",scene="1",state=`, `gini_offers{app="666666",scene="1"}`, `est_wait_seconds{app="666666",scene="1"} 0`, `clock_offset_seconds`,
	} {
		if !strings.Contains(shown, "switchboard_pairing_"+want) {
			t.Errorf("the metrics have no %s", want)
		}
	}
}

// C15, with the coins at the vendor of the wallet route: whoever spends them while
// talking is cut off.
func TestALikedCallEndsWhenTheCoinsAreUsedUp(t *testing.T) {
	p := start(t, func(c *Config) {
		c.Pairing.Keys = map[string]string{"free": "0s", "balance.watch": "100ms"}
	})
	asker, candidate, ask := p.offeredPair(t)
	for _, c := range []struct {
		who  map[string]string
		path string
		body map[string]any
	}{
		{candidate, "pair/answer", map[string]any{"ask_no": ask, "round_no": 1, "pass": true}},
		{candidate, "pair/call", map[string]any{"ask_no": ask, "round_no": 1, "call_id": "room-1", "event": "started"}},
		{asker, "pair/confirm", map[string]any{"ask_no": ask, "round_no": 1, "pass": true, "peer_uid": 200, "call_id": "room-1"}},
	} {
		if got := p.pair(t, c.who, c.path, c.body); got.Code != 0 {
			t.Fatalf("%s: %s", c.path, got.Body)
		}
	}
	read := func() int {
		return strings.Count(get(t, p.mock(t, "linkv")+"/_mock/journal?op=wallet.balance"), "getUserTokens")
	}
	before := read()
	until(t, "the balance was read a few times", func() bool { return read() >= before+3 })
	if got := p.pairInfo(t, asker, ask); got.Status != 2 {
		t.Fatalf("info %+v", got)
	}
	spend := p.do(t, request{Path: "/api/server/wallet/adjust", Header: serverKey, Body: param(map[string]any{"uid": 100, "delta": -1000, "request_id": "spent"})})
	if spend.Code != 0 {
		t.Fatalf("%s", spend.Body)
	}
	until(t, "the call is over", func() bool { return p.pairInfo(t, asker, ask).Status == 1 })
	if !strings.Contains(get(t, p.URL+"/metrics"), `switchboard_pairing_ended_total{reason="balance"} 1`) {
		t.Error("it did not end for want of coins")
	}
}

// A candidate with a socket of ours needs no vendor: it is how they are found and how they ring.
func TestACandidateIsReachedThroughOurOwnGateway(t *testing.T) {
	p := start(t, nil)
	asker, candidate := p.as(t, "100"), p.as(t, "200")
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.URL+"/notify?protoc=sse", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", candidate["Authorization"])
	stream, err := p.client.Transport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Body.Close()
	got := p.do(t, request{Path: "/api/v1/video/pair/ask", Header: asker})
	var asked struct {
		AskNo string `json:"ask_no"`
	}
	got.decode(t, &asked)
	lines := bufio.NewScanner(stream.Body)
	heard := false
	for !heard && lines.Scan() {
		heard = strings.Contains(lines.Text(), "dispatch") && strings.Contains(lines.Text(), asked.AskNo)
	}
	if !heard {
		t.Fatalf("the stream ended without a dispatch: %v", lines.Err())
	}
	if journal := get(t, p.mock(t, "rongcloud")+"/_mock/journal"); strings.Contains(journal, asked.AskNo) {
		t.Error("the vendor was asked to send what our own gateway delivers")
	}
}

type pairRecordItem struct {
	AskNo   string `json:"ask_no"`
	StartAt int64  `json:"start_at"`
	Liked   bool   `json:"liked"`
	Role    string `json:"role"`
	PeerUID int    `json:"peer_uid"`
}

func (p *process) records(t testing.TB, who map[string]string) []pairRecordItem {
	t.Helper()
	var page struct{ Items []pairRecordItem }
	p.pair(t, who, "pairRecords", map[string]any{}).decode(t, &page)
	return page.Items
}

func TestPairingRefusesWhatItCannotUse(t *testing.T) {
	p := start(t, func(c *Config) { c.Pairing.Keys = map[string]string{"balance.min_ask": "2000"} })
	who := p.as(t, "100")
	for _, c := range []struct {
		path, body   string
		status, code int
	}{
		{"pair/ask", `{"param":null}`, 200, 1003},
		{"pair/answer", `{"ask_no":"1","round_no":1}`, 400, 100101},
		{"pair/answer", `{"ask_no":"1","round_no":0,"pass":true}`, 400, 100101},
		{"pair/answer", `{"ask_no":"","round_no":1,"pass":true}`, 400, 100101},
		{"pair/answer", `{"ask_no":"1","round_no":1,"pass":true}`, 200, 200101},
		{"pair/confirm", `{"ask_no":"1","round_no":1,"pass":true,"peer_uid":"bob"}`, 400, 100101},
		{"pair/confirm", `{"ask_no":"1","round_no":1,"pass":true,"peer_uid":2,"call_id":"` + strings.Repeat("x", 256) + `"}`, 400, 100101},
		{"pair/cancel", `{"ask_no":"1"}`, 200, 200101},
		{"pair/info", `{"ask_no":"1"}`, 200, 200101},
		{"pair/call", `{"ask_no":"1","round_no":1,"call_id":"c","event":"paused"}`, 400, 100101},
		{"pair/avail", `{}`, 400, 100101},
		{"pairRecords", `{"cursor":"yesterday"}`, 400, 100101},
		{"pairRecords", `{"limit":101}`, 400, 100101},
		{"delPairRecord", `{"ask_no":"1","start_at":1}`, 200, 200101},
	} {
		got := p.do(t, request{Path: "/api/v1/video/" + c.path, Header: who, Body: c.body, Bad: true})
		if got.Status != c.status || got.Code != c.code || got.Err == nil {
			t.Errorf("%s %s: %d %s", c.path, c.body, got.Status, got.Body)
		}
	}
	if got := p.do(t, request{Path: "/api/v1/video/pair/ask", Header: p.as(t, "alice")}); got.Status != 400 {
		t.Errorf("a user id that is no number: %s", got.Body)
	}
}

// A program that dies and comes back goes on where it was.
func TestASearchSurvivesARestart(t *testing.T) {
	dir := t.TempDir()
	keep := func(c *Config) { c.DataDir = dir; c.Pairing.Keys = map[string]string{"answer_timeout": "1m"} }
	p := start(t, keep)
	_, _, ask := p.offeredPair(t)
	if err := p.stop(); err != nil {
		t.Fatal(err)
	}
	p = start(t, keep)
	asker, candidate := p.as(t, "100"), p.as(t, "200")
	if got := p.pairInfo(t, asker, ask); got.Status != 0 || got.AskUID != 100 {
		t.Fatalf("info %+v", got)
	}
	if got := p.pair(t, candidate, "pair/answer", map[string]any{"ask_no": ask, "round_no": 1, "pass": true}); got.Code != 0 {
		t.Fatalf("%s", got.Body)
	}
	if got := p.pairInfo(t, asker, ask); got.Status != 2 || got.PeerUID != 200 {
		t.Fatalf("info %+v", got)
	}
}

// pool.mode=list: the app's back end says who may be offered asks.
func TestTheBusinessServerListsTheHosts(t *testing.T) {
	p := start(t, func(c *Config) { c.Pairing.Keys = map[string]string{"pool.mode": "list"} })
	hosts := func(method string, body any, code int) answer {
		t.Helper()
		got := p.do(t, request{Method: method, Path: "/api/server/pair/hosts", Header: serverKey, Body: body, Bad: code != 0})
		if got.Code != code {
			t.Fatalf("%s %v: %s, want %d", method, body, got.Body, code)
		}
		return got
	}
	asker, candidate := p.as(t, "100"), p.as(t, "200")
	p.pair(t, candidate, "pair/avail", map[string]any{"on": true})
	var asked struct {
		AskNo string `json:"ask_no"`
	}
	p.pair(t, asker, "pair/ask", map[string]any{}).decode(t, &asked)
	for _, c := range []struct {
		method string
		body   any
	}{
		{"PUT", `{}`}, {"PUT", `{"uids":["bob"]}`}, {"PUT", `{"uids":[0]}`}, {"PUT", `{"uids":"bob"}`}, {"PUT", `{"scene":100,"uids":[]}`},
		{"POST", `{}`}, {"POST", `{"add":[-1]}`}, {"POST", `{"remove":[1.5]}`},
		{"PUT", map[string]any{"uids": count(pairing.HostsMax + 1)}},
	} {
		hosts(c.method, c.body, 100101)
	}
	if got := p.do(t, request{Method: "PUT", Path: "/api/server/pair/hosts", Body: `{"uids":[200]}`, Bad: true}); got.Status != 401 {
		t.Errorf("without the key: %s", got.Body)
	}
	time.Sleep(300 * time.Millisecond)
	if got := p.pair(t, candidate, "pair/info", map[string]any{"ask_no": asked.AskNo}); got.Code != 200101 {
		t.Fatalf("offered without being listed: %s", got.Body)
	}
	hosts("PUT", param(map[string]any{"uids": []any{"300", 301}}), 0)
	hosts("POST", `{"add":[200],"remove":[301]}`, 0)
	var list struct {
		Mode string
		UIDs []int
	}
	hosts("GET", nil, 0).decode(t, &list)
	if list.Mode != "list" || !slices.Equal(list.UIDs, []int{200, 300}) {
		t.Errorf("%+v", list)
	}
	until(t, "the listed candidate is offered", func() bool {
		return p.pair(t, candidate, "pair/info", map[string]any{"ask_no": asked.AskNo}).Code == 0
	})
}

// Presence in the running program: a call to the product API alone makes nobody
// a candidate whom the vendor does not know to be online; the vendor's callbacks
// do, and a logout takes the offer back.
func TestTheVendorSaysWhoCanRing(t *testing.T) {
	p := start(t, func(c *Config) { c.Pairing.Keys = map[string]string{"cross_ask": "off"} })
	asker, candidate := p.as(t, "100"), p.as(t, "200")
	mock := p.mock(t, "rongcloud")
	atMock(t, "PUT", mock+"/_mock/callbacks", map[string]string{"callback.online": p.URL + "/callbacks/rongcloud/online"})
	if got := p.do(t, request{Method: "GET", Path: "/api/v1/wallet", Header: candidate}); got.Code != 0 { // active, and not online there
		t.Fatalf("%s", got.Body)
	}
	var asked struct {
		AskNo string `json:"ask_no"`
	}
	p.pair(t, asker, "pair/ask", map[string]any{}).decode(t, &asked)
	sent := func(name string) bool {
		journal := get(t, mock+"/_mock/journal?op=message.private.publish")
		return strings.Contains(journal, name) && strings.Contains(journal, asked.AskNo)
	}
	until(t, "the vendor is asked whether the candidate can ring", func() bool {
		return strings.Contains(get(t, mock+"/_mock/journal"), "checkOnline")
	})
	if sent("dispatch") {
		t.Fatal("offered although the vendor says offline")
	}
	atMock(t, "POST", mock+"/_mock/callbacks/client.online", map[string]string{"user": "200"})
	until(t, "the candidate is online at the vendor and offered", func() bool { return sent("dispatch") })
	logout := []map[string]any{{"userid": "200", "status": "2", "os": "iOS", "time": time.Now().Add(time.Second).UnixMilli(), "sessionId": "other"}}
	atMock(t, "POST", mock+"/_mock/callbacks/callback.online", logout)
	time.Sleep(200 * time.Millisecond)
	if sent("rescind") {
		t.Fatal("another session's end took the offer back")
	}
	atMock(t, "POST", mock+"/_mock/callbacks/client.offline", map[string]string{"user": "200"})
	until(t, "the candidate is gone and so is the offer", func() bool { return sent("rescind") })
}
