package rongcloud_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"switchboard/mocks/rongcloud"
)

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		m, err := rongcloud.New(rongcloud.Config{})
		if err != nil {
			b.Fatal(err)
		}
		m.Close()
	}
}

// One private message from request to answer, without the network.
func BenchmarkPublish(b *testing.B) {
	m, err := rongcloud.New(rongcloud.Config{Account: rongcloud.Account{AppKey: testKey, AppSecret: testSecret}, NoRateLimits: true})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(m.Close)
	h := m.Handler()
	for b.Loop() {
		r := httptest.NewRequest(http.MethodPost, "/message/private/publish.json", strings.NewReader("fromUserId=a&toUserId=b&objectName=RC:TxtMsg&content=%7B%22content%22:%22hello%22%7D"))
		r.Header.Set("Content-Type", formType)
		sign(r)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			b.Fatal(w.Body.String())
		}
	}
}
