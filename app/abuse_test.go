package main

import (
	"fmt"
	"io"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fasthttp/websocket"
)

const mb = 1 << 20

// hold opens connections and sends text on each of them, as far as the program takes it
// within two seconds, and returns how many bytes it took. They stay open until the test
// ends.
func (p *process) hold(t testing.TB, n int, text func(i int) string) int64 {
	t.Helper()
	var sent sync.WaitGroup
	var taken atomic.Int64
	for i := range n {
		conn, err := net.Dial("tcp", strings.TrimPrefix(p.URL, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		text := text(i)
		sent.Go(func() {
			_ = conn.SetWriteDeadline(time.Now().Add(2 * time.Second))
			n, _ := io.WriteString(conn, text) // what is not taken is the point
			taken.Add(int64(n))
		})
	}
	sent.Wait()
	return taken.Load()
}

// grows runs an abuse against a program of its own and checks by how many MiB its memory
// grew. It is what Go's runtime holds, its garbage too: what is resident has the race
// detector's shadow in it where the tests run with one.
func grows(t *testing.T, most float64, abuse func(t *testing.T, p *process)) {
	t.Helper()
	p, _ := program(t, programVariable)
	held := func() (bytes float64) {
		for line := range strings.Lines(get(t, p.URL+"/metrics")) { // of one moment
			var name string
			var value float64
			_, _ = fmt.Sscan(line, &name, &value)
			switch name {
			case "go_memstats_sys_bytes":
				bytes += value
			case "go_memstats_heap_released_bytes":
				bytes -= value
			}
		}
		if bytes <= 0 {
			t.Fatal("/metrics does not tell what the runtime holds")
		}
		return bytes
	}
	for range 200 { // what every program has once it served
		p.do(t, request{Path: "/send_msg", Body: "{}", Bad: true})
	}
	before := held()
	abuse(t, p)
	after := held()
	t.Logf("%.0f -> %.0f MiB, +%.1f", before/mb, after/mb, (after-before)/mb)
	if (after-before)/mb > most {
		t.Errorf("grew by %.1f MiB, at most %.0f are right", (after-before)/mb, most)
	}
}

func TestLargeBodiesOfNobodyHoldLittleMemory(t *testing.T) {
	grows(t, 40, func(t *testing.T, p *process) { // 300 of 4 MB were 1.2 GB
		paths := []string{"/send_msg", "/im/conversations", "/api/v1/translate/action", "/api/server/wallet/adjust", "/admin/routes", "/im/file/upload", "/callbacks/rongcloud"}
		body := strings.Repeat("x", mb-100)
		p.hold(t, 300, func(i int) string {
			return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", paths[i%len(paths)], mb, body)
		})
	})
}

func TestParallelUploadsHoldLittleMemory(t *testing.T) {
	grows(t, 60, func(t *testing.T, p *process) { // 20 of 19 MB were 660 MB
		head := "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x.jpg\"\r\n\r\n\xff\xd8\xff"
		file := strings.Repeat("x", 8*mb)
		taken := p.hold(t, 20, func(int) string {
			return fmt.Sprintf("POST /im/file/upload HTTP/1.1\r\nHost: x\r\napp-id: %s\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: %d\r\n\r\n%s%s",
				sandboxApp, len(head)+len(file)+100, head, file)
		})
		if taken < 20*mb {
			t.Errorf("only %d bytes of the files were taken: this shows nothing", taken)
		}
		t.Logf("%d MiB of files were taken", taken/mb)
	})
}

func TestSpellingsOfATokenHoldLittleMemory(t *testing.T) {
	grows(t, 30, func(t *testing.T, p *process) { // 1,500 were 80 MB, and stayed
		token, err := mint(p, "alice")
		if err != nil {
			t.Fatal(err)
		}
		for i := range 2000 {
			spelling := url.QueryEscape(token + strings.Repeat("\n\r", i%1000)) // within a head's limit
			if i%2 == 1 {
				spelling = token[:len(token)-1] + string("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef"[i%32])
			}
			res, err := p.client.Get(p.URL + "/notify?protoc=zzz&token=" + spelling)
			if err != nil {
				t.Fatal(err)
			}
			text, _ := io.ReadAll(res.Body)
			if res.Body.Close(); i > 0 && strings.Contains(string(text), "90013") && url.QueryEscape(token) != spelling {
				t.Fatalf("spelling %d was taken", i)
			}
		}
	})
}

func TestSessionsOfOneUserHoldLittleMemory(t *testing.T) {
	grows(t, 60, func(t *testing.T, p *process) { // 1,500 took 90 MB for one message
		for i := range 1500 {
			conn, _, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(p.URL, "http")+"/im/socket", nil)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { conn.Close() })
			login := fmt.Sprintf(`{"type":"login","data":{"app_id":%q,"client_id":"alice","device_id":"%d"}}`, sandboxApp, i)
			if err := conn.WriteMessage(websocket.TextMessage, []byte(login)); err != nil {
				t.Fatal(err)
			}
			if _, text, err := conn.ReadMessage(); err != nil || !strings.Contains(string(text), "login.success") {
				t.Fatalf("login %d: %s %v", i, text, err)
			}
		}
		if n := p.gauge(t, "switchboard_sessions"); n != 64 {
			t.Errorf("%d sessions, want 64", n)
		}
		header := map[string]string{"app-id": sandboxApp, "app-key": sandboxKey}
		var made struct {
			ConvID string `json:"conv_id"`
		}
		p.do(t, request{Path: "/im/conversations", Header: header, Body: map[string]any{"client_id": "bob", "to_client_ids": []string{"alice"}, "conv_type": 3}}).decode(t, &made)
		for range 10 {
			p.do(t, request{Path: "/im/conversations/" + made.ConvID + "/message", Header: header, Body: map[string]any{"from_client": "bob", "type": -1, "text": strings.Repeat("x", 60_000)}})
		}
	})
}

