package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// walkStage presses every button of the stage, by the words of that language.
func walkStage(t *testing.T, b *tab, word words) {
	first, second := firstPhone, secondPhone
	b.holds(t, "both phones are live", `document.querySelectorAll(".phone button.on[aria-pressed=true]").length>=2`)
	b.write(t, first+" form input", "hello <b>from</b> 1001")
	b.press(t, first+" form", word("Send"))
	b.holds(t, "the other has it", fmt.Sprintf(`document.querySelector(%q).innerText.includes("hello <b>from</b> 1001")`, second))
	b.press(t, second, word("Take calls"))
	b.press(t, first, word("Find somebody to talk to"))
	b.press(t, second, word("Accept"))
	b.press(t, second, word("Begin the call"))
	b.press(t, first, word("Begin the call"))
	b.press(t, first, word("Like, and pay"))
	b.holds(t, "it is liked", fmt.Sprintf(`document.querySelector(%q).innerText.includes(%q)`, first, word("Liked: coins are due")))
	b.shoot(t, "call-"+word("name"))
	b.press(t, first, word("Hang up"))
	b.holds(t, "both phones are free", fmt.Sprintf(`[...document.querySelectorAll(".phone")].every(e=>e.innerText.includes(%q))`, word("Find somebody to talk to")))
	for _, call := range []string{"Send a tip", "Give 10 coins", "Translate", "Check a text", "Ten tips"} {
		b.press(t, ".side", word(call))
	}
	b.holds(t, "a call is explained", `document.querySelector(".side .steps li.ok")`)
	b.holds(t, "a vendor has received it", `document.querySelector(".side details .badge.ok")`)
	b.eval(t, `document.querySelector(".side details summary").click()`, nil)
	for _, fault := range []string{"Slow", "Refuse", "Hang", "Drop after executing"} {
		b.press(t, ".faults", word(fault))
		b.holds(t, fault+" is on", fmt.Sprintf(`[...document.querySelectorAll(".faults [aria-pressed=true]")].some(e=>e.innerText.startsWith(%q))`, word(fault)))
	}
	b.write(t, ".side select", "linkv")
	b.press(t, ".faults", word("Drop after executing"))
	b.holds(t, "the fault is on at linkv", `fetch("/sandbox/mocks/linkv/faults").then(r=>r.json()).then(all=>all.some(f=>f.action.kind==="drop"))`)
	b.press(t, ".side", word("Give 10 coins"))
	b.holds(t, "the ledger is in doubt", `[...document.querySelectorAll(".side .feed .badge")].some(e=>e.innerText===`+strconv.Quote(word("doubt"))+`)`)
	b.shoot(t, "doubt-"+word("name"))
	b.press(t, ".side", word("Mend all"))
	b.holds(t, "the ledger has found out", `[...document.querySelectorAll(".side .feed .badge")].every(e=>e.innerText!==`+strconv.Quote(word("doubt"))+`)`)
	b.press(t, first, word("online"))
	b.holds(t, "the other sees it", fmt.Sprintf(`document.querySelector(%q).innerText.includes("1001: "+%q)`, second, word("offline")))
	b.press(t, first, word("offline"))
	b.holds(t, "both phones are live again", `document.querySelectorAll(".phone button.on[aria-pressed=true]").length>=2`)
	for range 2 {
		b.press(t, ".side .card:nth-child(1) > header, .panes .card:nth-child(1)", word("Clear"))
		b.press(t, ".panes .card:nth-child(2)", word("Clear"))
	}
	b.holds(t, "the lists are empty", fmt.Sprintf(`document.querySelector(".panes .card:nth-child(1) .empty")?.innerText===%q`, word("Press something on a phone or above: each call appears here, with every vendor that was asked.")))
	b.press(t, second, word("Take calls"))
	b.press(t, first, word("Find somebody to talk to"))
	b.press(t, first, word("Cancel"))
	b.press(t, second, word("Take calls"))
	b.press(t, first, word("Find somebody to talk to"))
	b.press(t, second, word("Decline"))
	b.press(t, first, word("Cancel"))
}

