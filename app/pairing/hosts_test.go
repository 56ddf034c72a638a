package pairing

import (
	"context"
	"testing"
	"time"

	"switchboard/app/pairing/ticket"
)

func (w *world) hosts(scene int, c HostChange) {
	w.tb.Helper()
	must(w.tb, w.svc.ChangeHosts(context.Background(), app, scene, c))
}

func TestOnlyListedHostsAreOffered(t *testing.T) {
	rows(t, map[string]func(t *testing.T){
		"who is present and not listed is not": func(t *testing.T) {
			w := newWorld(t, with("pool.mode", "list"))
			w.online(1, 2, 3)
			ask := w.ask(1)
			w.pass(2 * time.Second)
			w.wantState(ask, ticket.Searching)
			w.hosts(1, HostChange{Whole: true, Add: []ticket.UID{3, 4}})
			w.settle()
			w.wantState(ask, ticket.Offered)
			if tk := w.ticket(ask); tk.OpenOffer(3) == nil {
				t.Fatalf("%+v", tk.Offers)
			}
		},
		"who is listed and not present, or opted out, is not": func(t *testing.T) {
			w := newWorld(t, with("pool.mode", "list"))
			w.online(1, 3)
			w.hosts(1, HostChange{Whole: true, Add: []ticket.UID{2, 3}})
			_, err := w.svc.SetAvailability(context.Background(), app, 3, false)
			must(t, err)
			ask := w.ask(1)
			w.pass(2 * time.Second)
			w.wantState(ask, ticket.Searching)
		},
		"who was taken off is not any more, and keeps the open offer": func(t *testing.T) {
			w := newWorld(t, with("pool.mode", "list"))
			w.hosts(1, HostChange{Add: []ticket.UID{2}})
			w.online(1, 2)
			ask := w.ask(1)
			w.settle()
			w.wantState(ask, ticket.Offered)
			w.hosts(1, HostChange{Remove: []ticket.UID{2}})
			must(t, w.answer(ask, 2, 1, true))
			w.settle()
			w.wantState(ask, ticket.Connecting)
			must(t, w.cancel(ask, 1))
			w.pass(5 * time.Second) // past the wrap-up
			again := w.ask(1)
			w.pass(40 * time.Second) // past all widening
			w.wantState(again, ticket.Searching)
		},
		"another scene has another list": func(t *testing.T) {
			w := newWorld(t, with("pool.mode", "list"))
			w.online(1, 2)
			w.hosts(2, HostChange{Add: []ticket.UID{2}})
			ask := w.ask(1)
			w.pass(2 * time.Second)
			w.wantState(ask, ticket.Searching)
		},
		"another replica follows": func(t *testing.T) {
			w := newWorld(t, with("pool.mode", "list"))
			w.online(1, 2)
			ask := w.ask(1)
			w.settle()
			w.nextReplica()
			w.at++
			w.ask(3)
			w.settle() // it has read the list, which is empty
			w.nextReplica()
			w.hosts(1, HostChange{Add: []ticket.UID{2}})
			w.nextReplica()
			w.pass(time.Second)
			w.wantState(ask, ticket.Offered)
		},
		"the list counts from when the mode says so": func(t *testing.T) {
			w := newWorld(t, nil)
			w.alone = true
			w.restart()
			w.hosts(1, HostChange{Add: []ticket.UID{3}})
			w.online(1, 2)
			w.values["pair.pool.mode"] = "list"
			ask := w.ask(1)
			w.pass(2 * time.Second)
			w.wantState(ask, ticket.Searching)
			w.online(3)
			w.settle()
			w.wantState(ask, ticket.Offered)
		},
	})
	w := newWorld(t, nil)
	wantErr(t, w.svc.ChangeHosts(t.Context(), app, 1, HostChange{Add: make([]ticket.UID, HostsMax+1)}), ErrHosts)
	w.svc.Configs.Source = func(context.Context, string, int) (map[string]string, error) { return nil, ErrNoConfig }
	wantErr(t, w.svc.ChangeHosts(t.Context(), app, 7, HostChange{Add: []ticket.UID{1}}), ErrNoConfig)
}
