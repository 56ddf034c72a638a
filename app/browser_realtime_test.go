package main

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// clientScript loads openapi/typescript/name.js as the module that const name is.
func clientScript(t *testing.T, name string) string {
	t.Helper()
	source, err := os.ReadFile("../openapi/typescript/" + name + ".js")
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("const %s=await import(URL.createObjectURL(new Blob([%q],{type:'text/javascript'})));\n", name, source)
}

// A second tab is opened with a copy of the first one's storage, as a duplicated one has.
func TestTheRealtimeClientLivesInManyTabsAndComesBackWithoutALoss(t *testing.T) {
	t.Parallel()
	p := start(t, nil)
	conv, ann, token := p.room(t, "ann", "bob"), p.as(t, "ann"), p.tokenOf(t, "bob", 1)
	reports := p.pages(t, 2, clientScript(t, "realtime")+fmt.Sprintf(`
for(const transport of ["ws","sse","poll"]){
  let away=false;
  const r=new realtime.Realtime({base:API,token:()=>%q,transports:[transport],
    device:transport==="ws"?"":tab+transport,
    onGap:()=>report("failed","gap"),
    onState:(s,d)=>{if(s==="live"&&!away)report("live",transport);if(s==="ended")report("ended",transport+d.code)},
    onMessage:m=>{report("got",transport+" "+m.Content);if(m.Content==="1"){away=true;r.drop();r.lost(r.turn)}},
  });
  r.start();
}`, token))
	for range 6 {
		awaitReport(t, reports, "live")
	}
	got := map[string]int{}
	for _, text := range []string{"1", "2"} {
		p.say(t, ann, conv, text)
		if text == "1" {
			p.say(t, ann, conv, "between")
		}
	}
	for range 18 {
		r := awaitReport(t, reports, "got")
		got[r.Tab+" "+r.Text]++
	}
	for _, tab := range []string{"A", "B"} {
		for _, transport := range []string{"ws", "sse", "poll"} {
			for _, text := range []string{"1", "between", "2"} {
				if n := got[tab+" "+transport+" "+text]; n != 1 {
					t.Errorf("tab %s got %q %d times by %s", tab, text, n, transport)
				}
			}
		}
	}
	p.do(t, request{Path: "/api/server/users/bob/ban", Header: serverKey})
	for range 6 {
		if r := awaitReport(t, reports, "ended"); !strings.HasSuffix(r.Text, "3502") && !strings.HasSuffix(r.Text, "10007") {
			t.Errorf("%+v", r)
		}
	}
}

func TestTheTypeScriptClientNarrowsByCode(t *testing.T) {
	p := start(t, nil)
	reports := p.pages(t, 1, clientScript(t, "client")+fmt.Sprintf(`
const c=new client.Client({base:API,token:%q});
const sent=await c.call("gatewaySend",{body:{conversation_id:"nobody's",content:"x"}});
await report("union",sent.code);
await report("data",(await c.ask("translate",{body:{text:["a","b"],short:"zh"}})).length);
await report("failure",await c.ask("beforeMessage",{body:{rc_msg:"",peer_uid:1}}).catch(e=>e.status+" "+e.code+" "+(e instanceof client.Failure)+" "+(e.requestId!=="")));
`, p.tokenOf(t, "1001", 1)))
	for _, want := range []report{{"A", "union", "10005"}, {"A", "data", "2"}, {"A", "failure", "400 100101 true true"}} {
		if got := awaitReport(t, reports, want.What); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
}