// counting keeps, in the page itself, each button that was ever there and each that was
// pressed: by language, view and words. A row of a table has the same buttons as the next.
const counting = `window.buttons={seen:{},pressed:{}};(()=>{
const name=e=>{const words=([...e.childNodes].find(n=>n.nodeType===3&&n.data.trim())||{data:e.textContent}).data.trim();
const view=e.closest("dialog")?"dialog":e.closest("header.top")?"header":(document.querySelector("nav [aria-current]")?.getAttribute("href")||"start").replace(/^#\//,"");
return document.documentElement.lang.slice(0,2)+" "+view+": "+(e.closest("td")?words:e.getAttribute("aria-label")||words)};
const look=()=>document.querySelectorAll("#app button").forEach(e=>{if(e.textContent.trim()!=="…")buttons.seen[name(e)]=1});
new MutationObserver(look).observe(document,{childList:true,subtree:true,characterData:true});
addEventListener("click",e=>{const b=e.target.closest&&e.target.closest("button");if(b){buttons.seen[name(b)]=1;buttons.pressed[name(b)]=1}},true)})()`

// allPressed fails for a button of that language that was there and never pressed, and
// adds those that were pressed to all.
func (b *tab) allPressed(t *testing.T, language string, all map[string]bool) {
	t.Helper()
	var buttons struct{ Seen, Pressed map[string]int }
	b.eval(t, `buttons`, &buttons)
	if len(buttons.Pressed) < 20 {
		t.Errorf("only %v were pressed", buttons.Pressed)
	}
	for name := range buttons.Pressed {
		_, words, _ := strings.Cut(name, ": ")
		all[words] = true
	}
	for name := range buttons.Seen {
		if strings.HasPrefix(name, language+" ") && buttons.Pressed[name] == 0 {
			t.Errorf("nobody pressed %q", name)
		}
	}
}

// pressHeader switches language and colours to and fro.
func pressHeader(t *testing.T, b *tab, word words) {
	var lang, theme string
	const now = `document.documentElement.`
	b.eval(t, now+"lang", &lang)
	b.eval(t, now+"dataset.theme", &theme)
	for range 2 {
		var before string
		b.eval(t, now+"lang", &before)
		b.eval(t, `document.querySelector("header.top button[lang]").click()`, nil)
		b.holds(t, "the language is another", fmt.Sprintf(now+"lang!==%q", before))
		b.eval(t, now+"dataset.theme", &before)
		b.eval(t, `document.querySelector("header.top button[title]").click()`, nil)
		b.holds(t, "the colours are others", fmt.Sprintf(now+"dataset.theme!==%q", before))
	}
	b.holds(t, "all is as it was", fmt.Sprintf(now+"lang===%q&&"+now+"dataset.theme===%q", lang, theme))
}

// elsewhere are buttons that a test of their own presses.
var elsewhere = map[string]string{
	"Sign in": "TestAReaderSignsInAndFindsNothingToChange", "Sign out": "TestAReaderSignsInAndFindsNothingToChange", "Draw instead": "TestTheStageShowsARealCall",
	"Try again": "TestThePageSaysWhatIsWrong",
}

var (
	buttonOfSource = regexp.MustCompile(`(?s)<button\b.*?</button>`)
	wordOfSource   = regexp.MustCompile(`\bt\("(\w+)"\)`)
	wordInTable    = regexp.MustCompile(`(?m)\b(\w+): \["([^"]+)", "`)
)

// everyButtonIsKnown fails for a button of the sources that nobody pressed.
func everyButtonIsKnown(t *testing.T, pressed map[string]bool) {
	t.Helper()
	table, err := os.ReadFile("../handlers/console/ui/words.ts")
	if err != nil {
		t.Fatal(err)
	}
	english := map[string]string{}
	for _, m := range wordInTable.FindAllStringSubmatch(string(table), -1) {
		english[m[1]] = m[2]
	}
	sources, _ := filepath.Glob("../handlers/console/ui/*.tsx")
	buttons := 0
	for _, name := range sources {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, button := range buttonOfSource.FindAllString(string(source), -1) {
			buttons++
			known := strings.Contains(button, "t(f.name)") // the faults: the page shows all of them at once
			for _, w := range wordOfSource.FindAllStringSubmatch(button, -1) {
				_, other := elsewhere[english[w[1]]]
				known = known || other || pressed[english[w[1]]]
			}
			if !known {
				t.Errorf("%s: nobody pressed %s", filepath.Base(name), button)
			}
		}
	}
	if buttons < 25 {
		t.Errorf("%d buttons in %v", buttons, sources)
	}
}

