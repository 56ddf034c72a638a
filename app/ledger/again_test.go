package ledger

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"switchboard/vendors"
)

// askingLedger keeps ids for an hour, and its vendor answers by said.
func askingLedger(m *memory, said func() error) (l *Ledger, asked *int) {
	asked = new(int)
	l = newLedger(m, func(ctx context.Context, _, _ string, _ time.Time, _, _ []byte) (any, error) {
		*asked++
		vendors.JournalOf(ctx).Add(vendors.Step{Vendor: "acme", Outcome: vendors.OutcomeOf(said())})
		return "made", said()
	})
	l.cfg.AskAgain = time.Hour
	l.deps.Describe = func(err error) (int, string, any) {
		switch {
		case errors.Is(err, ErrLooking):
			return 504, "looking", nil
		case errors.Is(err, ErrGivenUp):
			return 599, "given up", nil
		case errors.Is(err, vendors.ErrInsufficient):
			return 1003, "short", nil
		}
		return 100 + int(vendors.OutcomeOf(err)), err.Error(), nil
	}
	return l, asked
}

var (
	errAway  = &vendors.Error{Op: vendors.OpAdjust, Outcome: vendors.NotSent}
	errShort = vendors.Refuse("acme", vendors.OpAdjust, vendors.ErrInsufficient, "")
	errNo    = vendors.Refuse("acme", vendors.OpAdjust, vendors.ErrNotFound, "")
)

func ambiguous(ctx context.Context) (any, error) { return attempted(ctx, vendors.Ambiguous) }

// What was given up is asked for once more by a repeat, as long as the vendor keeps
// ids. Who is looked into and who is given up for good are told different things.
func TestARepeatSettlesWhatWasGivenUp(t *testing.T) {
	for _, tc := range []struct {
		name  string
		after time.Duration // from the write to the repeat
		says  error         // the vendor to the repeat
		state State         // behind the repeat
		code  int
		asked int // by the repeat
		again bool
	}{
		{"while it is looked into", time.Minute, nil, Doubt, 504, 0, true},
		{"made", 20 * time.Minute, nil, Done, 0, 1, false},
		{"made, at the last moment", time.Hour - 2*time.Second, nil, Done, 0, 1, false},
		{"refused", 20 * time.Minute, errNo, Refused, 100 + int(vendors.DefiniteNo), 1, false},
		{"too few coins", 20 * time.Minute, errShort, Failed, 1003, 1, false},
		{"still away", 20 * time.Minute, errAway, Doubt, 504, 1, true},
		{"ids are gone", time.Hour + time.Minute, nil, Unknown, 599, 0, false},
		{"ids are long gone", 20 * 24 * time.Hour, nil, Unknown, 599, 0, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m, says := newMemory(), error(errAway)
				l, asked := askingLedger(m, func() error { return says })
				first, replayed, err := l.Do(t.Context(), write("k"), ambiguous)
				if err != nil || replayed || first.Again != quick.FirstCheck {
					t.Fatalf("%+v, %v, %v", first, replayed, err)
				}
				days(t, l, min(tc.after, 20*time.Minute))
				time.Sleep(max(0, tc.after-20*time.Minute))
				says = tc.says
				before := *asked
				got, replayed, err := l.Do(t.Context(), write("k"), nil)
				if e := m.only(t); err != nil || !replayed || e.State != tc.state || got.Code != tc.code || *asked-before != tc.asked || (got.Again > 0) != tc.again {
					t.Fatalf("%+v, %v, %v; then %s, asked %d times", got, replayed, err, e.State, *asked-before)
				}
				if tc.code == 0 && string(got.Data) != `"made"` {
					t.Errorf("told %s", got.Data)
				}
				if !tc.again {
					return
				}
				if _, _, err := l.Do(t.Context(), write("k"), nil); err != nil || *asked-before != tc.asked {
					t.Errorf("the next repeat at once: %v, asked %d times", err, *asked-before)
				}
				if tc.asked == 0 {
					return
				}
				days(t, l, got.Again+sweepEvery)
				says = nil
				if got, _, err := l.Do(t.Context(), write("k"), nil); err != nil || got.Code != 0 || m.only(t).State != Done {
					t.Errorf("after %v: %+v, %v, %s", got.Again, got, err, m.only(t).State)
				}
			})
		})
	}
}

// Where nobody can be asked, the first answer stands, however late the repeat.
func TestARepeatOfWhatNobodyKnowsGetsTheFirstAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		l := newLedger(m, nil)
		first, _, _ := l.Do(t.Context(), write("k"), ambiguous)
		for range 3 {
			got, replayed, err := l.Do(t.Context(), write("k"), nil)
			if err != nil || !replayed || got.Code != first.Code || got.Text != first.Text || string(got.Data) != string(first.Data) || got.Again != 0 {
				t.Fatalf("%+v, then %+v, %v", first, got, err)
			}
			days(t, l, quick.GiveUp)
		}
	})
}

