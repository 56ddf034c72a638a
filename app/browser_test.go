package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// report is what a page says of itself.
type report struct{ Tab, What, Text string }

// pages serves one page from an origin of its own and opens it in a Chromium, in as
// many tabs as asked. API, tab and report(what, text) are there for its script.
func (p *process) pages(t *testing.T, tabs int, script string) <-chan report {
	t.Helper()
	program, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("no chromium is installed")
	}
	reports := make(chan report, 1000)
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			var told report
			if body, _ := io.ReadAll(r.Body); json.Unmarshal(body, &told) == nil {
				select {
				case reports <- told:
				default:
				}
			}
			return
		}
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, `<!doctype html><script>const API=%q, tab=new URL(location).searchParams.get("tab");
if(tab=="A")for(let i=1;i<%d;i++)window.open("/?tab="+String.fromCharCode(65+i));
function report(what,text){return fetch("/",{method:"POST",body:JSON.stringify({tab,what,text:String(text)})})}
(async()=>{%s})().catch(e=>report("failed",e))</script>`, p.URL, tabs, script)
	}))
	t.Cleanup(site.Close)
	// Chromium without a window opens one page, which opens the other tabs. localhost and
	// the program's 127.0.0.1 are two sites.
	cmd := exec.Command(program, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-popup-blocking",
		"--user-data-dir="+browserProfile(t), strings.Replace(site.URL, "127.0.0.1", "localhost", 1)+"/?tab=A")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return reports
}

// awaitReport reads reports until one says what.
func awaitReport(t *testing.T, reports <-chan report, what string) report {
	t.Helper()
	limit := time.After(60 * time.Second)
	for {
		select {
		case r := <-reports:
			if r.What == what {
				return r
			}
			if r.What == "failed" {
				t.Fatalf("tab %s, while %s is awaited: %s", r.Tab, what, r.Text)
			}
		case <-limit:
			t.Fatalf("no tab reports %s", what)
		}
	}
}

func TestAPageOfAnotherOriginReachesEveryFamily(t *testing.T) {
	p := start(t, nil)
	conv, ann, token := p.room(t, "ann", "bob"), p.as(t, "ann"), p.tokenOf(t, "bob", 1)
	reports := p.pages(t, 1, fmt.Sprintf(`
const token=%q, conv=%q, bearer={Authorization:"Bearer "+token};
let r=await fetch(API+"/api/v1/wallet",{headers:{...bearer,"X-Request-Id":"from-a-page"}});
await report("product",r.status+" "+r.headers.get("X-Request-Id"));
r=await fetch(API+"/send_msg",{method:"POST",headers:{...bearer,"Content-Type":"application/json","Idempotency-Key":"k"},body:JSON.stringify({conversation_id:conv,content:"from a page"})});
await report("gateway",(await r.json()).code);
r=await fetch(API+"/im/conversations/"+conv+"/members",{method:"DELETE",headers:{...bearer,"app-id":"666666","Content-Type":"application/json"},body:"{}"});
await report("conversation",(await r.json()).code);
const ws=new WebSocket(API.replace("http","ws")+"/notify?protoc=ws&token="+token);
ws.onerror=()=>report("failed","websocket");
await new Promise(f=>ws.onopen=f);
const es=new EventSource(API+"/notify?protoc=sse&token="+token+"&device=2");
es.addEventListener("message",e=>report("event",JSON.parse(e.data).Content));
ws.onmessage=e=>report("frame",JSON.parse(e.data).Content);
await new Promise(f=>es.onopen=f);
await report("open","");
`, token, conv))
	for _, want := range []report{{"A", "product", "200 from-a-page"}, {"A", "gateway", "0"}, {"A", "conversation", "4001"}, {"A", "open", ""}} {
		if got := awaitReport(t, reports, want.What); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
	p.say(t, ann, conv, "to the page")
	for range 2 {
		if got := <-reports; got.Text != "to the page" || got.What == "failed" {
			t.Errorf("%+v", got)
		}
	}
}

func TestAPageThatIsNotAllowedReadsNothing(t *testing.T) {
	p := start(t, func(c *Config) { c.AllowedOrigins = append(c.AllowedOrigins, "https://app.example") })
	token := p.tokenOf(t, "bob", 1)
	reports := p.pages(t, 1, fmt.Sprintf(`
const token=%q, told=f=>f.then(()=>"read",()=>"kept");
await report("fetch", await told(fetch(API+"/api/v1/wallet",{headers:{Authorization:"Bearer "+token}})));
await report("simple", await told(fetch(API+"/notify?protoc=poll&since=nonsense&token="+token)));
await report("events", await told(new Promise((f,no)=>{const e=new EventSource(API+"/notify?protoc=sse&token="+token);e.onopen=f;e.onerror=no})));
await report("websocket", await told(new Promise((f,no)=>{const w=new WebSocket(API.replace("http","ws")+"/notify?protoc=ws&token="+token);w.onopen=f;w.onerror=no})));
`, token))
	for _, what := range []string{"fetch", "simple", "events", "websocket"} {
		if got := awaitReport(t, reports, what); got.Text != "kept" {
			t.Errorf("%+v", got)
		}
	}
}
