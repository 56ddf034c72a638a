package upstream

import (
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"switchboard/vendors"
)

var _ vendors.Memory = (*Bounded[string])(nil)

func TestBoundedKeepsTheLatestAndWhatIsAskedFor(t *testing.T) {
	const size = 1 << 10
	b := NewBounded[string](size)
	for i := range 3 * size {
		b.Set(strconv.Itoa(i), "a")
		if _, known := b.Get("0"); !known {
			t.Fatalf("what is asked for all the time was dropped after %d", i)
		}
		if n := b.len(); n > size {
			t.Fatalf("%d values, at most %d", n, size)
		}
	}
	if _, known := b.Get(strconv.Itoa(3*size - 1)); !known {
		t.Error("the latest is not known")
	}
	if _, known := b.Get("1"); known {
		t.Error("the first was not dropped")
	}
}

// A value that moves to the young half lives no longer for that.
func TestBoundedValueEndsWithItsLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBounded[int](2)
		b.SetFor("short", 1, time.Minute)
		b.Set("long", 2)
		time.Sleep(time.Minute - 1)
		if v, known := b.Get("short"); v != 1 || !known {
			t.Error("dropped before its end")
		}
		time.Sleep(2 * time.Nanosecond)
		if _, known := b.Get("short"); known {
			t.Error("known beyond its end")
		}
		if v, known := b.Get("long"); v != 2 || !known {
			t.Error("what has no end is gone")
		}
	})
}