// half is an error of a write of which some is done and some is in doubt.
type half struct{ error }

func (half) Outcome() vendors.Outcome { return vendors.OK }
func (h half) Unwrap() error          { return h.error }

// What is done in part has one answer until it is known what became of the rest: while
// that is looked into, and when it was given up.
func TestARepeatOfWhatIsPartlyInDoubtGetsTheFirstAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, says := newMemory(), error(errAway)
		l, _ := askingLedger(m, func() error { return says })
		first, _, err := l.Do(t.Context(), write("k"), func(ctx context.Context) (any, error) {
			rows, err := attempted(ctx, vendors.Ambiguous)
			return rows, half{err}
		})
		if err != nil || first.Again == 0 || m.only(t).State != Doubt {
			t.Fatalf("%+v, %v, %s", first, err, m.only(t).State)
		}
		for _, looking := range []bool{true, false} {
			got, replayed, err := l.Do(t.Context(), write("k"), nil)
			if err != nil || !replayed || got.Code != first.Code || got.Text != first.Text || string(got.Data) != string(first.Data) || (got.Again > 0) != looking {
				t.Errorf("looked into: %t: %+v, then %+v, %v", looking, first, got, err)
			}
			days(t, l, quick.GiveUp+2*lastCheck)
			time.Sleep(time.Hour)
		}
	})
}

func TestOfRepeatsAtOnceOneAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, says := newMemory(), error(errAway)
		l, asked := askingLedger(m, func() error { time.Sleep(time.Second); return says })
		_, _, _ = l.Do(t.Context(), write("k"), ambiguous)
		days(t, l, quick.GiveUp+2*lastCheck)
		says = nil
		before := *asked
		codes := map[int]int{}
		var mu sync.Mutex
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				got, _, err := l.Do(t.Context(), write("k"), nil)
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				codes[got.Code]++
			})
		}
		wg.Wait()
		if *asked-before != 1 || codes[0] != 1 || codes[504] != 19 {
			t.Errorf("asked %d times, told %v", *asked-before, codes)
		}
	})
}

func TestARepeatThatCannotBeRecordedIsInDoubt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, says := newMemory(), error(errAway)
		l, _ := askingLedger(m, func() error { return says })
		_, _, _ = l.Do(t.Context(), write("k"), ambiguous)
		days(t, l, quick.GiveUp+2*lastCheck)
		recipe := l.deps.Recipes[vendors.OpAdjust]
		l.deps.Recipes[vendors.OpAdjust] = func(ctx context.Context, app, account string, since time.Time, payload, told []byte) (any, error) {
			m.broken = errors.New("database gone")
			says = nil
			return recipe(ctx, app, account, since, payload, told)
		}
		if _, _, err := l.Do(t.Context(), write("k"), nil); vendors.OutcomeOf(err) != vendors.Ambiguous {
			t.Errorf("made and not written down: %v", err)
		}
		m.broken = nil
		l.deps.Recipes[vendors.OpAdjust] = recipe
		days(t, l, 2*lease)
		if got, _, err := l.Do(t.Context(), write("k"), nil); err != nil || got.Code != 0 {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

// LinkV takes the id of a refused change again once there are coins.
func TestTooFewCoinsUseUpNoKey(t *testing.T) {
	m := newMemory()
	l, _ := askingLedger(m, func() error { return nil })
	for _, tc := range []struct {
		says     error
		code     int
		replayed bool
	}{{errShort, 1003, false}, {errShort, 1003, false}, {nil, 0, false}, {errShort, 0, true}} {
		got, replayed, err := l.Do(t.Context(), write("k"), func(context.Context) (any, error) { return nil, tc.says })
		if err != nil || got.Code != tc.code || replayed != tc.replayed {
			t.Fatalf("%v: %+v, replayed %v, %v", tc.says, got, replayed, err)
		}
	}
}

func TestSpansOfTheLedgerAreChecked(t *testing.T) {
	for _, tc := range []struct {
		cfg  Config
		good bool
	}{
		{Config{time.Second, time.Minute, 24 * time.Hour}, true}, {Config{time.Second, time.Minute, 0}, true}, {Config{time.Second, time.Minute, keepFor}, true},
		{Config{0, time.Minute, 0}, false}, {Config{time.Second, 0, 0}, false}, {Config{time.Second, time.Minute, -1}, false}, {Config{time.Second, time.Minute, keepFor + 1}, false},
	} {
		if err := tc.cfg.Validate(); (err == nil) != tc.good {
			t.Errorf("%+v: %v", tc.cfg, err)
		}
	}
}
