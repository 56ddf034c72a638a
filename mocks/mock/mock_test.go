package mock_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"switchboard/mocks/mock"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const toySpec = `
openapi: 3.0.3
info: {title: toy, version: "1"}
paths:
  /coin/add:
    post:
      operationId: add
      requestBody:
        required: true
        content:
          application/x-www-form-urlencoded:
            schema:
              type: object
              required: [user, amount]
              properties:
                user: {type: string, maxLength: 8, x-max-bytes: 16}
                amount: {type: integer, minimum: 1}
                tags: {type: array, items: {type: string}, maxItems: 2}
      responses:
        "200": {$ref: "#/components/responses/done"}
  /rooms/{room}:
    post:
      operationId: room
      parameters: [{name: room, in: path, required: true, schema: {type: string, maxLength: 4}}]
      requestBody:
        required: true
        content:
          application/json:
            schema: {type: object, required: [by], properties: {by: {type: string}}}
      responses:
        "200": {$ref: "#/components/responses/done"}
components:
  responses:
    done:
      description: done
      content:
        application/json:
          schema: {type: object, required: [code], properties: {code: {type: integer}, sum: {type: integer}}}
`

type toy struct {
	*mock.Namespace
	sum int
}

func (t *toy) Reset() { t.sum = 0 }

func (t *toy) total() (n int) {
	t.Do(func() { n = t.sum })
	return n
}

type toyAnswer struct {
	Code any `json:"code"`
	Sum  int `json:"sum"`
}

func (t *toy) add(c *mock.Call) mock.Answer {
	t.sum++
	switch c.Get("user") {
	case "panic":
		panic("boom")
	case "wrong":
		return mock.Answer{Body: toyAnswer{Code: "text"}}
	}
	t.Callbacks.Send(mock.Callback{Name: "callback.coin", User: c.User, Type: "text/plain", Body: fmt.Append(nil, t.sum)})
	return mock.Answer{Body: toyAnswer{Code: 200, Sum: t.sum}}
}

func (t *toy) room(c *mock.Call) mock.Answer {
	return mock.Answer{Body: toyAnswer{Code: 200, Sum: len(c.Params["room"])}}
}

func toyVendor() mock.Vendor[*toy] {
	return mock.Vendor[*toy]{
		Name: "toy", Spec: []byte(toySpec),
		Operations: []mock.Operation[*toy]{
			{Name: "coin.add", Path: "/coin/add", Methods: []string{http.MethodPost, http.MethodGet}, Serve: (*toy).add},
			{Name: "room", Path: "/rooms/{room}", Serve: (*toy).room},
		},
		Keys: []string{"key"},
		Fill: func(given map[string]string, r *mock.Random) {
			if given["key"] == "" {
				given["key"] = r.Token(8)
			}
		},
		Open: func(n *mock.Namespace) *toy { return &toy{Namespace: n} },
		Read: func(c *mock.Call) { c.Key, c.User = c.Header("key"), c.Get("user") },
		Verify: func(_ *toy, c *mock.Call) mock.Verdict {
			return mock.Verdict{OK: c.Header("sign") != "bad", Reason: "secret does not match", Code: "401"}
		},
		Refuse: func(_ *mock.Call, p mock.Problem) mock.Answer {
			code := p.Code
			if code == "" {
				code = fmt.Sprintf("kind%d", p.Kind)
			}
			return mock.Answer{Body: map[string]any{"code": 0, "refused": code}, Code: code}
		},
		Sign:     func(_ *mock.Namespace, r *http.Request, body []byte) { r.Header.Set("Signed", string(body)) },
		Schedule: []time.Duration{time.Millisecond, time.Millisecond},
		Trigger: func(t *toy, name string, body []byte) error {
			if name != "coin" {
				return errors.New("only coin is known")
			}
			t.Callbacks.Send(mock.Callback{Name: "callback.coin", Body: body})
			return nil
		},
	}
}

type rig struct {
	*testing.T
	engine *mock.Engine[*toy]
	toy    *toy
	url    string
	client *http.Client
}

