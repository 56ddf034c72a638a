package upstream

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"switchboard/vendors"
)

func TestCredentialsOfAnAttemptAreTakenOutOfTheVendorsWords(t *testing.T) {
	const basic, sig, ticket = "YWRtaW46dmVyeS1zZWNyZXQ=", "usersig+with/odd=letters", "ticket-of-the-form"
	c := open(t, Config{}, func(r *http.Request) (*http.Response, error) {
		body, _ := url.QueryUnescape(r.URL.RawQuery)
		return answer(r, http.StatusUnauthorized, "no: Basic "+basic+" "+r.URL.RawQuery+" "+body+" "+ticket+" at 1700000000 of room-with-a-long-name")
	})
	call := post(func(a Answer) error {
		return &vendors.Error{Outcome: vendors.AuthFault, Text: string(a.Body)}
	})
	call.JSON, call.Form = nil, Fields{{"room", "room-with-a-long-name"}}
	call.Sign = func(r *Request) {
		r.Header.Set("Authorization", "Basic "+basic)
		r.Query.Set("usersig", sig)
		r.Query.Set("t", "1700000000")
		r.Form.Set("ticket", ticket)
	}
	err := c.Do(t.Context(), call, nil)
	var e *vendors.Error
	if !errors.As(err, &e) {
		t.Fatal(err)
	}
	for _, secret := range []string{basic, sig, url.QueryEscape(sig), ticket} {
		if strings.Contains(e.Text, secret) {
			t.Errorf("the error repeats a credential: %s", e.Text)
		}
	}
	for _, kept := range []string{"no: Basic", "1700000000", "room-with-a-long-name"} {
		if !strings.Contains(e.Text, kept) {
			t.Errorf("the error has lost %q: %s", kept, e.Text)
		}
	}
}
