// Package pairingtest is the contract of a pairing.Store as a test suite, and a
// storm of concurrent replicas that every store has to survive.
package pairingtest

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"switchboard/app/pairing"
	"switchboard/app/pairing/ticket"
)

const app = "app"

// Run runs the suite; open returns an empty store.
func Run(t *testing.T, open func(t *testing.T) pairing.Store) {
	for name, test := range map[string]func(*testing.T, pairing.Store){
		"ATicketComesBackAsItWasWritten":        roundTrip,
		"AStaleVersionWritesNothing":            staleVersion,
		"AClaimIsUniquePerPerson":               uniqueClaim,
		"ALostClaimUndoesTheWholeBatch":         wholeBatch,
		"AClaimIsDroppedOnlyByItsAskAndEpoch":   fencedDrop,
		"AClaimChangesItsAskInOneBatch":         swappedClaim,
		"OneOfManyWritersWins":                  oneWinner,
		"OneOfManyClaimersWins":                 oneClaimer,
		"DueTicketsComeOldestFirst":             dueOrder,
		"ALeaseThatRanOutIsReaped":              reaped,
		"RecordsArePagedNewestFirst":            paged,
		"ADeletedRecordIsHiddenFromOneSideOnly": hidden,
		"PagesGoOnFromWhatIsNotListed":          unlisted,
		"ARecordIsListedWhoeverIsFreedWithIt":   recordedFreed,
		"RecordsOfOnePersonAtOnceAreAllListed":  recordedAtOnce,
		"ARecordWithOneselfIsThereOnce":         oneself,
		"MetListsBothRoles":                     met,
		"OlderEvidenceChangesNothing":           evidence,
		"AReleaseKeepsCardCooldownAndPause":     released,
		"ChangesListWhatIsNewAndWhoIsClaimed":   changes,
		"AConfigurationComesBackAsItWasWritten": configs,
		"AListOfHostsTellsItsVersion":           hosts,
		"ChangesOfOneListComeOneAfterTheOther":  rivalHosts,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

func ctx() context.Context { return context.Background() }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func cfg() *ticket.Config {
	c := ticket.DefaultConfig()
	return &c
}

var started = time.Unix(1_700_000_000, 0)

// open writes a new ticket of uid.
func open(t *testing.T, s pairing.Store, askNo string, uid ticket.UID) *ticket.Ticket {
	t.Helper()
	tk, fx := ticket.Open(cfg(), ticket.At(started), ticket.Ask{AskNo: askNo, App: app, Scene: 1, UID: uid, ConfigID: "c"})
	must(t, s.Commit(ctx(), pairing.Batch{Writes: []pairing.Write{{Ticket: tk, Due: tk.DueAt(cfg())}}, Take: fx.Take}))
	return tk
}

func step(tk *ticket.Ticket, ev ticket.Event) (*ticket.Ticket, pairing.Batch) {
	next, fx, _ := ticket.Step(cfg(), tk, ticket.At(started.Add(time.Second)), nil, ev)
	return next, pairing.Batch{Writes: []pairing.Write{{Ticket: next, Prev: tk.Version, Due: next.DueAt(cfg())}}, Drop: fx.Drop, Take: fx.Take, Records: fx.Records}
}

// again is tk's next version, the same but for that.
func again(tk *ticket.Ticket) *ticket.Ticket {
	next := new(*tk)
	next.Version++
	return next
}

func roundTrip(t *testing.T, s pairing.Store) {
	tk := open(t, s, "1", 7)
	next, b := step(tk, ticket.Dispatch{Picks: []ticket.Pick{{UID: 8}}})
	must(t, s.Commit(ctx(), b))
	got, err := s.Load(ctx(), "1")
	must(t, err)
	if !reflect.DeepEqual(got, next) {
		t.Fatalf("read %+v\nwrote %+v", got, next)
	}
	if _, err := s.Load(ctx(), "2"); !errors.Is(err, ticket.ErrUnknownAsk) {
		t.Fatalf("an unknown ask: %v", err)
	}
}

func staleVersion(t *testing.T, s pairing.Store) {
	tk := open(t, s, "1", 7)
	_, first := step(tk, ticket.Cancel{UID: 7})
	must(t, s.Commit(ctx(), first))
	_, second := step(tk, ticket.Dispatch{Picks: []ticket.Pick{{UID: 8}}})
	if err := s.Commit(ctx(), second); !errors.Is(err, pairing.ErrConflict) {
		t.Fatalf("a stale write: %v", err)
	}
	if _, held, _ := s.Holder(ctx(), app, 8); held {
		t.Fatal("a stale write left a claim")
	}
	if err := s.Commit(ctx(), pairing.Batch{Writes: []pairing.Write{{Ticket: tk}}}); !errors.Is(err, pairing.ErrConflict) {
		t.Fatalf("a number in use: %v", err)
	}
}

func uniqueClaim(t *testing.T, s pairing.Store) {
	open(t, s, "1", 7)
	tk, fx := ticket.Open(cfg(), ticket.At(started), ticket.Ask{AskNo: "2", App: app, Scene: 1, UID: 7})
	err := s.Commit(ctx(), pairing.Batch{Writes: []pairing.Write{{Ticket: tk}}, Take: fx.Take})
	var claimed *pairing.ClaimedError
	if !errors.As(err, &claimed) || !slices.Equal(claimed.UIDs, []ticket.UID{7}) {
		t.Fatalf("a second claim: %v", err)
	}
	if _, err := s.Load(ctx(), "2"); !errors.Is(err, ticket.ErrUnknownAsk) {
		t.Fatal("the refused ask was written")
	}
	other := fx.Take[0]
	other.App = "other"
	tk.AskNo, tk.App = "3", "other"
	must(t, s.Commit(ctx(), pairing.Batch{Writes: []pairing.Write{{Ticket: tk}}, Take: []ticket.Claim{other}}))
}

func wholeBatch(t *testing.T, s pairing.Store) {
	open(t, s, "1", 7)
	tk := open(t, s, "2", 8)
	_, b := step(tk, ticket.Dispatch{Picks: []ticket.Pick{{UID: 9}}})
	b.Take = append(b.Take, ticket.Claim{App: app, UID: 7, AskNo: "2", Epoch: 2})
	var claimed *pairing.ClaimedError
	if err := s.Commit(ctx(), b); !errors.As(err, &claimed) {
		t.Fatalf("a batch with a lost claim: %v", err)
	}
	if _, held, _ := s.Holder(ctx(), app, 9); held {
		t.Fatal("half of the batch was written")
	}
	if got, _ := s.Load(ctx(), "2"); got.Version != tk.Version {
		t.Fatal("the ticket was written without its claims")
	}
}

func fencedDrop(t *testing.T, s pairing.Store) {
	tk := open(t, s, "1", 7)
	have, _, _ := s.Holder(ctx(), app, 7)
	for _, wrong := range []ticket.Claim{{App: app, UID: 7, AskNo: "1", Epoch: have.Epoch + 1}, {App: app, UID: 7, AskNo: "2", Epoch: have.Epoch}} {
		tk = again(tk)
		must(t, s.Commit(ctx(), pairing.Batch{Writes: []pairing.Write{{Ticket: tk, Prev: tk.Version - 1}}, Drop: []ticket.Release{{Claim: wrong}}}))
		if _, held, _ := s.Holder(ctx(), app, 7); !held {
			t.Fatalf("%+v dropped %+v", wrong, have)
		}
	}
}

func swappedClaim(t *testing.T, s pairing.Store) {
	older, younger := open(t, s, "1", 7), open(t, s, "2", 8)
	_, a := step(older, ticket.Dispatch{Picks: []ticket.Pick{{UID: 8, HeldAsk: "2"}}})
	_, b := step(younger, ticket.Hold{By: "1"})
	a.Writes, a.Drop = append(a.Writes, b.Writes...), b.Drop
	must(t, s.Commit(ctx(), a))
	c, held, err := s.Holder(ctx(), app, 8)
	must(t, err)
	if !held || c.AskNo != "1" || c.Role != ticket.RoleCandidate {
		t.Fatalf("claim %+v", c)
	}
}

const rivals = 8

// race runs do for each rival at once and returns how many succeeded.
func race(do func(i int) error) (won int, errs []error) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	for i := range rivals {
		wg.Go(func() {
			err := do(i)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				won++
			} else {
				errs = append(errs, err)
			}
		})
	}
	wg.Wait()
	return won, errs
}

