package main

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"switchboard/app/pairing"
	"switchboard/app/pairing/ticket"
)

// The business server's word decides who meets, in the running program.
func TestTheBusinessServersProfilesDecideWhoMeets(t *testing.T) {
	business := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("key") != "k" || r.URL.Query().Get("app") != sandboxApp {
			t.Errorf("asked with %s", r.URL.RawQuery)
		}
		switch r.URL.Query().Get("uid") {
		case "100":
			fmt.Fprint(w, `{"role":"guest","language":"en","blocked":[200]}`)
		case "200", "201":
			fmt.Fprint(w, `{"role":"host","language":"en","blocked":["7"],"more":1}`)
		case "300":
			w.WriteHeader(http.StatusInternalServerError)
		default:
			http.NotFound(w, r)
		}
	}))
	defer business.Close()
	p := start(t, func(c *Config) {
		c.Pairing.Profile.URL = business.URL + "?key=k"
		c.Pairing.Keys = map[string]string{"pool.ask_role": "guest", "pool.answer_role": "host"}
	})
	for _, uid := range []string{"199", "200"} { // no role, and blocked
		p.pair(t, p.as(t, uid), "pair/avail", map[string]any{"on": true})
	}
	asker := p.as(t, "100")
	var asked struct {
		AskNo string `json:"ask_no"`
	}
	p.pair(t, asker, "pair/ask", map[string]any{}).decode(t, &asked)
	time.Sleep(300 * time.Millisecond)
	for _, uid := range []string{"199", "200"} {
		if got := p.pair(t, p.as(t, uid), "pair/info", map[string]any{"ask_no": asked.AskNo}); got.Code != 200101 {
			t.Errorf("%s was offered: %s", uid, got.Body)
		}
	}
	host := p.as(t, "201")
	p.pair(t, host, "pair/avail", map[string]any{"on": true})
	until(t, "the host is offered", func() bool {
		return p.pair(t, host, "pair/info", map[string]any{"ask_no": asked.AskNo}).Code == 0
	})
	for uid, code := range map[string]int{"202": 200004, "300": 200111} { // not for this role; not known
		if got := p.pair(t, p.as(t, uid), "pair/ask", map[string]any{}); got.Code != code {
			t.Errorf("%s asks: %s", uid, got.Body)
		}
	}
}

// businessServer answers in place of a network, so that time in its tests is synctest's.
type businessServer struct {
	asked int
	down  bool
}

func (b *businessServer) RoundTrip(*http.Request) (*http.Response, error) {
	b.asked++
	if b.down {
		return nil, io.ErrUnexpectedEOF
	}
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(`{"blocked":[9,"3"]}`))}, nil
}

func TestProfilesAreKeptAndTheServerIsLeftAloneWhileItIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const address = "https://business.example"
		business := &businessServer{}
		p := newProfiles(ProfileConfig{URL: address, TTL: time.Minute, Stale: time.Hour}, &http.Client{Transport: business}, slog.New(slog.DiscardHandler))
		want := pairing.Profile{Blocked: []ticket.UID{3, 9}}
		for range 10 {
			if got, err := p.get(t.Context(), "a", 1); err != nil || !reflect.DeepEqual(got, want) {
				t.Fatalf("%+v %v", got, err)
			}
		}
		if business.asked != 1 {
			t.Fatalf("asked %d times in one life", business.asked)
		}
		business.down = true
		time.Sleep(time.Minute + time.Second)
		before := business.asked
		for range 10 {
			if got, err := p.get(t.Context(), "a", 1); err != nil || len(got.Blocked) != 2 {
				t.Fatalf("the last answer does not hold: %+v %v", got, err)
			}
			if _, err := p.get(t.Context(), "a", 2); err == nil || strings.Contains(err.Error(), address) {
				t.Fatalf("of whom nothing is known: %v", err)
			}
		}
		if n := business.asked - before; n > 2 { // once for each
			t.Fatalf("asked %d times within a second of not being reached", n)
		}
	})
}

func TestProfilesThatCannotBeRead(t *testing.T) {
	for _, body := range []string{"", "[]", `{"blocked":["bob"]}`, `{"blocked":[0]}`, `{"blocked":{}}`, `{"role":7}`} {
		if got, err := readProfile(strings.NewReader(body)); err == nil {
			t.Errorf("%q is read as %+v", body, got)
		}
	}
}
