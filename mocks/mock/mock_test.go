package mock_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
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
		Callbacks: []string{"callback.coin", "callback.ask"},
		Keys:      []string{"key"},
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

func TestATableThatTheOpenapiDoesNotKnowShowsInTheAnswers(t *testing.T) {
	v := toyVendor()
	v.Operations = v.Operations[:1]
	e, err := mock.New(v, mock.Options{Credentials: map[string]string{"key": "k"}, SpecLater: true})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	answer := httptest.NewRecorder()
	e.ServeHTTP(answer, httptest.NewRequest(http.MethodPost, v.Operations[0].Path, nil))
	if entry, _ := e.Default().Journal.Last(mock.Filter{}); entry.Executed || !strings.Contains(entry.Refused, "nothing serves") {
		t.Errorf("%s %+v", answer.Body, entry)
	}
	health := httptest.NewRecorder()
	e.ServeHTTP(health, httptest.NewRequest(http.MethodGet, "/_mock/health", nil))
	if health.Code != http.StatusServiceUnavailable || !strings.Contains(health.Body.String(), "nothing serves") {
		t.Errorf("its health: %d %s", health.Code, health.Body)
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
