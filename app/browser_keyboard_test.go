package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// key presses and lets go of a key.
func (b *tab) key(t *testing.T, name string, code int) {
	t.Helper()
	down := map[string]any{"type": "keyDown", "key": name, "code": name, "windowsVirtualKeyCode": code}
	if name == "Enter" {
		down["text"] = "\r"
	}
	b.do(t, "Input.dispatchKeyEvent", down)
	b.do(t, "Input.dispatchKeyEvent", map[string]any{"type": "keyUp", "key": name, "code": name, "windowsVirtualKeyCode": code})
}

func (b *tab) tabKey(t *testing.T) { b.key(t, "Tab", 9) }

// focused tells of the element that has the focus: what it is called, and whether one
// sees that it has it.
const focused = `(()=>{const e=document.activeElement,s=getComputedStyle(e),o=parseFloat(s.outlineWidth)>=2&&s.outlineStyle!=="none";
return (e===document.body?"":(e.getAttribute("aria-label")||e.labels?.[0]?.innerText||e.innerText||e.tagName).trim().split("\n")[0])+(o||e===document.body?"":" UNSEEN")})()`

// tour goes by Tab from the top of the page until the focus leaves it.
func (b *tab) tour(t *testing.T) (names []string) {
	t.Helper()
	b.eval(t, `document.activeElement.blur();scrollTo(0,0)`, nil)
	for range 200 {
		b.tabKey(t)
		var name string
		if b.eval(t, focused, &name); name == "" || len(names) > 0 && name == names[0] {
			return names
		}
		names = append(names, name)
	}
	t.Fatalf("the focus does not come around: %q", names)
	return nil
}

// Everything is reached and worked by the keyboard alone, one sees where one is, and a
// dialog gives the focus back.
func TestThePageIsWorkedByTheKeyboard(t *testing.T) {
	p := start(t, nil)
	b := browse(t)
	b.size(t, 1440, 1000)
	b.open(t, p.URL+"/#/stage")
	b.holds(t, "both phones are live", `document.querySelectorAll(".phone button.on[aria-pressed=true]").length===2`)
	b.do(t, "Page.bringToFront", nil)
	names := b.tour(t)
	for _, want := range []string{"Skip to content", "Stage", "Audit", "Switch light and dark", "online", "Find somebody to talk to", "Chat of 1001", "Message of 1001", "Send", "Vendor", "Hang", "Send a tip", "What happened", "Clear"} {
		if !slices.Contains(names, want) {
			t.Errorf("Tab does not reach %q: %q", want, names)
		}
	}
	for _, name := range names {
		if strings.HasSuffix(name, "UNSEEN") {
			t.Errorf("one does not see that the focus is on %s", name)
		}
	}
	if names[0] != "Skip to content" {
		t.Errorf("the first is %q", names[0])
	}

	b.eval(t, `location.hash="#/routes"`, nil)
	b.holds(t, "routes are shown", `document.querySelector("main table")`)
	for name, leave := range map[string]func(){
		"Escape": func() { b.key(t, "Escape", 27) },
		"Cancel": func() {
			b.eval(t, `[...document.querySelectorAll("dialog button")].at(-1).focus()`, nil)
			b.key(t, "Enter", 13)
		},
	} {
		b.eval(t, `document.querySelector('button[aria-label="Switch messages"]').focus()`, nil)
		b.key(t, "Enter", 13)
		b.holds(t, "the dialog has the focus", `document.querySelector("dialog")?.contains(document.activeElement)`)
		for range 8 { // it keeps it
			b.tabKey(t)
			var within bool
			if b.eval(t, `!document.querySelector("main button:focus, header.top :focus")||!!document.querySelector("dialog :focus")`, &within); !within {
				t.Error("Tab leaves the dialog")
			}
		}
		leave()
		b.holds(t, name+" closes the dialog and the focus is where it was", `!document.querySelector("dialog")&&document.activeElement.getAttribute("aria-label")==="Switch messages"`)
	}

	// Return in the last field switches.
	b.key(t, "Enter", 13)
	b.write(t, "dialog label:nth-of-type(1) input", "linkv,rongcloud")
	b.write(t, "dialog label:nth-of-type(2) input", "Ann")
	b.write(t, "dialog label:nth-of-type(3) input", "by keyboard")
	b.holds(t, "it can be sent", `!document.querySelector("dialog button.main").disabled`)
	b.eval(t, `document.querySelector("dialog label:nth-of-type(3) input").focus()`, nil)
	b.key(t, "Enter", 13)
	b.holds(t, "the route is switched", `!document.querySelector("dialog")&&document.querySelector("main").innerText.includes("linkv → rongcloud")`)
	b.clean(t, "by keyboard")
}

// What moves stands still for those who asked for that, and a screen reader hears each
// message once: where it arrives.
func TestThePageIsCalm(t *testing.T) {
	p := start(t, nil)
	b := browse(t)
	b.do(t, "Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{{"name": "prefers-reduced-motion", "value": "reduce"}}})
	b.open(t, p.URL+"/#/stage")
	b.holds(t, "both phones are live", `document.querySelectorAll(".phone button.on[aria-pressed=true]").length===2`)
	b.write(t, firstPhone+" form input", "hello")
	b.press(t, firstPhone+" form", "Send")
	b.holds(t, "it has arrived", fmt.Sprintf(`document.querySelector(%q)`, secondPhone+" .bubble"))
	var moving int
	b.eval(t, `[...document.querySelectorAll("#app *")].filter(e=>{const s=getComputedStyle(e);return s.animationName!=="none"||parseFloat(s.transitionDuration)>0}).length`, &moving)
	if moving > 0 {
		t.Errorf("%d parts of the page move", moving)
	}
	var said []string
	b.eval(t, `[...document.querySelectorAll("[role=status],[role=alert],[role=log],[aria-live]")].filter(e=>(e.getAttribute("aria-live")||"polite")!=="off"&&e.innerText.includes("hello")).map(e=>e.innerText)`, &said)
	if !slices.Equal(said, []string{"1001: hello"}) {
		t.Errorf("said are %q", said)
	}
}
