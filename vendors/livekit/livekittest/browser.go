package livekittest

import (
	_ "embed"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

//go:embed page.html
var page []byte

// Browser is a Chromium without a window, with a camera and a microphone that are
// none, whose page has LiveKit's client: see page.html for what can be called there.
type Browser struct {
	cmd  *exec.Cmd
	site *httptest.Server
	todo chan []byte

	mu      sync.Mutex // guards all below
	serial  int
	waiting map[string]chan answer
}

type answer struct {
	ID    string          `json:"id"`
	Value json.RawMessage `json:"value"`
	Error string          `json:"error"`
}

// Open starts a browser, which ends with the test. Without a Chromium the test is
// skipped.
func Open(t testing.TB) *Browser {
	t.Helper()
	program, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("no chromium is installed")
	}
	client := filepath.Join(Modules(t), "node_modules", "livekit-client", "dist", "livekit-client.esm.mjs")
	b := &Browser{todo: make(chan []byte, 100), waiting: map[string]chan answer{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write(page)
	})
	mux.HandleFunc("GET /livekit.mjs", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		http.ServeFile(w, r, client)
	})
	mux.HandleFunc("POST /next", b.next)
	mux.HandleFunc("POST /done", b.done)
	b.site = httptest.NewServer(mux)
	// Not t.TempDir: what the browser started outlives it by a moment and may write there.
	profile, err := os.MkdirTemp("", "livekittest-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(profile) })
	b.cmd = exec.Command(program, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-sync",
		"--disable-background-networking", "--disable-component-update", "--autoplay-policy=no-user-gesture-required", "--disable-background-timer-throttling",
		"--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", "--allow-loopback-in-peer-connection",
		"--user-data-dir="+profile, b.site.URL+"/")
	if err := b.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Kill)
	return b
}

// Kill ends the browser at once, as a phone without power does.
func (b *Browser) Kill() {
	if b.cmd.ProcessState == nil {
		_ = b.cmd.Process.Kill()
		_ = b.cmd.Wait()
	}
	b.site.CloseClientConnections()
	b.site.Close()
}

// next gives the page what to do, and lets it ask again when there is nothing.
func (b *Browser) next(w http.ResponseWriter, r *http.Request) {
	select {
	case todo := <-b.todo:
		_, _ = w.Write(todo)
	case <-r.Context().Done():
	case <-time.After(10 * time.Second):
		w.WriteHeader(http.StatusNoContent)
	}
}

func (b *Browser) done(_ http.ResponseWriter, r *http.Request) {
	var a answer
	if json.NewDecoder(r.Body).Decode(&a) != nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if c := b.waiting[a.ID]; c != nil {
		c <- a
	}
}

const patience = 60 * time.Second

// Do runs a function body in the page and reads what it returns into out, which may be
// nil.
func (b *Browser) Do(t testing.TB, body string, out any) {
	t.Helper()
	b.mu.Lock()
	b.serial++
	id, told := strconv.Itoa(b.serial), make(chan answer, 1)
	b.waiting[id] = told
	b.mu.Unlock()
	todo, _ := json.Marshal(map[string]string{"id": id, "body": body})
	b.todo <- todo
	select {
	case a := <-told:
		if a.Error != "" {
			t.Fatalf("the page: %s\nin: %s", a.Error, body)
		}
		if out != nil {
			if err := json.Unmarshal(a.Value, out); err != nil {
				t.Fatalf("the page answers %s: %v", a.Value, err)
			}
		}
	case <-time.After(patience):
		t.Fatalf("the page does not answer: %s", body)
	}
}

// Call is a call of one of the page's functions with arguments as JSON.
func Call(name string, args ...any) string {
	texts := make([]string, len(args))
	for i, a := range args {
		raw, _ := json.Marshal(a) // texts, numbers, truth values and lists of them
		texts[i] = string(raw)
	}
	return "return await " + name + "(" + strings.Join(texts, ", ") + ")"
}

// Ask calls one of the page's functions and reads its answer into out, which may be
// nil.
func (b *Browser) Ask(t testing.TB, out any, name string, args ...any) {
	t.Helper()
	b.Do(t, Call(name, args...), out)
}
