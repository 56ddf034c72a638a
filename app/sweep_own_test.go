package main

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"switchboard/mocks/mock"
)

// ownSweep visits the paths that no vendor's ability serves: what is kept here, checks, and
// pair matching.
type ownSweep struct {
	*sweep
	t     *testing.T
	tried map[string]map[string]bool // by operation, its cases
}

// The cases of such a path. A read has no repeat, and what asks no vendor has none that
// is refused, away or lost.
const (
	isDone     = "done"
	isRefused  = "refused" // by a rule of the product's own
	isRepeated = "repeated"
	isOthers   = "other app's"
)

// ownCan says which cases there cannot be, by operation.
var ownCan = map[string]map[string]string{
	"GET /api/server/capabilities":         {isRefused: "it takes nothing that could be wrong", isOthers: "each app has its own: sweep.listed"},
	"GET /api/server/users/{user}":         {isRefused: "who is not known is told as that"},
	"GET /api/server/users/{user}/data":    {isRefused: "of who is not known there is nothing"},
	"POST /api/v1/im/before/check":         {isRepeated: "it changes nothing", isOthers: "coins are of the vendor's account"},
	"POST /api/v1/video/before/check":      {isRepeated: "it changes nothing", isOthers: "coins are of the vendor's account"},
	"POST /api/v1/video/pair/avail":        {isRefused: "nobody is kept from it", isOthers: "it names nobody else"},
	"POST /api/v1/video/pair/ask":          {isOthers: "it names nobody else"},
	"POST /api/v1/video/pair/info":         {isRepeated: "it changes nothing"},
	"POST /api/v1/video/pairRecords":       {isRepeated: "it changes nothing", isRefused: "a list may be empty"},
	"DELETE /api/server/users/{user}/data": {isRefused: "who is not known is erased as well: something of theirs may be at a vendor"},
}

// try makes one request and notes which case of its operation that was.
func (o *ownSweep) try(is, op string, by map[string]string, a asked, status, code int, shows ...string) answer {
	o.t.Helper()
	r := o.request(o.t, swept{op: op, read: true}, cell{app: appAlone, name: "x"}, a)
	r.Header, r.Bad = by, true
	got := o.do(o.t, r)
	if got.Status != status || got.Code != code && status == 200 && !strings.HasSuffix(op, "/data") {
		o.t.Errorf("%s, %s: %d %s, want %d %d", op, is, got.Status, got.Body, status, code)
	}
	for _, text := range shows {
		if hidden, no := strings.CutPrefix(text, "!"); strings.Contains(string(got.Body), hidden) == no {
			o.t.Errorf("%s, %s: %s, want %s", op, is, got.Body, text)
		}
	}
	if o.tried[op] == nil {
		o.tried[op] = map[string]bool{}
	}
	o.tried[op][is] = true
	return got
}

// ownPaths visits them, and fails for a path of the contract without its cases.
func (s *sweep) ownPaths(t *testing.T) {
	s.routeAll(t, "rongcloud")
	o := &ownSweep{sweep: s, t: t, tried: map[string]map[string]bool{}}
	o.ofUsers()
	o.hosts()
	o.checks()
	o.pairs()
	table := sweptTable()
	for op := range contractOps(t) {
		if slices.ContainsFunc(table, func(w swept) bool { return w.op == op }) {
			continue
		}
		for _, is := range []string{isDone, isRefused, isRepeated, isOthers} {
			lacks := ownCan[op][is] != "" || is == isRepeated && strings.HasPrefix(op, "GET ")
			if !lacks && !o.tried[op][is] {
				t.Errorf("%s is not swept: %s", op, is)
			}
		}
	}
}

