package rongcloud_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"switchboard/mocks/rongcloud"
)

func TestWordsAreKeptInTheVendorsTypes(t *testing.T) {
	s := start(t, rongcloud.Config{WordQuota: 5})
	form(t, s, "/sensitiveword/add", "word", "bad").want(t, 200)
	form(t, s, "/wordfilter/add", "word", "ugly", "replaceWord", "***").want(t, 200)
	form(t, s, "/sensitiveword/add", "word", strings.Repeat("词", 32), "replaceWord", "").want(t, 200)
	form(t, s, "/sensitiveword/add", "word", strings.Repeat("词", 33)).want(t, 1005)
	form(t, s, "/sensitiveword/add").want(t, 1003)
	form(t, s, "/sensitiveword/add", "word", "-", "replaceWord", "").want(t, 1002)
	count := func(pairs ...string) int {
		return len(texts(t, form(t, s, "/sensitiveword/list", pairs...), "words"))
	}
	if got := fmt.Sprint(count(), count("type", "0"), count("type", "1"), count("type", "2")); got != "3 1 2 3" {
		t.Error(got)
	}
	a := call(t, s, "POST", "/sensitiveword/batch/add.json", object{"words": []object{{"word": "a"}, {"word": "b"}, {"word": "c"}}}).want(t, 1002)
	if !strings.Contains(fmt.Sprint(a.body["errorMessage"]), "2 left") || len(s.Words()) != 3 {
		t.Error(a.raw, s.Words())
	}
	call(t, s, "POST", "/sensitiveword/batch/add.json", object{"words": []object{{"word": "a"}, {"word": "bad", "replaceWord": "good"}}}).want(t, 200)
	if w := s.Words(); len(w) != 4 || w["bad"] != "good" || w["ugly"] != "***" {
		t.Error(w)
	}
	form(t, s, "/sensitiveword/delete", "word", "a").want(t, 200)
	form(t, s, "/sensitiveword/batch/delete", "words", "bad", "words", "ugly").want(t, 200)
	if w := s.Words(); len(w) != 1 {
		t.Error(w)
	}
}

func TestWordsWorkOnClientsAndOnServerSendsOnlyWhenSwitchedOn(t *testing.T) {
	for _, filtered := range []bool{false, true} {
		s := start(t, rongcloud.Config{FilterServerSends: filtered, WordDelay: 15 * time.Minute})
		form(t, s, "/sensitiveword/add", "word", "bad").want(t, 200)
		form(t, s, "/sensitiveword/add", "word", "ugly", "replaceWord", "***").want(t, 200)
		publish := func(text string) {
			form(t, s, "/message/private/publish", "fromUserId", "ann", "toUserId", "bob", "objectName", "RC:TxtMsg", "content", `{"content":"`+text+`"}`).want(t, 200)
		}
		publish("bad before the words take effect")
		s.Clock.Advance(16 * time.Minute)
		publish("bad")
		publish("so ugly")
		want := 3
		if filtered {
			want = 2
		}
		in := s.Inbox("bob")
		if len(in) != want || strings.Contains(in[len(in)-1].Content, "***") != filtered {
			t.Errorf("filtered %v: %+v", filtered, in)
		}
		r, err := s.Send(rongcloud.ClientMessage{From: "ann", Kind: rongcloud.Private, Target: "cid", ObjectName: "RC:TxtMsg", Content: `{"content":"bad"}`})
		if err != nil || !r.Blocked || len(s.Inbox("cid")) != 0 {
			t.Error(r, err)
		}
		if _, err := s.Send(rongcloud.ClientMessage{From: "ann", Kind: rongcloud.Private, Target: "cid", ObjectName: "RC:TxtMsg", Content: `{"content":"ugly"}`}); err != nil {
			t.Error(err)
		}
		if in := s.Inbox("cid"); len(in) != 1 || in[0].Content != `{"content":"***"}` {
			t.Error(in)
		}
	}
}
