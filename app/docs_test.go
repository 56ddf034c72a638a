package main

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// A citation is a path from the repository's root, as comments have it, or a
// link of a Markdown file, from that file's folder.
var (
	cited      = regexp.MustCompile(`(?:^|[^\w./-])(docs/[\w./-]+\.md)(?:#([\w-]+))?`)
	linked     = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading    = regexp.MustCompile(`^#{1,6}\s+(.*?)\s*#*$`)
	namedPlace = regexp.MustCompile(`<a (?:id|name)=["']([^"']+)["']`)
)

// unresolvable is what no text may cite: documents that are not in the
// repository, and bare numbers of sections, which nobody can look up.
var unresolvable = []*regexp.Regexp{
	regexp.MustCompile(`\b(?:DESIGN|STYLE)(?:\.md)?\b`),
	regexp.MustCompile(`\b(?:reference|design|findings|seeds)/[\w-]+\.(?:md|txt)\b`),
	regexp.MustCompile(`(?i)\bseed[ _-]?0\d\d\b`),
	regexp.MustCompile(`(?i)\bsections? \d`),
	regexp.MustCompile(`\.md,? \d`),
}

// bareSection is a section's number in a Go comment or text: "(2.1)", "(2.5, M7)",
// "table 2.2", "what 3.6 asks", "2.13's". A number with its unit is none.
var bareSection = regexp.MustCompile(`(?://|").*(?:\([1-9]\.\d{1,2}(?:\)|, [A-Z1-9]| [a-z]\))|tables? [1-9]\.\d` +
	`|\b[1-9]\.\d{1,2}'s|\b(?:of|by|in|What|that) [23]\.\d{1,2}(?:$|[,.:;)]| (?:and|that|asks|lists|from|said|against))|// [1-9]\.\d{1,2}(?:$|:))`)

// repository is what the checks read: texts by path from the root, and every
// path there is.
type repository struct {
	texts map[string]string
	paths map[string]bool
}

func TestCitationsResolve(t *testing.T) {
	t.Parallel()
	for _, problem := range openRepository(t).brokenCitations() {
		t.Error(problem)
	}
}

// brokenCitations follows every citation and every relative link.
func (r repository) brokenCitations() (problems []string) {
	places := map[string]map[string]bool{}
	for name, text := range r.texts {
		if strings.HasSuffix(name, ".md") {
			places[name] = anchors(text)
		}
	}
	check := func(from, file, anchor string) {
		switch {
		case !r.paths[file]:
			problems = append(problems, from+" cites "+file+", which is not there")
		case anchor != "" && !places[file][anchor]:
			problems = append(problems, from+" cites "+file+"#"+anchor+": no such heading")
		}
	}
	for name, text := range r.texts {
		markdown := strings.HasSuffix(name, ".md")
		if markdown {
			text = prose(text)
		}
		for _, m := range cited.FindAllStringSubmatch(text, -1) {
			check(name, m[1], m[2])
		}
		if !markdown {
			continue
		}
		for _, m := range linked.FindAllStringSubmatch(text, -1) {
			if strings.Contains(m[1], ":") {
				continue // an address, which the network has
			}
			file, anchor, _ := strings.Cut(m[1], "#")
			if file == "" {
				file = path.Base(name)
			}
			check(name, path.Join(path.Dir(name), file), anchor)
		}
	}
	return problems
}

func TestCitationsAreOfWhatReadersHave(t *testing.T) {
	t.Parallel()
	for _, problem := range openRepository(t).unresolvable() {
		t.Error(problem)
	}
}

// unresolvable reads every line for what cannot be looked up.
func (r repository) unresolvable() (problems []string) {
	for name, text := range r.texts {
		patterns := unresolvable
		if strings.HasSuffix(name, ".go") {
			patterns = append(slices.Clone(patterns), bareSection)
		}
		for i, line := range strings.Split(text, "\n") {
			for _, p := range patterns {
				if what := p.FindString(line); what != "" {
					problems = append(problems, fmt.Sprintf("%s:%d cites %q, which readers do not have", name, i+1, what))
				}
			}
		}
	}
	return problems
}

// Rows of docs/pairing.md: how its tables begin, and how comments and the names
// of tests in app/pairing speak of them.
var (
	rowDefined = regexp.MustCompile(`(?m)^\|\s*\**([A-Z]\d{1,2})\b`)
	rowsSaid   = regexp.MustCompile(`//.*|"[A-Z]\d{1,2}\b[^"]*"`)
	row        = regexp.MustCompile(`\b[A-Z]\d{1,2}\b`)
	noRows     = []string{"P50", "P90", "P99"} // percentiles
)

func TestCitationsOfPairingRowsResolve(t *testing.T) {
	for _, problem := range openRepository(t).unknownRows() {
		t.Error(problem)
	}
}

// unknownRows holds the rows that app/pairing names against docs/pairing.md.
func (r repository) unknownRows() (problems []string) {
	defined := map[string]bool{}
	for _, m := range rowDefined.FindAllStringSubmatch(r.texts["docs/pairing.md"], -1) {
		defined[m[1]] = true
	}
	for name, text := range r.texts {
		if !strings.HasPrefix(name, "app/pairing/") || !strings.HasSuffix(name, ".go") {
			continue
		}
		for _, said := range rowsSaid.FindAllString(text, -1) {
			for _, id := range row.FindAllString(said, -1) {
				if !defined[id] && !slices.Contains(noRows, id) {
					problems = append(problems, name+" names row "+id+", which docs/pairing.md does not have: "+said)
				}
			}
		}
	}
	return problems
}