func (o *ownSweep) ofUsers() {
	const show, export, erase, erasure = "GET /api/server/users/{user}", "GET /api/server/users/{user}/data", "DELETE /api/server/users/{user}/data", "GET /api/server/erasures/{erasure}"
	mine, theirs := backEndOf(appAlone), backEndOf(appRight)
	o.client(o.t, appAlone, "8001")
	o.try(isDone, "GET /api/server/capabilities", mine, asked{}, 200, 0, "rongcloud", "!rongcloud:b")

	ann := asked{in: map[string]string{"user": "8001"}}
	o.server(o.t, cell{app: appAlone}, "PUT", "/users/8001", map[string]any{"name": "Ann of 8001"})
	o.try(isDone, show, mine, ann, 200, 0, "Ann of 8001")
	o.try(isOthers, show, theirs, ann, 200, 0, "!Ann of 8001")
	o.try(isDone, export, mine, ann, 200, 0, "Ann of 8001", `"end"`)
	o.try(isOthers, export, theirs, ann, 200, 0, "!Ann of 8001", `"end"`)

	const list = "GET /api/server/users/{user}/sessions"
	o.ws(o.t, o.tokenIn(o.t, appAlone, "8001"), "")
	o.try(isDone, list, mine, ann, 200, 0, `"transport":"websocket"`, "rongcloud", "!rongcloud:b", `"reason":"the vendor lists no sessions"`)
	o.try(isOthers, list, theirs, ann, 200, 0, `"sessions":[],"total":0,"reason":null,"vendors"`, "rongcloud:b", "!websocket")
	o.try(isRefused, list, mine, asked{in: map[string]string{"user": strings.Repeat("x", 65)}}, 400, 100101)

	const end = "DELETE /api/server/users/{user}/sessions/{device}"
	ofDevice := func(user, device string) asked { return asked{in: map[string]string{"user": user, "device": device}} }
	key := with(mine, "Idempotency-Key", "end-1")
	o.try(isDone, end, key, ofDevice("8001", "phone"), 200, 0, "rongcloud", "!refused")
	if again := o.try(isRepeated, end, key, ofDevice("8001", "phone"), 200, 0); again.Header.Get("Idempotent-Replayed") != "true" {
		o.t.Errorf("it was made again: %s", again.Body)
	}
	o.try(isRefused, end, key, ofDevice("8001", "tablet"), 409, 100113)
	o.try(isOthers, end, theirs, ofDevice("8001", "phone"), 200, 0)

	job := func(by map[string]string, key string) (job erasureAnswer) {
		o.try(isDone, erase, with(by, "Idempotency-Key", key), ann, 200, 0).decode(o.t, &job)
		return job
	}
	first := job(mine, "erase-1")
	of := func(id string) asked { return asked{in: map[string]string{"erasure": id}} }
	o.try(isDone, erasure, mine, of(first.ID), 200, 0, first.ID)
	o.try(isOthers, erasure, theirs, of(first.ID), 404, 100104)
	o.try(isRefused, erasure, mine, of("nothing"), 404, 100104)
	until(o.t, "the erasure is done", func() bool {
		return strings.Contains(string(o.try(isDone, erasure, mine, of(first.ID), 200, 0).Body), `"state":"done"`)
	})
	o.tried[erase][isRepeated], o.tried[erase][isOthers] = true, true
	if again := job(mine, "erase-1"); again.ID != first.ID {
		o.t.Errorf("the same key began %+v, after %+v", again, first)
	}
	if other := job(theirs, "erase-1"); other.ID == first.ID {
		o.t.Errorf("another app was given %+v", other)
	}
}

func (o *ownSweep) hosts() {
	const list, whole, some = "GET /api/server/pair/hosts", "PUT /api/server/pair/hosts", "POST /api/server/pair/hosts"
	mine, theirs := backEndOf(appAlone), backEndOf(appRight)
	scene := func(query string, uids ...int) asked {
		return asked{query: query, body: map[string]any{"scene": 7, "uids": uids}}
	}
	for _, is := range []string{isDone, isRepeated} {
		o.try(is, whole, mine, scene("", 8101, 8102), 200, 0)
		o.try(is, some, mine, asked{body: map[string]any{"scene": 7, "add": []int{8103}, "remove": []int{8102}}}, 200, 0)
	}
	o.try(isDone, list, mine, asked{query: "?scene=7"}, 200, 0, "8101", "8103", "!8102")
	o.try(isOthers, list, theirs, asked{query: "?scene=7"}, 200, 0, "!8101")
	o.try(isOthers, whole, theirs, scene("", 8109), 200, 0)
	o.try(isOthers, some, theirs, asked{body: map[string]any{"scene": 7, "remove": []int{8101}}}, 200, 0)
	o.try(isDone, list, mine, asked{query: "?scene=7"}, 200, 0, "8101", "!8109")
	o.try(isRefused, list, mine, asked{query: "?scene=100"}, 400, 100101)
	o.try(isRefused, whole, mine, asked{body: map[string]any{"scene": 100, "uids": []int{1}}}, 400, 100101)
	o.try(isRefused, some, mine, asked{body: map[string]any{"scene": 7}}, 400, 100101)
}

// checks ask the wallet's vendor: it refuses, is away, and loses its answer, too.
func (o *ownSweep) checks() {
	const message, video = "POST /api/v1/im/before/check", "POST /api/v1/video/before/check"
	for n, op := range []string{message, video} {
		text := func(content string) asked {
			return asked{body: map[string]any{"rc_msg": "RC:TxtMsg", "peer_uid": 1002, "content": content}}
		}
		who := func(i int) map[string]string {
			return o.client(o.t, appAlone, string(rune('1'+n))+string(rune('0'+i))+"77")
		}
		o.try(isDone, op, who(0), text("hello"), 200, 0)
		if op == message {
			o.try(isRefused, op, who(0), text("a casino"), 200, 100002)
		}
		for i, spoilt := range []struct {
			action mock.Action
			status int
			code   int
		}{
			{mock.Action{Kind: mock.Code, Code: usualNo["linkv"]}, 422, 100110}, {mock.Action{Kind: mock.Drop, After: true}, 503, 100108},
		} {
			o.far["linkv"].Faults.Next("", 9, spoilt.action)
			o.try("a vendor's", op, who(1+i), text("hello"), spoilt.status, spoilt.code)
			o.far["linkv"].clear()
		}
		o.breaker(o.t, "linkv", "open")
		o.try("a vendor's", op, who(3), text("hello"), 503, 100108)
		o.breaker(o.t, "linkv", "closed")
		o.server(o.t, cell{app: appAlone}, "POST", "/wallet/adjust", map[string]any{"uid": string(rune('1'+n)) + "477", "delta": -1000, "request_id": "poor-" + string(rune('1'+n))})
		o.try(isRefused, op, who(4), text("hello"), 200, 1003)
	}
}

