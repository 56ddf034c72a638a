package main

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"switchboard/app/access"
	"switchboard/app/sqldb/sqldbtest"
	mockrongcloud "switchboard/mocks/rongcloud"
)

// freePort is below the range from which the kernel takes ports for clients: a replica
// comes back to it.
func freePort(t testing.TB) string {
	t.Helper()
	for range 1000 {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 20000+rand.IntN(10000)))
		if err == nil {
			defer l.Close()
			return l.Addr().String()
		}
	}
	t.Fatal("no port is free")
	return ""
}

// haproxy runs docs/deploy/haproxy.cfg before two replicas, and returns where it serves
// where it tells how they are, and what it logs.
func haproxy(t *testing.T, a, b string) (public, stats string, said *syncBuffer) {
	t.Helper()
	program, err := exec.LookPath("haproxy")
	if err != nil {
		program = "/usr/sbin/haproxy"
		if _, err := os.Stat(program); err != nil {
			t.Skip("haproxy is not installed")
		}
	}
	public, stats = freePort(t), freePort(t)
	said = &syncBuffer{}
	cmd := exec.Command(program, "-db", "-f", "../docs/deploy/haproxy.cfg")
	cmd.Env = append(os.Environ(), "BIND="+public, "STATS="+stats, "CHECK_HOST=127.0.0.1", "REPLICA_A="+a, "REPLICA_B="+b)
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Log(said.String())
		}
	})
	return "http://" + public, "http://" + stats, said
}

// seen says whether the proxy sends requests to a replica; false too while the proxy
// itself is not there.
func seen(stats, replica string) bool {
	res, err := http.Get(stats + "/stats;csv")
	if err != nil {
		return false
	}
	defer res.Body.Close()
	page, _ := io.ReadAll(res.Body)
	for line := range strings.Lines(string(page)) {
		if strings.HasPrefix(line, "replicas,"+replica+",") {
			return strings.Contains(line, ",UP,")
		}
	}
	return false
}

// Two replicas behind a real proxy are restarted one after the other while clients send
// and listen: every request is answered well at its first attempt, every message comes
// once and in order, and every socket that is told to come back resumes.
func TestARollingRestartBehindAProxyLosesNothing(t *testing.T) {
	t.Parallel()
	mock, err := mockrongcloud.Start(mockrongcloud.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = mock.Close() })
	share := on(sqldbtest.Postgres(t), busOf(t, "REDIS"))
	begin := func(listen string) *process {
		return start(t, func(c *Config) {
			share(c)
			c.Listen, c.DrainDelay = listen, 2*time.Second
			c.RongCloud.AppKey, c.RongCloud.AppSecret, c.RongCloud.BaseURL = "key", "secret", mock.URL
			c.Apps = access.Apps{{ID: sandboxApp, Key: sandboxKey, JWTSecret: sandboxSecret}}
		})
	}
	addresses := []string{freePort(t), freePort(t)}
	replicas := []*process{begin(addresses[0]), begin(addresses[1])}
	url, stats, said := haproxy(t, addresses[0], addresses[1])
	waitFor(t, "both replicas at the proxy", func() bool { return seen(stats, "a") && seen(stats, "b") })
	if res, err := http.Get(url + "/metrics?token=" + planted); err != nil || res.StatusCode != http.StatusNotFound {
		t.Errorf("the proxy lets the public at metrics: %v", err)
	}
	waitFor(t, "the proxy's line", func() bool { return strings.Contains(said.String(), "/metrics") })
	if strings.Contains(said.String(), planted) {
		t.Errorf("the proxy logs tokens: %s", said.String())
	}

	proxied := *replicas[0]
	proxied.URL = url
	conv := replicas[0].room(t, "s0", "s1", "s2", "ear")
	headers := make([]map[string]string, 3)
	for i := range headers {
		headers[i] = replicas[0].as(t, fmt.Sprintf("s%d", i))
	}
	ears := []string{replicas[0].tokenOf(t, "ear", 1), replicas[0].tokenOf(t, "ear", 2), replicas[0].tokenOf(t, "ear", 3)}
	first := proxied.say(t, headers[0], conv, "begin")

	var stop atomic.Bool
	var sent [3]atomic.Int64
	var senders, listeners sync.WaitGroup
	for i, header := range headers {
		senders.Go(func() {
			for !stop.Load() && !t.Failed() {
				proxied.say(t, header, conv, fmt.Sprintf("%d %d", i, sent[i].Load()))
				sent[i].Add(1)
				time.Sleep(5 * time.Millisecond)
			}
		})
	}
	for _, token := range ears {
		listeners.Go(func() { listenThrough(t, &proxied, token, first, &stop, &sent) })
	}

	for i, name := range []string{"a", "b"} {
		if err := replicas[i].stop(); err != nil {
			t.Errorf("stopping %s: %v", name, err)
		}
		replicas[i] = begin(addresses[i])
		waitFor(t, name+" at the proxy again", func() bool { return seen(stats, name) })
	}
	stop.Store(true)
	senders.Wait()
	listeners.Wait()
	for i := range sent {
		if sent[i].Load() < 20 {
			t.Errorf("sender %d sent %d messages only: nothing was under way", i, sent[i].Load())
		}
	}
}

// listenThrough resumes whenever it is told to come back, and returns when it has all
// that was sent.
func listenThrough(t *testing.T, p *process, token, last string, stop *atomic.Bool, sent *[3]atomic.Int64) {
	var next [3]int64
	complete := func() bool {
		return stop.Load() && next[0] >= sent[0].Load() && next[1] >= sent[1].Load() && next[2] >= sent[2].Load()
	}
	hops := 0
	for end := time.Now().Add(3 * time.Minute); !complete() && !t.Failed(); hops++ {
		conn := p.ws(t, token, last)
		for began := true; !complete() && !t.Failed(); began = false {
			_ = conn.SetReadDeadline(time.Now().Add(2 * time.Second))
			_, text, err := conn.ReadMessage()
			if err != nil {
				break // told to come back, or silence: either way it resumes
			}
			if began {
				if !strings.HasPrefix(string(text), recoveredFrame) {
					t.Errorf("a resume begins with %s", text)
				}
				continue
			}
			got := message(t, text)
			last = got.MsgID
			var from int
			var n int64
			if _, err := fmt.Sscanf(got.Content, "%d %d", &from, &n); err != nil {
				continue // a notice
			}
			if n != next[from] {
				t.Errorf("message %d of sender %d comes, want %d", n, from, next[from])
			}
			next[from] = n + 1
		}
		_ = conn.Close()
		if time.Now().After(end) {
			t.Errorf("has %v of %d, %d, %d", next, sent[0].Load(), sent[1].Load(), sent[2].Load())
			return
		}
	}
	if hops < 2 {
		t.Errorf("it was never told to come back")
	}
}
