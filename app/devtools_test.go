package main

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fasthttp/websocket"
)

// tab is one page of a Chromium, driven by its DevTools protocol.
type tab struct {
	conn *websocket.Conn
	mu   sync.Mutex // guards what follows
	next int
	wait map[int]chan json.RawMessage
	said []string // errors that the page had
	on   map[string]func(json.RawMessage)
}

// hear calls f, in a goroutine of its own, for each event of that name.
func (b *tab) hear(event string, f func(json.RawMessage)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.on[event] = f
}

var devtoolsAddress = regexp.MustCompile(`ws://([\d.:]+)/devtools/browser/\S+`)

// browserProfile is a folder for a browser. It is no t.TempDir: what the browser started
// outlives it by a moment and may write there.
func browserProfile(t *testing.T) string {
	t.Helper()
	profile, err := os.MkdirTemp("", "switchboard-browser-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(profile) })
	return profile
}

// browse opens a Chromium with one empty tab, started with these flags too; the test ends
// when none is installed.
func browse(t *testing.T, flags ...string) *tab {
	t.Helper()
	program, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("no chromium is installed")
	}
	profile := browserProfile(t)
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, program, append(flags, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--hide-scrollbars",
		"--remote-debugging-port=0", "--remote-allow-origins=*", "--user-data-dir="+profile, "about:blank")...)
	out, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); _ = cmd.Wait() })
	host := ""
	for lines := bufio.NewScanner(out); host == "" && lines.Scan(); {
		if m := devtoolsAddress.FindStringSubmatch(lines.Text()); m != nil {
			host = m[1]
		}
	}
	go func() { _, _ = bufio.NewReader(out).WriteTo(discard{}) }()
	var pages []struct {
		Type string `json:"type"`
		URL  string `json:"webSocketDebuggerUrl"`
	}
	until(t, "the browser has a page", func() bool {
		_ = json.Unmarshal([]byte(get(t, "http://"+host+"/json/list")), &pages)
		return len(pages) > 0 && pages[0].Type == "page"
	})
	conn, _, err := websocket.DefaultDialer.Dial(pages[0].URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	b := &tab{conn: conn, wait: map[int]chan json.RawMessage{}, on: map[string]func(json.RawMessage){}}
	go b.read()
	for _, domain := range []string{"Page.enable", "Runtime.enable", "Log.enable", "Network.enable"} {
		b.do(t, domain, nil)
	}
	return b
}

type discard struct{}

func (discard) Write(b []byte) (int, error) { return len(b), nil }

// read takes answers and remembers what the page complained of.
func (b *tab) read() {
	for {
		_, raw, err := b.conn.ReadMessage()
		if err != nil {
			return
		}
		var m struct {
			ID     int             `json:"id"`
			Method string          `json:"method"`
			Params json.RawMessage `json:"params"`
		}
		if json.Unmarshal(raw, &m) != nil {
			continue
		}
		b.mu.Lock()
		complaint := m.Method == "Runtime.exceptionThrown" || m.Method == "Log.entryAdded" && strings.Contains(string(m.Params), `"level":"error"`) ||
			m.Method == "Runtime.consoleAPICalled" && strings.Contains(string(m.Params), `"type":"error"`) || m.Method == "Page.javascriptDialogOpening"
		if complaint {
			b.said = append(b.said, string(m.Params))
		}
		if f := b.on[m.Method]; f != nil {
			go f(m.Params)
		}
		if to := b.wait[m.ID]; m.ID != 0 && to != nil {
			delete(b.wait, m.ID)
			to <- raw
		}
		b.mu.Unlock()
	}
}

// complaints takes what the page complained of since it was last asked.
func (b *tab) complaints() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	said := b.said
	b.said = nil
	return said
}

