package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

// Who may upload is judged by the head: the answer comes while the body is not
// even sent.
func TestLargeBodiesAreRefusedUnread(t *testing.T) {
	p := start(t, func(c *Config) { c.Apps = twoApps() })
	keyed := "app-id: strict\r\napp-key: strict-key\r\n"
	for what, c := range map[string]struct {
		path, head string
		bytes      int
		status     int
		says       string
	}{
		"nobody's upload":                       {"/im/file/upload", "", 100 << 20, 200, `"code":4002`},
		"an upload without a token":             {"/im/file/upload", "app-id: strict\r\n", 100 << 20, 200, `"code":4002`},
		"an upload with a wrong key":            {"/im/file/upload", "app-id: strict\r\napp-key: wrong\r\n", 100 << 20, 200, `"code":214`},
		"an upload above the limit":             {"/im/file/upload", keyed, 100 << 20, 413, ""},
		"a request that is no upload":           {"/im/conversations", keyed, 10 << 20, 413, ""},
		"a request of nobody that is no upload": {"/api/v1/im/before/check", "", 10 << 20, 413, ""},
	} {
		t.Run(what, func(t *testing.T) {
			for name, kind := range map[string]string{"length": fmt.Sprintf("Content-Length: %d\r\n", c.bytes), "chunks": "Transfer-Encoding: chunked\r\n"} {
				status, body, sent := p.post(t, c.path, c.head+kind, name == "chunks", c.bytes)
				right := status == c.status && strings.Contains(body, c.says)
				if name == "chunks" && c.status == 413 && !strings.Contains(c.head, "app-key") {
					right = status == 401 // its size does not show before it is read, and it is not
				}
				if !right {
					t.Errorf("%s: %d %s", name, status, body)
				}
				if sent > 40<<20 {
					t.Errorf("%s: %d bytes were taken", name, sent)
				}
			}
		})
	}
}

func TestLargeFileOfOneWhoMayUploadIsTaken(t *testing.T) {
	p := start(t, nil)
	jpeg := append([]byte("\xff\xd8\xff"), make([]byte, 6<<20)...)
	if got := p.upload(t, request{Method: "POST", Path: "/im/file/upload", Header: serverKey}, "x.jpg", jpeg); got.Status != 200 || got.Code != 0 {
		t.Errorf("%d %s", got.Status, got.Body)
	}
}

// post sends a head and, when it comes in chunks, a body until it is answered.
func (p *process) post(t *testing.T, path, head string, chunks bool, most int) (status int, body string, sent int) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(p.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(in(60))
	if _, err := fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n%s\r\n", path, head); err != nil {
		t.Fatal(err)
	}
	stopped := make(chan int, 1)
	go func() {
		n := 0
		chunk := fmt.Sprintf("10000\r\n%s\r\n", strings.Repeat("x", 64<<10))
		begin := "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x.jpg\"\r\n\r\n\xff\xd8\xff"
		first := fmt.Sprintf("%x\r\n%s\r\n", len(begin), begin)
		for chunks && n < most {
			w, err := io.WriteString(conn, first+chunk)
			first = ""
			if n += w; err != nil {
				break
			}
		}
		stopped <- n
	}()
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	return res.StatusCode, string(text), <-stopped
}

// An app that has stored what it may stores no more; others do.
func TestAnAppStoresNoMoreThanItsQuota(t *testing.T) {
	p := start(t, func(c *Config) { c.Apps, c.Quota = twoApps(), 250 })
	jpeg := append([]byte("\xff\xd8\xff"), make([]byte, 97)...)
	for i, want := range []int{200, 200, 200, 429, 429} {
		got := p.upload(t, request{Method: "POST", Path: "/im/file/upload", Header: map[string]string{"app-id": "strict", "app-key": "strict-key"}}, "x.jpg", jpeg)
		if got.Status != want || (got.Code == 0) != (want == 200) {
			t.Errorf("upload %d: %d %s", i, got.Status, got.Body)
		}
	}
	if got := p.upload(t, request{Method: "POST", Path: "/im/file/upload", Header: map[string]string{"app-id": "open", "app-key": "open-key"}}, "x.jpg", jpeg); got.Status != 200 {
		t.Errorf("another app's upload: %d %s", got.Status, got.Body)
	}
}
