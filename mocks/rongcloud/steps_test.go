package rongcloud_test

import (
	"strings"
	"testing"

	"switchboard/mocks/rongcloud"
)

// step is one call and what it must answer: the code, and parts of the body. A path
// without a method is a POST; a body that begins with "{" is JSON.
type step struct {
	path, body string
	code       int
	has        string // parts that must come in this order, separated by " ... "
}

// follow makes the calls in their order. Each %s in path or body is the next of names.
func follow(t *testing.T, s *rongcloud.Server, steps []step) {
	t.Helper()
	for _, c := range steps {
		method, path, found := strings.Cut(c.path, " ")
		if !found {
			method, path = "POST", c.path
		}
		path, query, _ := strings.Cut(path, "?")
		if !strings.HasPrefix(path, "/v2/") {
			path += ".json"
		}
		if query != "" {
			path += "?" + query
		}
		contentType := formType
		if strings.HasPrefix(c.body, "{") {
			contentType = "application/json"
		}
		r := request(t, method, s.URL+path, contentType, c.body)
		sign(r)
		a := do(t, r)
		rest, ok := a.raw, true
		for part := range strings.SplitSeq(c.has, " ... ") {
			if _, rest, ok = strings.Cut(rest, part); !ok {
				break
			}
		}
		if a.code != c.code || !ok {
			t.Errorf("%s %s: %s, want %d with %s", c.path, c.body, a.raw, c.code, c.has)
		}
	}
}
