package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// BenchmarkLogins has 10,000 users come back at once, 256 of them at a time: a token, a
// websocket that resumes with 30 messages, and the first page of a conversation's history. It reports how
// many a second are served, the time that each step takes, and the program's processor
// time for one login. An answer that is no success fails it.
func BenchmarkLogins(b *testing.B) {
	const users, rooms, said, atOnce = 10_000, 200, 30, 256
	p, pid := program(b, programVariable)
	p.client.Transport = &http.Transport{MaxIdleConnsPerHost: atOnce}
	names, convs := make([]string, users), make([]string, rooms)
	for i := range names {
		names[i] = fmt.Sprint("u", i)
	}
	each(b, rooms, 16, func(i int) error {
		var members []string
		for user := i; user < users; user += rooms {
			members = append(members, names[user])
		}
		convs[i] = p.room(b, members...)
		token, err := mint(p, members[0])
		for range said {
			send(b, p, token, convs[i], strings.Repeat("something ", 8))
		}
		return err
	})
	for b.Loop() {
		var steps [3][users]time.Duration
		conns := make([]net.Conn, users)
		used, start := p.gauge64(b, "process_cpu_seconds_total"), time.Now()
		each(b, users, atOnce, func(i int) error {
			began := time.Now()
			token, err := mint(p, names[i])
			if err != nil || token == "" {
				return fmt.Errorf("no token: %q, %w", token, err)
			}
			steps[0][i], began = time.Since(began), time.Now()
			conns[i] = idle(b, p, "/notify?protoc=ws&since=22222-2222-2222-222&token="+token)
			steps[1][i], began = time.Since(began), time.Now()
			err = firstPage(p, token, convs[i%rooms])
			steps[2][i] = time.Since(began)
			return err
		})
		b.ReportMetric(users/time.Since(start).Seconds(), "logins/s")
		b.ReportMetric((p.gauge64(b, "process_cpu_seconds_total")-used)*1e6/users, "processor-us/login")
		for i, name := range []string{"token", "connect", "history"} {
			took := slices.Sorted(slices.Values(steps[i][:]))
			b.ReportMetric(float64(took[users/2].Microseconds())/1000, name+"-p50-ms")
			b.ReportMetric(float64(took[users*99/100].Microseconds())/1000, name+"-p99-ms")
		}
		b.ReportMetric(resident(b, pid)/1e6, "resident-MB")
		for _, c := range conns {
			c.Close()
		}
		waitFor(b, "the end of all", func() bool { return p.gauge(b, "switchboard_sessions") == 0 })
	}
}

// each does n things, some at once.
func each(b *testing.B, n, atOnce int, do func(i int) error) {
	b.Helper()
	var next atomic.Int64
	var wg sync.WaitGroup
	for range atOnce {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				if err := do(i); err != nil {
					b.Error(i, err)
					return
				}
			}
		})
	}
	wg.Wait()
	if b.Failed() {
		b.FailNow()
	}
}

func firstPage(p *process, token, conv string) error {
	req, err := http.NewRequest("POST", p.URL+"/get_conversation_last_30_msg", strings.NewReader(`{"conversation_id":"`+conv+`"}`))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := p.client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	page, err := io.ReadAll(res.Body)
	if got := strings.Count(string(page), "something something"); err == nil && (res.StatusCode != http.StatusOK || got == 0) {
		err = fmt.Errorf("%d %.200s", res.StatusCode, page)
	}
	return err
}
