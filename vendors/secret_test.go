package vendors_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"switchboard/vendors"
)

func TestSecretIsNeverRevealed(t *testing.T) {
	const value = "s3cr3t-value"
	s := vendors.Secret(value)
	type config struct {
		Key  vendors.Secret
		Keys []vendors.Secret
		ByID map[string]vendors.Secret
		At   *vendors.Secret
	}
	c := config{s, []vendors.Secret{s}, map[string]vendors.Secret{"a": s}, &s}
	var shown []string
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T %v", "%10s"} {
		shown = append(shown, fmt.Sprintf(verb, s), fmt.Sprintf(verb, c), fmt.Sprintf(verb, &c))
	}
	shown = append(shown, fmt.Sprint(s), fmt.Sprintln(c), s.String(), errors.Join(fmt.Errorf("with %v", s)).Error())
	type document struct{ Key vendors.Secret }
	for _, marshal := range []func(any) ([]byte, error){json.Marshal, xml.Marshal} {
		b, err := marshal(document{s})
		if err != nil {
			t.Fatal(err)
		}
		shown = append(shown, string(b))
	}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("start", "secret", s, "config", c)
	slog.New(slog.NewTextHandler(&log, nil)).Info("start", "secret", s, "config", c)
	for _, text := range append(shown, log.String()) {
		for _, form := range []string{value, fmt.Sprintf("%x", value), fmt.Sprintf("%X", value)} {
			if strings.Contains(text, form) {
				t.Errorf("revealed in %s", text)
			}
		}
	}
	if s.Reveal() != value {
		t.Error("whoever signs gets another value")
	}
}