// BenchmarkReadersThatNeverRead reports what histories cost that nobody takes, and after
// how many seconds their connections are gone.
func BenchmarkReadersThatNeverRead(b *testing.B) {
	p, pid := program(b, programVariable)
	token, err := mint(p, "alice")
	if err != nil {
		b.Fatal(err)
	}
	header := map[string]string{"Authorization": "Bearer " + token}
	conv := p.room(b, "alice")
	for range 200 {
		p.say(b, header, conv, strings.Repeat("x", 60_000))
	}
	body := fmt.Sprintf(`{"conversation_id":%q}`, conv)
	for b.Loop() {
		before := resident(b, pid)
		open := p.gauge(b, "switchboard_connections")
		for range 40 {
			conn, err := net.Dial("tcp", strings.TrimPrefix(p.URL, "http://"))
			if err != nil {
				b.Fatal(err)
			}
			_ = conn.(*net.TCPConn).SetReadBuffer(4096)
			b.Cleanup(func() { conn.Close() })
			_, _ = fmt.Fprintf(conn, "POST /get_conversation_msg_by_range HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n\r\n%s", token, len(body), body)
		}
		began := time.Now()
		time.Sleep(5 * time.Second)
		b.ReportMetric((resident(b, pid)-before)/mb, "MiB-while-held")
		for end := began.Add(4 * time.Minute); p.gauge(b, "switchboard_connections") > open; time.Sleep(100 * time.Millisecond) {
			if time.Now().After(end) {
				b.Fatal("the connections stay")
			}
		}
		b.ReportMetric(time.Since(began).Seconds(), "s-until-closed")
	}
}

// BenchmarkOthersBesideManySockets reports the p99 of a user's requests alone, beside
// 8,000 idle sockets, and beside 1,000 more that never read the 10 KB which each of them
// is sent twice a second.
func BenchmarkOthersBesideManySockets(b *testing.B) {
	p, _ := program(b, programVariable)
	header := map[string]string{}
	user := func(name string) string {
		token, err := mint(p, name)
		if err != nil {
			b.Fatal(err)
		}
		return token
	}
	header["Authorization"] = "Bearer " + user("alice")
	conv, busy := p.room(b, "alice", "bob"), []string{"alice"}
	var slow []string
	for i := range 1000 {
		slow = append(slow, user(fmt.Sprint("slow", i)))
		busy = append(busy, fmt.Sprint("slow", i))
	}
	crowd := p.room(b, busy...)
	p99 := func() float64 {
		var took []time.Duration
		for range 2000 {
			began := time.Now()
			p.say(b, header, conv, "hello")
			took = append(took, time.Since(began))
		}
		slices.Sort(took)
		return float64(took[len(took)*99/100].Microseconds()) / 1000
	}
	for b.Loop() {
		b.ReportMetric(p99(), "ms-p99-alone")
		for i := range 8000 {
			conn := idle(b, p, "/notify?protoc=ws&token="+user(fmt.Sprint("idle", i)))
			b.Cleanup(func() { conn.Close() })
		}
		b.ReportMetric(p99(), "ms-p99-beside-idle")
		for _, token := range slow {
			conn := idle(b, p, "/notify?protoc=ws&token="+token)
			_ = conn.(*net.TCPConn).SetReadBuffer(4096)
			b.Cleanup(func() { conn.Close() })
		}
		stop, sent := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(sent)
			for tick := time.NewTicker(500 * time.Millisecond); ; {
				select {
				case <-stop:
					tick.Stop()
					return
				case <-tick.C:
					p.say(b, header, crowd, strings.Repeat("x", 10_000))
				}
			}
		}()
		b.ReportMetric(p99(), "ms-p99-beside-slow")
		close(stop)
		<-sent
	}
}
