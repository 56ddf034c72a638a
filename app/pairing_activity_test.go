package main

import (
	"testing"

	"switchboard/app/pairing"
)

func TestActiveCallersArePutDownOnceAndNotWithoutEnd(t *testing.T) {
	a := &activity{callers: map[activeUser]struct{}{}}
	for range 3 {
		a.put(activeUser{"one", 7})
		a.put(activeUser{"two", 7})
	}
	if got := a.take(); len(got) != 2 {
		t.Errorf("%d callers, want one of each app", len(got))
	}
	if got := a.take(); len(got) != 0 {
		t.Errorf("%d callers are told again", len(got))
	}
	for uid := range pairing.UID(2 * activityQueue) {
		a.put(activeUser{"one", uid})
	}
	if got := a.take(); len(got) != activityQueue {
		t.Errorf("%d callers wait, want at most %d", len(got), activityQueue)
	}
}
