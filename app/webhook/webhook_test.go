package webhook

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"switchboard/vendors"
)

const secret = vendors.Secret("whsec_c3dpdGNoYm9hcmQtdGVzdC1zZWNyZXQ=")

func TestPostIsSignedAndFollowsNoRedirect(t *testing.T) {
	verifier, err := standardwebhooks.NewWebhook(secret.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	status := 204
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if err := verifier.Verify(body, r.Header); err != nil || r.Header.Get("webhook-id") != "e1" || r.URL.Path != "/hook" {
			t.Errorf("%s %q %q: %v", r.URL, r.Header, body, err)
		}
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(status)
	}))
	defer receiver.Close()
	s, err := New(receiver.URL+"/hook", secret)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, status = range []int{200, 204, 302, 410, 503} {
		got, err := s.Post(t.Context(), "e1", []byte("{}"))
		if got != status || (err == nil) != (status < 300) {
			t.Errorf("%d: %d, %v", status, got, err)
		}
	}
}

func TestPostThatReachesNobodyShowsNoURL(t *testing.T) {
	s, err := New("http://127.0.0.1:1/hook?key=s3cr3t", secret)
	if err != nil {
		t.Fatal(err)
	}
	if status, err := s.Post(t.Context(), "e1", nil); status != 0 || err == nil || strings.Contains(err.Error(), "s3cr3t") {
		t.Errorf("%d, %v", status, err)
	}
}

func TestBadTargetsAndSecretsAreToldAtOnceWithoutTheirValues(t *testing.T) {
	_, err := New("s3cr3t", "whsec_not base64")
	if err == nil || !strings.Contains(err.Error(), "URL: ") || !strings.Contains(err.Error(), "SECRET: ") ||
		strings.Contains(err.Error(), "s3cr3t") || strings.Contains(err.Error(), "not base64") {
		t.Errorf("%v", err)
	}
}
