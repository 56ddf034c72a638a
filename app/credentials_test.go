package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"switchboard/app/bus"
	"switchboard/app/credentials"
	"switchboard/app/sqldb/sqldbtest"
	"switchboard/vendors"
)

// tokensAsked is how many tokens the vendor was asked for, for one user or for all.
func (p *process) tokensAsked(t testing.TB, user string) int {
	t.Helper()
	var journal []struct{ Op, Request string }
	if err := json.Unmarshal([]byte(get(t, p.mock(t, "rongcloud")+"/_mock/journal?limit=1000&op=user.getToken")), &journal); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, e := range journal {
		if user == "" || strings.Contains(e.Request+"&", "userId="+user+"&") {
			n++
		}
	}
	return n
}

func (p *process) credential(t testing.TB, header map[string]string) (token string) {
	t.Helper()
	got := p.do(t, request{Path: "/api/v1/im/token", Header: header})
	var data struct{ Token string }
	if got.Code != 0 {
		t.Fatalf("%d %s", got.Status, got.Body)
	}
	got.decode(t, &data)
	return data.Token
}

func TestAVendorIsAskedForOneCredentialOfEachUser(t *testing.T) {
	p := startSurface(t, nil)
	const users, devices = 40, 6
	headers := make([]map[string]string, users)
	for i := range headers {
		headers[i] = p.as(t, fmt.Sprint("storm", i))
	}
	var wg sync.WaitGroup
	for i := range users * devices {
		wg.Go(func() { p.credential(t, headers[i%users]) })
	}
	wg.Wait()
	if n := p.tokensAsked(t, ""); n != users {
		t.Errorf("%d asked for %d users of %d devices", n, users, devices)
	}
	for what, void := range map[string]func(){
		"a ban": func() {
			for _, path := range []string{"ban", "unban"} {
				if got := p.do(t, request{Path: "/api/server/users/storm1/" + path, Header: serverKey}); got.Code != 0 {
					t.Fatalf("%s", got.Body)
				}
			}
		},
	} {
		before := p.tokensAsked(t, "storm1")
		void()
		p.credential(t, headers[1])
		if n := p.tokensAsked(t, "storm1"); n != before+1 {
			t.Errorf("%s leaves what was issued before: asked %d times after %d", what, n, before)
		}
	}
	// With the vendor away a kept one is still given, and a new one is not.
	p.breaker(t, "rongcloud", "open")
	p.operate(t, "PUT", "/admin/routes", `{"by":"test","routes":{"tokens":"rongcloud"}}`, nil)
	p.credential(t, headers[2])
	if got := p.do(t, request{Path: "/api/v1/im/token", Header: p.as(t, "stranger")}); got.Status != 503 {
		t.Errorf("with the vendor away: %d %s", got.Status, got.Body)
	}
	if metrics := get(t, p.URL+"/metrics"); !strings.Contains(metrics, `switchboard_credentials_total{from="memory"}`) || !strings.Contains(metrics, `switchboard_credentials_total{from="vendor"}`) {
		t.Error("the metric is missing")
	}
}

// numbered is a vendor whose tokens are numbered.
type numbered struct{ n atomic.Int64 }

func (f *numbered) Issue(context.Context, vendors.User) (vendors.Credential, error) {
	return vendors.Credential{Token: fmt.Sprint(f.n.Add(1))}, nil
}

// What one replica says is void is forgotten at the others, and everything is when news
// may have been missed.
func TestReplicasForgetWhatOneOfThemSaysIsVoid(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	shared, err := bus.Open("", log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(shared.Close)
	routes, err := vendors.NewRouter([]*vendors.Vendor{{Name: "acme", Tokens: &numbered{}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	s := &server{cfg: Config{Deadline: time.Second, Credentials: credentials.Config{Life: time.Hour, Size: 10}}, log: log, node: "here", bus: shared, routes: routes, metrics: newMetrics()}
	s.openCredentials()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = s.followCredentials(ctx) }()
	t.Cleanup(func() { stop(); <-ended })
	give := func(user string) string {
		t.Helper()
		got, err := s.credentials.Issue(t.Context(), "app", vendors.User{ID: user})
		if err != nil {
			t.Fatal(err)
		}
		return got.Token
	}
	say := func(node string, n credentials.News) {
		payload, _ := json.Marshal(voidNews{node, n})
		shared.Publish(voidTopic, payload)
	}
	heard := func(what, user string, publish func()) {
		t.Helper()
		had := give(user)
		publish()
		waitFor(t, what, func() bool { return give(user) != had })
	}
	waitFor(t, "the subscription", func() bool {
		had := give("first")
		say("other", credentials.News{App: "app", User: "first"})
		for end := time.Now().Add(100 * time.Millisecond); time.Now().Before(end); {
			if give("first") != had {
				return true
			}
		}
		return false
	})
	heard("a user", "ann", func() { say("other", credentials.News{App: "app", User: "ann"}) })
	heard("an account", "ann", func() { say("other", credentials.News{Account: "acme"}) })
	heard("nonsense", "ann", func() { shared.Publish(voidTopic, []byte("{")) })
	had := give("ann")
	for _, n := range []credentials.News{{App: "app", User: "ann"}, {}} {
		say("here", n) // what it said itself
	}
	for _, n := range []credentials.News{{App: "app", User: "bob"}, {App: "other", User: "ann"}, {Account: "nobody"}} {
		say("other", n)
	}
	heard("what came behind", "last", func() { say("other", credentials.News{App: "app", User: "last"}) })
	if got := give("ann"); got != had {
		t.Errorf("%s after %s: what is not void was forgotten", got, had)
	}
	had = give("ann")
	waitFor(t, "that news was missed", func() bool {
		for range 5_000 { // many more than wait for a subscriber
			shared.Publish(voidTopic, []byte(`{"node":"other","news":{"app":"app","user":"bob"}}`))
		}
		return give("ann") != had
	})
}

// A ban at one replica makes the other one forget, by Redis.
func TestABanMakesTheOtherReplicaForget(t *testing.T) {
	edit := on(sqldbtest.Postgres(t), busOf(t, "REDIS"))
	a, b := start(t, edit), start(t, edit)
	header := b.as(t, "voided")
	waitFor(t, "the bus", func() bool {
		had := b.credential(t, header)
		for _, path := range []string{"ban", "unban"} {
			if got := a.do(t, request{Path: "/api/server/users/voided/" + path, Header: serverKey}); got.Code != 0 {
				t.Fatalf("%s", got.Body)
			}
		}
		end := time.Now().Add(time.Second)
		for time.Now().Before(end) {
			if got := b.do(t, request{Path: "/api/v1/im/token", Header: header}); got.Code == 0 && !strings.Contains(string(got.Data), had) {
				return true
			}
			time.Sleep(10 * time.Millisecond)
		}
		return false
	})
}
