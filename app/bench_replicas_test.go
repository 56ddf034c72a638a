package main

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"switchboard/app/sqldb/sqldbtest"
)

// BenchmarkSendsOnReplicas reports what one, two and four replicas on one PostgreSQL and
// one Redis commit together, and how long it takes from the first byte of a send to the
// message at a session of another replica than took it (docs/scale.md). All of it runs on
// this machine, the clients too.
func BenchmarkSendsOnReplicas(b *testing.B) {
	for _, n := range []int{1, 2, 4} {
		b.Run(fmt.Sprint(n), func(b *testing.B) { benchReplicas(b, n) })
	}
}

const benchSenders = 32 // each in a conversation of its own, which the listener is in too

func benchReplicas(b *testing.B, n int) {
	bus := busOf(b, "REDIS")
	share := on(sqldbtest.Postgres(b), bus)
	replicas := make([]*process, n)
	for i := range replicas {
		replicas[i] = start(b, share)
	}
	rooms, headers := make([]string, benchSenders), make([]map[string]string, benchSenders)
	for i := range rooms {
		user := fmt.Sprintf("s%d", i)
		rooms[i], headers[i] = replicas[0].room(b, user, "ear"), replicas[0].as(b, user)
	}
	sent, lags := sync.Map{}, make(chan time.Duration, 1<<20)
	conn := replicas[n-1].ws(b, replicas[n-1].tokenOf(b, "ear", 1), "")
	go func() {
		for {
			_, text, err := conn.ReadMessage()
			if err != nil {
				return
			}
			if at, found := sent.LoadAndDelete(message(b, text).Content); found {
				lags <- time.Since(at.(time.Time))
			}
		}
	}()
	total := func(name string) (sum float64) {
		for _, p := range replicas {
			sum += p.gauge64(b, name)
		}
		return sum
	}
	commits, writes := total("switchboard_store_commits_total"), total("switchboard_store_writes_total")
	var done atomic.Int64
	var work sync.WaitGroup
	b.ResetTimer()
	for i := range benchSenders {
		work.Go(func() {
			client := &http.Client{Transport: &http.Transport{}}
			url := replicas[i%n].URL + "/send_msg"
			for {
				k := done.Add(1)
				if k > int64(b.N) {
					return
				}
				text := fmt.Sprintf("m%d", k)
				sent.Store(text, time.Now())
				req, _ := http.NewRequest(http.MethodPost, url, strings.NewReader(`{"conversation_id":"`+rooms[i]+`","type":1,"content":"`+text+`"}`))
				for name, value := range headers[i] {
					req.Header.Set(name, value)
				}
				res, err := client.Do(req)
				if err != nil {
					b.Error(err)
					return
				}
				body, _ := io.ReadAll(res.Body)
				res.Body.Close()
				if !strings.Contains(string(body), "MsgID") {
					b.Errorf("%s", body)
					return
				}
			}
		})
	}
	work.Wait()
	b.StopTimer()
	took := b.Elapsed()
	commits, writes = total("switchboard_store_commits_total")-commits, total("switchboard_store_writes_total")-writes
	waitFor(b, "every message", func() bool { return len(lags) == b.N })
	_ = conn.Close()
	all := make([]time.Duration, 0, b.N)
	for range b.N {
		all = append(all, <-lags)
	}
	slices.Sort(all)
	b.ReportMetric(float64(b.N)/took.Seconds(), "sends/s")
	b.ReportMetric(commits/took.Seconds(), "commits/s")
	b.ReportMetric(writes/commits, "writes/commit")
	b.ReportMetric(float64(all[len(all)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(all[len(all)*99/100].Microseconds())/1000, "p99-ms")
}
