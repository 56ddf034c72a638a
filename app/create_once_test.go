package main

import (
	"maps"
	"testing"
)

// creates are the ways to make a conversation, with a body and another one.
func (p *process) creates(t testing.TB) map[string][3]any {
	ann := p.as(t, "ann")
	withApp := maps.Clone(ann)
	withApp["app-id"] = sandboxApp
	im := func(to string) map[string]any {
		return map[string]any{"client_id": "ann", "to_client_ids": []string{to}, "conv_type": 3, "conv_extend": map[string]any{"n": 1}}
	}
	room := func(who string) map[string]any {
		return map[string]any{"conversation_type": 3, "sessions": []string{who}}
	}
	return map[string][3]any{
		"/im/conversations":          {serverKey, im("bob"), im("cid")},
		"/create_conversation":       {ann, room("bob"), room("cid")},
		"/inner/create_conversation": {serverKey, room("bob"), room("cid")},
	}
}

func TestACreateThatIsRepeatedMakesOneConversation(t *testing.T) {
	folder := t.TempDir()
	in := func(c *Config) { c.DataDir = folder }
	p := start(t, in)
	for _, user := range []string{"bob", "cid"} {
		p.as(t, user)
	}
	create := func(p *process, path string, header map[string]string, key string, body any) answer {
		header = maps.Clone(header)
		if header["Idempotency-Key"] = key; key == "" {
			delete(header, "Idempotency-Key")
		}
		return p.do(t, request{Path: path, Header: header, Body: body})
	}
	first := map[string]string{}
	for path, c := range p.creates(t) {
		header, body, other := c[0].(map[string]string), c[1], c[2]
		key := "key of " + path
		got := create(p, path, header, key, body)
		if first[path] = string(got.Data); got.Code != 0 {
			t.Fatalf("%s: %s", path, got.Body)
		}
		if again := create(p, path, header, key, body); again.Code != 0 || string(again.Data) != first[path] {
			t.Errorf("%s repeated: %s, the first was %s", path, again.Body, got.Body)
		}
		want := map[bool]int{true: 4406, false: 10001}[path == "/im/conversations"]
		if changed := create(p, path, header, key, other); changed.Code != want || changed.Status != 200 {
			t.Errorf("%s with another body: %d %s", path, changed.Status, changed.Body)
		}
		for _, key := range []string{"", "another key"} {
			if more := create(p, path, header, key, body); more.Code != 0 || string(more.Data) == first[path] {
				t.Errorf("%s with key %q: %s", path, key, more.Body)
			}
		}
	}
	if err := p.stop(); err != nil {
		t.Fatal(err)
	}
	p = start(t, in)
	for path, c := range p.creates(t) {
		if again := create(p, path, c[0].(map[string]string), "key of "+path, c[1]); string(again.Data) != first[path] {
			t.Errorf("%s after a restart: %s, the first was %s", path, again.Body, first[path])
		}
	}
	bob := p.as(t, "bob")
	body := map[string]any{"conversation_type": 3, "sessions": []string{"bob"}}
	if got := create(p, "/create_conversation", bob, "key of /create_conversation", body); got.Code != 0 || string(got.Data) == first["/create_conversation"] {
		t.Errorf("another user's key: %s", got.Body)
	}
}
