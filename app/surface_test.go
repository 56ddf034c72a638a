package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// act is one write of the product API, as the table of outcomes makes it at a vendor.
type act struct {
	what, method, path string
	body               func(vendor, name string) any // name is fresh for each case
	route              string                        // the capability that routes it
	can                []string                      // vendors that can
	settled            []string                      // vendors that a doubt is settled at
	remade             []string                      // vendors that it is settled at by making it again, executed or not
	asked              []string                      // vendors that are asked in vain what became of it
	at                 []string                      // vendors that are tried; nil: all
	rows               int                           // of a whole success; 0: the answer has none
	code               map[string]string             // the vendor's own refusal; empty: its usual one
}

// usualNo is a code by which each vendor refuses a parameter.
var usualNo = map[string]string{"rongcloud": "1002", "linkv": "400", "youme": "1001", "livekit": "invalid_argument"}

// rowIn is a row of an answer.
type rowIn struct {
	ID, State, Vendor, Message_id, Reason string
	Until                                 *int64
}

// rowsIn are the rows of an answer.
func rowsIn(t testing.TB, a answer) (rows []rowIn) {
	t.Helper()
	var data struct{ Rows *json.RawMessage }
	if json.Unmarshal(a.Data, &data) != nil || data.Rows == nil {
		return nil
	}
	if err := json.Unmarshal(*data.Rows, &rows); err != nil {
		t.Fatalf("rows %s: %v", *data.Rows, err)
	}
	return rows
}

// calls are what the vendor's mock was asked since its journal was cleared, less the
// word list, which is read beside requests, and the callbacks that it made itself.
func (p *process) calls(t testing.TB, vendor string) (n int) {
	t.Helper()
	var journal []struct{ Path string }
	if err := json.Unmarshal([]byte(get(t, p.mock(t, vendor)+"/_mock/journal?limit=1000")), &journal); err != nil {
		t.Fatal(err)
	}
	for _, e := range journal {
		if e.Path != "/sensitiveword/list.json" && !strings.HasPrefix(e.Path, "http") {
			n++
		}
	}
	return n
}

