package vendors

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

// wallet makes an account with a wallet; nothing here ever calls it.
type wallet struct{ Wallet }

func acct(name string) *Vendor { return &Vendor{Name: name, Wallet: wallet{}} }

func routed(t testing.TB, route Route, all ...*Vendor) *Router {
	t.Helper()
	r, err := NewRouter(all, nil)
	if err == nil && route.Candidates != nil {
		err = r.Apply(map[Capability]Route{CapWallet: route})
	}
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func listed(names ...string) (out []Candidate) {
	for _, n := range names {
		out = append(out, Candidate{Vendor: n})
	}
	return out
}

// ask calls the wallet route; each vendor ends as ends says, nil for OK.
func ask(ctx context.Context, r *Router, q Request, ends func(v *Vendor) error) (asked []string, err error) {
	q.Capability = CapWallet
	_, err = Via(ctx, r, q, func(_ context.Context, v *Vendor) (int, error) {
		asked = append(asked, v.Name)
		return 0, ends(v)
	})
	return asked, err
}

// memory is a Memory without a bound.
type memory struct{ sync.Map }

func (m *memory) Get(key string) (string, bool) {
	v, ok := m.Load(key)
	name, _ := v.(string)
	return name, ok
}

func (m *memory) Set(key, account string) { m.Store(key, account) }

func served(*Vendor) error { return nil }

func TestOnlyWhatTheOutcomeAllowsGoesToAnotherVendor(t *testing.T) {
	for _, tc := range []struct {
		o                 Outcome
		read, write, auth bool // auth: a route with AuthFailover
	}{
		{OK, false, false, false}, {DefiniteNo, false, false, false}, {AuthFault, false, false, true}, {Throttled, true, true, true},
		{NotSent, true, true, true}, {DefiniteFail, true, true, true}, {Ambiguous, true, false, false}, {Cancelled, false, false, false},
	} {
		for _, row := range []struct {
			name string
			e    Effect
			auth bool
			want bool
		}{{"read", Read, false, tc.read}, {"write", Write, false, tc.write}, {"write with auth failover", Write, true, tc.auth}} {
			t.Run(tc.o.String()+" "+row.name, func(t *testing.T) {
				r := routed(t, Route{Candidates: listed("a", "b"), AuthFailover: row.auth}, acct("a"), acct("b"))
				asked, err := ask(t.Context(), r, Request{Effect: row.e}, func(v *Vendor) error {
					if v.Name == "b" || tc.o == OK {
						return nil
					}
					return &Error{Outcome: tc.o, Sent: tc.o == DefiniteNo} // the vendor's own word
				})
				if got := len(asked) == 2; got != row.want {
					t.Fatalf("asked %v", asked)
				}
				if want := tc.o; !row.want && OutcomeOf(err) != want || row.want && err != nil {
					t.Fatalf("ends as %v", err)
				}
			})
		}
	}
}

func TestWriteIsNeverServedByTwo(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		all := []*Vendor{acct("a"), acct("b"), acct("c")}
		mode := rapid.SampledFrom([]RouteMode{Ordered, Weighted, ByUser}).Draw(rt, "mode")
		r := routed(t, Route{
			Candidates: []Candidate{{"a", 3}, {"b", 2}, {"c", 1}}, Mode: mode,
			LeastBad: rapid.Bool().Draw(rt, "least bad"), AuthFailover: rapid.Bool().Draw(rt, "auth"),
		}, all...)
		ends := map[string]error{}
		may := 0 // vendors that may have executed
		for _, v := range all {
			o := rapid.SampledFrom(Outcomes()).Draw(rt, v.Name)
			if o != OK {
				ends[v.Name] = &Error{Outcome: o}
				if o == NotSent && rapid.Bool().Draw(rt, "open") {
					ends[v.Name] = &Error{Outcome: o, Err: ErrBreakerOpen}
				}
				if o == Partial { // whatever ended it
					cause := rapid.SampledFrom([]error{ErrBreakerOpen, ErrUnsupported, ErrThrottled}).Draw(rt, "cause")
					rows := append(MembersFailed([]string{"a"}, &Error{Outcome: NotSent, Err: cause}), MemberResult{User: "b", State: MemberAccepted})
					ends[v.Name] = NewPartialError(v.Name, OpGroup, rows, &Error{Outcome: NotSent, Err: cause})
				}
			}
		}
		q := Request{Effect: Write, User: rapid.String().Draw(rt, "user"), Sticky: rapid.String().Draw(rt, "conversation")}
		r.Sticky = &memory{}
		asked, _ := ask(t.Context(), r, q, func(v *Vendor) error {
			if o := OutcomeOf(ends[v.Name]); o == OK || o == Ambiguous || o == Cancelled || o == Partial {
				may++
			}
			return ends[v.Name]
		})
		if may > 1 {
			rt.Fatalf("asked %v, and %d of them may have executed it", asked, may)
		}
	})
}

