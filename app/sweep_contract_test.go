package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"switchboard/app/ratelimit"
)

// nonsense asks every path without a key, with too much, and with what cannot be read.
func (s *sweep) nonsense(t *testing.T) {
	c := s.cell(appAlone, "")
	for op := range contractOps(t) {
		w := swept{op: op, read: true}
		r := s.request(t, w, c, asked{})
		r.Bad = true
		for what, bad := range map[string]request{
			"401 no key":   {Method: r.Method, Path: r.Path, Bad: true},
			"413 too much": {Method: r.Method, Path: r.Path, Header: r.Header, Bad: true, Body: strings.Repeat(" ", 1<<20+1)},
		} {
			if got := s.do(t, bad); fmt.Sprint(got.Status) != what[:3] {
				t.Errorf("%s, %s: %d %.200s", op, what, got.Status, got.Body)
			}
		}
		if r.Method != "GET" {
			r.Body = "[]"
		}
		for _, name := range []string{"user", "group", "room", "device"} {
			if strings.Contains(op, "{"+name+"}") {
				r.Path = s.request(t, w, c, asked{in: map[string]string{name: strings.Repeat("x", 65)}}).Path
			}
		}
		if query := badQueries[op]; query != "" {
			r.Path += query
		}
		if got := s.do(t, r); got.Status != 400 && s.mayBeWrong(t, op) {
			t.Errorf("%s %s with nonsense: %d %.200s", r.Method, r.Path, got.Status, got.Body)
		}
	}
}

// badQueries are queries that cannot be, of paths that take nothing else.
var badQueries = map[string]string{
	"GET /api/server/words": "?limit=0", "GET /api/server/groups": "?limit=0", "GET /api/server/chatrooms": "?limit=0", "GET /api/server/messages/history": "?limit=0",
	"GET /api/server/rooms": "?vendor=nobody", "GET /api/server/pair/hosts": "?scene=100",
}

// mayBeWrong reports whether the contract has an answer to nonsense.
func (s *sweep) mayBeWrong(t *testing.T, op string) bool {
	return contractOps(t)[op].Responses.Value("400") != nil
}

// tooOften asks every path of a program that has answered enough.
func (s *sweep) tooOften(t *testing.T) {
	p := start(t, func(c *Config) { c.Limit.App = ratelimit.Rate{N: 2, Per: time.Hour} })
	client := p.as(t, "1001")
	p.do(t, request{Method: "GET", Path: "/api/server/capabilities", Header: serverKey})
	p.seen = s.seen
	for op := range contractOps(t) {
		r := s.request(t, swept{op: op, read: true}, cell{app: appAlone, name: "x"}, asked{})
		r.Bad, r.Header = true, serverKey
		if strings.Contains(op, "/api/v1/") {
			r.Header = client
		}
		tooMany(t, op, p.do(t, r), 100107)
	}
}

// contractOps are the operations of the product API in the contract.
func contractOps(t *testing.T) map[string]*openapi3.Operation {
	t.Helper()
	out := map[string]*openapi3.Operation{}
	for path, item := range contractDoc(t).Paths.Map() {
		for method, op := range item.Operations() {
			if strings.HasPrefix(path, "/api/") {
				out[method+" "+path] = op
			}
		}
	}
	return out
}

// holdContract: the contract lists each status that was seen, by its number, and none
// that was not, but for those that unseen has.
func holdContract(t *testing.T, sweeps map[string]*sweep) {
	for op, doc := range contractOps(t) {
		var listed, seen []string
		for status := range doc.Responses.Map() {
			if status != "default" && unseen[op+" "+status] == "" && unseen[status] == "" {
				listed = append(listed, status)
			}
		}
		for _, s := range sweeps {
			if s.process == nil {
				return // -run asked for some of it alone, or the start failed
			}
			for status := range s.seen[op] {
				seen = append(seen, fmt.Sprint(status))
			}
		}
		seen = slices.Compact(slices.Sorted(slices.Values(seen)))
		if slices.Sort(listed); !slices.Equal(listed, seen) {
			t.Errorf("%s: the contract lists %v, and %v were seen", op, listed, seen)
		}
	}
}

// unseen are statuses that the contract lists and the sweep does not meet, by themselves or with an
// operation, and why.
var unseen = map[string]string{}

// many reports whether the contract has a list of targets in the request's body.
func (w swept) many(t *testing.T) bool {
	t.Helper()
	method, path, _ := strings.Cut(w.op, " ")
	op := contractDoc(t).Paths.Value(path).GetOperation(method)
	if op.RequestBody == nil {
		return false
	}
	list := false
	for name, p := range fieldsOf(op.RequestBody.Value.Content["application/json"].Schema.Value) {
		if p.Type != nil && p.Type.Is("object") {
			for _, in := range p.Properties {
				list = list || in.Value.Type != nil && in.Value.Type.Is("array")
			}
		}
		list = list || p.Type != nil && p.Type.Is("array") && name != "publish"
	}
	return list
}

// fieldsOf are the members that a body may have.
func fieldsOf(s *openapi3.Schema) map[string]*openapi3.Schema {
	out := map[string]*openapi3.Schema{}
	for _, part := range s.AllOf {
		maps.Copy(out, fieldsOf(part.Value))
	}
	for name, p := range s.Properties {
		out[name] = p.Value
	}
	return out
}