// forget deletes what the vendor's mock has of faults or journal.
func (p *process) forget(t testing.TB, vendor, what string) {
	t.Helper()
	req, err := http.NewRequest(http.MethodDelete, p.mock(t, vendor)+"/_mock/"+what, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
}

func (p *process) clear(t testing.TB, vendor string) {
	t.Helper()
	p.forget(t, vendor, "faults")
	p.forget(t, vendor, "journal")
}

func (p *process) breaker(t testing.TB, vendor, mode string) {
	t.Helper()
	p.operate(t, "POST", "/admin/vendors/"+vendor+"/breaker", map[string]string{"by": "test", "mode": mode}, nil)
}

// startSurface runs the program on its mocks, whose breakers never open by themselves.
func startSurface(t *testing.T, edit func(*Config)) *process {
	t.Helper()
	p := start(t, func(c *Config) {
		c.Ledger.FirstCheck = 20 * time.Millisecond
		if edit != nil {
			edit(c)
		}
	})
	for _, vendor := range []string{"rongcloud", "linkv", "youme"} {
		p.breaker(t, vendor, "closed")
	}
	return p
}

// try makes the acts at each vendor alone and tells whether the answers are those of
// the outcome: done, repeated, refused, vendor away, in doubt, and what a vendor cannot.
// Their paths go below path, and their route is that of the capability.
func (p *process) try(t *testing.T, acts []act, path, route string) {
	for _, a := range acts {
		a.path, a.route = path+a.path, route
		for _, vendor := range []string{"rongcloud", "linkv"} {
			if a.at != nil && !slices.Contains(a.at, vendor) {
				continue
			}
			t.Run(a.what+" at "+vendor, func(t *testing.T) {
				p.operate(t, "PUT", "/admin/routes", map[string]any{"by": "test", "routes": p.only(t, a.route, vendor)}, nil)
				p.clear(t, vendor)
				t.Cleanup(func() { p.clear(t, vendor) })
				if !slices.Contains(a.can, vendor) {
					p.cannot(t, a, vendor)
					return
				}
				p.doneOnce(t, a, vendor)
				p.refused(t, a, vendor)
				p.away(t, a, vendor)
				p.doubted(t, a, vendor)
				if slices.Contains(a.remade, vendor) {
					p.lost(t, a, vendor)
				}
			})
		}
	}
}

// only routes the capability to the vendor alone, if it can be routed there at all.
func (p *process) only(t *testing.T, capability, vendor string) map[string]string {
	if capability == "wallet" || capability == "words" {
		return map[string]string{} // one vendor alone has it
	}
	return map[string]string{capability: vendor}
}

func (a act) request(vendor, name string) request {
	r := request{Method: a.method, Path: strings.ReplaceAll(a.path, "NAME", name), Header: with(serverKey, "Idempotency-Key", name)}
	if a.body != nil {
		r.Body = a.body(vendor, name)
	}
	return r
}

func (a act) name(vendor, of string) string {
	return strings.NewReplacer(" ", "-", "/", "-").Replace(fmt.Sprintf("%s-%s-%s", a.what, vendor[:1], of))
}

func (p *process) cannot(t *testing.T, a act, vendor string) {
	got := p.do(t, a.request(vendor, a.name(vendor, "cannot")))
	var data struct{ Unable, Able []string }
	if got.Status != 501 || got.Code != 100111 || p.calls(t, vendor) != 0 {
		t.Fatalf("cannot: %d %s after %d calls", got.Status, got.Body, p.calls(t, vendor))
	}
	got.decode(t, &data)
	if !slices.Contains(data.Unable, vendor) || slices.Contains(data.Able, vendor) || !slices.Equal(data.Able, a.can) {
		t.Errorf("who cannot and who could: %s", got.Body)
	}
}

func (p *process) doneOnce(t *testing.T, a act, vendor string) {
	t.Helper()
	r := a.request(vendor, a.name(vendor, "done"))
	first := p.do(t, r)
	rows := rowsIn(t, first)
	if first.Code != 0 || len(rows) != a.rows {
		t.Fatalf("done: %d %s", first.Status, first.Body)
	}
	for _, row := range rows {
		if row.State != "accepted" && row.State != "already" || row.Vendor != vendor {
			t.Errorf("done: %+v", row)
		}
	}
	before := p.calls(t, vendor)
	again := p.do(t, r)
	if again.Header.Get("Idempotent-Replayed") != "true" || !bytes.Equal(first.Data, again.Data) || again.Code != first.Code || p.calls(t, vendor) != before || before == 0 {
		t.Errorf("repeated: %d %s, %d calls after %d", again.Status, again.Body, p.calls(t, vendor), before)
	}
}

func (p *process) refused(t *testing.T, a act, vendor string) {
	t.Helper()
	no := usualNo[vendor]
	if a.code[vendor] != "" {
		no = a.code[vendor]
	}
	r := a.request(vendor, a.name(vendor, "refused"))
	spoil(t, p.mock(t, vendor), "", 9, map[string]any{"kind": "code", "code": no})
	got := p.do(t, r)
	if got.Status != 422 || got.Code != 100110 {
		t.Errorf("refused: %d %s", got.Status, got.Body)
	}
	for _, row := range rowsIn(t, got) {
		if row.State != "refused" || row.Reason == "" {
			t.Errorf("refused: %+v", row)
		}
	}
	p.clear(t, vendor)
	if again := p.do(t, r); again.Code != got.Code || again.Header.Get("Idempotent-Replayed") != "true" || p.calls(t, vendor) != 0 {
		t.Errorf("refused, and repeated: %d %s", again.Status, again.Body)
	}
}

// away: nothing was done, and the same key serves once the vendor is back.
func (p *process) away(t *testing.T, a act, vendor string) {
	t.Helper()
	r := a.request(vendor, a.name(vendor, "away"))
	p.clear(t, vendor)
	p.breaker(t, vendor, "open")
	got := p.do(t, r)
	if got.Status != 503 || got.Code != 100108 || got.Header.Get("Retry-After") == "" || p.calls(t, vendor) != 0 {
		t.Errorf("away: %d %s, %d calls", got.Status, got.Body, p.calls(t, vendor))
	}
	p.breaker(t, vendor, "closed")
	if again := p.do(t, r); again.Code != 0 {
		t.Errorf("back again: %d %s", again.Status, again.Body)
	}
}

// doubted: the vendor executes and does not answer. Nobody makes it again; where the
// vendor can be asked, the key tells in the end that it was done.
func (p *process) doubted(t *testing.T, a act, vendor string) {
	t.Helper()
	r := a.request(vendor, a.name(vendor, "doubted"))
	p.clear(t, vendor)
	spoil(t, p.mock(t, vendor), "", 3, map[string]any{"kind": "drop", "after": true})
	got := p.do(t, r)
	if got.Status != 504 || got.Code != 100109 {
		t.Errorf("in doubt: %d %s", got.Status, got.Body)
	}
	for _, row := range rowsIn(t, got) {
		if row.State != "unknown" {
			t.Errorf("in doubt: %+v", row)
		}
	}
	before := p.calls(t, vendor)
	p.forget(t, vendor, "faults")
	if !slices.Contains(a.settled, vendor) && !slices.Contains(a.remade, vendor) {
		if again := p.do(t, r); again.Code != 100109 || p.calls(t, vendor) != before && !slices.Contains(a.asked, vendor) {
			t.Errorf("in doubt, and repeated: %d %s, %d calls after %d", again.Status, again.Body, p.calls(t, vendor), before)
		}
		return
	}
	p.settles(t, r)
}

// lost: the vendor does not execute it, nobody knows, and it is away for a while. The key
// tells in the end that it was done.
func (p *process) lost(t *testing.T, a act, vendor string) {
	t.Helper()
	r := a.request(vendor, a.name(vendor, "lost"))
	p.clear(t, vendor)
	spoil(t, p.mock(t, vendor), "", 3, map[string]any{"kind": "drop"})
	if got := p.do(t, r); got.Status != 504 || got.Code != 100109 {
		t.Errorf("lost: %d %s", got.Status, got.Body)
	}
	p.breaker(t, vendor, "open")
	p.forget(t, vendor, "faults")
	if got := p.do(t, r); got.Status != 504 || got.Code != 100109 || got.Header.Get("Retry-After") == "" {
		t.Errorf("lost, and the vendor is away: %d %s", got.Status, got.Body)
	}
	p.breaker(t, vendor, "closed")
	p.settles(t, r)
}

// settles waits until the repeat of a request tells that it was done.
func (p *process) settles(t *testing.T, r request) {
	t.Helper()
	for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		again := p.do(t, r)
		if again.Code == 0 {
			for _, row := range rowsIn(t, again) {
				if row.State != "accepted" && row.State != "already" {
					t.Errorf("settled: %+v", row)
				}
			}
			return
		}
		looking := again.Code == 100109 || again.Header.Get("Retry-After") != "" // all of it, or a part
		if !looking || time.Now().After(deadline) {
			t.Fatalf("never settled: %d %s", again.Status, again.Body)
		}
	}
}
