package main

import (
	"testing"
)

func TestTheStageShowsTwoPeopleTalk(t *testing.T) {
	p := start(t, nil)
	b := browse(t)
	b.size(t, 1440, 1000)
	b.open(t, p.URL+"/")
	b.holds(t, "both phones are live", `document.querySelectorAll(".phone button.on[aria-pressed=true]").length===2`)
	b.write(t, ".phone:nth-of-type(1) form input", "hello from 1001")
	b.eval(t, `document.querySelector(".phone form button").click()`, nil)
	b.holds(t, "the other has it", `document.querySelectorAll(".phone")[1].innerText.includes("hello from 1001")`)
	b.shoot(t, "stage")
	for _, said := range b.complaints() {
		t.Error(said)
	}
}
