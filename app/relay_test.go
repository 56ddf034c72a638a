package main

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"switchboard/app/conversation/relaylink"
)

// atVendor reads what the RongCloud mock has for a user.
func atVendor(t *testing.T, mock, user string) (got []string) {
	t.Helper()
	var list []struct{ From, ObjectName, Content string }
	if err := json.Unmarshal([]byte(get(t, mock+"/_mock/state/inbox?user="+user)), &list); err != nil {
		t.Fatal(err)
	}
	for _, d := range list {
		var c struct{ Content, Text, URL string }
		_ = json.Unmarshal([]byte(d.Content), &c)
		got = append(got, d.From+" "+d.ObjectName+" "+c.Content+c.Text+c.URL)
	}
	return got
}

func TestRelayedMessagesReachTheMembersAtTheVendorInOrder(t *testing.T) {
	p := start(t, func(c *Config) { c.Relay = relaylink.Out })
	mock := p.mock(t, "rongcloud")
	conv := p.newConversation(t, "Tom", "Jerry")
	want := []string{"Tom RC:TxtMsg one", "Tom RC:TxtMsg two", "Tom SB:Message http://x/y.png"}
	for _, body := range []map[string]any{
		{"type": -1, "text": "one"}, {"type": -1, "text": "typing", "transient": 1}, {"type": -1, "text": "two"}, {"type": -2, "url": "http://x/y.png"},
	} {
		body["from_client"] = "Tom"
		p.im(t, "POST", "/im/conversations/"+conv+"/message", body)
	}
	for deadline := time.Now().Add(60 * time.Second); !slices.Equal(atVendor(t, mock, "Jerry"), want); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("Jerry has %q, want %q", atVendor(t, mock, "Jerry"), want)
		}
	}
	for _, name := range []string{"switchboard_store_writes_total", "switchboard_store_commits_total"} {
		if p.gauge(t, name) == 0 {
			t.Errorf("%s does not count", name)
		}
	}
	if got := atVendor(t, mock, "Tom"); len(got) > 0 {
		t.Errorf("the sender has %q", got)
	}
}

func TestWhatTheVendorReportsIsStoredOnceInTheSameConversation(t *testing.T) {
	p := start(t, func(c *Config) { c.Relay = relaylink.Both })
	mock := p.mock(t, "rongcloud")
	atMock(t, "PUT", mock+"/_mock/callbacks", map[string]string{"callback.message": p.URL + "/callbacks/rongcloud"})
	atMock(t, "POST", mock+"/_mock/faults", map[string]any{"match": map[string]any{"op": "callback.message"}, "action": map[string]any{"kind": "duplicate"}})
	for _, user := range []string{"ann", "bob"} {
		p.as(t, user)
	}
	report := func(text string) {
		content, _ := json.Marshal(map[string]string{"content": text})
		atMock(t, "POST", mock+"/_mock/callbacks/client.send", map[string]string{
			"from": "ann", "kind": "private", "target": "bob", "objectName": "RC:TxtMsg", "content": string(content),
		})
	}
	report("hello")
	report("there")
	var made struct {
		ConvID string `json:"conv_id"`
	}
	p.im(t, "POST", "/im/conversations", map[string]any{"client_id": "bob", "to_client_ids": []string{"ann"}, "conv_type": 1}).decode(t, &made)
	var texts []string
	var end sync.Once
	for deadline := time.Now().Add(60 * time.Second); !slices.Contains(texts, "ann the end"); time.Sleep(20 * time.Millisecond) {
		var page struct {
			Data []struct {
				Text     string
				ClientID string `json:"client_id"`
			}
		}
		p.im(t, "GET", "/im/conversations/"+made.ConvID+"/message", nil).decode(t, &page)
		texts = nil
		for _, m := range page.Data {
			texts = append(texts, m.ClientID+" "+m.Text)
		}
		if len(texts) == 2 {
			end.Do(func() { report("the end") }) // a repeated report of the others comes before it
		}
		if time.Now().After(deadline) {
			t.Fatalf("stored: %q", texts)
		}
	}
	slices.Sort(texts)
	if !slices.Equal(texts, []string{"ann hello", "ann the end", "ann there"}) {
		t.Errorf("stored: %q", texts)
	}
}

func TestTheRelaysModeIsChecked(t *testing.T) {
	t.Setenv("SWITCHBOARD_RELAY", "in")
	if _, err := loadConfig(); err == nil || !strings.Contains(err.Error(), "SWITCHBOARD_RELAY") {
		t.Errorf("got %v", err)
	}
}
