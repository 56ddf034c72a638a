package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
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
