package pairing

import (
	"context"
	"errors"
	"testing"
	"time"

	"switchboard/app/pairing/ticket"
)

func (w *world) tryAsk(uid ticket.UID) error {
	_, err := w.svc.Ask(context.Background(), app, 1, uid)
	return err
}

func TestAsks(t *testing.T) {
	rows(t, map[string]func(t *testing.T){
		"A1 an ask is refused when the source fails and no young answer is known": func(t *testing.T) {
			w := newWorld(t, nil)
			w.svc.Configs = &Configs{Source: func(context.Context, string, int) (map[string]string, error) { return nil, errors.New("down") }}
			wantErr(t, w.tryAsk(1), ErrConfig)
		},
		"A2 an ask without a configuration is refused": func(t *testing.T) {
			w := newWorld(t, nil)
			w.svc.Configs = &Configs{Source: func(context.Context, string, int) (map[string]string, error) { return nil, ErrNoConfig }}
			wantErr(t, w.tryAsk(1), ErrNoConfig)
		},
		"A3 an ask is refused while pairing is off": func(t *testing.T) {
			wantErr(t, newWorld(t, with("enabled", "false")).tryAsk(1), ErrClosed)
		},
		"A3 an ask is refused when too many are live": func(t *testing.T) {
			w := newWorld(t, with("max_live", "1"))
			w.ask(1)
			var later *RetryError
			if err := w.tryAsk(2); !errors.Is(err, ErrClosed) || !errors.As(err, &later) || later.After <= 0 {
				t.Fatalf("%v", err)
			}
		},
		"A4 who asks too fast is refused for a while": func(t *testing.T) {
			w := newWorld(t, with("ask_rate", "1", "ask_burst", "2"))
			for range 2 {
				must(t, w.cancel(w.ask(1), 1))
			}
			wantErr(t, w.tryAsk(1), ErrTooMany)
			w.at += 1000
			must(t, w.tryAsk(1))
		},
		"A5 an ask is refused while no vendor can carry the dispatch": func(t *testing.T) {
			w := newWorld(t, nil)
			w.channel = false
			wantErr(t, w.tryAsk(1), ticket.ErrUnavailable)
		},
		"A6 a balance that is short or unknown refuses the ask, each with its code": func(t *testing.T) {
			w := newWorld(t, with("balance.min_ask", "5"))
			wantErr(t, w.tryAsk(1), ticket.ErrBalance)
			w.coins[1], w.balance = 9, errors.New("down")
			wantErr(t, w.tryAsk(1), ticket.ErrUnavailable)
			w.balance = nil
			must(t, w.tryAsk(1))
		},
		"A6 an unknown balance lets the ask through where so configured": func(t *testing.T) {
			w := newWorld(t, with("balance.min_ask", "5", "balance.on_error", "allow"))
			w.balance = errors.New("down")
			must(t, w.tryAsk(1))
		},
		"A7 a double tap is one ask": func(t *testing.T) {
			w, ask := offered(t, nil)
			v := w.ticket(ask).Version
			if again := w.ask(1); again != ask || w.ticket(ask).Version != v {
				t.Fatalf("%s, then %s", ask, again)
			}
		},
		"A7 works while everything else is down": func(t *testing.T) {
			w, ask := offered(t, with("balance.min_ask", "0"))
			w.channel, w.balance = false, errors.New("down")
			w.svc.Configs = &Configs{Source: func(context.Context, string, int) (map[string]string, error) { return nil, errors.New("down") }}
			if again := w.ask(1); again != ask {
				t.Fatalf("%s, then %s", ask, again)
			}
		},
		"A7b asking again ends the old ask where so configured": func(t *testing.T) {
			w, ask := offered(t, with("dup_ask", "replace"))
			again := w.ask(1)
			if again == ask {
				t.Fatal("the old ask was returned")
			}
			w.settle()
			w.wantEnd(ask, ticket.ReasonCancelled)
		},
		"A8 who is in a call is told of the live ask": func(t *testing.T) {
			w, ask := talking(t, nil)
			for _, uid := range []ticket.UID{1, 2} {
				var busy *ticket.BusyError
				if err := w.tryAsk(uid); !errors.As(err, &busy) || busy.AskNo != ask {
					t.Fatalf("%d: %v", uid, err)
				}
			}
		},
		"A9 a candidate who asks refuses the open offer": func(t *testing.T) {
			w, ask := offered(t, off)
			w.ask(2)
			w.wantState(ask, ticket.Searching)
			if o := w.ticket(ask).Offers[0]; o.State != ticket.OfferRefused || o.Reason != ticket.ReasonAsk {
				t.Fatalf("%+v", o)
			}
		},
		"A9b an open offer keeps its candidate from asking where so configured": func(t *testing.T) {
			w, _ := offered(t, with("ask_while_offered", "reject"))
			wantErr(t, w.tryAsk(2), ticket.ErrBusy)
		},
		"A10 a new ask holds a claim and is in its first round": func(t *testing.T) {
			w := newWorld(t, nil)
			ask := w.ask(1)
			tk := w.ticket(ask)
			if c := w.claims()[1]; c.AskNo != ask || c.Role != ticket.RoleAsker || tk.RoundNo() != 1 || tk.AskBy != w.at.Add(time.Minute) {
				t.Fatalf("%+v %+v", c, tk)
			}
		},
	})
}