// walkConsole goes through every view, in both themes.
func walkConsole(t *testing.T, b *tab, axe string, word words) {
	for _, view := range []string{"vendors", "routes", "doubts", "explain", "owners", "sessions", "pairing", "data", "audit", "stage"} {
		b.eval(t, fmt.Sprintf("location.hash=%q", "#/"+view), nil)
		b.holds(t, view+" is shown", fmt.Sprintf(`document.querySelector("nav [aria-current]").getAttribute("href")===%q && !document.querySelector("main .note.bad") && ![...document.querySelectorAll("main > .empty")].some(e=>e.innerText===%q)`, "#/"+view, word("Loading")))
		b.themed(t, view+"-"+word("name"), func(where string) {
			b.accessible(t, where, axe)
			b.shoot(t, where)
		})
		b.clean(t, view+"-"+word("name"))
	}
}

// pressConsole presses the buttons that change something.
func pressConsole(t *testing.T, p *process, b *tab, axe string, word words) {
	b.eval(t, `location.hash="#/routes"`, nil)
	b.press(t, "main", word("Switch")+" messages")
	b.write(t, "dialog label:nth-of-type(1) input", "linkv,rongcloud")
	b.write(t, "dialog label:nth-of-type(2) input", "Ann <script>window.attacked=1</script>")
	b.write(t, "dialog label:nth-of-type(3) input", `"><img src=x onerror=window.attacked=1>`)
	b.themed(t, "dialog-"+word("name"), func(where string) {
		b.accessible(t, where, axe)
		b.shoot(t, where)
	})
	b.press(t, "dialog", word("Switch"))
	b.holds(t, "the route is switched", fmt.Sprintf(`!document.querySelector("dialog") && document.querySelector("main").innerText.includes("linkv → rongcloud") && document.querySelector("main").innerText.includes(%q)`, word("switched")))
	b.press(t, "main", word("Switch")+" messages")
	b.press(t, "dialog", word("Cancel"))
	b.eval(t, `location.hash="#/vendors"`, nil)
	b.press(t, "main", word("Switch breakers"))
	b.write(t, "dialog select", "observe")
	b.write(t, "dialog label:nth-of-type(3) input", "Ann")
	b.write(t, "dialog label:nth-of-type(4) input", "to see")
	b.press(t, "dialog", word("Switch"))
	b.holds(t, "the breakers are observed", `document.querySelector("main").innerText.includes(`+strconv.Quote(word("observe"))+`)`)
	p.fillOwners(t)
	b.eval(t, `location.hash="#/owners"`, nil)
	b.press(t, "main", word("More"))
	b.press(t, "main", word("Back"))
	b.holds(t, "the first page is back", fmt.Sprintf(`[...document.querySelectorAll("main .lead button")].map(e=>e.innerText).join()===%q`, word("More")))
	b.press(t, "main", word("Move"))
	b.write(t, "dialog label:nth-of-type(1) input", "linkv")
	b.write(t, "dialog label:nth-of-type(3) input", "Ann")
	b.write(t, "dialog label:nth-of-type(4) input", "they made it there, <i>too</i>")
	b.press(t, "dialog", word("Move"))
	b.holds(t, "it is moved", `!document.querySelector("dialog") && document.querySelector("main").innerText.includes("<i>too</i>")`)
	b.press(t, "main", word("Move"))
	b.press(t, "dialog", word("Cancel"))
	b.eval(t, `location.hash="#/explain"`, nil)
	b.write(t, "main form input", "nobody-asked-this")
	b.press(t, "main form", word("Look"))
	b.holds(t, "it says that nothing is known of it", `document.querySelector("main .note.bad")`)
	b.eval(t, `location.hash="#/audit"`, nil)
	b.holds(t, "the audit has both", `document.querySelector("main").innerText.includes("to see") && document.querySelector("main").innerText.includes("<script>")`)
	b.press(t, "main", word("Look"))
	b.clean(t, "audit-"+word("name"))
}

