package pairing

import (
	"errors"
	"maps"
	"testing"
	"time"

	"pgregory.net/rapid"

	"switchboard/app/pairing/ticket"
)

// priced brings user 1, who has coins, to a liked call at 10 coins a minute
// after 15 free seconds.
func priced(t *testing.T, coins int64, values map[string]string) (*world, string) {
	t.Helper()
	all := map[string]string{"pair.price": "10", "pair.free": "15s"}
	maps.Copy(all, values)
	w, ask := talking(t, all)
	w.coins[1] = coins
	must(t, w.confirm(ask, 1, 1, 2, "c", true))
	w.settle()
	w.wantState(ask, ticket.Liked)
	return w, ask
}

func (w *world) wantBilled(ask string, coins int64) {
	w.tb.Helper()
	bills := w.bills[ask+":1:settle"]
	if len(bills) != 1 || bills[0].Coins != coins {
		w.tb.Fatalf("billed %+v, want %d coins once", bills, coins)
	}
}

func TestC15TheCallEndsWithThePaidTime(t *testing.T) {
	rows(t, map[string]func(t *testing.T){
		"two minutes of coins": func(t *testing.T) {
			w, ask := priced(t, 29, nil)
			w.pass(134 * time.Second)
			w.wantState(ask, ticket.Liked)
			w.pass(time.Second)
			w.wantEnd(ask, ticket.ReasonBalance)
			w.wantBilled(ask, 20)
			w.wantHeard(1, "matched", "end:balance")
			w.wantHeard(2, "dispatch", "matched", "end:balance")
		},
		"the call is hung up": func(t *testing.T) {
			w, ask := priced(t, 0, nil)
			w.at = w.at.Add(15 * time.Second)
			w.svc.SweepOnce(t.Context())
			w.wantEnd(ask, ticket.ReasonBalance)
			if o := w.orders(); len(o) != 1 || o[0] != "c" {
				t.Fatalf("hung up %v", o)
			}
		},
		"topped up in time": func(t *testing.T) {
			w, ask := priced(t, 10, nil)
			w.pass(60 * time.Second)
			w.coins[1] = 30
			w.pass(16 * time.Second)
			w.wantState(ask, ticket.Liked)
			w.pass(2 * time.Minute)
			w.wantEnd(ask, ticket.ReasonBalance)
			w.wantBilled(ask, 30)
		},
		"spent elsewhere meanwhile: no more is billed than there is": func(t *testing.T) {
			w, ask := priced(t, 1000, nil)
			w.pass(90 * time.Second)
			w.coins[1] = 10
			w.pass(time.Minute)
			w.wantEnd(ask, ticket.ReasonBalance)
			w.wantBilled(ask, 10)
		},
		"nobody looked when it ran out": func(t *testing.T) {
			w, ask := priced(t, 10, nil)
			w.at = w.at.Add(5 * time.Minute) // every replica was down
			w.coins[1] = 0
			w.settle()
			w.wantEnd(ask, ticket.ReasonBalance)
			w.wantBilled(ask, 10)
		},
		"hung up after the paid time, before a replica looked": func(t *testing.T) {
			w, ask := priced(t, 10, nil)
			w.at = w.at.Add(76 * time.Second)
			must(t, w.over(ask, 1, "c"))
			w.settle()
			w.wantEnd(ask, ticket.ReasonCallEnded)
			w.wantBilled(ask, 10)
		},
		"a balance that cannot be read ends nothing that was not used up": func(t *testing.T) {
			w, ask := priced(t, 20, nil)
			w.balance = errors.New("down")
			w.pass(134 * time.Second)
			w.wantState(ask, ticket.Liked)
			w.pass(time.Second)
			w.wantEnd(ask, ticket.ReasonBalance)
		},
		"read as soon as it can be, where the like was let through without": func(t *testing.T) {
			w, ask := talking(t, map[string]string{"pair.price": "10", "pair.balance.on_error": "allow", "pair.balance.min_like": "10"})
			w.balance = errors.New("down")
			must(t, w.confirm(ask, 1, 1, 2, "c", true))
			w.pass(3 * time.Minute)
			w.wantState(ask, ticket.Liked)
			w.balance, w.coins[1] = nil, 40
			w.pass(2 * time.Minute)
			w.wantEnd(ask, ticket.ReasonBalance)
			w.wantBilled(ask, 40)
		},
		"free of charge": func(t *testing.T) {
			w, ask := priced(t, 0, map[string]string{"pair.price": "0"})
			w.pass(10 * time.Minute)
			w.wantState(ask, ticket.Liked)
		},
		"the peer pays": func(t *testing.T) {
			w, ask := talking(t, map[string]string{"pair.price": "10", "pair.payer": "peer"})
			w.coins[1], w.coins[2] = 1000, 10
			must(t, w.confirm(ask, 1, 1, 2, "c", true))
			w.pass(61 * time.Second)
			w.wantEnd(ask, ticket.ReasonBalance)
			if got := w.bills[ask+":1:settle"]; len(got) != 1 || got[0].Payer != 2 || got[0].Coins != 10 {
				t.Fatalf("billed %+v", got)
			}
		},
	})
}

// Whatever the price, the free time and the purse: the longest call that is
// paid for costs no more than there is, and one second more would.
func TestPaidTimeIsTheLongestThatTheCoinsCover(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		cfg := ticket.DefaultConfig()
		cfg.Price = rapid.Int64Range(1, 1000).Draw(rt, "price")
		cfg.Free = time.Duration(rapid.Int64Range(0, 90_000).Draw(rt, "free in ms")) * time.Millisecond
		cfg.CallMax = 100 * time.Hour
		coins := rapid.Int64Range(0, 100_000).Draw(rt, "coins")
		paid := cfg.PaidTime(coins)
		at := (paid.Milliseconds() + 999) / 1000 // as a call of that length is billed
		if at < 100*3600 && (cfg.Coins(at) > coins || cfg.Coins(at+1) <= coins) {
			rt.Fatalf("%v of talk cost %d, a second more %d, of %d coins", paid, cfg.Coins(at), cfg.Coins(at+1), coins)
		}
	})
}
