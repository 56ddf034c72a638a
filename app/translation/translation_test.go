package translation

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"switchboard/vendors"
)

// shouter translates into capitals, counts, and fails on "bad".
type shouter struct {
	mu    sync.Mutex
	asked map[string]int // guarded by mu
}

var errBad = &vendors.Error{Vendor: "shouter", Op: vendors.OpTranslate, Outcome: vendors.DefiniteNo}

func (s *shouter) Translate(_ context.Context, t vendors.Translation) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked[t.Text]++
	if t.Text == "bad" {
		return "", errBad
	}
	return t.To + ":" + strings.ToUpper(t.Text), nil
}

func service(t interface{ Fatal(...any) }, v *shouter) *Service {
	routes, err := vendors.NewRouter([]*vendors.Vendor{{Name: "shouter", Translator: v}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return &Service{Routes: routes, Cache: func(ctx context.Context, _ string, load func(context.Context) (string, error)) (string, error) {
		return load(ctx)
	}}
}

func TestEveryTextKeepsItsPlaceAndIsAskedForOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := &shouter{asked: map[string]int{}}
		texts := rapid.SliceOfN(rapid.SampledFrom([]string{"", "a", "b", "c", "hello", "world"}), 1, 40).Draw(t, "texts")
		got, err := service(t, v).Translate(t.Context(), "app/1001", texts, "en")
		if err != nil {
			t.Fatal(err)
		}
		for i, text := range texts {
			want := ""
			if text != "" {
				want = "en:" + strings.ToUpper(text)
			}
			if got[i] != want {
				t.Fatalf("%q at %d became %q", text, i, got[i])
			}
		}
		for text, n := range v.asked {
			if n != 1 || text == "" {
				t.Fatalf("%q was asked for %d times", text, n)
			}
		}
	})
}

func TestOneTextThatFailsFailsTheRequest(t *testing.T) {
	v := &shouter{asked: map[string]int{}}
	if got, err := service(t, v).Translate(t.Context(), "app/1001", []string{"a", "bad"}, "en"); !errors.Is(err, errBad) || got != nil {
		t.Fatalf("%q, %v", got, err)
	}
}

func TestWhatNoVendorTakesIsNotAskedFor(t *testing.T) {
	v := &shouter{asked: map[string]int{}}
	for _, c := range []struct {
		texts []string
		to    string
		want  error
	}{
		{slices.Repeat([]string{"a"}, 201), "en", ErrTooMany},
		{[]string{strings.Repeat("语", 1001)}, "en", ErrTooLong},
		{[]string{"a"}, "", ErrLanguage},
		{[]string{"a"}, "e", ErrLanguage},
		{[]string{"a"}, "english please", ErrLanguage},
		{[]string{"a"}, "en\x00", ErrLanguage},
	} {
		if _, err := service(t, v).Translate(t.Context(), "app/1001", c.texts, c.to); !errors.Is(err, c.want) {
			t.Errorf("%d texts to %q: %v", len(c.texts), c.to, err)
		}
	}
	if len(v.asked) != 0 {
		t.Errorf("asked for %v", v.asked)
	}
	if _, err := service(t, v).Translate(t.Context(), "app/1001", []string{strings.Repeat("语", 1000)}, "pt-BR"); err != nil {
		t.Error(err)
	}
}
