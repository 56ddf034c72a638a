package uploads

import (
	"bytes"
	"errors"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"
)

var samples = map[string]string{
	"png":  "\x89PNG\r\n\x1a\n....",
	"jpg":  "\xff\xd8\xff\xe0....",
	"gif":  "GIF89a....",
	"webp": "RIFF\x00\x00\x00\x00WEBPVP8 ",
	"mp3":  "ID3\x04....",
	"m4a":  "\x00\x00\x00\x20ftypM4A ....",
	"mp4":  "\x00\x00\x00\x20ftypisom....",
	"pdf":  "%PDF-1.7 ....",
}

func store(t *testing.T, change func(*Config)) (*Store, string) {
	t.Helper()
	cfg := Config{MaxBytes: 1000, Types: []string{"png", "jpg", "gif", "webp", "mp3", "m4a", "mp4", "pdf"}}
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
		name, err := s.Save(t.Context(), strings.NewReader(content))
		if err != nil || !regexp.MustCompile(`^[0-9a-f]{32}\.`+kind+`$`).MatchString(name) {
			t.Errorf("%s: %q %v", kind, name, err)
			continue
		}
		f, err := s.Open(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(f)
		if err != nil || string(got) != content || f.Size != int64(len(content)) || f.MIME != mimes[kind] || f.Shown == (kind == "pdf") {
			t.Errorf("%s: %q %+v %v", kind, got, f, err)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
	if name, err := s.Save(t.Context(), strings.NewReader("\xff\xfb\x90\x00....")); err != nil || ending(name) != "mp3" {
		t.Errorf("a bare MPEG frame: %q %v", name, err)
	}
}

func TestWhatIsRefusedLeavesNothing(t *testing.T) {
	s, dir := store(t, func(c *Config) { c.Types = []string{"png"} })
	for content, want := range map[string]error{
		"":                                    ErrEmpty,
		"<script>alert(1)</script>":           ErrType,
		"<svg xmlns='http://www.w3.org/2000'": ErrType,
		"MZ\x90\x00":                          ErrType,
		"\xff\xff\xff\xff":                    ErrType,
		"\xff\xf1\x50\x80":                    ErrType, // AAC, which shares MP3's first bits
		"\x00\x00\x00\x20ftypheic....":        ErrType,
		"RIFF\x00\x00\x00\x00WAVEfmt ":        ErrType,
		samples["jpg"]:                        ErrType,
		samples["png"] + string(make([]byte, 1000)): ErrTooLarge,
	} {
		if name, err := s.Save(t.Context(), strings.NewReader(content)); !errors.Is(err, want) {
			t.Errorf("%.20q: %q %v", content, name, err)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("%d files left, %v", len(left), err)
	}
	full := samples["png"] + string(make([]byte, 1000-len(samples["png"])))
	if _, err := s.Save(t.Context(), strings.NewReader(full)); err != nil {
		t.Errorf("a file of the very limit: %v", err)
	}
}

func TestOnlyOurOwnNamesAreOpened(t *testing.T) {
	s, dir := store(t, nil)
	if err := os.WriteFile(dir+"/../secret.png", []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{
		"", "secret.png", "../secret.png", "..%2fsecret.png", strings.Repeat("a", 32), strings.Repeat("a", 32) + ".png",
		strings.Repeat("A", 32) + ".png", strings.Repeat("a", 32) + ".html", strings.Repeat("a", 30) + "../.png",
	} {
		if f, err := s.Open(t.Context(), name); !errors.Is(err, ErrNotFound) {
			t.Errorf("%q: %+v %v", name, f, err)
		}
	}
}

func TestBadConfigurationStopsTheStart(t *testing.T) {
	for name, cfg := range map[string]Config{
		"unknown type":   {MaxBytes: 1, Types: []string{"exe"}},
		"no size":        {Types: []string{"png"}},
		"unknown scheme": {MaxBytes: 1, URL: "ftp://x"},
		"missing folder": {MaxBytes: 1, URL: "file:///proc/nowhere"},
		"folder unmade":  {MaxBytes: 1, URL: "file:///proc/nowhere?create_dir=true"},
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
		if kind := typeOf(head); kind != "" && mimes[kind] == "" {
			t.Errorf("%q: a type without a MIME type", kind)
		}
		if kind := typeOf(head); kind == "png" && !bytes.HasPrefix(head, []byte("\x89PNG")) {
			t.Errorf("%q is no PNG", head)
		}
	})
}
