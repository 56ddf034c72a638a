package wallet

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"switchboard/app/problem"
	"switchboard/vendors"
)

// bank keeps the coins of one account.
type bank struct {
	coins   int64
	err     error // of every call
	adjusts []vendors.Adjustment
	asked   int
}

func (b *bank) Balance(context.Context, string) (int64, error) { b.asked++; return b.coins, b.err }

func (b *bank) Adjust(_ context.Context, a vendors.Adjustment) error {
	b.adjusts = append(b.adjusts, a)
	return b.err
}

// over makes a service whose wallet route is keeper, with another account beside.
func over(t *testing.T, keeper, other *bank) *Service {
	t.Helper()
	routes, err := vendors.NewRouter([]*vendors.Vendor{{Name: "keeper", Wallet: keeper}, {Name: "other", Wallet: other}},
		map[vendors.Capability][]string{vendors.CapWallet: {"keeper", "other"}})
	if err != nil {
		t.Fatal(err)
	}
	return New(Prices{Text: 1, Voice: 2, Image: 3, Video: 30}, routes)
}

func TestPricesFollowTheTypeOfTheMessage(t *testing.T) {
	p := Prices{Text: 1, Voice: 2, Image: 3}
	for kind, want := range map[string]int64{
		"RC:TxtMsg": 1, "RC:ReferenceMsg": 1, "RC:VcMsg": 2, "RC:HQVCMsg": 2, "RC:ImgMsg": 3, "RC:GIFMsg": 3,
		"RC:CmdMsg": 0, "RC:InfoNtf": 0, "app:own": 0, "": 0, "rc:txtmsg": 0,
	} {
		if got := p.Message(kind); got != want {
			t.Errorf("%q: %d coins, want %d", kind, got, want)
		}
	}
}

func TestPricesThatPayUsersAreRefused(t *testing.T) {
	for _, p := range []Prices{{Text: -1}, {Voice: -1}, {Image: -1}, {Video: -1}, {Pair: -1}, {Free: -1}} {
		if p.Validate() == nil {
			t.Errorf("%+v is taken", p)
		}
	}
	if err := (Prices{}).Validate(); err != nil {
		t.Error(err)
	}
}

func TestOnlyABalanceThatIsReadAndTooShortIsInsufficient(t *testing.T) {
	down := &vendors.Error{Op: "wallet.balance", Outcome: vendors.DefiniteFail}
	for _, c := range []struct {
		name   string
		bank   bank
		price  int64
		asked  int
		is     error
		refuse bool
	}{
		{"enough", bank{coins: 30}, 30, 1, nil, false},
		{"too short", bank{coins: 29}, 30, 1, ErrInsufficient, true},
		{"unreadable", bank{err: down}, 30, 1, down, true},
		{"free", bank{err: down}, 0, 0, nil, false},
	} {
		b := c.bank
		err := over(t, &b, &bank{coins: 1000}).Affords(t.Context(), "u", c.price)
		if (err != nil) != c.refuse || !errors.Is(err, c.is) || b.asked != c.asked {
			t.Errorf("%s: %v, asked %d times", c.name, err, b.asked)
		}
		if c.is != ErrInsufficient && errors.Is(err, ErrInsufficient) {
			t.Errorf("%s: told to be too short: %v", c.name, err)
		}
	}
	if _, text := problem.Of(over(t, &bank{coins: 7}, &bank{}).AffordsVideo(t.Context(), "u")); text != "the balance is too short" {
		t.Errorf("the caller is told %q", text)
	}
}

// Coins live at one vendor: the other one's answer would be wrong.
func TestOnlyTheKeeperIsAsked(t *testing.T) {
	other := &bank{coins: 1000}
	s := over(t, &bank{err: &vendors.Error{Op: "wallet.balance", Outcome: vendors.NotSent}}, other)
	if _, err := s.Balance(t.Context(), "u"); err == nil || other.asked != 0 {
		t.Errorf("%v, the other was asked %d times", err, other.asked)
	}
	if got := s.Keeper(t.Context()); got != "keeper" {
		t.Errorf("the keeper is %q", got)
	}
	none, err := vendors.NewRouter(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := New(Prices{}, none).Keeper(t.Context()); got != "" {
		t.Errorf("without a route the keeper is %q", got)
	}
}

func TestAChangeIsMadeUnderTheAppsOwnRequestID(t *testing.T) {
	b := &bank{}
	change := Change{User: "u", Delta: -5, RequestID: "order-1", Reason: "gift"}
	got, err := over(t, b, &bank{}).Apply(t.Context(), "app", change)
	if err != nil || got != (Applied{"order-1"}) {
		t.Fatalf("%+v, %v", got, err)
	}
	if want := (vendors.Adjustment{RequestID: "app/order-1", User: "u", Delta: -5, Reason: "gift"}); len(b.adjusts) != 1 || b.adjusts[0] != want {
		t.Errorf("%+v", b.adjusts)
	}
}

func TestAChangeInDoubtIsSettledByRepeatingItWhereItWent(t *testing.T) {
	payload, err := json.Marshal(Change{User: "u", Delta: -5, RequestID: "order-1"})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		err     error
		outcome vendors.Outcome
		done    bool
	}{
		"applied": {nil, vendors.OK, true},
		"refused": {vendors.Refuse("other", vendors.OpAdjust, vendors.ErrInsufficient, ""), vendors.DefiniteNo, false},
		"down":    {&vendors.Error{Op: vendors.OpAdjust, Outcome: vendors.Ambiguous}, vendors.Ambiguous, false},
	} {
		keeper, other := &bank{}, &bank{err: c.err}
		data, err := over(t, keeper, other).Settle(t.Context(), "app", "other", time.Now(), payload, nil)
		if len(keeper.adjusts) != 0 || len(other.adjusts) != 1 || other.adjusts[0].RequestID != "app/order-1" {
			t.Errorf("%s: %+v at the keeper, %+v at the other", name, keeper.adjusts, other.adjusts)
		}
		if (data == Applied{"order-1"}) != c.done || (err == nil) != c.done || err != nil && vendors.OutcomeOf(err) != c.outcome {
			t.Errorf("%s: %+v, %v", name, data, err)
		}
	}
	if _, err := over(t, &bank{}, &bank{}).Settle(t.Context(), "app", "keeper", time.Now(), []byte("nonsense"), nil); err == nil {
		t.Error("what cannot be read is settled")
	}
}
