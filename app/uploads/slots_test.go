package uploads

import (
	"errors"
	"testing"
)

func TestUploadsUnderWayAreBoundedInAllAndForEachOwner(t *testing.T) {
	s, _ := store(t, nil) // four
	var ends []func()
	for i, c := range []struct {
		owner string
		taken bool
	}{{"a", true}, {"a", true}, {"a", false}, {"b", true}, {"c", true}, {"b", false}, {"d", false}} {
		end, err := s.Begin(c.owner)
		if (err == nil) != c.taken || err != nil && !errors.Is(err, ErrBusy) {
			t.Fatalf("upload %d, of %s: %v", i, c.owner, err)
		}
		if end != nil {
			ends = append(ends, end)
		}
	}
	for _, end := range ends {
		end()
		end() // again is no matter
	}
	if s.slots.taken != 0 || len(s.slots.owners) != 0 {
		t.Errorf("left: %d, %v", s.slots.taken, s.slots.owners)
	}
}
