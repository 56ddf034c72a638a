package main

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// pressUntil presses a button again and again until the page shows what is expected.
func (b *tab) pressUntil(t *testing.T, selector, text, what, expression string) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); ; {
		b.press(t, selector, text)
		for range 40 {
			var now bool
			if b.eval(t, "!!("+expression+")", &now); now {
				return
			}
			time.Sleep(50 * time.Millisecond)
		}
		if time.Now().After(deadline) {
			b.holds(t, what, expression)
		}
	}
}

// badge is what the stage says of a vendor's health.
func badge(vendor string) string {
	return fmt.Sprintf(`[...document.querySelectorAll(".side .card:first-child .badge.dot")].find(e=>e.innerText.startsWith(%q))`, vendor)
}

// servedBy is true when the latest call that explain tells of was served by the vendor.
func servedBy(vendor string) string {
	return fmt.Sprintf(`[...document.querySelectorAll(".panes .card:first-child .feed > li:first-child li.ok")].some(e=>e.innerText.startsWith(%q))`, vendor)
}

// writeBreaker is the state of the vendor's breaker for writes, as /admin tells.
func (p *process) writeBreaker(t *testing.T, vendor string) (state string) {
	t.Helper()
	var all struct {
		Vendors []struct {
			Name     string
			Breakers []struct{ Class, State string }
		}
	}
	p.operate(t, "GET", "/admin/vendors", nil, &all)
	for _, v := range all.Vendors {
		for _, b := range v.Breakers {
			if v.Name == vendor && b.Class == "write" {
				state = b.State
			}
		}
	}
	return state
}

// A vendor that hangs or refuses is left alone by its breaker, the next one of the route
// serves, and the first comes back when it is mended: on the page and under /admin.
func TestTheStagesFaultsAreSeenHappening(t *testing.T) {
	t.Parallel()
	for _, fault := range []string{"Refuse", "Hang"} {
		t.Run(fault, func(t *testing.T) {
			p := start(t, nil)
			b := browse(t)
			b.size(t, 1440, 1000)
			b.open(t, p.URL+"/#/stage")
			b.press(t, ".side", "Send a tip")
			b.holds(t, "the first vendor serves", servedBy("rongcloud"))
			b.press(t, ".faults", fault)
			b.holds(t, "the fault is on", `document.querySelector(".faults [aria-pressed=true]")`)
			b.pressUntil(t, ".side", "Ten tips", "the page shows the open breaker", badge("rongcloud")+`?.innerText.includes("breaker open")`)
			if state := p.writeBreaker(t, "rongcloud"); state == "closed" || state == "" {
				t.Errorf("/admin says that the breaker is %q", state)
			}
			b.shoot(t, "breaker-"+strings.ToLower(fault))
			b.pressUntil(t, ".side", "Send a tip", "the next vendor serves", servedBy("linkv"))
			b.holds(t, "explain tells that the call went past the first", `[...document.querySelectorAll(".side .feed ol.steps")].some(e=>e.innerText.includes("rongcloud")&&[...e.querySelectorAll("li.ok")].some(l=>l.innerText.includes("linkv")))`)
			b.holds(t, "the journal has it at the next vendor", `[...document.querySelectorAll(".side details summary")].some(e=>e.innerText.startsWith("linkv")&&e.innerText.includes("message"))`)
			b.press(t, ".side", "Mend all")
			b.holds(t, "no fault is on", `!document.querySelector(".faults [aria-pressed=true]")`)
			b.pressUntil(t, ".side", "Send a tip", "the first vendor serves again", servedBy("rongcloud"))
			b.holds(t, "it is healthy", badge("rongcloud")+`?.innerText.trim()==="rongcloud"`)
			until(t, "/admin says so", func() bool { return p.writeBreaker(t, "rongcloud") == "closed" })
			b.clean(t, fault)
		})
	}
}

// What a vendor executed before it dropped the connection is in doubt, on the page and
// under /admin, until the vendor is mended; then it is found to be done, once.
func TestTheStagesDoubtAppearsAndIsSettled(t *testing.T) {
	t.Parallel()
	p := start(t, nil)
	b := browse(t)
	b.size(t, 1440, 1000)
	b.open(t, p.URL+"/#/stage")
	b.holds(t, "the coins are known", `document.querySelector(".phone .bar")?.innerText.includes("1,000 coins")`)
	b.write(t, ".side select", "linkv")
	b.press(t, ".faults", "Drop after executing")
	b.holds(t, "the fault is on", `document.querySelector(".faults [aria-pressed=true]")`)
	b.press(t, ".side", "Give 10 coins")
	b.holds(t, "the page says that it is in doubt", `document.querySelector('.side a[href="#/doubts"]') && [...document.querySelectorAll(".side .feed .badge")].some(e=>e.innerText==="doubt")`)
	doubts := func() (ops []string) {
		var all struct{ Writes []struct{ Op, State string } }
		p.operate(t, "GET", "/admin/doubts", nil, &all)
		for _, w := range all.Writes {
			ops = append(ops, w.Op+" "+w.State)
		}
		return ops
	}
	if got := doubts(); len(got) != 1 || !strings.HasSuffix(got[0], " doubt") {
		t.Errorf("/admin/doubts has %q", got)
	}
	b.press(t, ".side", "Doubts: 1")
	b.holds(t, "the view of doubts has it", `document.querySelector("main table")?.innerText.includes("doubt")`)
	b.shoot(t, "doubts")
	b.eval(t, `location.hash="#/stage"`, nil)
	b.write(t, ".side select", "linkv")
	b.holds(t, "the fault is still on", `document.querySelector(".faults [aria-pressed=true]")?.innerText.startsWith("Drop after executing")`)
	b.press(t, ".side", "Mend all")
	until(t, "the ledger has found out", func() bool { return len(doubts()) == 0 })
	b.holds(t, "the page has no doubt", `document.querySelector(".faults") && !document.querySelector('.side a[href="#/doubts"]')`)
	b.holds(t, "the coins are given once", `document.querySelector(".phone .bar")?.innerText.includes("1,010 coins")`)
	b.clean(t, "doubt")
}
