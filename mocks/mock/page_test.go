package mock_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestThePageAsksNobodyButTheMock(t *testing.T) {
	r := start(t)
	for path, kind := range map[string]string{"/_mock/": "text/html", "/_mock/page.js": "text/javascript", "/_mock/page.css": "text/css", "/_mock": "text/html"} {
		res, body, err := r.send("GET", path, "")
		if err != nil || res.StatusCode != 200 || !strings.HasPrefix(res.Header.Get("Content-Type"), kind) || res.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Fatal(path, res, err)
		}
		if policy := res.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s: %s", path, policy)
		}
		if found := regexp.MustCompile(`(?i)https?:|//[a-z]+\.|<script>|\son\w+=|innerHTML|outerHTML|insertAdjacent|document\.write|eval\(`).FindAllString(body, -1); found != nil {
			t.Errorf("%s has %q", path, found)
		}
	}
	if res, _, err := r.send("POST", "/_mock/", ""); err != nil || res.StatusCode == 200 {
		t.Error("the page takes a POST", res, err)
	}
}

// hostile would run in a page that puts texts in as HTML.
const hostile = `"'></td></pre></option><img src=x onerror="fetch('/pwned')"><script>fetch('/pwned')</script><svg onload="fetch('/pwned')">`

// TestNoTextOfTheJournalBecomesHTML shows the page, without the policy that would
// stop scripts anyway, to a browser, with hostile text in all that a sender can
// choose.
func TestNoTextOfTheJournalBecomesHTML(t *testing.T) {
	program, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("no chromium is installed")
	}
	r := start(t)
	quoted, _ := json.Marshal(hostile)
	escaped := url.QueryEscape(hostile)
	r.sendAll([][3]string{
		{"POST", "/_mock/faults", fmt.Sprintf(`{"match":{"op":"coin.add","user":%s},"action":{"kind":"code","code":%s}}`, quoted, quoted)},
		{"POST", "/_mock/faults", fmt.Sprintf(`{"match":{"op":"room","times":1},"action":{"kind":"content_type","type":%s}}`, quoted)},
		{"POST", "/_mock/namespaces", fmt.Sprintf(`{"name":%s}`, quoted)},
		{"PUT", "/_mock/callbacks", `{"":"http://127.0.0.1:1/?` + escaped + `"}`},
		{"POST", "/coin/add", "user=" + escaped + "&amount=1"},                                    // user, code, answer
		{"POST", "/coin/add?" + escaped + "=" + escaped, "user=ann&amount=1&" + escaped + "=1"},   // query, body, callback
		{"POST", "/" + url.PathEscape(hostile), hostile},                                          // path without an operation
		{"POST", "/rooms/" + url.PathEscape(strings.ReplaceAll(hostile, "/", "|")), `{"by":"x"}`}, // path of an operation
		{"POST", "/_mock/callbacks/coin", hostile},
	})
	r.toy.Callbacks.Close()
	shown := showPage(t, r, program, len(r.journal()))
	if shown.Ran {
		t.Error("a text ran as a script")
	}
	if shown.Elements > 0 {
		t.Errorf("%d elements came out of texts", shown.Elements)
	}
	for _, part := range []string{"onerror=\"fetch('/pwned')", `"refused":`, "no such path"} {
		if !strings.Contains(shown.Text, part) {
			t.Errorf("%q is not shown: the test looked at nothing", part)
		}
	}
}

func (r *rig) sendAll(requests [][3]string) {
	for _, q := range requests {
		if res, body, err := r.send(q[0], q[1], q[2]); err != nil || res.StatusCode != 200 {
			r.Fatal(q[1], body, err)
		}
	}
}

func (r *rig) journal() (entries []json.RawMessage) {
	_, body, err := r.send("GET", "/_mock/journal", "")
	if err != nil || json.Unmarshal([]byte(body), &entries) != nil {
		r.Fatal(body, err)
	}
	return entries
}

type shown struct {
	Ran      bool
	Elements int    // that no template of the page has
	Text     string // of the whole page, opened rows too
}

// showPage opens the page in a browser until it has that many rows, with all of
// them opened.
func showPage(t *testing.T, r *rig, program string, rows int) shown {
	t.Helper()
	const probe = `<script>
const wait = setInterval(() => {
  const rows = document.querySelectorAll("tr.entry"), faults = document.querySelectorAll("#faults tr"), spaces = document.querySelectorAll("#namespace option");
  if (rows.length < %d || faults.length < 2 || spaces.length < 2) return;
  clearInterval(wait);
  rows.forEach(r => r.click());
  setTimeout(() => fetch("/report", {method: "POST", body: JSON.stringify({
    Elements: document.querySelectorAll("img, svg, body script:not([data-probe])").length,
    Text: document.body.textContent})}), 200);
}, 50);
</script>`
	reports, ran := make(chan shown, 1), make(chan struct{}, 100)
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		switch {
		case req.URL.Path == "/pwned":
			ran <- struct{}{}
		case req.URL.Path == "/report":
			var s shown
			if body, _ := io.ReadAll(req.Body); json.Unmarshal(body, &s) == nil {
				reports <- s
			}
		case req.URL.Path == "/_mock/":
			page := httptest.NewRecorder()
			r.engine.ServeHTTP(page, req)
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, strings.Replace(page.Body.String(), "</body>", strings.Replace(fmt.Sprintf(probe, rows), "<script>", "<script data-probe>", 1)+"</body>", 1))
		default:
			r.engine.ServeHTTP(w, req)
		}
	}))
	defer site.Close()
	defer r.engine.Close() // ends what the page waits for
	ctx, stop := context.WithCancel(t.Context())
	cmd := exec.CommandContext(ctx, program, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
		"--user-data-dir="+t.TempDir(), site.URL+"/_mock/")
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) } // it ends its children and leaves its files alone
	cmd.WaitDelay = 20 * time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { stop(); _ = cmd.Wait() }()
	select {
	case s := <-reports:
		s.Ran = len(ran) > 0
		return s
	case <-time.After(time.Minute):
		t.Fatal("the page never shows its rows")
	}
	return shown{}
}
