package pairing

import (
	"errors"
	"slices"

	"switchboard/app/pairing/ticket"
)

func must(tb fataler, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatalf("unexpected error: %v", err)
	}
}

func wantErr(tb fataler, got, want error) {
	tb.Helper()
	if !errors.Is(got, want) || want == nil && got != nil {
		tb.Fatalf("error %v, want %v", got, want)
	}
}

func (w *world) wantState(askNo string, want ticket.State) {
	w.tb.Helper()
	if got := w.state(askNo); got != want {
		w.tb.Fatalf("state %v, want %v", got, want)
	}
}

func (w *world) wantEnd(askNo string, why ticket.Reason) {
	w.tb.Helper()
	if t := w.ticket(askNo); t.State != ticket.Ended || t.EndReason != why {
		w.tb.Fatalf("state %v, ended %q, want %q", t.State, t.EndReason, why)
	}
}

// heard lists the names of the commands that uid got about an ask.
func (w *world) heard(uid ticket.UID) []string {
	var names []string
	for _, c := range w.wire {
		if c.To == uid {
			name := c.Name
			if c.Reason != "" {
				name += ":" + string(c.Reason)
			}
			names = append(names, name)
		}
	}
	return names
}

func (w *world) wantHeard(uid ticket.UID, want ...string) {
	w.tb.Helper()
	if got := w.heard(uid); !slices.Equal(got, want) {
		w.tb.Fatalf("user %d heard %v, want %v", uid, got, want)
	}
}
