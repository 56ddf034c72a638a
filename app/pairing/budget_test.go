package pairing

import (
	"testing"
	"time"

	"switchboard/app/pairing/ticket"
)

// ringable makes people present at the vendor: they cost a message each.
func (w *world) ringable(uids ...ticket.UID) {
	for _, uid := range uids {
		must(w.tb, w.svc.RecordVendorPresence(w.tb.(*testing.T).Context(), app, uid, "phone", true, w.at))
	}
}

func TestTheSendBudget(t *testing.T) {
	// room is what the vendor's limit leaves.
	limited := func(t *testing.T, room *float64, values ...string) *world {
		w := newWorld(t, with(append([]string{"cross_ask", "off"}, values...)...))
		w.svc.SendCapacity = func() float64 { return *room }
		return w
	}
	rows(t, map[string]func(t *testing.T){
		"nothing is offered that the vendor would not let out": func(t *testing.T) {
			room := 0.5
			w := limited(t, &room)
			ask := w.ask(1)
			w.ringable(2)
			w.pass(2 * time.Second)
			w.wantState(ask, ticket.Searching)
			w.online(3) // a socket costs nothing
			w.settle()
			if got := w.offeredTo(ask); got != 3 {
				t.Fatalf("offered to %d", got)
			}
			must(t, w.answer(ask, 3, 1, false))
			room = 1
			w.settle()
			if got := w.offeredTo(ask); got != 2 {
				t.Fatalf("offered to %d", got)
			}
		},
		"where it runs short there is one offer at a time": func(t *testing.T) {
			for room, want := range map[float64]int{24: 1, 25: 3, -1: 3} {
				w := limited(t, &room, "fanout", "3")
				ask := w.ask(1)
				w.ringable(2, 3, 4)
				w.svc.MatchOnce(t.Context())
				if tk := w.ticket(ask); tk.OpenOffers() != want {
					t.Errorf("%d offers with room for %v", tk.OpenOffers(), room)
				}
			}
		},
		"and it goes to who is likely to take it": func(t *testing.T) {
			for range 10 { // else it is one of the three by chance
				room := 10.0
				w := limited(t, &room)
				ask := w.ask(1)
				for uid, accept := range map[ticket.UID]float64{2: 0.1, 3: 0.9, 4: 0.2} {
					w.store.candidate(person{app, uid}).Card = ticket.Card{Offers: 10, Accept: accept}
				}
				w.ringable(2, 3, 4)
				w.svc.MatchOnce(t.Context())
				if got := w.offeredTo(ask); got != 3 {
					t.Fatalf("offered to %d", got)
				}
			}
		},
	})
}
