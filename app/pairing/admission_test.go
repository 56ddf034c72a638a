package pairing

import (
	"errors"
	"testing"
	"time"

	"switchboard/app/pairing/ticket"
)

// throng makes n asks that find nobody, then lets a candidate come every half
// second, whom the oldest of them is offered. Every candidate refuses, and those in
// turn are asked until each ask has had five. Two replicas match in turn.
func throng(t *testing.T, w *world, n, served int) (asks []string) {
	t.Helper()
	for range 2 {
		w.svc.pools.open(app, DefaultScene, w.svc.presenceConfig(t.Context(), app))
		w.nextReplica()
	}
	for i := range n {
		asks = append(asks, w.ask(ticket.UID(1000+i)))
		w.at++
	}
	w.pass(time.Second)
	candidate := ticket.UID(1)
	for i := range served {
		for range 5 {
			w.nextReplica()
			w.pass(500 * time.Millisecond)
			w.online(candidate)
			w.settle()
			must(t, w.answer(asks[i], candidate, 1, false))
			w.offline(candidate)
			candidate++
		}
		must(t, w.cancel(asks[i], ticket.UID(1000+i)))
	}
	return asks[served:]
}

func TestAdmission(t *testing.T) {
	calm := with("cross_ask", "off", "round_timeout", "50s")
	rows(t, map[string]func(t *testing.T){
		// Every other measure of the same crowd is calm: it gets two offers a second.
		"A3 an ask whose first offer would come too late is refused": func(t *testing.T) {
			w := newWorld(t, calm)
			throng(t, w, 14, 8) // one served in 2.5 s
			var later *RetryError
			for i := range 2 {
				must(t, w.tryAsk(ticket.UID(2000+i)))
			}
			w.wantWait(21 * time.Second)
			if err := w.tryAsk(2002); !errors.Is(err, ErrClosed) || !errors.As(err, &later) || later.After > 3*time.Second {
				t.Fatalf("%v, again after %+v", err, later)
			}
			w.online(5000)
			w.settle()
			must(t, w.tryAsk(2002))
		},
		"A3 max_wait sets how late the first offer may come": func(t *testing.T) {
			w := newWorld(t, with("cross_ask", "off", "round_timeout", "50s", "max_wait", "12s"))
			throng(t, w, 12, 8)
			must(t, w.tryAsk(2000))
			wantErr(t, w.tryAsk(2001), ErrClosed)
		},
		"A3 with admission off no ask is refused for its wait": func(t *testing.T) {
			w := newWorld(t, with("cross_ask", "off", "round_timeout", "50s", "admission", "false"))
			throng(t, w, 24, 8)
			must(t, w.tryAsk(2000))
		},
		"A3 first offers by another replica count too": func(t *testing.T) {
			w := newWorld(t, calm)
			throng(t, w, 16, 8)
			w.wantWait(21 * time.Second)
			w.nextReplica()
			w.wantWait(21 * time.Second)
		},
		"A3 first offers that come at once do not tell the pace": func(t *testing.T) {
			w := newWorld(t, with("cross_ask", "off", "ask_ttl", "10s"))
			w.svc.pools.open(app, DefaultScene, w.svc.presenceConfig(t.Context(), app))
			for i := range ticket.UID(20) {
				w.online(100 + i)
				must(t, w.tryAsk(200+i))
				w.pass(time.Second)
			}
			for i := range ticket.UID(10) {
				must(t, w.tryAsk(300+i))
				w.pass(100 * time.Millisecond)
			}
			w.wantWait(0)
		},
		"A3 nobody is refused while somebody is idle": func(t *testing.T) {
			w := newWorld(t, with("cross_ask", "off", "round_timeout", "50s", "answer_timeout", "50s"))
			w.profiles = map[ticket.UID]Profile{}
			for i := range ticket.UID(20) {
				w.profiles[1000+i] = Profile{Blocked: []ticket.UID{1}}
			}
			w.restart()
			for i := range ticket.UID(20) {
				w.ask(1000 + i)
			}
			for i := range ticket.UID(8) {
				w.pass(2500 * time.Millisecond)
				w.online(100 + i)
				w.settle()
			}
			wantErr(t, w.tryAsk(3000), ErrClosed)
			w.online(1)
			w.settle()
			must(t, w.tryAsk(3000))
		},
		"A3 a few who wait are no overload: the ask is taken": func(t *testing.T) {
			w := newWorld(t, with("cross_ask", "off", "round_timeout", "50s", "max_wait", "1s"))
			throng(t, w, 11, 8)
			must(t, w.tryAsk(2000))
			wantErr(t, w.tryAsk(2001), ErrClosed)
		},
		"A3 how offers came long ago does not refuse an ask now": func(t *testing.T) {
			w := newWorld(t, calm)
			throng(t, w, 12, 8)
			w.pass(2 * time.Minute)
			for i := range ticket.UID(30) {
				must(t, w.tryAsk(2000+i))
			}
		},
	})
}

// An asker who takes the call of another one waits no longer; one who gives up was
// not served.
func TestWhoTakesAnothersAskIsServed(t *testing.T) {
	for reason, want := range map[ticket.Reason]float64{ticket.ReasonMerged: 1, ticket.ReasonCancelled: 0} {
		cfg, at := ticket.DefaultConfig(), ticket.Instant(1_700_000_000_000)
		p := newPool(app, DefaultScene, &cfg, Options{})
		tk, _ := ticket.Open(&cfg, at, ticket.Ask{AskNo: "a", App: app, Scene: DefaultScene, UID: 1})
		p.addWaiter(tk, &cfg, nil)
		p.updateTicket(tk, &cfg, at)
		end := tk.Clone()
		end.State, end.EndReason, end.Version = ticket.Ended, reason, tk.Version+1
		p.updateTicket(end, &cfg, at.Add(5*time.Second))
		if p.estimator.served != want || p.estimator.waiting != 0 {
			t.Errorf("%s: %v served, %d wait", reason, p.estimator.served, p.estimator.waiting)
		}
	}
}

// wantWait holds est_wait to want, give or take a tenth.
func (w *world) wantWait(want time.Duration) {
	w.tb.Helper()
	if got := w.svc.Stats()[0].Wait; got < want*9/10 || got > want*11/10 {
		w.tb.Fatalf("est_wait %s, want %s", got, want)
	}
}
