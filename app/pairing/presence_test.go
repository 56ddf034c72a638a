package pairing

import (
	"context"
	"testing"
	"time"

	"switchboard/app/pairing/ticket"
	"switchboard/vendors"
)

func (w *world) heardOf(uid, action string, at ticket.Instant) {
	w.tb.Helper()
	must(w.tb, w.svc.HandleVendorEvent(context.Background(), app, vendors.Event{Kind: vendors.EventPresence, Action: action, From: uid, Session: "phone", At: at.Time()}))
}

func TestPresence(t *testing.T) {
	rows(t, map[string]func(t *testing.T){
		"Y5 a logout that comes after a newer login changes nothing": func(t *testing.T) {
			w := newWorld(t, off)
			ask := w.ask(1)
			w.heardOf("2", "online", w.at)
			w.settle()
			w.wantState(ask, ticket.Offered)
			w.heardOf("2", "logout", w.at.Add(-time.Second))
			w.heardOf("1", "online", w.at)
			w.heardOf("1", "logout", w.at.Add(-time.Second))
			w.settle()
			w.wantState(ask, ticket.Offered)
			w.heardOf("2", "logout", w.at.Add(time.Millisecond))
			w.settle()
			w.wantState(ask, ticket.Searching)
			w.heardOf("1", "logout", w.at.Add(time.Millisecond))
			w.wantEnd(ask, ticket.ReasonAskerGone)
		},
		"D4 who closes the longer of two sockets is gone when the other one runs out": func(t *testing.T) {
			w, ask := likedCall(t, map[string]string{"pair.activity_ttl": "20s", "pair.presence_ttl": "40s", "pair.call_watchdog": "5s"})
			socket := func(name string, open bool) {
				must(t, w.svc.RecordSocket(t.Context(), app, 2, name, open))
			}
			w.offline(2)
			socket("a", true)
			w.pass(20 * time.Second)
			socket("b", true)
			w.pass(15 * time.Second) // the ask is looked at when b would run out
			socket("b", false)
			w.pass(9 * time.Second)
			w.wantState(ask, ticket.Liked)
			w.pass(time.Second + 100*time.Millisecond) // a ran out 5 s ago
			w.wantEnd(ask, ticket.ReasonCallEnded)
		},
		"D1 a renewal that is told after the old sign ran out saves the ask": func(t *testing.T) {
			w := newWorld(t, map[string]string{"pair.presence_ttl": "40s", "pair.asker_gone_grace": "7s", "pair.ask_ttl": "10m", "pair.round_timeout": "10m"})
			w.heardOf("1", "online", w.at)
			ask := w.ask(1)
			w.pass(40*time.Second + 100*time.Millisecond)
			w.heardOf("1", "online", w.at.Add(-time.Second))
			w.pass(20 * time.Second)
			w.wantState(ask, ticket.Searching)
		},
		"D1 a socket that opens in the millisecond in which another closes is a socket": func(t *testing.T) {
			w := newWorld(t, map[string]string{"pair.asker_gone_grace": "7s", "pair.ask_ttl": "10m", "pair.round_timeout": "10m"})
			must(t, w.svc.RecordSocket(t.Context(), app, 1, "a", true))
			ask := w.ask(1)
			must(t, w.svc.RecordSocket(t.Context(), app, 1, "a", false))
			must(t, w.svc.RecordSocket(t.Context(), app, 1, "b", true))
			w.pass(20 * time.Second)
			w.wantState(ask, ticket.Searching)
		},
		"Y5 a logout that is told again after a login gives no less grace": func(t *testing.T) {
			w := newWorld(t, map[string]string{"pair.asker_gone_grace": "7s", "pair.ask_ttl": "10m", "pair.round_timeout": "10m"})
			left := w.at
			w.heardOf("1", "logout", left)
			w.at = w.at.Add(time.Second)
			w.heardOf("1", "online", w.at)
			ask := w.ask(1)
			w.at = w.at.Add(time.Second)
			w.heardOf("1", "offline", w.at)
			w.heardOf("1", "logout", left)
			w.pass(6 * time.Second)
			w.wantState(ask, ticket.Searching)
			w.pass(2 * time.Second)
			w.wantEnd(ask, ticket.ReasonAskerGone)
		},
		"N16 who was away longer than the grace cannot pass before the sweep says so": func(t *testing.T) {
			for _, late := range []time.Duration{0, time.Millisecond, 5 * time.Second} {
				w, ask := offered(t, nil)
				w.offline(2)
				w.at = w.at.Add(ticket.DefaultConfig().OfferGoneGrace + late)
				if err := w.answer(ask, 2, 1, true); code(err) != ticket.ErrNoOffer {
					t.Errorf("%s after the grace a pass was told %v", late, err)
				}
				w.wantState(ask, ticket.Searching)
			}
		},
		"Y5 the end of one session is not the end of another": func(t *testing.T) {
			w, ask := offered(t, nil) // both have a socket
			w.heardOf("2", "online", w.at)
			w.heardOf("2", "logout", w.at.Add(time.Millisecond))
			w.heardOf("2", "offline", w.at.Add(2*time.Millisecond))
			w.pass(5 * time.Second)
			w.wantState(ask, ticket.Offered)
		},
		"what is not renewed decays": func(t *testing.T) {
			w := newWorld(t, off)
			w.heardOf("2", "online", w.at)
			w.at = w.at.Add(121 * time.Second)
			ask := w.ask(1)
			w.settle()
			w.wantState(ask, ticket.Searching)
		},
		"a lease runs out, and presence renews it": func(t *testing.T) {
			w := newWorld(t, map[string]string{"pair.cross_ask": "off", "pair.pool.mode": "optin", "pair.avail_ttl": "60s"})
			for _, uid := range []ticket.UID{2, 3} {
				_, err := w.svc.SetAvailability(context.Background(), app, uid, true)
				must(t, err)
			}
			w.online(2)
			for range 5 {
				w.at = w.at.Add(50 * time.Second)
				w.heardOf("2", "online", w.at)
			}
			w.heardOf("3", "online", w.at) // too late for the lease
			ask := w.ask(1)
			w.settle()
			if got := w.offeredTo(ask); got != 2 {
				t.Fatalf("offered to %d", got)
			}
			must(t, w.answer(ask, 2, 1, false))
			w.settle()
			w.wantState(ask, ticket.Searching)
		},
		"N14 who rings out too often is away, is told of, and comes back by an own word": func(t *testing.T) {
			w := newWorld(t, map[string]string{"pair.cross_ask": "off", "pair.max_rna": "2", "pair.rna_cooldown": "0s", "pair.ask_ttl": "10m", "pair.round_timeout": "10m"})
			w.online(2)
			var told []string
			for range 2 {
				ask := w.ask(1)
				w.settle()
				w.wantState(ask, ticket.Offered)
				w.at = w.at.Add(11 * time.Second)
				w.svc.SweepOnce(t.Context())
				for _, f := range w.pending {
					if f.Entry.Name == ticket.EventCandidatePaused {
						told = append(told, f.Entry.To.String())
					}
				}
				w.settle()
				must(t, w.cancel(ask, 1))
				w.pass(10 * time.Second)
			}
			if len(told) != 1 || told[0] != "2" {
				t.Fatalf("told of %v", told)
			}
			ask := w.ask(1)
			w.pass(5 * time.Second)
			w.wantState(ask, ticket.Searching)
			_, err := w.svc.SetAvailability(context.Background(), app, 2, true)
			must(t, err)
			w.settle()
			w.wantState(ask, ticket.Offered)
		},
		"Y6 a replica whose clock runs off fires no deadline, and answers on": func(t *testing.T) {
			w, ask := offered(t, nil)
			w.skews[0] = time.Second
			w.restart()
			w.svc.SkewMax = 250 * time.Millisecond
			w.at = w.at.Add(30 * time.Second)
			w.svc.SweepOnce(t.Context())
			w.wantState(ask, ticket.Offered)
			w.svc.SkewMax = 2 * time.Second
			w.svc.SweepOnce(t.Context())
			w.wantState(ask, ticket.Searching)
		},
	})
}
