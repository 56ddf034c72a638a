package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// licences are known by words that only they have, those first that others are a part of.
var licences = []struct{ name, words string }{
	{"MPL-2.0", "Mozilla Public License Version 2.0"},
	{"MPL-2.0", "Mozilla Public License, version 2.0"},
	{"AGPL", "AFFERO GENERAL PUBLIC LICENSE"},
	{"LGPL", "LESSER GENERAL PUBLIC LICENSE"},
	{"GPL", "GNU GENERAL PUBLIC LICENSE"},
	{"Apache-2.0", "Apache License Version 2.0"},
	{"BSD-3-Clause", "may be used to endorse or promote products"},
	{"BSD-2-Clause", "Redistributions in binary form must reproduce"},
	{"MIT", "Permission is hereby granted, free of charge, to any person obtaining a copy"},
	{"ISC", "Permission to use, copy, modify, and/or distribute this software for any purpose"},
	{"ISC", "Permission to use, copy, modify, and distribute this software for any purpose"},
	{"MIT-0 or Unlicense", "This is free and unencumbered software released into the public domain"},
}

// accepted are those under which a program may be passed on without its own source.
var accepted = []string{"Apache-2.0", "BSD-3-Clause", "BSD-2-Clause", "MIT", "ISC", "MPL-2.0", "MIT-0 or Unlicense"}

var (
	licenceFile = regexp.MustCompile(`(?i)^(licen[cs]e|copying|unlicense)([.-].*)?$`)
	spaces      = regexp.MustCompile(`[\s>#*/]+`)
)

// licenceOf reads the licence in a module's folder; empty: there is none that is known.
func licenceOf(dir string) string {
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if e.IsDir() || !licenceFile.MatchString(e.Name()) {
			continue
		}
		if name := licenceIn(filepath.Join(dir, e.Name())); name != "" {
			return name
		}
	}
	return ""
}

// licenceIn is the licence whose text the file has; empty: none that is known.
func licenceIn(file string) string {
	text, _ := os.ReadFile(file)
	flat := spaces.ReplaceAllString(string(text), " ")
	for _, l := range licences {
		if strings.Contains(strings.ToLower(flat), strings.ToLower(l.words)) {
			return l.name
		}
	}
	return ""
}

// vendoredLicences are the rows of what the page at / has of npm: each package's licence
// is in its file LICENSE-name, and its NOTICE-name lists what it contains.
func vendoredLicences(t *testing.T) (rows string) {
	t.Helper()
	const folder = "../handlers/console/ui/vendor/"
	files, err := filepath.Glob(folder + "LICENSE-*")
	if err != nil || len(files) == 0 {
		t.Fatal(err, files)
	}
	for _, f := range files {
		name := strings.TrimPrefix(filepath.Base(f), "LICENSE-")
		licence := licenceIn(f)
		if !slices.Contains(accepted, licence) {
			t.Errorf("%s: licence %q", f, licence)
		}
		rows += fmt.Sprintf("| %s | %s |\n", name, licence)
		notice, _ := os.ReadFile(folder + "NOTICE-" + name)
		for _, m := range contained.FindAllStringSubmatch(string(notice), -1) {
			rows += fmt.Sprintf("| %s in %s | %s |\n", m[1], name, m[2])
		}
	}
	return rows
}

// contained is the head of a part of a notice: "== name (licence)".
var contained = regexp.MustCompile(`(?m)^== (.+) \(([^()]+)\)$`)

// Whoever passes the program on has to know under which licences its parts are.
func TestTheLicencesOfWhatIsLinkedAreListed(t *testing.T) {
	cmd := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}} {{.Dir}}{{end}}{{end}}", "switchboard/app", "switchboard/mocks")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	modules := strings.Split(strings.TrimSpace(string(out)), "\n")
	slices.Sort(modules)
	const head = "# Licences\n\nOf the modules that are linked into the program and the mocks, and of what the [page at /](console.md) has of npm. A test writes and checks this list; a licence that it does not know, or that binds whoever passes the program on to more than naming it, fails it.\n\n| module | licence |\n|---|---|\n"
	want := head
	for _, m := range slices.Compact(modules) {
		path, dir, found := strings.Cut(m, " ")
		if !found {
			continue
		}
		licence := licenceOf(dir)
		if !slices.Contains(accepted, licence) {
			t.Errorf("%s: licence %q in %s", path, licence, dir)
		}
		want += fmt.Sprintf("| %s | %s |\n", path, licence)
	}
	want += "\n| npm package | licence |\n|---|---|\n" + vendoredLicences(t)
	const file = "../docs/licences.md"
	if os.Getenv("SWITCHBOARD_TEST_UPDATE") != "" {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(file); err != nil || string(got) != want {
		t.Errorf("%s is not up to date: run this test with SWITCHBOARD_TEST_UPDATE=1 (%v)", file, err)
	}
}
