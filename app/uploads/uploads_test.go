package uploads

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// iso is the first box of an ISO media file of a brand.
func iso(brand string) string {
	return "\x00\x00\x00\x18ftyp" + brand + "\x00\x00\x00\x00" + brand + "isom...."
}

// packed is a zip file with these entries.
func packed(entries ...string) string {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range entries {
		f, err := w.Create(name)
		if err == nil {
			_, err = io.WriteString(f, "<x/>")
		}
		if err != nil {
			panic(err)
		}
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return b.String()
}

var samples = map[string]string{
	"png":  "\x89PNG\r\n\x1a\n....",
	"jpg":  "\xff\xd8\xff\xe0....",
	"gif":  "GIF89a....",
	"webp": "RIFF\x00\x00\x00\x00WEBPVP8 ",
	"mp3":  "ID3\x04....",
	"m4a":  iso("M4A "),
	"mp4":  iso("isom"),
	"pdf":  "%PDF-1.7 ....",
	"heic": iso("heic"),
	"avif": iso("avif"),
	"aac":  "\xff\xf1\x50\x80....",
	"amr":  "#!AMR\n....",
	"wav":  "RIFF\x24\x00\x00\x00WAVEfmt ",
	"ogg":  "OggS\x00\x02" + strings.Repeat("\x00", 20) + "\x01\x13OpusHead....",
	"ogv":  "OggS\x00\x02" + strings.Repeat("\x00", 20) + "\x01\x2a\x80theora....",
	"flac": "fLaC\x00\x00\x00\x22",
	"webm": "\x1aE\xdf\xa3\x9fB\x86\x81\x01B\xf7\x81\x01B\xf2\x81\x04B\xf3\x81\x08B\x82\x84webmB\x87\x81\x04",
	"mov":  iso("qt  "),
	"3gp":  iso("3gp5"),
	"docx": packed("[Content_Types].xml", "_rels/.rels", "word/document.xml"),
	"xlsx": packed("[Content_Types].xml", "_rels/.rels", "xl/workbook.xml"),
	"pptx": packed("[Content_Types].xml", "_rels/.rels", "ppt/presentation.xml"),
	"zip":  packed("a.txt", "b/c.txt"),
	"txt":  "Grüße, 你好\n",
	"csv":  "name,age\nann,5\nbob,6\n",
}

func store(t *testing.T, change func(*Config)) (*Store, string) {
	t.Helper()
	cfg := Config{Parallel: 4, MaxBytes: 1000, Types: known()}
	if change != nil {
		change(&cfg)
	}
	dir := t.TempDir() + "/uploads"
	s, err := Open(cfg, dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, dir
}

func TestContentDecidesTheTypeAndComesBack(t *testing.T) {
	s, _ := store(t, nil)
	for kind, content := range samples {
		name, err := s.Save(t.Context(), "holiday.exe", strings.NewReader(content))
		if err != nil || !regexp.MustCompile(`^[0-9a-f]{32}\.`+kind+`$`).MatchString(name) {
			t.Errorf("%s: %q %v", kind, name, err)
			continue
		}
		holds(t, s, name, content, Info{int64(len(content)), byEnding(kind).mime, "holiday.exe." + kind, byEnding(kind).shown})
	}
	for content, want := range map[string]string{
		"\xff\xfb\x90\x00....": "mp3", // a bare MPEG frame
		"#!AMR-WB\n....":       "amr", "GIF87a....": "gif", iso("qt  "): "mov", iso("mif1"): "heic", iso("3g2a"): "3gp", iso("mp42"): "mp4", iso("M4V "): "mp4",
		`{"a": 1}`: "txt", "a\tb\n1\t2\n": "txt", "BEGIN:VCARD\nVERSION:3.0\nEND:VCARD\n": "txt",
	} {
		if name, err := s.Save(t.Context(), "", strings.NewReader(content)); err != nil || ending(name) != want {
			t.Errorf("%q: %q %v, want %s", content, name, err, want)
		}
	}
	for _, kind := range known() {
		if samples[kind] == "" && !slices.Contains([]string{"doc", "xls", "ppt"}, kind) {
			t.Errorf("%s: no sample", kind)
		}
	}
}

// holds checks the file as a whole, and a part of it.
func holds(t *testing.T, s *Store, name, content string, want Info) {
	t.Helper()
	if info, err := s.Stat(t.Context(), name); err != nil || info != want {
		t.Errorf("%s: %+v %v, want %+v", name, info, err, want)
	}
	read := func(p *Part) (string, Info) {
		file, info, err := s.Open(t.Context(), name, p)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got, err := io.ReadAll(file)
		if err := errors.Join(err, file.Close()); err != nil {
			t.Error(err)
		}
		return string(got), info
	}
	if got, info := read(nil); got != content || info != want {
		t.Errorf("%s: %q %+v, want %+v", name, got, info, want)
	}
	if got, _ := read(&Part{2, 3}); got != content[2:5] {
		t.Errorf("%s: three bytes from 2 are %q", name, got)
	}
}

func TestOriginalNamesAreMadeHarmless(t *testing.T) {
	s, _ := store(t, nil)
	for _, c := range [][2]string{
		{"a.png", "a.png"}, {"Photo 1.PNG", "Photo 1.PNG"}, {"你好 ü.png", "你好 ü.png"}, {`say "hi".png`, `say "hi".png`},
		{"../../etc/passwd.png", "passwd.png"}, {`C:\Users\me\x.png`, "x.png"}, {"a\r\nSet-Cookie: x.png", "aSet-Cookie: x.png"}, {"a\x00b.png", "ab.png"},
		{"evil.html", "evil.html.png"}, {"evil.png.exe", "evil.png.exe.png"}, {"gnp\u202eexe.png", "gnpexe.png"}, {"\u200b\ufeffa.png", "a.png"},
		{"no ending", "no ending.png"}, {".htaccess", "htaccess.png"}, {"...", ""}, {" .. ", ""}, {"/", ""}, {"", ""}, {"bad\xff.png", "bad_.png"},
		{strings.Repeat("长", 300) + ".png", strings.Repeat("长", 65) + ".png"}, {strings.Repeat("a", 400), strings.Repeat("a", 196) + ".png"},
	} {
		name, err := s.Save(t.Context(), c[0], strings.NewReader(samples["png"]))
		if err != nil {
			t.Fatal(err)
		}
		if info, err := s.Stat(t.Context(), name); err != nil || info.Original != c[1] {
			t.Errorf("%q is kept as %q, want %q (%v)", c[0], info.Original, c[1], err)
		}
	}
}

func FuzzOriginalName(f *testing.F) {
	for _, name := range []string{"a.png", "\u202e.png", "../x", "\xff", "..."} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		got := originalName(name, byEnding("png"))
		if len(got) > nameBytes || !utf8.ValidString(got) || strings.ContainsAny(got, "/\\\r\n\x00") || got != "" && !strings.HasSuffix(got, ".png") && !byEnding("png").fits(got) {
			t.Errorf("%q becomes %q", name, got)
		}
	})
}

