package environ

import (
	"errors"
	"os"
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