// attack puts markup wherever somebody from outside can put a text that the console
// shows.
func (p *process) attack(t *testing.T) {
	const bad = `<img src=x onerror=window.attacked=1>`
	p.do(t, request{Path: "/api/server/im/send/tip", Header: map[string]string{"app-id": sandboxApp, "app-key": sandboxKey, "X-Request-Id": "<svg/onload=window.attacked=1>", "Idempotency-Key": bad},
		Body: map[string]any{"from": "1001", "targets": []string{"1002", "no-<i>"}, "msg": bad}, Bad: true})
	_ = p.ws(t, p.tokenOf(t, "<b>"+bad, 1), "")
	get(t, p.mock(t, "rongcloud")+"/"+"%3Cimg%20src=x%20onerror=window.attacked=1%3E")
	for _, vendor := range []string{"rongcloud", "linkv"} {
		got := p.do(t, request{Path: "/sandbox/mocks/" + vendor + "/faults", Header: map[string]string{"admin-key": sandboxAdmin}, Bad: true,
			Body: map[string]any{"match": map[string]any{"times": 2}, "action": map[string]any{"kind": "code", "code": "99<img src=x>"}}})
		if got.Status >= 300 {
			t.Fatalf("a fault: %d %s", got.Status, got.Body)
		}
	}
	for range 3 {
		p.do(t, request{Path: "/api/server/im/send/tip", Header: serverKey, Body: map[string]any{"from": "1001", "targets": []string{"1002"}, "msg": bad}})
	}
	p.do(t, request{Method: "PUT", Path: "/admin/routes", Header: map[string]string{"admin-key": sandboxAdmin}, Body: map[string]any{"by": bad, "reason": bad, "routes": map[string]any{}}})
	p.do(t, request{Path: "/api/server/groups", Header: serverKey, Body: map[string]any{"group": "g-<b>", "name": bad, "owner": "1001", "members": []string{"1002"}}, Bad: true})
	p.do(t, request{Path: "/api/server/groups", Header: serverKey, Body: map[string]any{"group": "g1", "name": bad, "owner": "1001", "members": []string{"1002"}}, Bad: true})
	conv := p.room(t, "1001", "1002")
	p.say(t, p.as(t, "1001"), conv, bad)
}

// fillOwners makes more groups than a page of owners has.
func (p *process) fillOwners(t *testing.T) {
	for i := range 51 {
		p.do(t, request{Path: "/api/server/groups", Header: serverKey, Body: map[string]any{"group": fmt.Sprintf("z%03d", i), "name": "z", "owner": "1001", "members": []string{"1002"}}})
	}
}

// Every button is pressed in both languages and both sizes, and every view is looked at
// in all eight combinations of language, size and theme: artefacts/screens has the pictures.
func TestEveryButtonOfTheStageAndTheConsoleWorks(t *testing.T) {
	t.Parallel()
	axe, pressed := axeScript(t), map[string]bool{}
	var mu sync.Mutex // guards pressed
	t.Run("walk", func(t *testing.T) {
		for _, language := range []string{"en", "zh"} {
			t.Run(language, func(t *testing.T) {
				t.Parallel()
				b := browse(t)
				b.do(t, "Page.addScriptToEvaluateOnNewDocument", map[string]any{"source": counting})
				for _, size := range sizes {
					p := start(t, nil) // nobody's call and no fault is left of the walk before
					p.attack(t)
					word := inLanguage(t, language, language+"-"+size.name)
					b.size(t, size.width, size.height)
					b.settle(t, p.URL+"/", language, size.theme)
					b.holds(t, "the stage is there", fmt.Sprintf(`document.querySelector(".stage") && document.documentElement.lang.startsWith(%q)`, language))
					walkStage(t, b, word)
					walkConsole(t, b, axe, word)
					pressConsole(t, p, b, axe, word)
					pressHeader(t, b, word)
					func() {
						mu.Lock()
						defer mu.Unlock()
						b.allPressed(t, language, pressed)
					}()
				}
			})
		}
	})
	everyButtonIsKnown(t, pressed)
}