func TestWeightedRouteSharesByWeight(t *testing.T) {
	r := routed(t, Route{Candidates: []Candidate{{"a", 3}, {"b", 1}, {"spare", 0}}, Mode: Weighted}, acct("a"), acct("b"), acct("spare"))
	n := map[string]int{}
	for range 8000 {
		asked, _ := ask(t.Context(), r, Request{Effect: Write}, served)
		n[asked[0]]++
	}
	if n["a"] < 5700 || n["a"] > 6300 || n["spare"] != 0 {
		t.Fatalf("of 8000 at 3 to 1: %v", n)
	}
	asked, _ := ask(t.Context(), r, Request{Effect: Write}, func(*Vendor) error { return &Error{Outcome: NotSent} })
	if asked[2] != "spare" {
		t.Fatalf("weight 0 is the last resort: %v", asked)
	}
}

func TestUsersKeepTheirVendorWhenAnotherLeaves(t *testing.T) {
	all := []*Vendor{acct("a"), acct("b"), acct("c")}
	r := routed(t, Route{Candidates: []Candidate{{"a", 1}, {"b", 1}, {"c", 2}}, Mode: ByUser}, all...)
	home := map[string]string{}
	n := map[string]int{}
	for i := range 4000 {
		user := fmt.Sprint("user", i)
		asked, _ := ask(t.Context(), r, Request{Effect: Write, User: user}, served)
		again, _ := ask(t.Context(), r, Request{Effect: Write, User: user}, served)
		if asked[0] != again[0] {
			t.Fatalf("%s goes to %s, then to %s", user, asked[0], again[0])
		}
		home[user] = asked[0]
		n[asked[0]]++
	}
	if n["a"] < 850 || n["a"] > 1150 || n["c"] < 1850 || n["c"] > 2150 {
		t.Fatalf("of 4000 at 1:1:2: %v", n)
	}
	if err := r.Apply(map[Capability]Route{CapWallet: {Candidates: []Candidate{{"a", 1}, {"c", 2}}, Mode: ByUser}}); err != nil {
		t.Fatal(err)
	}
	for user, was := range home {
		if asked, _ := ask(t.Context(), r, Request{Effect: Write, User: user}, served); was != "b" && asked[0] != was {
			t.Fatalf("b left, and %s moved from %s to %s", user, was, asked[0])
		}
	}
}

func TestConversationStaysWithTheVendorThatServedIt(t *testing.T) {
	r := routed(t, Route{}, acct("a"), acct("b"))
	r.Sticky = &memory{}
	down := func(v *Vendor) error {
		if v.Name == "a" {
			return &Error{Outcome: NotSent}
		}
		return nil
	}
	talk := Request{Effect: Write, Sticky: "talk"}
	if asked, _ := ask(t.Context(), r, talk, down); !slices.Equal(asked, []string{"a", "b"}) {
		t.Fatalf("asked %v", asked)
	}
	if asked, _ := ask(t.Context(), r, talk, served); asked[0] != "b" {
		t.Fatalf("a is back, and the conversation moved to %s", asked[0])
	}
	if asked, _ := ask(t.Context(), r, Request{Effect: Write, Sticky: "other"}, served); asked[0] != "a" {
		t.Fatalf("another conversation begins at %s", asked[0])
	}
	_ = r.Apply(map[Capability]Route{CapWallet: {Candidates: listed("a")}})
	if asked, _ := ask(t.Context(), r, talk, served); asked[0] != "a" {
		t.Fatalf("the route does not list b any more, and %s was asked", asked[0])
	}
}

func TestPinAllowsOneAccountAlone(t *testing.T) {
	r := routed(t, Route{Candidates: listed("a")}, acct("a"), acct("b"), &Vendor{Name: "mute"})
	asked, err := ask(t.Context(), r, Request{Account: "b"}, func(*Vendor) error { return &Error{Outcome: NotSent} })
	if !slices.Equal(asked, []string{"b"}) || OutcomeOf(err) != NotSent {
		t.Fatalf("asked %v: %v", asked, err)
	}
	for _, name := range []string{"gone", "mute"} {
		if _, err := ask(t.Context(), r, Request{Account: name}, served); !errors.Is(err, ErrNoVendor) {
			t.Fatalf("an account that is %s: %v", name, err)
		}
	}
}

func TestNothingHealthyFailsFastOrTriesTheLeastBad(t *testing.T) {
	for _, leastBad := range []bool{false, true} {
		r := routed(t, Route{Candidates: listed("shut", "a", "b"), LeastBad: leastBad}, acct("shut"), acct("a"), acct("b"))
		var forced []string
		_, err := Via(t.Context(), r, Request{Capability: CapWallet, Effect: Write}, func(ctx context.Context, v *Vendor) (int, error) {
			if v.Name == "shut" || !Forced(ctx) {
				return 0, &Error{Outcome: NotSent, Err: ErrBreakerOpen}
			}
			forced = append(forced, v.Name)
			return 0, nil
		})
		if leastBad != (err == nil) || leastBad != slices.Equal(forced, []string{"a"}) {
			t.Fatalf("least bad %v: %v, forced %v", leastBad, err, forced)
		}
	}
}