// pairs is one evening of two people, with what an app of the same users may not do.
func (o *ownSweep) pairs() {
	const base = "POST /api/v1/video/"
	asker, candidate := o.client(o.t, appAlone, "8801"), o.client(o.t, appAlone, "8802")
	stranger := o.client(o.t, appRight, "8802")
	for _, is := range []string{isDone, isRepeated} {
		o.try(is, base+"pair/avail", candidate, asked{body: map[string]any{"on": true}}, 200, 0)
	}
	var ask struct {
		AskNo string `json:"ask_no"`
	}
	begin := func() {
		o.try(isDone, base+"pair/ask", asker, asked{body: map[string]any{}}, 200, 0).decode(o.t, &ask)
		o.try(isRepeated, base+"pair/ask", asker, asked{body: map[string]any{}}, 200, 0, ask.AskNo)
		o.try(isRefused, base+"pair/ask", asker, asked{body: map[string]any{"scene": 100}}, 400, 100101)
	}
	in := func(more map[string]any) asked {
		body := map[string]any{"ask_no": ask.AskNo, "round_no": 1}
		maps.Copy(body, more)
		return asked{body: body}
	}
	begin()
	until(o.t, "the candidate is offered", func() bool {
		return o.pair(o.t, candidate, "pair/info", map[string]any{"ask_no": ask.AskNo}).Code == 0
	})
	o.try(isDone, base+"pair/info", asker, in(nil), 200, 0, ask.AskNo)
	o.try(isRefused, base+"pair/info", asker, asked{body: map[string]any{"ask_no": "nothing"}}, 200, 200101)
	o.try(isOthers, base+"pair/info", stranger, in(nil), 200, 200101)

	twice := func(op string, who map[string]string, good, bad map[string]any, code int) {
		o.t.Helper()
		o.try(isOthers, base+op, stranger, in(good), 200, 200101)
		o.try(isRefused, base+op, who, in(bad), 200, code)
		o.try(isDone, base+op, who, in(good), 200, 0)
		o.try(isRepeated, base+op, who, in(good), 200, 0)
	}
	twice("pair/answer", candidate, map[string]any{"pass": true}, map[string]any{"pass": true, "round_no": 2}, 200103)
	call := func(event string) map[string]any { return map[string]any{"call_id": "room-8801", "event": event} }
	twice("pair/call", candidate, call("started"), map[string]any{"call_id": "room-8801", "event": "started", "round_no": 2}, 200109)
	confirm := func(peer int) map[string]any {
		return map[string]any{"pass": true, "peer_uid": peer, "call_id": "room-8801"}
	}
	twice("pair/confirm", asker, confirm(8802), confirm(8803), 200109)

	var list struct {
		Items []struct {
			StartAt int64 `json:"start_at"`
		}
	}
	o.try(isDone, base+"pairRecords", asker, asked{body: map[string]any{}}, 200, 0, ask.AskNo).decode(o.t, &list)
	o.try(isOthers, base+"pairRecords", stranger, asked{body: map[string]any{}}, 200, 0, "!"+ask.AskNo)
	record := in(map[string]any{"start_at": list.Items[0].StartAt})
	o.try(isRefused, base+"delPairRecord", asker, record, 200, 200114)
	for _, who := range []map[string]string{asker, candidate} { // both agree that it is over
		o.try(isDone, base+"pair/call", who, in(call("ended")), 200, 0)
	}
	o.try(isOthers, base+"delPairRecord", stranger, record, 200, 200101)
	o.try(isDone, base+"delPairRecord", asker, record, 200, 0)
	o.try(isRepeated, base+"delPairRecord", asker, record, 200, 0)

	begin()
	o.try(isRefused, base+"pair/cancel", asker, asked{body: map[string]any{"ask_no": "nothing"}}, 200, 200101)
	o.try(isOthers, base+"pair/cancel", o.client(o.t, appRight, "8801"), in(nil), 200, 200101)
	o.try(isDone, base+"pair/cancel", asker, in(nil), 200, 0)
	o.try(isRepeated, base+"pair/cancel", asker, in(nil), 200, 0)
}
