package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// markup is what an attacker would have the page show.
const markup = `<img src=x onerror=window.attacked=1>`

// poison puts markup behind every text of every answer that the page gets from now on,
// so that no text is left out, and remembers where texts were.
type poison struct {
	b     *tab
	mu    sync.Mutex // guards places
	found map[string]bool
}

// mapped are the objects whose keys are shown as texts.
var mapped = []string{"routes", "switched", "people", "apps"}

func (p *poison) spoil(v any, place string) any {
	switch v := v.(type) {
	case string:
		p.mu.Lock()
		p.found[place] = true
		p.mu.Unlock()
		if strings.HasSuffix(place, ".cursor") {
			return v // the page sends it back
		}
		return v + markup
	case []any:
		for i := range v {
			v[i] = p.spoil(v[i], place)
		}
		return v
	case map[string]any:
		keyed := strings.Contains(place, ".") && slices.Contains(mapped, place[strings.LastIndex(place, ".")+1:])
		out := map[string]any{}
		for key, inner := range v {
			if keyed {
				out[p.spoil(key, place+".(key)").(string)] = p.spoil(inner, place+".(value)")
			} else {
				out[key] = p.spoil(inner, place+"."+key)
			}
		}
		return out
	}
	return v
}

// answer is called for each answer before the page has it.
func (p *poison) answer(raw json.RawMessage) {
	var m struct {
		RequestID string `json:"requestId"`
		Status    int    `json:"responseStatusCode"`
		Request   struct{ URL string }
	}
	_ = json.Unmarshal(raw, &m)
	var body struct {
		Body          string
		Base64Encoded bool
	}
	got, err := p.b.send("Fetch.getResponseBody", map[string]any{"requestId": m.RequestID})
	if err == nil {
		err = json.Unmarshal(got, &body)
	}
	text := []byte(body.Body)
	if body.Base64Encoded {
		text, _ = base64.StdEncoding.DecodeString(body.Body)
	}
	var v any
	if err != nil || json.Unmarshal(text, &v) != nil {
		_, _ = p.b.send("Fetch.continueRequest", map[string]any{"requestId": m.RequestID})
		return
	}
	at, _ := url.Parse(m.Request.URL)
	place := strings.TrimPrefix(at.Path, "/admin/")
	if strings.HasPrefix(place, "explain/") {
		place = "explain"
	} else if strings.HasPrefix(at.Path, "/sandbox/mocks/") {
		place = at.Path[strings.LastIndex(at.Path, "/")+1:]
	}
	text, _ = json.Marshal(p.spoil(v, place))
	_, _ = p.b.send("Fetch.fulfillRequest", map[string]any{
		"requestId": m.RequestID, "responseCode": m.Status, "body": base64.StdEncoding.EncodeToString(text),
		"responseHeaders": []map[string]string{{"name": "Content-Type", "value": "application/json"}},
	})
}

