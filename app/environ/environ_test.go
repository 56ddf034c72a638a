package environ

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

type config struct {
	Listen   string        `default:"127.0.0.1:1"`
	Deadline time.Duration `default:"10s"`
	Size     int           `default:"1"`
	Allow    Prefixes      `default:"::1"`
}

func TestEveryMistakeIsToldAtOnceAndNoValue(t *testing.T) {
	for name, value := range map[string]string{
		"EN_LISTEM": "x", "EN_DEADLIN": "1s", "EN_DEADLINE": "s3cr3t", "EN_SIZE": "s3cr3t", "EN_ALLOW": "::2/200", "EN_TEST_X": "1",
	} {
		t.Setenv(name, value)
	}
	var cfg config
	const want = `EN_DEADLIN: no such variable: did you mean EN_DEADLINE?
EN_LISTEM: no such variable: did you mean EN_LISTEN?
EN_DEADLINE: want a time such as 500ms or 10s
EN_SIZE: want a whole number
EN_ALLOW: "::2/200" is no network such as 10.0.0.0/8`
	if err := Load("EN", &cfg, "EN_TEST_"); err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	if os.Getenv("EN_DEADLINE") != "s3cr3t" {
		t.Error("the environment was changed")
	}
}

func TestErrorsThatAreJoinedAreNamedOneByOne(t *testing.T) {
	err := Named("EN_", errors.Join(errors.New("A: bad"), errors.Join(errors.New("B_C: worse"))))
	if err == nil || err.Error() != "EN_A: bad\nEN_B_C: worse" {
		t.Errorf("%v", err)
	}
	if err := Named("EN_", errors.Join(nil)); err != nil {
		t.Errorf("%v", err)
	}
}

func TestDistanceCountsEdits(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "abc", 3}, {"kitten", "sitting", 3}, {"LISTEM", "LISTEN", 1}, {"flaw", "lawn", 2}} {
		if got := distance(c.a, c.b); got != c.want {
			t.Errorf("%s to %s: %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

func TestAValueMayStandInAFile(t *testing.T) {
	write := func(text string) string {
		file := filepath.Join(t.TempDir(), "value")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	for text, want := range map[string]string{"a": "a", "a\n": "a", "a\r\n": "a", "a b \n": "a b ", "": "", "a\nb\n": "a\nb"} {
		t.Setenv("EN_LISTEN_FILE", write(text))
		var cfg config
		if err := Load("EN", &cfg, "EN_TEST_"); err != nil || cfg.Listen != want {
			t.Errorf("%q: %q, %v", text, cfg.Listen, err)
		}
		if _, set := os.LookupEnv("EN_LISTEN"); set {
			t.Error("the environment was changed")
		}
	}
	t.Setenv("EN_SIZE_FILE", write("7\n"))
	var cfg config
	if err := Load("EN", &cfg, "EN_TEST_"); err != nil || cfg.Size != 7 {
		t.Errorf("%d, %v", cfg.Size, err)
	}
	var shown bytes.Buffer
	if err := PrintEffective(&shown, "EN", &cfg); err != nil || !regexp.MustCompile(`(?m)^EN_SIZE +7 +/.*value$`).MatchString(shown.String()) || !regexp.MustCompile(`(?m)^EN_DEADLINE +10s +default$`).MatchString(shown.String()) {
		t.Errorf("%v\n%s", err, &shown)
	}

	for mistake, file := range map[string]string{
		"EN_SIZE_FILE: want a whole number":                                              write("s3cr3t"),
		"EN_SIZE_FILE: the file has more than 1048576 bytes":                             write(strings.Repeat("1", 1<<20+1)),
		"EN_SIZE_FILE: the file has a zero byte":                                         write("1\x00"),
		"EN_SIZE_FILE: the file that it names cannot be read: no such file or directory": "/no/such/s3cr3t",
		"EN_SIZE_FILE: the file that it names cannot be read: is a directory":            t.TempDir(),
	} {
		t.Setenv("EN_SIZE_FILE", file)
		err := Load("EN", new(config), "EN_TEST_")
		if err == nil || strings.Contains(err.Error(), "s3cr3t") || strings.TrimPrefix(err.Error(), "EN_SIZE") != strings.TrimPrefix(mistake, "EN_SIZE_FILE") && err.Error() != mistake {
			t.Errorf("got  %v\nwant %s", err, mistake)
		}
	}
	t.Setenv("EN_SIZE", "1")
	if err := Load("EN", new(config), "EN_TEST_"); err == nil || err.Error() != "EN_SIZE_FILE: EN_SIZE is set too" {
		t.Errorf("%v", err)
	}
}

func TestAShownURLKeepsItsSecrets(t *testing.T) {
	for value, want := range map[string]string{
		"http://127.0.0.1:1/hook?key=s3cr3t": "http://127.0.0.1:1/hook?[secret]", "https://u:s3cr3t@h/p": "https://[secret]@h/p",
		"s3://bucket": "s3://bucket", "10s": "10s", "a?b": "a?b", "http://u:s3c@r3t@h": "http://[secret]@h",
	} {
		if got := withoutSecrets(value); got != want {
			t.Errorf("%s: %s, want %s", value, got, want)
		}
	}
}
