package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// idle opens a websocket by hand: the client's side costs no goroutine and no
// buffer, so that what is measured is the server's.
func idle(b testing.TB, p *process, path string) net.Conn {
	b.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(p.URL, "http://"))
	if err != nil {
		b.Fatal(err)
	}
	_, err = fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", path)
	if err != nil {
		b.Fatal(err)
	}
	head := make([]byte, 0, 512)
	for one := make([]byte, 1); !strings.HasSuffix(string(head), "\r\n\r\n"); head = append(head, one[0]) {
		if _, err := conn.Read(one); err != nil {
			b.Fatal(err)
		}
	}
	if !strings.HasPrefix(string(head), "HTTP/1.1 101") {
		b.Fatalf("%s", head)
	}
	return conn
}

// program starts what variable names, this program for programVariable, as a
// process of its own.
func program(b testing.TB, variable string) (p *process, pid int) {
	b.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), variable+"=1", "SWITCHBOARD_LISTEN=127.0.0.1:0", "SWITCHBOARD_DATA_DIR="+b.TempDir())
	logs, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		b.Fatal(err)
	}
	lines := bufio.NewReader(logs)
	line, err := lines.ReadString('\n')
	_, after, _ := strings.Cut(line, `"address":"`)
	address, _, found := strings.Cut(after, `"`)
	if err != nil || !found {
		b.Fatalf("no address in %q: %v", line, err)
	}
	drained := make(chan struct{})
	go func() { defer close(drained); _, _ = io.Copy(io.Discard, lines) }()
	b.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		<-drained
		if err := cmd.Wait(); err != nil {
			b.Error(err)
		}
	})
	return &process{URL: "http://" + address, client: &http.Client{Transport: &http.Transport{}}, routes: contract(b)}, cmd.Process.Pid
}

// resident is the process's memory in bytes.
func resident(b testing.TB, pid int) float64 {
	statm, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		b.Skip(err)
	}
	var total, pages float64
	if _, err := fmt.Sscan(string(statm), &total, &pages); err != nil {
		b.Fatal(err)
	}
	return pages * float64(os.Getpagesize())
}

// BenchmarkIdleSessions reports what one idle websocket of the gateway costs
// the process, with 10,000 of them in two pings' time.
func BenchmarkIdleSessions(b *testing.B) {
	const sessions = 10_000
	p, pid := program(b, programVariable)
	tokens := make([]string, sessions)
	for i := range tokens {
		var err error
		if tokens[i], err = mint(p, fmt.Sprint("u", i)); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		before := resident(b, pid)
		conns := make([]net.Conn, sessions)
		for i := range conns {
			conns[i] = idle(b, p, "/notify?protoc=ws&token="+tokens[i])
		}
		waitFor(b, "all sessions", func() bool { return p.gauge(b, "switchboard_sessions") == sessions })
		time.Sleep(20 * time.Second)
		b.ReportMetric((resident(b, pid)-before)/sessions, "resident-B/session")
		b.ReportMetric(float64(p.gauge(b, "go_goroutines"))/sessions, "goroutines/session")
		for _, metric := range []string{"go_memstats_heap_inuse_bytes", "go_memstats_stack_inuse_bytes"} {
			b.ReportMetric(p.gauge64(b, metric)/sessions, strings.TrimSuffix(strings.TrimPrefix(metric, "go_memstats_"), "_bytes")+"-B/session")
		}
		for _, c := range conns {
			c.Close()
		}
		waitFor(b, "the end of all", func() bool { return p.gauge(b, "switchboard_sessions") == 0 })
	}
}

// mint asks for a token without the contract's validation, which is slow.
func mint(p *process, user string) (string, error) {
	res, err := p.client.Post(p.URL+"/inner/get_token", "application/json", strings.NewReader(`{"session":"`+user+`","platform":1}`))
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	_, after, _ := strings.Cut(string(body), `"data":"`)
	token, _, _ := strings.Cut(after, `"`)
	return token, err
}

// BenchmarkFanOut sends to a conversation whose 500 members all listen on
// websockets, and reports deliveries a second and the time from the send to the
// arrival, beside a naive gateway: read the two as a ratio.
func BenchmarkFanOut(b *testing.B) {
	for _, c := range []struct{ name, variable string }{{"naive", naiveVariable}, {"switchboard", programVariable}} {
		b.Run(c.name, func(b *testing.B) { fanOut(b, c.variable) })
	}
}

func fanOut(b *testing.B, variable string) {
	const members = 500
	p, _ := program(b, variable)
	users := make([]string, members+1)
	for i := range users {
		users[i] = fmt.Sprint("u", i)
	}
	conv := p.room(b, users...)
	var took sync.Map
	var readers sync.WaitGroup
	var conns []net.Conn
	for i := range members {
		token, err := mint(p, users[i+1])
		if err != nil {
			b.Fatal(err)
		}
		conn := idle(b, p, "/notify?protoc=ws&token="+token)
		conns = append(conns, conn)
		readers.Go(func() { took.Store(i, arrivals(conn)) })
	}
	token, err := mint(p, users[0])
	if err != nil {
		b.Fatal(err)
	}
	began := time.Now()
	sent := 0
	for b.Loop() {
		send(b, p, token, conv, fmt.Sprint(time.Now().UnixNano()))
		sent++
	}
	send(b, p, token, conv, "end")
	readers.Wait()
	seconds := time.Since(began).Seconds()
	var all []time.Duration
	took.Range(func(_, list any) bool { all = append(all, list.([]time.Duration)...); return true })
	if len(all) != sent*members {
		b.Fatalf("%d deliveries of %d", len(all), sent*members)
	}
	slices.Sort(all)
	b.ReportMetric(float64(len(all))/seconds, "deliveries/s")
	b.ReportMetric(float64(all[len(all)/2].Microseconds()), "p50-us")
	b.ReportMetric(float64(all[len(all)*99/100].Microseconds()), "p99-us")
	for _, c := range conns {
		c.Close()
	}
}

// arrivals reads unmasked text frames up to the one that says end.
func arrivals(conn net.Conn) (took []time.Duration) {
	r := bufio.NewReader(conn)
	for {
		head := make([]byte, 2)
		if _, err := io.ReadFull(r, head); err != nil {
			return took
		}
		size := int(head[1])
		if size == 126 {
			if _, err := io.ReadFull(r, head); err != nil {
				return took
			}
			size = int(head[0])<<8 | int(head[1])
		}
		text := make([]byte, size)
		if _, err := io.ReadFull(r, text); err != nil {
			return took
		}
		_, after, found := strings.Cut(string(text), `"Content":"`)
		content, _, _ := strings.Cut(after, `"`)
		var at int64
		if !found || content == "end" {
			return took
		}
		if _, err := fmt.Sscan(content, &at); err == nil {
			took = append(took, time.Since(time.Unix(0, at)))
		}
	}
}

func send(b testing.TB, p *process, token, conv, content string) {
	req, _ := http.NewRequest("POST", p.URL+"/send_msg", strings.NewReader(`{"conversation_id":"`+conv+`","type":1,"content":"`+content+`"}`))
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := p.client.Do(req)
	if err != nil {
		b.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, res.Body)
	res.Body.Close()
}
