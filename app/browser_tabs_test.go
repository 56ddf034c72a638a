package main

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// tabsScript is a page as docs/browsers.md has it: an event stream that is left to the
// browser, and a websocket that comes back below 3500. It reports all that each got.
const tabsScript = `
const token=%q, got={es:[],ws:[]};
const take=(way,text)=>{got[way].push(text);report(way,got[way].join(" "))};
let r=await fetch(API+"/get_joined_conversation",{method:"POST",headers:{Authorization:"Bearer "+token,"Content-Type":"application/json"},body:"{}"});
await report("fetch",(await r.json()).code);
const bad=new EventSource(API+"/notify?protoc=sse&token=nonsense");
bad.addEventListener("close",e=>report("bad token",JSON.parse(e.data).code));
const es=new EventSource(API+"/notify?protoc=sse&token="+token+"&device="+tab+"-es");
es.addEventListener("message",e=>take("es",JSON.parse(e.data).Content));
es.addEventListener("close",e=>{const code=JSON.parse(e.data).code; report("es closed",code); if(code>=3500)setTimeout(()=>report("es later",es.readyState),5000)});
let last="";
const connect=()=>{
  const ws=new WebSocket(API.replace("http","ws")+"/notify?protoc=ws&device="+tab+"-ws&since="+last,["bearer",token]);
  ws.onmessage=e=>{const m=JSON.parse(e.data);
    if("recovered" in m){if(!m.recovered)report("failed","not recovered");last=last||m.position;report("ws open","");return}
    last=m.MsgId;take("ws",m.Content)};
  ws.onclose=e=>{report("ws closed",e.code);if(e.code<3500)setTimeout(connect,200)};
};
connect();
await new Promise(f=>es.onopen=f);
await report("es open","");
`

// tabReports are the newest reports by tab and what.
type tabReports struct {
	from   <-chan report
	newest map[string]string
	closed []report
}

// await reads reports until all of want have come: "A es" is what tab A's stream got.
func (r *tabReports) await(t *testing.T, want map[string]string) {
	t.Helper()
	limit := time.After(60 * time.Second)
	missing := func() (out []string) {
		for what, text := range want {
			if got, found := r.newest[what]; !found || got != text {
				out = append(out, fmt.Sprintf("%s: %q, want %q", what, got, text))
			}
		}
		return out
	}
	for len(missing()) > 0 {
		select {
		case got := <-r.from:
			if got.What == "failed" {
				t.Fatalf("tab %s: %s", got.Tab, got.Text)
			}
			if strings.HasSuffix(got.What, "closed") {
				r.closed = append(r.closed, got)
			}
			// Reports overtake each other: what a way got only grows.
			if key := got.Tab + " " + got.What; len(got.Text) >= len(r.newest[key]) {
				r.newest[key] = got.Text
			}
		case <-limit:
			t.Fatalf("%s\nclosed: %v", strings.Join(missing(), "\n"), r.closed)
		}
	}
}

func everyWay(text string) map[string]string {
	return map[string]string{"A es": text, "A ws": text, "B es": text, "B ws": text}
}

func TestTwoTabsOfAnotherOriginLiveResumeAndStop(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	p := start(t, func(c *Config) { c.DataDir = folder })
	conv, ann, token := p.room(t, "ann", "bob"), p.as(t, "ann"), p.tokenOf(t, "bob", 1)
	r := &tabReports{from: p.pages(t, 2, fmt.Sprintf(tabsScript, token)), newest: map[string]string{}}
	ready := map[string]string{}
	for _, tab := range []string{"A", "B"} {
		ready[tab+" fetch"], ready[tab+" bad token"], ready[tab+" es open"], ready[tab+" ws open"] = "0", "3501", "", ""
	}
	r.await(t, ready)
	for _, text := range []string{"1", "2", "3"} {
		p.say(t, ann, conv, text)
	}
	r.await(t, everyWay("1 2 3"))
	if len(r.closed) > 0 {
		t.Errorf("two tabs close each other: %v", r.closed)
	}

	// The process goes and comes back at the same address; what is said before the tabs
	// are back reaches each of them once.
	address := strings.TrimPrefix(p.URL, "http://")
	if err := p.stop(); err != nil {
		t.Fatal(err)
	}
	p = start(t, func(c *Config) { c.DataDir, c.Listen = folder, address })
	p.say(t, ann, conv, "4")
	p.say(t, ann, conv, "5")
	r.await(t, everyWay("1 2 3 4 5"))
	p.say(t, ann, conv, "6")
	r.await(t, everyWay("1 2 3 4 5 6"))
	for _, c := range r.closed {
		if c.Text != "3000" && c.Text != "1006" { // told, or found nobody at the address yet
			t.Errorf("tab %s: %s %s", c.Tab, c.What, c.Text)
		}
	}

	// What ends for good is not tried again, by the browser itself either.
	holder := p.sseAt(t, "&device=A-es", token, "")
	other := p.dial(t, "/notify?protoc=ws&device=B-ws&token="+token)
	r.await(t, map[string]string{"A es closed": "3500", "B ws closed": "3500", "A es later": "0"})
	p.say(t, ann, conv, "7")
	r.await(t, map[string]string{"A es": "1 2 3 4 5 6", "A ws": "1 2 3 4 5 6 7", "B es": "1 2 3 4 5 6 7", "B ws": "1 2 3 4 5 6"})
	if ev, _ := holder.next(); message(t, []byte(ev.Data)).Content != "7" {
		t.Errorf("the newer stream was thrown out: %+v", ev)
	}
	if m := message(t, frame(t, other)); m.Content != "7" {
		t.Errorf("the newer websocket got %+v", m)
	}
}
