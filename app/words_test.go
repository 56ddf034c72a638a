package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestSensitiveWordsAsWholeWordsAndWithAnAllowList(t *testing.T) {
	dir := t.TempDir()
	words, allow := filepath.Join(dir, "words.txt"), filepath.Join(dir, "allow.txt")
	for file, text := range map[string]string{words: "# ours\nass\n赌博\n", allow: "kick ass\n"} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p := start(t, func(c *Config) { c.Words.File, c.Words.AllowFile, c.Words.Whole = words, allow, true })
	alice := p.as(t, "1")
	for text, want := range map[string]int{
		"class": 0, "pass the salt": 0, "we kick ass": 0, "an ass": 100002, "a.s.s": 100002, "来赌博吧": 100002,
	} {
		got := p.do(t, request{Path: "/api/v1/im/before/check", Header: alice, Body: map[string]any{"rc_msg": "RC:CmdMsg", "peer_uid": 2, "content": text}})
		if got.Code != want {
			t.Errorf("%s: %s", text, got.Body)
		}
	}
}
