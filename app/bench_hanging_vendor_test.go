package main

import (
	"bytes"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"switchboard/app/access"
	mocklinkv "switchboard/mocks/linkv"
	"switchboard/mocks/mock"
	"switchboard/vendors"
)

// BenchmarkOneVendorHangs is a load test. Tips go to RongCloud alone, sixty a
// second; balances are asked of LinkV without a pause by eight callers. Then
// RongCloud hangs. Read cut-ms: from then until its calls are refused at once;
// goodput-%: LinkV's good answers of all while RongCloud hangs; speed-%: how
// many there are, of what there were in as long a time before.
func BenchmarkOneVendorHangs(b *testing.B) {
	for range b.N {
		hangOnce(b)
	}
}

func hangOnce(b *testing.B) {
	rong := startRong(b, "secret")
	account := mocklinkv.Account{AppID: "a", AppKey: "k", AppSecret: "s", LiveAppID: "LM6000000000000000000001", LiveAppSecret: "s"}
	linkv, err := mocklinkv.Start(mocklinkv.Config{Account: account, StartBalance: worldCoins})
	if err != nil {
		b.Fatal(err)
	}
	defer linkv.Close()
	p := start(b, func(c *Config) {
		c.AdminKey, c.Apps = sandboxAdmin, access.Apps{{ID: sandboxApp, Key: sandboxKey, JWTSecret: sandboxSecret}}
		c.RongCloud.AppKey, c.RongCloud.AppSecret, c.RongCloud.BaseURL = "app", "secret", rong.URL
		c.LinkV.LiveAppID, c.LinkV.LiveAppSecret, c.LinkV.BaseURL = account.LiveAppID, vendors.Secret(account.LiveAppSecret), linkv.URL
		c.LinkV.AppID, c.LinkV.AppKey, c.LinkV.AppSecret = account.AppID, account.AppKey, vendors.Secret(account.AppSecret)
		c.Route.Messages = "rongcloud"
	})
	l := load{url: p.URL, client: &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 512}}, alice: p.as(b, "alice")}
	defer l.client.CloseIdleConnections()
	l.run()
	time.Sleep(time.Second)
	before := l.during(3 * time.Second)
	rong.Default().Faults.Next("", 1<<20, mock.Action{Kind: mock.Hang})
	l.hung.Store(time.Now().UnixNano())
	after := l.during(3 * time.Second)
	l.stop()
	cut := l.cut.Load()
	if cut == 0 {
		b.Error("the vendor that hangs was not cut")
	}
	b.ReportMetric(float64(cut)/float64(time.Millisecond), "cut-ms")
	b.ReportMetric(100*float64(after.good)/float64(max(after.all, 1)), "goodput-%")
	b.ReportMetric(100*float64(after.good)/float64(max(before.good, 1)), "speed-%")
	b.ReportMetric(float64(before.good)/3, "balances/s")
}

type tally struct{ good, all int64 }

// load is the callers of one run.
type load struct {
	url       string
	client    *http.Client
	alice     map[string]string
	good, all atomic.Int64
	hung, cut atomic.Int64 // unix nanoseconds; nanoseconds after that, 0 not yet
	done      chan struct{}
	callers   sync.WaitGroup
}

func (l *load) run() {
	l.done = make(chan struct{})
	for range 8 {
		l.callers.Go(func() {
			for !l.over() {
				status := l.ask(http.MethodGet, "/api/v1/wallet", l.alice, "")
				l.all.Add(1)
				if status == http.StatusOK {
					l.good.Add(1)
				}
			}
		})
	}
	l.callers.Go(func() {
		tick := time.NewTicker(time.Second / 60)
		defer tick.Stop()
		for !l.over() {
			<-tick.C
			l.callers.Go(l.tip)
		}
	})
}

// tip notices the first tip that is refused at once.
func (l *load) tip() {
	asked := time.Now()
	status := l.ask(http.MethodPost, "/api/server/im/send/tip", serverKey, `{"from":1,"targets":[2],"msg":"x"}`)
	hung := l.hung.Load()
	if hung != 0 && asked.UnixNano() > hung && status == http.StatusServiceUnavailable && time.Since(asked) < 500*time.Millisecond {
		l.cut.CompareAndSwap(0, asked.UnixNano()-hung)
	}
}

func (l *load) over() bool {
	select {
	case <-l.done:
		return true
	default:
		return false
	}
}

func (l *load) stop() {
	close(l.done)
	l.callers.Wait()
}

func (l *load) during(d time.Duration) tally {
	good, all := l.good.Load(), l.all.Load()
	time.Sleep(d)
	return tally{l.good.Load() - good, l.all.Load() - all}
}

func (l *load) ask(method, path string, header map[string]string, body string) int {
	req, err := http.NewRequest(method, l.url+path, bytes.NewReader([]byte(body)))
	if err != nil {
		return 0
	}
	for k, v := range header {
		req.Header.Set(k, v)
	}
	res, err := l.client.Do(req)
	if err != nil {
		return 0
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, res.Body)
	return res.StatusCode
}
