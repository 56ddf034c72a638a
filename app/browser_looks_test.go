package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// clean fails for what the page complained of.
func (b *tab) clean(t testing.TB, where string) {
	t.Helper()
	for _, said := range b.complaints() {
		if strings.Contains(said, `"source":"network"`) && (strings.Contains(said, "/api/") || strings.Contains(said, "/explain/nobody-") || strings.Contains(said, "ERR_ABORTED")) {
			continue // what the test made fail
		}
		t.Errorf("%s: the page complains: %.600s", where, said)
	}
	var strange int
	b.eval(t, `document.querySelectorAll("#app img, #app script, #app iframe, #app object, #app [onerror], #app [onload]").length + (window.attacked||0)`, &strange)
	if strange > 0 {
		t.Errorf("%s: a text became a part of the page", where)
	}
}

// accessible asks axe for what keeps people out, and that nothing is wider than the
// screen. Without axe it looks at the width alone.
func (b *tab) accessible(t testing.TB, where, axe string) {
	t.Helper()
	var wide int
	if b.eval(t, "document.documentElement.scrollWidth-document.documentElement.clientWidth", &wide); wide > 0 {
		t.Errorf("%s: %d pixels wider than the screen", where, wide)
	}
	if axe == "" {
		return
	}
	var loaded bool
	if b.eval(t, "typeof axe==='object'", &loaded); !loaded {
		b.eval(t, axe+";true", nil)
	}
	var found []string
	b.eval(t, `axe.run(document,{resultTypes:["violations"]}).then(r=>r.violations.filter(v=>v.impact==="serious"||v.impact==="critical").map(v=>v.id+": "+v.help+": "+v.nodes.slice(0,3).map(n=>n.html+" "+(n.any[0]||{}).message).join(" | ")))`, &found)
	for _, violation := range found {
		t.Errorf("%s: %s", where, violation)
	}
}

// sizes are the two in which every button is pressed. Every page is also looked at in the
// other theme.
var sizes = []struct {
	name, theme   string
	width, height int
}{{"wide", "light", 1440, 1000}, {"narrow", "dark", 360, 740}}

// themed calls f once for each theme, with its name behind where, and leaves the page in
// the theme that it had.
func (b *tab) themed(t *testing.T, where string, f func(where string)) {
	t.Helper()
	var own string
	b.eval(t, `document.documentElement.dataset.theme||""`, &own)
	for _, theme := range []string{"light", "dark"} {
		b.eval(t, fmt.Sprintf(`document.documentElement.dataset.theme=%q`, theme), nil)
		f(where + "-" + theme)
	}
	b.eval(t, fmt.Sprintf(`(e=>%q?e.dataset.theme=%[1]q:delete e.dataset.theme)(document.documentElement)`, own), nil)
}

// words gives a text of the page in a language, by its English one. "name" is the name of
// what is looked at.
type words func(english string) string

func inLanguage(t *testing.T, language, name string) words {
	chinese := wordsOfThePage(t)
	return func(english string) string {
		if english == "name" {
			return name
		}
		if language == "en" {
			return english
		}
		if chinese[english] == "" {
			t.Errorf("%q is not among the page's words", english)
		}
		return chinese[english]
	}
}

// axeScript is axe as npm has it, empty where npm's modules are not at hand.
func axeScript(t *testing.T) string {
	t.Helper()
	if os.Getenv("SWITCHBOARD_TEST_NPM")+os.Getenv("CI") == "" {
		return ""
	}
	axe, err := os.ReadFile(filepath.Join(modules(t), "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		t.Fatal(err)
	}
	return string(axe)
}

// settle opens a page in a language and a theme.
func (b *tab) settle(t *testing.T, url, language, theme string) {
	t.Helper()
	b.open(t, url)
	b.eval(t, fmt.Sprintf(`localStorage.setItem("switchboard-language",%q);localStorage.setItem("switchboard-theme",%q);window.before=1`, language, theme), nil)
	b.do(t, "Page.reload", nil)
	b.holds(t, "it is loaded anew", `!window.before && document.readyState==="complete"`)
}

// wordsOfThePage is the Chinese of each English text.
func wordsOfThePage(t *testing.T) map[string]string {
	source, err := os.ReadFile("../handlers/console/ui/words.ts")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, entry := range strings.Split(string(source), "[\"")[1:] {
		english, rest, _ := strings.Cut(entry, `", "`)
		zh, _, _ := strings.Cut(rest, `"]`)
		if english == zh || zh == "" || strings.Contains(zh, "\n") {
			continue
		}
		out[english] = zh
	}
	return out
}