func TestBothLiveKeysServeWhileAVendorChangesOver(t *testing.T) {
	r := routed(t, Route{}, acct("a"), acct("b"))
	fresh, old := acct("a"), acct("a")
	if err := r.Replace("a", fresh, old); err != nil {
		t.Fatal(err)
	}
	var used []*Vendor
	_, err := Via(t.Context(), r, Request{Capability: CapWallet, Effect: Write}, func(_ context.Context, v *Vendor) (int, error) {
		if used = append(used, v); v == fresh {
			return 0, &Error{Outcome: AuthFault}
		}
		return 0, nil
	})
	if err != nil || !slices.Equal(used, []*Vendor{fresh, old}) {
		t.Fatalf("%v: the old key should serve until the new one does", err)
	}
	if !slices.Equal(r.Live("a"), []*Vendor{fresh, old}) || r.All()[0] != fresh {
		t.Fatal("the account does not list its keys")
	}
	if err := r.Replace("c:sg", acct("c:sg")); err != nil || len(r.All()) != 3 {
		t.Fatalf("a new account: %v", err)
	}
	if r.Replace("a") == nil {
		t.Fatal("an account without a key was taken")
	}
}

func TestRoutesThatCannotBeAreRefusedWhole(t *testing.T) {
	r := routed(t, Route{Candidates: listed("b", "a")}, acct("a"), acct("b"), &Vendor{Name: "mute"})
	before := fmt.Sprint(r.Routes())
	for _, bad := range []Route{
		{Candidates: listed("nobody")}, {Candidates: listed("mute")}, {Candidates: listed("a", "a")}, {Mode: "random"},
		{Candidates: listed("a"), Mode: Weighted}, {Candidates: []Candidate{{"a", -1}}}, {Candidates: []Candidate{{"a", maxWeight + 1}}},
	} {
		if err := r.Apply(map[Capability]Route{CapWallet: bad}); err == nil || fmt.Sprint(r.Routes()) != before {
			t.Errorf("%+v was taken: %v", bad, err)
		}
	}
	if _, err := NewRouter([]*Vendor{acct("a"), acct("a")}, nil); err == nil {
		t.Error("one account was configured twice")
	}
}

func TestParseRoute(t *testing.T) {
	for in, want := range map[string]string{
		"a":                                  "{[{a 0}]  false false}",
		" a , b:sg ":                         "{[{a 0} {b:sg 0}]  false false}",
		"weighted/a=3,b:sg=1":                "{[{a 3} {b:sg 1}] weighted false false}",
		"hash/a=1":                           "{[{a 1}] hash false false}",
		"a;least_bad":                        "{[{a 0}]  true false}",
		"hash/a=1; auth_failover ;least_bad": "{[{a 1}] hash true true}",
		"a;least_worst":                      "", "random/a": "", "a=x": "", "weighted/a": "", "a,a": "",
	} {
		got, err := ParseRoute(in)
		if (err != nil) != (want == "") || err == nil && fmt.Sprint(got) != want {
			t.Errorf("%q: %v, %v", in, got, err)
		}
	}
}

func TestJournalTellsWhoWasAskedAndWhoWasNotAndWhy(t *testing.T) {
	r := routed(t, Route{}, acct("a"), acct("b"), acct("c"))
	j := &Journal{}
	_, _ = ask(WithJournal(t.Context(), j), r, Request{Effect: Write}, func(v *Vendor) error {
		if v.Name == "a" {
			return Refuse("a", OpAdjust, nil, "too much") // before anything is sent
		}
		return &Error{Vendor: "b", Op: OpAdjust, Outcome: DefiniteNo, Sent: true}
	})
	steps := j.Steps()
	if len(steps) != 4 || steps[0].Note != "candidates, ordered: a, b, c" || steps[1].Vendor != "a" || !steps[1].Skipped ||
		steps[3].Vendor != "c" || steps[3].Note != "not tried: definite_no is not to be repeated elsewhere" {
		t.Fatalf("%+v", steps)
	}
	for range 2 * maxSteps {
		j.Add(Step{})
	}
	if len(j.Steps()) != maxSteps {
		t.Fatalf("a journal of %d steps", len(j.Steps()))
	}
}

func TestSwitchingWhileCallsRun(t *testing.T) {
	r := routed(t, Route{}, acct("a"), acct("b"))
	r.Sticky = &memory{}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for n := range 200 {
				switch {
				case i == 0:
					_ = r.Set(map[Capability][]string{CapWallet: {[]string{"a", "b"}[n%2]}})
				case i == 1:
					_ = r.Replace("a", acct("a"))
				default:
					if asked, err := ask(t.Context(), r, Request{Effect: Write, Sticky: fmt.Sprint(n)}, served); err != nil || len(asked) != 1 {
						t.Errorf("%v, %v", asked, err)
					}
				}
			}
		})
	}
	wg.Wait()
}