// TestDocsChecksNotice plants one of each fault into a made-up repository.
func TestDocsChecksNotice(t *testing.T) {
	good := map[string]string{
		"docs/a.md":        "# The A, and `more`\n[b](b.md#b-1) [here](#the-a-and-more) [far](https://example.com/x.md)\n```\n[no](link.md)\n# no\n```\n<a id=\"place\"></a>\n",
		"docs/b.md":        "## B\n",
		"docs/pairing.md":  "| A7 | ask |\n",
		"app/x.go":         "package x // docs/a.md#place, docs/b.md\n",
		"app/pairing/y.go": "// A7 is taken\n",
		"openapi/z.yaml":   "description: see docs/b.md#b\n",
	}
	good["docs/a.md"] = strings.ReplaceAll(good["docs/a.md"], "#b-1", "#b")
	problems := func(change func(map[string]string)) int {
		r := repository{maps.Clone(good), map[string]bool{}}
		change(r.texts)
		for name := range r.texts {
			r.paths[name] = true
		}
		return len(r.brokenCitations()) + len(r.unresolvable()) + len(r.unknownRows())
	}
	if n := problems(func(map[string]string) {}); n != 0 {
		t.Fatalf("a sound repository has %d problems", n)
	}
	for name, fault := range map[string][2]string{
		"a citation of no file":        {"app/x.go", "// docs/none.md"},
		"a citation of no heading":     {"app/x.go", "// (docs/b.md#c)"},
		"one of a heading in code":     {"app/x.go", "// docs/a.md#no"},
		"one in a contract":            {"openapi/z.yaml", "description: docs/b.md#c"},
		"a link to no file":            {"docs/b.md", "## B\n[x](c.md)"},
		"a link to no heading":         {"docs/b.md", "## B\n[x](a.md#b)"},
		"a link to no heading of ours": {"docs/b.md", "## B\n[x](#c)"},
		"a design document":            {"mocks/w.go", "// DES" + "IGN.md"},
		"a reference document":         {"mocks/w.go", "// refe" + "rence/youme.md"},
		"a numbered seed":              {"mocks/w.go", "// see" + "d 003"},
		"a section":                    {"Dockerfile", "# sect" + "ion 7"},
		"a section of a document":      {"mocks/w.go", "// youme.md" + " 3"},
		"a bare section in a comment":  {"mocks/w.go", "// signs (1" + ".1, 3.1)"},
		"a bare section in a text":     {"mocks/w.go", `x := "a switch (2` + `.2)"`},
		"a section beside a row":       {"mocks/w.go", "// ticks what is due (2" + ".5, Y1)."},
		"a table's number":             {"mocks/w.go", "// where it stands (table 2" + ".2)."},
		"a section that asks":          {"mocks/w.go", "// What 3" + ".6 asks of it."},
		"a section that lists":         {"mocks/w.go", "// those that 2" + ".11 lists"},
		"a section's something":        {"mocks/w.go", "// 2" + ".13's exclusions"},
		"a row that is not there":      {"app/pairing/y.go", "// A8 is not"},
		"a row in a test's name":       {"app/pairing/y.go", `"A8 is not"`},
	} {
		if n := problems(func(texts map[string]string) { texts[fault[0]] = fault[1] }); n == 0 {
			t.Errorf("%s is not noticed", name)
		}
	}
}

// openRepository reads the folder above this one, without this file, which has
// faults on purpose.
func openRepository(t *testing.T) repository {
	t.Helper()
	r := repository{map[string]string{}, map[string]bool{}}
	err := fs.WalkDir(os.DirFS(".."), ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		hidden := strings.HasPrefix(e.Name(), ".") && name != "." && name != ".ci"
		if hidden || name == "data" {
			if e.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		r.paths[name] = true
		if e.IsDir() || !readable(name) || name == "app/docs_test.go" {
			return nil
		}
		body, err := os.ReadFile(filepath.Join("..", name))
		r.texts[name] = string(body)
		return err
	})
	if err != nil || r.texts["docs/pairing.md"] == "" {
		t.Fatal("the repository cannot be read:", err)
	}
	return r
}

func readable(name string) bool {
	switch path.Ext(name) {
	case ".go", ".md", ".yaml", ".yml", ".sql", ".sh", ".js", ".mjs", ".ts", ".json", ".html", ".css", ".py":
		return true
	}
	return name == "Dockerfile" || name == ".ci/run"
}

// prose is a Markdown text without its blocks of code.
func prose(text string) string {
	var out strings.Builder
	code := false
	for line := range strings.Lines(text) {
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			code = !code
		} else if !code {
			out.WriteString(line)
		}
	}
	return out.String()
}

// anchors are the places of a Markdown text that a link can name: its headings
// as GitHub makes them, and ids that it gives itself.
func anchors(text string) map[string]bool {
	places := map[string]bool{}
	for line := range strings.Lines(prose(text)) {
		for _, m := range namedPlace.FindAllStringSubmatch(line, -1) {
			places[m[1]] = true
		}
		if m := heading.FindStringSubmatch(strings.TrimRight(line, "\n")); m != nil {
			places[slug(m[1])] = true
		}
	}
	return places
}

// slug is GitHub's anchor for a heading: lower case, spaces as hyphens, and
// nothing else but letters, digits, hyphens and underscores.
func slug(heading string) string {
	heading = regexp.MustCompile(`\[([^]]*)\]\([^)]*\)`).ReplaceAllString(heading, "$1")
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
			return unicode.ToLower(r)
		}
		return -1
	}, heading)
}