func oneWinner(t *testing.T, s pairing.Store) {
	tk := open(t, s, "1", 7)
	_, b := step(tk, ticket.Cancel{UID: 7})
	won, errs := race(func(int) error { return s.Commit(ctx(), b) })
	for _, err := range errs {
		if !errors.Is(err, pairing.ErrConflict) {
			t.Error(err)
		}
	}
	if won != 1 {
		t.Fatalf("%d writers won", won)
	}
}

func oneClaimer(t *testing.T, s pairing.Store) {
	var tickets []*ticket.Ticket
	for i := range rivals {
		tickets = append(tickets, open(t, s, string(rune('a'+i)), ticket.UID(100+i)))
	}
	won, errs := race(func(i int) error {
		_, b := step(tickets[i], ticket.Dispatch{Picks: []ticket.Pick{{UID: 7}}})
		return s.Commit(ctx(), b)
	})
	for _, err := range errs {
		var claimed *pairing.ClaimedError
		if !errors.As(err, &claimed) {
			t.Error(err)
		}
	}
	if won != 1 {
		t.Fatalf("%d askers got the same candidate", won)
	}
}

func dueOrder(t *testing.T, s pairing.Store) {
	for i, due := range []ticket.Instant{300, 100, 0, 200} {
		tk, _ := ticket.Open(cfg(), ticket.At(started), ticket.Ask{AskNo: string(rune('a' + i)), App: app, UID: ticket.UID(i)})
		must(t, s.Commit(ctx(), pairing.Batch{Writes: []pairing.Write{{Ticket: tk, Due: due}}}))
	}
	got, err := s.Due(ctx(), 250, 10)
	must(t, err)
	if !slices.Equal(got, []string{"b", "d"}) {
		t.Fatalf("due %v", got)
	}
}

func reaped(t *testing.T, s pairing.Store) {
	tk := open(t, s, "1", 7)
	c, _, _ := s.Holder(ctx(), app, 7)
	late := c.LeaseUntil + 1
	if n, err := s.Reap(ctx(), late); err != nil || n != 0 {
		t.Fatalf("a live ticket's claim was reaped: %d %v", n, err)
	}
	next, b := step(tk, ticket.Cancel{UID: 7})
	b.Drop = nil // lost
	must(t, s.Commit(ctx(), b))
	if n, err := s.Reap(ctx(), c.LeaseUntil-1); err != nil || n != 0 {
		t.Fatalf("reaped before its lease ran out: %d %v", n, err)
	}
	if n, err := s.Reap(ctx(), late); err != nil || n != 1 {
		t.Fatalf("reaped %d %v after %v", n, err, next.State)
	}
}