// Every text that the page is answered is shown as a text, whoever wrote it: names,
// reasons, rooms, apps, vendors' errors, journals, explanations.
func TestNoTextBecomesAPartOfThePage(t *testing.T) {
	t.Parallel()
	p := start(t, func(c *Config) { c.Ledger.FirstCheck = time.Hour })               // what is in doubt stays so
	p.do(t, request{Method: "GET", Path: "/api/v1/wallet", Header: p.as(t, "1001")}) // LinkV knows them from now on
	p.attack(t)
	p.operate(t, "POST", "/admin/owners", map[string]any{"by": "ann", "reason": "they made it there", "app": sandboxApp, "kind": "group", "id": "g1", "account": "linkv"}, nil)
	p.do(t, request{Method: "GET", Path: "/api/v1/wallet", Header: p.as(t, "1001")})
	reader := p.as(t, "1001")
	reader["X-Request-Id"] = "a-read"
	p.do(t, request{Method: "GET", Path: "/api/v1/wallet", Header: reader}) // the codes that no table lists are told of
	heal(t, p.mock(t, "linkv"))
	p.do(t, request{Path: "/sandbox/mocks/linkv/faults", Header: map[string]string{"admin-key": sandboxAdmin}, Body: map[string]any{"match": map[string]any{"op": "wallet.adjust"}, "action": map[string]any{"kind": "drop", "after": true}}, Bad: true})
	gift := p.do(t, request{Path: "/api/server/wallet/adjust", Header: map[string]string{"app-id": sandboxApp, "app-key": sandboxKey, "X-Request-Id": "in-doubt"},
		Body: map[string]any{"uid": "1001", "delta": 10, "request_id": "gift"}, Bad: true})
	if gift.Status != http.StatusGatewayTimeout {
		t.Fatalf("not in doubt: %d %s %s", gift.Status, gift.Body, get(t, p.mock(t, "linkv")+"/_mock/journal"))
	}
	// Both go on to call vendors, and would meet the faults that are for the calls above.
	p.do(t, request{Path: "/api/v1/video/pair/ask", Header: p.as(t, "1003")})
	p.operate(t, "POST", "/admin/erasures", map[string]any{"by": "ann", "reason": "asked for it", "app": sandboxApp, "user": "nobody"}, nil)
	b := browse(t)
	b.size(t, 1440, 1000)
	b.open(t, p.URL+"/")
	b.holds(t, "the stage is there", `document.querySelector(".stage")`)
	spoiler := &poison{b: b, found: map[string]bool{}}
	b.hear("Fetch.requestPaused", spoiler.answer)
	b.do(t, "Fetch.enable", map[string]any{"patterns": []map[string]string{
		{"urlPattern": "*/admin/*", "requestStage": "Response"}, {"urlPattern": "*/api/server/*", "requestStage": "Response"}, {"urlPattern": "*/sandbox/mocks/*", "requestStage": "Response"}, {"urlPattern": "*/get_last_30*", "requestStage": "Response"},
	}})
	for _, view := range []string{"vendors", "routes", "doubts", "explain/in-doubt", "explain/a-read", "explain/nobody-knows", "owners", "sessions", "pairing", "data", "audit", "stage"} {
		b.eval(t, fmt.Sprintf("location.hash=%q", "#/"+view), nil)
		b.holds(t, view+" shows the markup as a text", `document.querySelector("main").innerText.includes("onerror=window.attacked")`)
		if view == "stage" {
			b.press(t, ".side", "Send a tip")
			b.holds(t, "the journal shows it", `document.querySelector(".side details pre")?.textContent.includes("onerror")`)
			b.press(t, ".side", "Give 10 coins")
			b.holds(t, "what went wrong is shown", `document.querySelector(".side .note.bad")?.innerText.includes("onerror")`)
		}
		b.clean(t, view)
		var strange []string
		b.eval(t, `[...document.querySelectorAll("#app a")].map(a=>a.getAttribute("href")).filter(h=>!h.startsWith("#")&&h!=="/docs")`, &strange)
		if len(strange) > 0 {
			t.Errorf("%s has links to %q", view, strange)
		}
		b.shoot(t, "attack-"+strings.ReplaceAll(view, "/", "-"))
	}
	spoiler.mu.Lock() // answers may still be on their way
	defer spoiler.mu.Unlock()
	for _, place := range []string{
		"vendors.vendors.name", "vendors.vendors.last_fault", "vendors.vendors.breakers.class", "vendors.vendors.breakers.state", "vendors.vendors.operations.op",
		"vendors.vendors.unknown_codes.op", "vendors.vendors.unknown_codes.code", "vendors.vendors.unknown_codes.sample",
		"routes.routes.(key)", "routes.routes.(value).vendors.vendor", "routes.audit.by", "routes.audit.reason",
		"doubts.writes.op", "doubts.writes.state", "doubts.writes.vendor", "doubts.writes.app", "doubts.writes.request_id",
		"explain.writes.op", "explain.writes.state", "explain.writes.key", "explain.writes.steps.vendor", "explain.writes.steps.op", "explain.writes.steps.note", "explain.writes.steps.outcome",
		"explain.reads.route", "explain.reads.steps.vendor", "explain.reads.steps.op", "explain.error", "/api/server/wallet/adjust.err",
		"owners.owners.kind", "owners.owners.id", "owners.owners.account", "owners.owners.vendor_id", "owners.owners.app", "owners.owners.state", "owners.moves.by", "owners.moves.reason",
		"retention.apps.(key)", "retention.apps.(value).part", "erasures.erasures.state", "erasures.erasures.app", "erasures.erasures.by", "erasures.erasures.reason", "erasures.erasures.vendors.reason",
		"sessions.sessions.user", "sessions.sessions.app", "sessions.sessions.api", "sessions.sessions.device",
		"pairs.pools.app", "pairs.pools.people.(key)", "journal.op", "journal.method", "journal.path", "journal.request", "journal.answer",
	} {
		if !spoiler.found[place] {
			t.Errorf("the page was answered no %s: this test left it out. It had %q", place, slices.Sorted(maps.Keys(spoiler.found)))
		}
	}
}
