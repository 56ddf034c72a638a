package main

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"strings"
	"testing"
)

// uploaded uploads a file and returns the path of its URL.
func (p *process) uploaded(t testing.TB, name string, content []byte) string {
	t.Helper()
	got := p.upload(t, request{Method: "POST", Path: "/im/file/upload", Header: serverKey}, name, content)
	var at string
	if got.decode(t, &at); got.Code != 0 || !strings.HasPrefix(at, p.URL+"/storage/uploads/") {
		t.Fatalf("%s: %s", name, got.Body)
	}
	return strings.TrimPrefix(at, p.URL)
}

func (p *process) fetch(t testing.TB, method, path string, header ...string) (*http.Response, []byte) {
	t.Helper()
	req, err := http.NewRequest(method, p.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := p.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, body
}

func TestPartsOfAFile(t *testing.T) {
	p := start(t, nil)
	content := append([]byte("\x00\x00\x00\x18ftypisom\x00\x00\x00\x00isommp42"), bytes.Repeat([]byte("0123456789"), 100_000)...)
	size := len(content)
	path := p.uploaded(t, "film.mp4", content)
	whole, body := p.fetch(t, "GET", path)
	tag := whole.Header.Get("ETag")
	if whole.StatusCode != 200 || !bytes.Equal(body, content) || whole.Header.Get("Accept-Ranges") != "bytes" || whole.Header.Get("Content-Type") != "video/mp4" || tag == "" {
		t.Fatalf("%d %v", whole.StatusCode, whole.Header)
	}
	for _, c := range []struct {
		header   []string
		status   int
		from, to int
	}{
		{[]string{"Range", "bytes=0-1"}, 206, 0, 2},
		{[]string{"Range", "bytes=4-11"}, 206, 4, 12},
		{[]string{"Range", "bytes=-7"}, 206, size - 7, size},
		{[]string{"Range", "bytes=999999-"}, 206, 999999, size},
		{[]string{"Range", "bytes=0-99999999"}, 206, 0, size},
		{[]string{"Range", "bytes=0-1", "If-Range", tag}, 206, 0, 2},
		{[]string{"Range", "bytes=0-1", "If-Range", `"another"`}, 200, 0, size},
		{[]string{"Range", "bytes=0-1", "If-Range", "W/" + tag}, 200, 0, size},
		{[]string{"Range", "bytes=0-1", "If-Range", "Mon, 02 Jan 2006 15:04:05 GMT"}, 200, 0, size},
		{[]string{"Range", "bytes=0-1,5-6"}, 200, 0, size},
		{[]string{"Range", "lines=0-1"}, 200, 0, size},
		{[]string{"Range", "bytes=99999999-"}, 416, 0, 0},
		{[]string{"Range", "bytes=-0"}, 416, 0, 0},
		{[]string{"Range", "bytes=99999999-", "If-Range", `"another"`}, 200, 0, size},
		{[]string{"If-None-Match", tag}, 304, 0, 0},
		{[]string{"If-None-Match", `"x", W/` + tag}, 304, 0, 0},
		{[]string{"If-None-Match", "*", "Range", "bytes=0-1"}, 304, 0, 0},
		{[]string{"If-None-Match", `"x"`}, 200, 0, size},
	} {
		res, body := p.fetch(t, "GET", path, c.header...)
		if res.StatusCode != c.status || c.status < 300 && (!bytes.Equal(body, content[c.from:c.to]) || res.ContentLength != int64(c.to-c.from)) {
			t.Errorf("%v: %d, %d bytes, %v", c.header, res.StatusCode, len(body), res.Header)
		}
		span := res.Header.Get("Content-Range")
		if want := map[int]string{206: "bytes ", 416: "bytes */1000024"}[c.status]; !strings.HasPrefix(span, want) || want == "" && span != "" {
			t.Errorf("%v: Content-Range %q", c.header, span)
		}
		if c.status == 416 && !json.Valid(body) || c.status == 304 && len(body) > 0 {
			t.Errorf("%v: %q", c.header, body)
		}
		head, body := p.fetch(t, "HEAD", path, c.header...)
		if len(body) > 0 || c.status == 200 && (head.StatusCode != 200 || head.ContentLength != int64(size) || head.Header.Get("Content-Type") != "video/mp4" || head.Header.Get("ETag") != tag) {
			t.Errorf("HEAD %v: %d %d %v", c.header, head.StatusCode, head.ContentLength, head.Header)
		}
	}
	for _, method := range []string{"GET", "HEAD"} {
		if res, _ := p.fetch(t, method, "/storage/uploads/"+strings.Repeat("0", 32)+".mp4", "Range", "bytes=0-1"); res.StatusCode != 404 {
			t.Errorf("%s of no file: %d", method, res.StatusCode)
		}
	}
}

func TestFilesKeepTheirNames(t *testing.T) {
	folder := t.TempDir()
	in := func(c *Config) { c.DataDir = folder; c.UploadConfig.Types = append(c.UploadConfig.Types, "txt", "zip") }
	p := start(t, in)
	paths := map[string][2]string{}
	for name, kept := range map[string][2]string{
		"2020-04-28 16.25.13.jpg": {"inline", "2020-04-28 16.25.13.jpg"},
		"你好.JPG":                  {"inline", "你好.JPG"},
		`q"uo\te;x=1.jpg`:         {"inline", "te;x=1.jpg"},
		"a\r\nX-Evil: 1.jpg":      {"inline", "a%0D%0AX-Evil: 1.jpg"},
		"evil.html":               {"inline", "evil.html.jpg"},
		"😀.jpeg":                  {"inline", "😀.jpeg"},
	} {
		paths[p.uploaded(t, name, []byte("\xff\xd8\xff\xe0...."))] = kept
	}
	paths[p.uploaded(t, "notes.html", []byte("just words\n"))] = [2]string{"attachment", "notes.html.txt"}
	paths[p.uploaded(t, "notes.md", []byte("# words\n"))] = [2]string{"attachment", "notes.md"}
	if err := p.stop(); err != nil {
		t.Fatal(err)
	}
	p = start(t, in) // the names are kept with the files
	for path, want := range paths {
		for _, method := range []string{"GET", "HEAD"} {
			res, _ := p.fetch(t, method, path, "Range", "bytes=0-3")
			raw := res.Header.Get("Content-Disposition")
			kind, params, err := mime.ParseMediaType(raw)
			if err != nil || kind != want[0] || params["filename"] != want[1] || res.Header.Get("X-Evil") != "" || strings.ContainsAny(raw, "\r\n") {
				t.Errorf("%s %s: %q %v, want %q", method, path, raw, err, want)
			}
			if res.Header.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(res.Header.Get("Content-Security-Policy"), "sandbox") {
				t.Errorf("%s: %v", path, res.Header)
			}
		}
	}
	for name, content := range map[string]string{"x.jpg": "<html><script>1</script>", "x.png": "<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>", "x.txt": "<!doctype html>"} {
		if got := p.upload(t, request{Method: "POST", Path: "/im/file/upload", Header: serverKey}, name, []byte(content)); got.Code != 4601 {
			t.Errorf("%s: %s", name, got.Body)
		}
	}
}
