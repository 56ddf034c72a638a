package linkv

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"switchboard/mocks/mock"
)

// sent is what the mock answers to a POST of body, as a form.
func sent(m *Mock, path, query, body string, header map[string]string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	r.URL.RawQuery = query
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for name, value := range header {
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	m.ServeHTTP(w, r)
	return w
}

func FuzzUnsignedFormsAndQueries(f *testing.F) {
	f.Add("app_id=LM6000000000000000000001&nonce_str=AbCdEfGh1700000000StUvWxYz&sign=0", "uid=%zz&&=;")
	f.Add("userId=ann", "appkey=mockkey&appId=mockapp&timestamp=1&nonce=")
	m := fuzzed(f)
	f.Fuzz(func(t *testing.T, body, query string) {
		for _, path := range []string{"/api/rest/getToken", "/api/rest/sendEventMsg", "/open/finanv0/changeGold", "/task/rest/x/converse/pushSysMsg"} {
			answered(t, m, path, sent(m, path, query, body, nil))
		}
	})
}

// The form is signed as it parses, so that it reaches the operations.
func FuzzSignedForms(f *testing.F) {
	f.Add("userId=ann&name=A&portraitUri=p&uid=1&request_id=r&type=1&value=1", "userId=ann&groupId=g&groupName=G&type=0&fromUserId=ann&toUserId=bob&content=c")
	f.Add("uid=%E7%A4%BC&value=99999999999999999999&type=2", "userIds=a,b,,&minute=-1&page=-1&size=999999999999")
	m := fuzzed(f)
	table := operations()
	f.Fuzz(func(t *testing.T, live, im string) {
		for _, op := range table {
			path := strings.Replace(op.Path, "{appId}", "mockapp", 1)
			if strings.HasPrefix(path, "/open/") {
				form := mock.ParseForm(live)
				form.Del("sign")
				var pairs []string
				for name := range form {
					pairs = append(pairs, name, form.Get(name))
				}
				answered(t, m, path, sent(m, path, "", signed(m.Default().Clock.Now(), pairs...).Encode(), nil))
				continue
			}
			answered(t, m, path, sent(m, path, "", im, imHeaders("ann", m.Default().Clock.Now())))
		}
	})
}

func fuzzed(f *testing.F) *Mock {
	m, err := New(Config{Account: testAccount, CheckAnswers: true})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(m.Close)
	m.Default().Register("ann")
	return m
}

// answered fails unless the answer is one that the vendor gives.
func answered(t *testing.T, m *Mock, path string, w *httptest.ResponseRecorder) {
	t.Helper()
	if w.Code != http.StatusOK || strings.Contains(w.Body.String(), `"status":"500"`) {
		t.Fatalf("%s: %d %s", path, w.Code, w.Body)
	}
	if err := m.Default().Journal.Breaches(); err != nil {
		t.Fatal(err)
	}
	m.Default().Journal.Clear()
}