func start(t *testing.T) *rig {
	t.Helper()
	e, err := mock.New(toyVendor(), mock.Options{Seed: 1, Credentials: map[string]string{"key": "k"}, CheckAnswers: true})
	if err != nil {
		t.Fatal(err)
	}
	s, err := mock.Listen("", e, e.Close)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return &rig{T: t, engine: e, toy: e.Default(), url: s.URL, client: &http.Client{Transport: transport, Timeout: 5 * time.Second}}
}

func (r *rig) send(method, path, body string, header ...string) (*http.Response, string, error) {
	r.Helper()
	req, err := http.NewRequest(method, r.url+path, strings.NewReader(body))
	if err != nil {
		r.Fatal(err)
	}
	req.Header.Set("KEY", "k")
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := r.client.Do(req)
	if err != nil {
		return nil, "", err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return res, strings.TrimSpace(string(b)), err
}

func (r *rig) add() (*http.Response, string, error) {
	r.Helper()
	return r.send("POST", "/coin/add", "user=ann&amount=1")
}

func TestARequestGoesFromSignatureOverOpenapiToTheOperation(t *testing.T) {
	for _, row := range []struct {
		name, method, path, body string
		header                   []string
		answer, code, refused    string
		executed                 bool
	}{
		{name: "served", path: "/coin/add", body: "user=ann&amount=1", answer: `{"code":200,"sum":1}`, executed: true},
		{name: "double slash", path: "//coin//add", body: "user=ann&amount=1", answer: `{"code":200,"sum":1}`, executed: true},
		{name: "query and form", path: "/coin/add?user=ann", body: "amount=1", answer: `{"code":200,"sum":1}`, executed: true},
		{name: "get", method: "GET", path: "/coin/add?user=ann&amount=1", answer: `{"code":200,"sum":1}`, executed: true},
		{name: "segment", path: "/rooms/abc", body: `{"by":"x"}`, header: []string{"Content-Type", "application/json"}, answer: `{"code":200,"sum":3}`, executed: true},
		{name: "bad signature", path: "/coin/add", body: "user=ann&amount=1", header: []string{"sign", "bad"}, answer: `{"code":0,"refused":"401"}`, code: "401", refused: "secret does not match"},
		{name: "missing field", path: "/coin/add", body: "user=ann", answer: `{"code":0,"refused":"kind4"}`, code: "kind4", refused: "amount breaks required"},
		{name: "wrong type", path: "/coin/add", body: "user=ann&amount=one", answer: `{"code":0,"refused":"kind4"}`, code: "kind4", refused: "amount breaks type"},
		{name: "too long", path: "/coin/add", body: "user=annabella&amount=1", answer: `{"code":0,"refused":"kind4"}`, code: "kind4", refused: "user breaks maxLength"},
		{name: "too many bytes", path: "/coin/add", body: "user=礼物礼物礼物&amount=1", answer: `{"code":0,"refused":"kind4"}`, code: "kind4", refused: "user breaks x-max-bytes"},
		{name: "too many", path: "/coin/add", body: "user=ann&amount=1&tags=a&tags=b&tags=c", answer: `{"code":0,"refused":"kind4"}`, code: "kind4", refused: "tags breaks maxItems"},
		{name: "path segment too long", path: "/rooms/abcde", body: `{"by":"x"}`, header: []string{"Content-Type", "application/json"}, answer: `{"code":0,"refused":"kind4"}`, code: "kind4", refused: "room breaks maxLength"},
		{name: "not json", path: "/rooms/abc", body: `{"by`, header: []string{"Content-Type", "application/json"}, answer: `{"code":0,"refused":"kind4"}`, code: "kind4", refused: "the body breaks json"},
		{name: "json then more", path: "/rooms/abc", body: `{"by":"x"} {}`, header: []string{"Content-Type", "application/json"}, answer: `{"code":0,"refused":"kind4"}`, code: "kind4", refused: "the body breaks json"},
		{name: "unknown path", path: "/nothing", answer: `{"code":0,"refused":"kind0"}`, code: "kind0", refused: "no such path"},
		{name: "wrong method", method: "DELETE", path: "/coin/add", answer: `{"code":0,"refused":"kind1"}`, code: "kind1", refused: "wrong method"},
		{name: "unknown key", path: "/coin/add", body: "user=ann&amount=1", header: []string{"key", "other"}, answer: `{"code":0,"refused":"kind8"}`, code: "kind8", refused: "no namespace has these credentials"},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := start(t)
			if row.method == "" {
				row.method = "POST"
			}
			_, body, err := r.send(row.method, row.path, row.body, row.header...)
			if err != nil || body != row.answer {
				t.Fatalf("got %s, %v", body, err)
			}
			e, ok := r.toy.Journal.Last(mock.Filter{})
			if !ok || e.Code != row.code || e.Refused != row.refused || e.Executed != row.executed || e.Status != 200 {
				t.Fatalf("journal: %+v", e)
			}
			if err := r.toy.Journal.Breaches(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestAPanicIsTheVendorsInternalErrorAndNeverAGoText(t *testing.T) {
	r := start(t)
	_, body, err := r.send("POST", "/coin/add", "user=panic&amount=1")
	if err != nil || body != `{"code":0,"refused":"kind5"}` {
		t.Fatal(body, err)
	}
	if e, _ := r.toy.Journal.Last(mock.Filter{}); !strings.Contains(e.Refused, "boom") {
		t.Fatalf("journal: %+v", e)
	}
	if _, body, _ := r.add(); !strings.Contains(body, "200") {
		t.Fatal("the namespace stayed locked after the panic: ", body)
	}
}

func TestAnAnswerThatBreaksTheOpenapiIsNoted(t *testing.T) {
	r := start(t)
	if _, _, err := r.send("POST", "/coin/add", "user=wrong&amount=1"); err != nil {
		t.Fatal(err)
	}
	if r.toy.Journal.Breaches() == nil {
		t.Fatal("a text code passed for a number")
	}
}

func TestABodyOverTheLimitIsRefusedAndNotExecuted(t *testing.T) {
	r := start(t)
	_, body, err := r.send("POST", "/coin/add", "user=ann&amount=1&x="+strings.Repeat("y", 4<<20))
	if err != nil || body != `{"code":0,"refused":"kind2"}` || r.toy.total() != 0 {
		t.Fatal(body, err, r.toy.total())
	}
}

func TestFaultsDoWhatTheySayAndExecuteOnlyWhenTheySay(t *testing.T) {
	for _, row := range []struct {
		action   mock.Action
		executed bool
		status   int    // 0: the call fails
		body     string // a part of it
		kind     string // content type
		cause    error
	}{
		{action: mock.Action{Kind: mock.Delay, Wait: time.Millisecond}, executed: true, status: 200, body: "200", kind: "application/json"},
		{action: mock.Action{Kind: mock.Drop}, cause: io.EOF},
		{action: mock.Action{Kind: mock.Drop, After: true}, executed: true, cause: io.EOF},
		{action: mock.Action{Kind: mock.Reset}, cause: syscall.ECONNRESET},
		{action: mock.Action{Kind: mock.Reset, After: true}, executed: true, cause: syscall.ECONNRESET},
		{action: mock.Action{Kind: mock.Truncate}, executed: true, cause: io.ErrUnexpectedEOF},
		{action: mock.Action{Kind: mock.Garbage}, status: 200, kind: "application/json"},
		{action: mock.Action{Kind: mock.HTML}, status: 200, body: "<html>", kind: "text/html"},
		{action: mock.Action{Kind: mock.HTML, Status: 502, After: true}, executed: true, status: 502, body: "<html>", kind: "text/html"},
		{action: mock.Action{Kind: mock.ContentType}, executed: true, status: 200, body: `"code":200`, kind: "text/plain"},
		{action: mock.Action{Kind: mock.Status, Status: 503}, status: 503},
		{action: mock.Action{Kind: mock.Code, Code: "1008"}, status: 200, body: `{"code":0,"refused":"1008"}`},
		{action: mock.Action{Kind: mock.Code, Code: "1008", After: true}, executed: true, status: 200, body: `{"code":0,"refused":"1008"}`},
		{action: mock.Action{Kind: mock.Throttle}, status: 200, body: `{"code":0,"refused":"kind7"}`},
	} {
		t.Run(fmt.Sprintf("%s after=%t", row.action.Kind, row.action.After), func(t *testing.T) {
			r := start(t)
			r.toy.Faults.Next("coin.add", 1, row.action)
			res, body, err := r.add()
			if row.status == 0 {
				if !errors.Is(err, row.cause) {
					t.Fatalf("want %v, got %v", row.cause, err)
				}
			} else if err != nil || res.StatusCode != row.status || !strings.Contains(body, row.body) || !strings.HasPrefix(res.Header.Get("Content-Type"), row.kind) {
				t.Fatal(res, body, err)
			}
			if got := r.toy.total() == 1; got != row.executed {
				t.Fatalf("executed: %t", got)
			}
			if err := r.toy.Journal.Expect(mock.Filter{Fault: row.action.Kind, User: "ann"}, 1); err != nil {
				t.Fatal(err)
			}
			if _, body, err := r.add(); err != nil || !strings.Contains(body, "200") {
				t.Fatal("the next call is spoilt too: ", body, err)
			}
		})
	}
}

func TestAHangEndsWhenTheClientLeaves(t *testing.T) {
	for _, after := range []bool{false, true} {
		r := start(t)
		ended := make(chan struct{})
		watched, err := mock.Listen("", http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			defer close(ended)
			r.engine.ServeHTTP(w, req)
		}), func() {})
		if err != nil {
			t.Fatal(err)
		}
		r.url = watched.URL
		r.toy.Faults.Next("", 1, mock.Action{Kind: mock.Hang, After: after})
		r.client.Timeout = 30 * time.Millisecond
		if _, _, err := r.add(); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		select {
		case <-ended:
		case <-time.After(20 * time.Second):
			t.Fatal("the hang goes on without a client")
		}
		if (r.toy.total() == 1) != after {
			t.Fatal("executed at the wrong moment")
		}
		if err := watched.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAHangEndsWhenTheServerCloses(t *testing.T) {
	e, err := mock.New(toyVendor(), mock.Options{Credentials: map[string]string{"key": "k"}})
	if err != nil {
		t.Fatal(err)
	}
	s, err := mock.Listen("", e, e.Close)
	if err != nil {
		t.Fatal(err)
	}
	e.Default().Faults.Next("", 1, mock.Action{Kind: mock.Hang})
	failed := make(chan error, 1)
	go func() {
		req, _ := http.NewRequest("POST", s.URL+"/coin/add", strings.NewReader("user=a&amount=1"))
		req.Header.Set("key", "k")
		res, err := (&http.Transport{}).RoundTrip(req)
		if err == nil {
			res.Body.Close()
		}
		failed <- err
	}()
	if err := e.Default().Journal.Wait(t.Context(), mock.Filter{Fault: mock.Hang}, 1); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-failed; err == nil {
		t.Fatal("a hanging call was answered")
	}
	if err := s.Close(); err != nil {
		t.Fatal("a second close: ", err)
	}
}

func TestRulesAreTriedInOrderAndCountTheirOwnCalls(t *testing.T) {
	r := start(t)
	add := func(m mock.Match, code string) {
		if _, err := r.toy.Faults.Add(m, mock.Action{Kind: mock.Code, Code: code}); err != nil {
			t.Fatal(err)
		}
	}
	add(mock.Match{Op: "coin.*", User: "ann", Nth: 2}, "second")
	add(mock.Match{Op: "coin.add", Every: 3}, "third")
	add(mock.Match{User: "bob", Times: 1}, "once")
	add(mock.Match{Op: "room"}, "never")
	var got []string
	for _, user := range []string{"ann", "ann", "ann", "bob", "bob", "ann"} {
		_, body, err := r.send("POST", "/coin/add", "amount=1&user="+user)
		if err != nil {
			t.Fatal(err)
		}
		var a struct{ Refused string }
		_ = json.Unmarshal([]byte(body), &a)
		got = append(got, a.Refused)
	}
	if want := fmt.Sprint([]string{"", "second", "third", "once", "", "third"}); fmt.Sprint(got) != want {
		t.Fatalf("got %v, want %v", got, want)
	}
}

func TestProbabilityIsTheSameForTheSameSeed(t *testing.T) {
	run := func(seed uint64) (hits string) {
		f := mock.NewRandom(seed, "x")
		for range 64 {
			hits += fmt.Sprint(f.Chance(0.5))
		}
		return hits
	}
	if run(1) != run(1) || run(1) == run(2) {
		t.Fatal("the seed does not decide")
	}
	r := mock.NewRandom(1, "x")
	if r.Chance(0) || !r.Chance(1) || r.Digits(21)[0] == '0' || len(r.Hex(32)) != 32 {
		t.Fatal("bounds")
	}
}

func TestNamespacesShareNothing(t *testing.T) {
	r := start(t)
	other, err := r.engine.Create("other", map[string]string{"key": "k2"})
	if err != nil {
		t.Fatal(err)
	}
	other.Clock.Advance(time.Hour)
	other.Faults.Next("", 1, mock.Action{Kind: mock.Status, Status: 500})
	if _, _, err := r.add(); err != nil {
		t.Fatal(err)
	}
	for _, want := range []int{500, 200} {
		if res, _, err := r.send("POST", "/coin/add", "user=ann&amount=1", "key", "k2"); err != nil || res.StatusCode != want {
			t.Fatal(res, err)
		}
	}
	if r.toy.total() != 1 || other.total() != 1 || r.toy.Journal.Count(mock.Filter{}) != 1 || other.Journal.Count(mock.Filter{}) != 2 {
		t.Fatal("namespaces are mixed up")
	}
	if e, _ := other.Journal.Last(mock.Filter{}); time.Until(e.At) < 59*time.Minute {
		t.Fatal("the clock of the other namespace did not move: ", e.At)
	}
	if _, err := r.engine.Create("third", map[string]string{"key": "k2"}); err == nil {
		t.Fatal("two namespaces have one key")
	}
	if _, body, err := r.send("POST", "/coin/add", "user=ann&amount=1", "key", "k2"); err != nil || !strings.Contains(body, "200") {
		t.Fatal(body, err)
	}
	if !r.engine.Delete("other") || r.engine.Delete("other") || r.engine.Delete(mock.DefaultNamespace) {
		t.Fatal("delete")
	}
	if _, body, err := r.send("POST", "/coin/add", "user=ann&amount=1", "key", "k2"); err != nil || !strings.Contains(body, "kind8") {
		t.Fatal("the credentials of a deleted namespace still open something: ", body, err)
	}
}

// customer is an app that receives callbacks and refuses the first ones.
type customer struct {
	mu     sync.Mutex // guards all below
	got    []string
	refuse int
}

func (c *customer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.got = append(c.got, string(body)+"/"+r.Header.Get("Signed"))
	if c.refuse > 0 {
		c.refuse--
		w.WriteHeader(http.StatusServiceUnavailable)
	}
}

func TestCallbacksAreSignedRetriedDuplicatedAndReordered(t *testing.T) {
	for _, row := range []struct {
		name   string
		refuse int
		kind   string
		calls  int
		want   string
	}{
		{name: "plain", calls: 2, want: "[1/1 2/2]"},
		{name: "retried", calls: 1, refuse: 2, want: "[1/1 1/1 1/1]"},
		{name: "given up", calls: 1, refuse: 9, want: "[1/1 1/1 1/1]"},
		{name: "duplicate", calls: 2, kind: mock.Duplicate, want: "[1/1 1/1 2/2]"},
		{name: "reorder", calls: 3, kind: mock.Reorder, want: "[2/2 1/1 3/3]"},
		{name: "drop", calls: 2, kind: mock.Drop, want: "[2/2]"},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := start(t)
			c := &customer{refuse: row.refuse}
			srv := httptest.NewServer(c)
			defer srv.Close()
			r.toy.Callbacks.Target("", srv.URL)
			if row.kind != "" {
				r.toy.Faults.Next("callback.coin", 1, mock.Action{Kind: row.kind})
			}
			for range row.calls {
				if _, _, err := r.add(); err != nil {
					t.Fatal(err)
				}
			}
			r.toy.Callbacks.Wait()
			if got := fmt.Sprint(c.got); got != row.want {
				t.Fatalf("got %s, want %s", got, row.want)
			}
		})
	}
}

func TestAnOperationCanAskTheCustomerWithoutHoldingTheNamespace(t *testing.T) {
	r := start(t)
	asked := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if _, body, err := r.add(); err != nil || !strings.Contains(body, "200") { // back into the mock, meanwhile
			t.Error(body, err)
		}
		_, _ = io.WriteString(w, "yes "+req.Header.Get("Signed"))
	}))
	defer asked.Close()
	ask := func() (status int, answer string) {
		r.toy.Do(func() {
			r.toy.Outside(func() {
				var b []byte
				var err error
				status, b, err = r.toy.Callbacks.Ask(t.Context(), mock.Callback{Name: "callback.ask", Body: []byte("may I")})
				if err != nil {
					t.Error(err)
				}
				answer = string(b)
			})
		})
		return status, answer
	}
	if status, answer := ask(); status != 0 || answer != "" {
		t.Fatal("asked nobody, and got", status, answer)
	}
	r.toy.Callbacks.Target("callback.ask", asked.URL)
	if status, answer := ask(); status != 200 || answer != "yes may I" {
		t.Fatal(status, answer)
	}
	if err := r.toy.Journal.Expect(mock.Filter{Op: "callback.ask"}, 1); err != nil {
		t.Fatal(err)
	}
}