func (b *tab) do(t testing.TB, method string, params any) json.RawMessage {
	t.Helper()
	result, err := b.send(method, params)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// send returns the result of a command of the browser.
func (b *tab) send(method string, params any) (json.RawMessage, error) {
	to := make(chan json.RawMessage, 1)
	b.mu.Lock()
	b.next++
	id := b.next
	b.wait[id] = to
	err := b.conn.WriteJSON(map[string]any{"id": id, "method": method, "params": params})
	b.mu.Unlock()
	if err != nil {
		return nil, err
	}
	select {
	case raw := <-to:
		var m struct {
			Result json.RawMessage
			Error  *struct{ Message string }
		}
		if err := json.Unmarshal(raw, &m); err != nil || m.Error != nil {
			return nil, fmt.Errorf("%s: %v %+v", method, err, m.Error)
		}
		return m.Result, nil
	case <-time.After(60 * time.Second):
		return nil, fmt.Errorf("%s is not answered", method)
	}
}

// eval runs an expression in the page, waits for its promise, and fills out.
func (b *tab) eval(t testing.TB, expression string, out any) {
	t.Helper()
	raw := b.do(t, "Runtime.evaluate", map[string]any{"expression": expression, "awaitPromise": true, "returnByValue": true})
	var m struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails *struct{ Exception struct{ Description string } }
	}
	if err := json.Unmarshal(raw, &m); err != nil || m.ExceptionDetails != nil {
		t.Fatalf("%.200s: %v %+v", expression, err, m.ExceptionDetails)
	}
	if out != nil && len(m.Result.Value) > 0 {
		if err := json.Unmarshal(m.Result.Value, out); err != nil {
			t.Fatal(err)
		}
	}
}

// holds waits until the expression is true.
func (b *tab) holds(t testing.TB, what, expression string) {
	t.Helper()
	for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		var now bool
		if b.eval(t, "Promise.resolve("+expression+").then(v=>!!v)", &now); now {
			return
		}
		if time.Now().After(deadline) {
			var shown string
			b.eval(t, "document.body.innerText", &shown)
			t.Fatalf("not within a minute: %s. The page shows:\n%.3000s\nand complained: %v", what, shown, b.complaints())
		}
	}
}

func (b *tab) open(t testing.TB, url string) {
	t.Helper()
	b.do(t, "Page.navigate", map[string]any{"url": url})
	b.holds(t, url+" is loaded", `document.readyState==="complete" && location.href!=="about:blank"`)
}

// press clicks the first enabled button or link whose first line or label is that, inside
// what selector finds.
func (b *tab) press(t testing.TB, selector, text string) {
	t.Helper()
	find := fmt.Sprintf(`[...document.querySelectorAll(%q)].flatMap(e=>[...e.querySelectorAll("button,a,summary")]).find(e=>!e.disabled&&((e.innerText||"").trim().split("\n")[0]===%q||e.getAttribute("aria-label")===%q))`, selector, text, text)
	b.holds(t, "there is a button "+text+" in "+selector, find)
	b.eval(t, find+".click()", nil)
}

// write puts a text into an input as a person does, and lets the page take it in.
func (b *tab) write(t testing.TB, selector, text string) {
	t.Helper()
	b.holds(t, "there is "+selector, fmt.Sprintf("document.querySelector(%q)", selector))
	b.eval(t, fmt.Sprintf(`(()=>{const e=document.querySelector(%q);e.value=%q;e.dispatchEvent(new Event("input",{bubbles:true}));e.dispatchEvent(new Event("change",{bubbles:true}));return new Promise(f=>setTimeout(f))})()`, selector, text), nil)
}

func (b *tab) size(t testing.TB, width, height int) {
	t.Helper()
	b.do(t, "Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false})
}

// shoot keeps a picture of the page for who looks at it afterwards, in the folder
// artefacts of the checkout, which is not committed.
func (b *tab) shoot(t testing.TB, name string) {
	t.Helper()
	var m struct{ Data string }
	raw := b.do(t, "Page.captureScreenshot", map[string]any{"format": "png", "captureBeyondViewport": false})
	if err := json.Unmarshal(raw, &m); err != nil {
		t.Fatal(err)
	}
	picture, err := base64.StdEncoding.DecodeString(m.Data)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("..", "artefacts", "screens", name+".png")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, picture, 0o644); err != nil {
		t.Fatal(err)
	}
}
