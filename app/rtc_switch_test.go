package main

import (
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"switchboard/app/access"
	mocklivekit "switchboard/mocks/livekit"
	mockyoume "switchboard/mocks/youme"
	"switchboard/vendors/livekit/livekittest"
)

// TestRoomsMoveFromYouMeToLiveKitUnderTraffic: new rooms follow the switch, whether it is
// made by configuration or by an operator; nothing that is under way fails, and who names
// the old vendor still reaches it.
func TestRoomsMoveFromYouMeToLiveKitUnderTraffic(t *testing.T) {
	old, err := mockyoume.Start(mockyoume.Config{Account: mockyoume.Account{AppKey: "YOUME1", AppSecret: sandboxSecret, AppID: 1000, Identifier: "admin"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = old.Close() })
	next, err := mocklivekit.Start(mocklivekit.Config{Account: mocklivekit.Account{APIKey: livekittest.Key, APISecret: livekittest.Secret}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = next.Close() })
	if err := old.Default().Join("before", "1", mockyoume.Media{Audio: true}); err != nil {
		t.Fatal(err)
	}
	next.Default().Enter("after", "2")
	run := func(route string) *process {
		return start(t, func(c *Config) {
			c.YouMe.AppKey, c.YouMe.AppSecret, c.YouMe.AppID, c.YouMe.BaseURL = "YOUME1", sandboxSecret, 1000, old.URL
			c.LiveKit.BaseURL, c.LiveKit.APIKey, c.LiveKit.APISecret = next.URL, livekittest.Key, livekittest.Secret
			c.AdminKey, c.Route.Rooms = sandboxAdmin, route
			c.Apps = access.Apps{{ID: sandboxApp, Key: sandboxKey, JWTSecret: sandboxSecret}}
		})
	}
	list := func(p *process, query string) string {
		return string(p.do(t, request{Method: "GET", Path: "/api/server/rooms" + query, Header: serverKey}).Body)
	}
	if got := list(run("livekit,youme"), ""); !strings.Contains(got, `"after"`) {
		t.Errorf("by configuration: %s", got)
	}
	p := run("youme,livekit")
	if got := list(p, ""); !strings.Contains(got, `"before"`) {
		t.Errorf("before the switch: %s", got)
	}
	var failed, served atomic.Int64
	stop := make(chan struct{})
	var traffic sync.WaitGroup
	for range 4 {
		traffic.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				req, _ := http.NewRequest(http.MethodGet, p.URL+"/api/server/rooms", nil)
				for name, value := range serverKey {
					req.Header.Set(name, value)
				}
				res, err := http.DefaultClient.Do(req)
				if err != nil || res.StatusCode != http.StatusOK {
					failed.Add(1)
				}
				if err == nil {
					_ = res.Body.Close()
				}
				served.Add(1)
			}
		})
	}
	until(t, "traffic", func() bool { return served.Load() > 20 })
	p.operate(t, "PUT", "/admin/routes", map[string]any{"by": "test", "routes": map[string]string{"rooms": "livekit,youme"}}, nil)
	until(t, "the switch", func() bool { return strings.Contains(list(p, ""), `"after"`) })
	moved := served.Load()
	until(t, "traffic after it", func() bool { return served.Load() > moved+20 })
	close(stop)
	traffic.Wait()
	if n := failed.Load(); n != 0 {
		t.Errorf("%d of %d calls failed", n, served.Load())
	}
	if got := list(p, "?vendor=youme"); !strings.Contains(got, `"before"`) {
		t.Errorf("the old vendor by its name: %s", got)
	}
}