func TestManyClientsInManyNamespacesDoNotDisturbEachOther(t *testing.T) {
	r := start(t)
	var all sync.WaitGroup
	for i := range 4 {
		key := fmt.Sprintf("many%d", i)
		space, err := r.engine.Create(key, map[string]string{"key": key})
		if err != nil {
			t.Fatal(err)
		}
		if i%2 == 1 {
			if _, err := space.Faults.Add(mock.Match{Every: 5}, mock.Action{Kind: mock.Status, Status: 500}); err != nil {
				t.Fatal(err)
			}
		}
		for range 3 {
			all.Go(func() {
				for range 20 {
					if _, _, err := r.send("POST", "/coin/add", "user=ann&amount=1", "key", key); err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
	all.Wait()
	for i, want := range []int{60, 48, 60, 48} {
		space, _ := r.engine.State(fmt.Sprintf("many%d", i))
		if got := space.total(); got != want {
			t.Errorf("namespace %d: %d, want %d", i, got, want)
		}
	}
}

func TestTheAdminAPIDrivesEverything(t *testing.T) {
	r := start(t)
	for _, row := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"POST", "/_mock/faults", `{"match":{"op":"coin.add","times":1},"action":{"kind":"status","status":503,"wait":"1ms"}}`, 200, `{"id":"1"}`},
		{"GET", "/_mock/faults", "", 200, `[{"id":"1","match":{"op":"coin.add","times":1},"action":{"kind":"status","status":503,"wait":"1ms"},"seen":0,"fired":0}]`},
		{"POST", "/_mock/faults", `{"action":{"kind":"explode"}}`, 400, `unknown kind`},
		{"POST", "/_mock/faults", `{"action":{"kind":"delay","wait":"long"}}`, 400, `error`},
		{"POST", "/_mock/faults", `{"when":1}`, 400, `unknown field`},
		{"POST", "/coin/add", "user=ann&amount=1", 503, ""},
		{"POST", "/coin/add", "user=ann&amount=1", 200, `"sum":1`},
		{"GET", "/_mock/journal?op=coin.add&fault=status", "", 200, `"status":503`},
		{"GET", "/_mock/journal/expect?op=coin.add&n=2", "", 200, `{"ok":true}`},
		{"GET", "/_mock/journal/expect?op=coin.add&n=3", "", 400, `2 entries match`},
		{"GET", "/_mock/journal/expect?n=x", "", 400, `error`},
		{"GET", "/_mock/journal?since=x", "", 400, `error`},
		{"DELETE", "/_mock/faults/1", "", 200, `ok`},
		{"DELETE", "/_mock/faults/1", "", 404, `error`},
		{"PUT", "/_mock/clock", `{"now":"2030-01-02T03:04:05Z"}`, 200, `2030-01-02T03:04:0`},
		{"PUT", "/_mock/clock", `{}`, 400, `now is missing`},
		{"POST", "/_mock/clock/advance", `{"by":"24h"}`, 200, `2030-01-03T03:04:0`},
		{"POST", "/_mock/clock/advance", `{"by":"soon"}`, 400, `error`},
		{"POST", "/_mock/namespaces", `{"name":"n2","credentials":{"key":"k2"}}`, 200, `{"credentials":{"key":"k2"},"name":"n2"}`},
		{"POST", "/_mock/namespaces", `{"name":"n2"}`, 400, `taken`},
		{"GET", "/_mock/namespaces", "", 200, `["default","n2"]`},
		{"GET", "/_mock/journal?namespace=n2", "", 200, `[]`},
		{"GET", "/_mock/journal?namespace=n3", "", 404, `error`},
		{"DELETE", "/_mock/namespaces/n2", "", 200, `ok`},
		{"DELETE", "/_mock/namespaces/n2", "", 404, `error`},
		{"PUT", "/_mock/callbacks", `{"callback.coin":""}`, 200, `{"callback.coin":""}`},
		{"POST", "/_mock/callbacks/coin", `{}`, 200, `ok`},
		{"POST", "/_mock/callbacks/other", `{}`, 400, `only coin is known`},
		{"POST", "/_mock/reset", "", 200, `ok`},
		{"GET", "/_mock/journal", "", 200, `[]`},
		{"GET", "/_mock/nothing", "", 404, `error`},
	} {
		res, body, err := r.send(row.method, row.path, row.body)
		if err != nil || res.StatusCode != row.status || !strings.Contains(body, row.want) {
			t.Fatalf("%s %s: %v %s %v", row.method, row.path, res, body, err)
		}
	}
	if r.toy.total() != 0 || r.toy.Clock.Offset() != 0 {
		t.Fatal("reset left something")
	}
}

func TestATableThatTheOpenapiDoesNotKnowIsRefused(t *testing.T) {
	v := toyVendor()
	v.Operations = v.Operations[:1]
	if _, err := mock.New(v, mock.Options{}); err == nil {
		t.Fatal("a path of the openapi is served by nothing")
	}
	v.Operations = append(toyVendor().Operations, mock.Operation[*toy]{Name: "x", Path: "/x"})
	if _, err := mock.New(v, mock.Options{}); err == nil {
		t.Fatal("an operation is not in the openapi")
	}
}

func TestTheJournalForgetsTheOldestAndSaysSo(t *testing.T) {
	r := start(t)
	for range 3 {
		if _, _, err := r.add(); err != nil {
			t.Fatal(err)
		}
	}
	j := r.toy.Journal
	err := j.Expect(mock.Filter{User: "ann"}, 2)
	if err == nil || strings.Count(err.Error(), "coin.add") != 3 {
		t.Fatal(err)
	}
	if j.Count(mock.Filter{Since: 2}) != 1 || j.Count(mock.Filter{Text: "amount=1"}) != 3 || j.Count(mock.Filter{User: "bob"}) != 0 {
		t.Fatal("filters")
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if j.Wait(ctx, mock.Filter{}, 4) == nil {
		t.Fatal("waited for nothing")
	}
}

func TestTheJournalIsBounded(t *testing.T) {
	r := start(t)
	for range 2001 {
		req := httptest.NewRequest("POST", "/coin/add", strings.NewReader("user=ann&amount=1"))
		req.Header.Set("key", "k")
		r.engine.ServeHTTP(httptest.NewRecorder(), req)
	}
	kept := r.toy.Journal.Find(mock.Filter{})
	if len(kept) != 1501 || kept[0].Seq != 501 || kept[1500].Seq != 2001 {
		t.Fatal(len(kept), kept[0].Seq)
	}
	if err := r.toy.Journal.Expect(mock.Filter{User: "bob"}, 1); err == nil || !strings.Contains(err.Error(), "500 older ones are forgotten") {
		t.Fatal(err)
	}
}

func FuzzParseForm(f *testing.F) {
	for _, s := range []string{"", "a=1&b=2", "a=%zz&&=x;y", "a=%E7%A4%BC+b", "=&=&&a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := mock.ParseForm(s)
		strict, err := url.ParseQuery(s)
		if err != nil {
			return
		}
		if !bytes.Equal([]byte(got.Encode()), []byte(strict.Encode())) {
			t.Fatalf("%q: %v, strictly %v", s, got, strict)
		}
	})
}
