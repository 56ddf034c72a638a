package vendortest

import (
	"sync"

	"switchboard/vendors"
)

func walletChecks() []check {
	need := []string{"Wallet"}
	coins := func(f Fixture) bool { return f.Far.Coins != nil }
	return []check{
		{"BalanceIsTheFarEnds", need, coins, balance},
		{"AdjustmentMovesExactlyItsCoins", need, coins, adjust},
		{"AdjustmentIsAppliedOncePerRequestID", need, coins, adjustTwice},
		{"AdjustmentIsAppliedOnceHoweverItsAnswerWasLost", need, coins, adjustLost},
		{"ParallelAdjustmentsWithOneRequestIDAreAppliedOnce", need, coins, adjustParallel},
		{"TakingMoreThanThereIsIsInsufficientAndTakesNothing", need, coins, insufficient},
		{"AdjustmentWithoutRequestIDUserOrCoinsIsRefusedBeforeTheCall", need, nil, badAdjust},
	}
}

func (e *env) adjust(t T, id string, delta int64) error {
	return e.v.Wallet.Adjust(t.Context(), vendors.Adjustment{RequestID: id, User: e.Known, Delta: delta, Reason: "test & <check>"})
}

func balance(t T, e *env) {
	for _, user := range []string{e.Known, e.Peer} {
		got, err := e.v.Wallet.Balance(t.Context(), user)
		must(t, user, err)
		if want := e.Far.Coins(user); got != want {
			t.Errorf("%s: balance %d, at the far end %d", user, got, want)
		}
	}
}

func adjust(t T, e *env) {
	for id, delta := range map[string]int64{"req-add": 70, "req-take": -20} {
		mine, others := e.Far.Coins(e.Known), e.Far.Coins(e.Peer)
		must(t, id, e.adjust(t, id, delta))
		if got := e.Far.Coins(e.Known); got != mine+delta {
			t.Errorf("%s: %d coins became %d, want %+d", id, mine, got, delta)
		}
		if e.Far.Coins(e.Peer) != others {
			t.Errorf("%s: somebody else's coins moved", id)
		}
	}
}

func adjustTwice(t T, e *env) {
	before := e.Far.Coins(e.Known)
	must(t, "first", e.adjust(t, "req-same", 5))
	must(t, "the same again", e.adjust(t, "req-same", 5))
	if got := e.Far.Coins(e.Known); got != before+5 {
		t.Errorf("%d coins became %d, want +5 once", before, got)
	}
	must(t, "another id", e.adjust(t, "req-other", 5))
	if got := e.Far.Coins(e.Known); got != before+10 {
		t.Errorf("%d coins became %d, want +10 after two ids", before, got)
	}
}

// adjustLost: the first answer is lost after execution. Whether the adapter's
// door repeats it or the caller does, the coins move once.
func adjustLost(t T, e *env) {
	before := e.Far.Coins(e.Known)
	e.w.spoil(1, executeThenDrop)
	if err := e.adjust(t, "req-lost", 5); err != nil {
		mustBe(t, "answer lost", err, vendors.Ambiguous, nil)
		must(t, "again", e.adjust(t, "req-lost", 5))
	}
	if got := e.Far.Coins(e.Known); got != before+5 {
		t.Errorf("%d coins became %d, want +5 once", before, got)
	}
}

func adjustParallel(t T, e *env) {
	before := e.Far.Coins(e.Known)
	var wg sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		wg.Go(func() { errs[i] = e.adjust(t, "req-race", 3) })
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			t.Errorf("parallel adjust: %v", err)
		}
	}
	if got := e.Far.Coins(e.Known); got != before+3 {
		t.Errorf("%d coins became %d, want +3 once", before, got)
	}
}

func insufficient(t T, e *env) {
	before := e.Far.Coins(e.Known)
	mustBe(t, "one too many", e.adjust(t, "req-broke", -before-1), vendors.DefiniteNo, vendors.ErrInsufficient)
	if got := e.Far.Coins(e.Known); got != before {
		t.Errorf("%d coins became %d", before, got)
	}
}

func badAdjust(t T, e *env) {
	for what, a := range map[string]vendors.Adjustment{
		"no request id": {User: e.Known, Delta: 1},
		"no user":       {RequestID: "r", Delta: 1},
		"no coins":      {RequestID: "r", User: e.Known},
	} {
		e.mustNotCall(t, what, func(ctx ctx) error { return e.v.Wallet.Adjust(ctx, a) }, vendors.ErrInvalid)
	}
}