func TestWhatIsRefusedLeavesNothing(t *testing.T) {
	s, dir := store(t, func(c *Config) { c.Types = []string{"png"} })
	for content, want := range map[string]error{
		"":                                    ErrEmpty,
		"<script>alert(1)</script>":           ErrType,
		"<svg xmlns='http://www.w3.org/2000'": ErrType,
		"MZ\x90\x00":                          ErrType,
		"\xff\xff\xff\xff":                    ErrType,
		samples["aac"]:                        ErrType, // which shares MP3's first bits
		samples["heic"]:                       ErrType,
		samples["wav"]:                        ErrType,
		samples["jpg"]:                        ErrType,
		samples["png"] + string(make([]byte, 1000)): ErrTooLarge,
	} {
		if name, err := s.Save(t.Context(), "", strings.NewReader(content)); !errors.Is(err, want) {
			t.Errorf("%.20q: %q %v", content, name, err)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("%d files left, %v", len(left), err)
	}
	full := samples["png"] + string(make([]byte, 1000-len(samples["png"])))
	if _, err := s.Save(t.Context(), "", strings.NewReader(full)); err != nil {
		t.Errorf("a file of the very limit: %v", err)
	}
}

// Nothing that a browser could run passes for anything, whatever is allowed.
func TestWhatABrowserCouldRunOrNobodyKnowsIsRefused(t *testing.T) {
	s, _ := store(t, nil)
	for _, content := range []string{
		"\xff\xff\xff\xff", "caf\xe9 noir", "\x00\x01\x02", "\xff\xfeh\x00i\x00", // what might be anything
		"<script>alert(1)</script>", "<!DOCTYPE html><html>", "  \n<HTML><body>", "<!-- x --><html>", "<svg xmlns='http://www.w3.org/2000/svg'/>",
		"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>", "<?xml version='1.0'?><x/>", "<?php echo 1;", "#!/bin/sh\nrm", "#!/usr/bin/env node\n",
		"MZ\x90\x00", "\x7fELF\x02\x01\x01", "\xca\xfe\xba\xbe\x00\x00\x00\x34", packed("META-INF/MANIFEST.MF", "a.class"), "%!PS-Adobe-3.0",
		"\xef\xbb\xbf<html><script>1</script>",
	} {
		if name, err := s.Save(t.Context(), "x.png", strings.NewReader(content)); !errors.Is(err, ErrType) {
			t.Errorf("%.30q: %q %v", content, name, err)
		}
	}
}

func TestOnlyOurOwnNamesAreOpened(t *testing.T) {
	s, dir := store(t, nil)
	if err := os.WriteFile(dir+"/../secret.png", []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{
		"", "secret.png", "../secret.png", "..%2fsecret.png", strings.Repeat("a", 32), strings.Repeat("a", 32) + ".png",
		strings.Repeat("A", 32) + ".png", strings.Repeat("a", 32) + ".html", strings.Repeat("a", 30) + "../.png", strings.Repeat("a", 32) + ".png.name",
	} {
		if _, info, err := s.Open(t.Context(), name, nil); !errors.Is(err, ErrNotFound) {
			t.Errorf("%q: %+v %v", name, info, err)
		}
		if info, err := s.Stat(t.Context(), name); !errors.Is(err, ErrNotFound) {
			t.Errorf("%q: %+v %v", name, info, err)
		}
	}
}

func TestBadConfigurationStopsTheStart(t *testing.T) {
	for name, cfg := range map[string]Config{
		"unknown type":   {Parallel: 1, MaxBytes: 1, Types: []string{"exe"}},
		"no size":        {Parallel: 1, Types: []string{"png"}},
		"unknown scheme": {Parallel: 1, MaxBytes: 1, URL: "ftp://x"},
		"missing folder": {Parallel: 1, MaxBytes: 1, URL: "file:///proc/nowhere"},
		"folder unmade":  {Parallel: 1, MaxBytes: 1, URL: "file:///proc/nowhere?create_dir=true"},
	} {
		if s, err := Open(cfg, t.TempDir()); err == nil {
			t.Errorf("%s: opened %+v", name, s)
		}
	}
}

func FuzzTypeOf(f *testing.F) {
	for _, content := range samples {
		f.Add([]byte(content))
	}
	f.Fuzz(func(t *testing.T, head []byte) {
		if kind := typeOf(head, known()); kind != nil && kind.ending == "png" && !bytes.HasPrefix(head, []byte("\x89PNG")) {
			t.Errorf("%q is no PNG", head)
		}
		if kind := typeOf(head, []string{"pdf"}); kind != nil && kind.ending != "pdf" {
			t.Errorf("%q is %s, which is not allowed", head, kind.ending)
		}
	})
}
