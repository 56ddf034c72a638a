package activity

import (
	"log/slog"
	"strconv"
	"testing"
)

func TestCallersAreTakenOnceAndNotWithoutEnd(t *testing.T) {
	r := New(nil, slog.New(slog.DiscardHandler))
	for range 3 {
		r.Record("one", "7")
		r.Record("two", "7")
		r.Record("two", "ann")
	}
	if got := r.take(); len(got) != 2 {
		t.Errorf("%d callers, want one of each app", len(got))
	}
	if got := r.take(); len(got) != 0 {
		t.Errorf("%d callers are told again", len(got))
	}
	for uid := range 2 * maxCallers {
		r.Record("one", strconv.Itoa(uid+1))
	}
	if got := r.take(); len(got) != maxCallers {
		t.Errorf("%d callers wait, want at most %d", len(got), maxCallers)
	}
}
