package vendors

import (
	"errors"
	"strings"
	"testing"
)

func TestCheckRefusesWhatTheVendorWouldNotTake(t *testing.T) {
	lower := func(b byte) bool { return b >= 'a' && b <= 'z' }
	l := Limits{"op": {Targets: 2, Bytes: 8, Runes: 3, IDBytes: 4, IDLetter: lower}}
	for _, tc := range []struct {
		name string
		op   string
		size Size
		why  error
		text string
	}{
		{"all within", "op", Size{IDs: []string{"abcd"}, Targets: 2, Content: "abc"}, nil, ""},
		{"no limit known", "other", Size{IDs: []string{strings.Repeat("A", 999)}, Targets: 999, Content: strings.Repeat("x", 999)}, nil, ""},
		{"empty id without a limit", "other", Size{IDs: []string{""}}, ErrInvalid, "empty"},
		{"id too long", "op", Size{IDs: []string{"ab", "abcde"}}, ErrTooLarge, "5 bytes, at most 4"},
		{"foreign letter", "op", Size{IDs: []string{"a,b"}}, ErrInvalid, "letter"},
		{"targets", "op", Size{Targets: 3}, ErrTooLarge, "3 targets, at most 2"},
		{"characters", "op", Size{Content: "abcd"}, ErrTooLarge, "4 characters, at most 3"},
		{"bytes", "op", Size{Content: "\u793c\u7269\u793c"}, ErrTooLarge, "9 bytes, at most 8"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			err := l.Check("v", tc.op, tc.size)
			if !errors.Is(err, tc.why) {
				t.Fatalf("got %v, want %v", err, tc.why)
			}
			if err == nil {
				return
			}
			if OutcomeOf(err) != DefiniteNo || !strings.Contains(err.Error(), tc.text) {
				t.Fatalf("got %v, want a definite no with %q", err, tc.text)
			}
		})
	}
}
