package vendortest

import (
	"slices"
	"sync"

	"switchboard/vendors"
)

func orderChecks() []check {
	need := []string{"Orders"}
	coins := func(f Fixture) bool { return f.Far.Coins != nil }
	return []check{
		{"CreditedOrderAddsItsCoinsAndIsTheFarEndsAsItWasPaid", need, func(f Fixture) bool { return f.Far.Coins != nil && f.Far.Orders != nil }, credit},
		{"OrderIsCreditedOncePerRequestID", need, coins, creditTwice},
		{"OrderIsCreditedOnceHoweverItsAnswerWasLost", need, coins, creditLost},
		{"ParallelOrdersWithOneRequestIDAreCreditedOnce", need, coins, creditParallel},
		{"OrderAndAdjustmentWithOneRequestIDAreTwoThings", []string{"Orders", "Wallet"}, coins, orderAndAdjustment},
		{"OrderThatSaysTooLittleIsRefusedBeforeTheCall", need, nil, badOrder},
	}
}

// order is one of Known's.
func (e *env) order(id string, coins int64) vendors.Order {
	return vendors.Order{
		RequestID: id, User: e.Known, Coins: coins, OrderID: "GPA.3300&" + id, Cents: 499, Channel: "store + co", Platform: vendors.PlatformAndroid,
	}
}

func credit(t T, e *env) {
	mine, others, before := e.Far.Coins(e.Known), e.Far.Coins(e.Peer), len(e.Far.Orders(e.Known))
	first, second := e.order("o-1", 700), e.order("o-2", 40)
	second.Channel, second.Platform, second.Cents = "", vendors.PlatformIOS, 99
	var want []vendors.Order
	for _, o := range []vendors.Order{first, second} {
		must(t, o.RequestID, e.v.Orders.CreditOrder(t.Context(), o))
		o.RequestID = ""
		want = append(want, o)
	}
	if got := e.Far.Coins(e.Known); got != mine+740 || e.Far.Coins(e.Peer) != others {
		t.Errorf("%d coins became %d, want +740, and somebody else's %d became %d", mine, got, others, e.Far.Coins(e.Peer))
	}
	if got := e.Far.Orders(e.Known)[before:]; !slices.Equal(got, want) {
		t.Errorf("the far end was told of %+v, want %+v", got, want)
	}
}

// gains checks that Known has so many coins more than before.
func (e *env) gains(t T, what string, before, more int64) {
	t.Helper()
	if got := e.Far.Coins(e.Known); got != before+more {
		t.Errorf("%s: %d coins became %d, want %+d", what, before, got, more)
	}
}

func creditTwice(t T, e *env) {
	before := e.Far.Coins(e.Known)
	for range 2 {
		must(t, "credit", e.v.Orders.CreditOrder(t.Context(), e.order("o-same", 5)))
	}
	e.gains(t, "one id twice", before, 5)
	must(t, "another id", e.v.Orders.CreditOrder(t.Context(), e.order("o-other", 5)))
	e.gains(t, "another id", before, 10)
}

// creditLost makes one order before, so that what the vendor looks up first is
// known and the lost answer is the order's own.
func creditLost(t T, e *env) {
	must(t, "the first", e.v.Orders.CreditOrder(t.Context(), e.order("o-first", 1)))
	before := e.Far.Coins(e.Known)
	e.w.spoil(1, executeThenDrop)
	if err := e.v.Orders.CreditOrder(t.Context(), e.order("o-lost", 5)); err != nil {
		mustBe(t, "answer lost", err, vendors.Ambiguous, nil)
		must(t, "again", e.v.Orders.CreditOrder(t.Context(), e.order("o-lost", 5)))
	}
	e.gains(t, "answer lost", before, 5)
}

func creditParallel(t T, e *env) {
	before := e.Far.Coins(e.Known)
	errs := make([]error, 8)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() { errs[i] = e.v.Orders.CreditOrder(t.Context(), e.order("o-race", 3)) })
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			t.Errorf("parallel order: %v", err)
		}
	}
	e.gains(t, "parallel", before, 3)
}

func orderAndAdjustment(t T, e *env) {
	before := e.Far.Coins(e.Known)
	must(t, "adjust", e.adjust(t, "shared", 5))
	must(t, "credit", e.v.Orders.CreditOrder(t.Context(), e.order("shared", 5)))
	e.gains(t, "both", before, 10)
}

func badOrder(t T, e *env) {
	for what, spoil := range map[string]func(*vendors.Order){
		"no request id":      func(o *vendors.Order) { o.RequestID = "" },
		"no user":            func(o *vendors.Order) { o.User = "" },
		"no payment":         func(o *vendors.Order) { o.OrderID = "" },
		"no coins":           func(o *vendors.Order) { o.Coins = 0 },
		"coins taken":        func(o *vendors.Order) { o.Coins = -5 },
		"money given back":   func(o *vendors.Order) { o.Cents = -1 },
		"platform of nobody": func(o *vendors.Order) { o.Platform = "palm" },
	} {
		o := e.order("o-bad", 5)
		spoil(&o)
		e.mustNotCall(t, what, func(c ctx) error { return e.v.Orders.CreditOrder(c, o) }, vendors.ErrInvalid)
	}
}
