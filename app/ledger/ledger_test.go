package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"switchboard/vendors"
)

// memory is a store in memory, with the versions and the times of a real one.
type memory struct {
	mu      sync.Mutex
	entries map[string]Entry
	due     map[string]time.Time
	broken  error
}

var quick = Config{FirstCheck: 2 * time.Second, GiveUp: 15 * time.Minute}

func newMemory() *memory { return &memory{entries: map[string]Entry{}, due: map[string]time.Time{}} }

func (m *memory) Insert(_ context.Context, e Entry, in time.Duration) (Entry, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, o := range m.entries {
		if o.App == e.App && o.Op == e.Op && o.Key == e.Key {
			return o, true, m.broken
		}
	}
	e.Created, e.Updated = time.Now(), time.Now()
	if m.entries[e.ID] = e; in > 0 {
		m.due[e.ID] = time.Now().Add(in)
	}
	return Entry{}, false, m.broken
}

func (m *memory) Save(_ context.Context, e Entry, in time.Duration) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.broken != nil || m.entries[e.ID].Version != e.Version {
		return false, m.broken
	}
	e.Version++
	e.Created, e.Updated = m.entries[e.ID].Created, time.Now()
	m.entries[e.ID] = e
	if delete(m.due, e.ID); in > 0 {
		m.due[e.ID] = time.Now().Add(in)
	}
	return true, nil
}

func (m *memory) Due(_ context.Context, limit int) (out []Entry, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for id, at := range m.due {
		if !m.entries[id].ended() && !time.Now().Before(at) && len(out) < limit {
			out = append(out, m.entries[id])
		}
	}
	return out, m.broken
}

func (m *memory) Add(_ context.Context, ended []Entry, keep time.Duration) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.broken != nil {
		return m.broken
	}
	for _, e := range ended {
		e.Updated = time.Now()
		m.entries[e.ID], m.due[e.ID] = e, time.Now().Add(keep)
	}
	return nil
}

func (m *memory) Prune(context.Context) (more bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for id, at := range m.due {
		if m.entries[id].ended() && !time.Now().Before(at) {
			delete(m.entries, id)
			delete(m.due, id)
			return true, m.broken
		}
	}
	return false, m.broken
}

func (m *memory) only(t testing.TB) Entry {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.entries) != 1 {
		t.Fatalf("%d entries", len(m.entries))
	}
	for _, e := range m.entries {
		return e
	}
	return Entry{}
}

func write(key string) Write {
	return Write{App: "app", Key: key, RequestID: "r", Op: vendors.OpAdjust, Vendor: "acme", Payload: "5 coins"}
}

// newLedger has a recipe for adjustments, or none.
func newLedger(m *memory, recipe Recipe) *Ledger {
	return New(quick, Deps{
		Store: m, Archive: m, Recipes: map[string]Recipe{vendors.OpAdjust: recipe}, Log: slog.New(slog.DiscardHandler),
		Describe: func(err error) (int, string, any) { return 100 + int(vendors.OutcomeOf(err)), err.Error(), nil },
	})
}

// answered is a write that ends as o, and tells so.
func answered(o vendors.Outcome) (any, error) {
	if o == vendors.OK {
		return o.String(), nil
	}
	return o.String(), &vendors.Error{Op: vendors.OpAdjust, Outcome: o, Sent: o == vendors.Ambiguous}
}

// attempted is what a vendor call leaves in the journal.
func attempted(ctx context.Context, o vendors.Outcome) (any, error) {
	vendors.JournalOf(ctx).Add(vendors.Step{Vendor: "acme", Outcome: o})
	return answered(o)
}

func TestRepeatedKeyGetsTheFirstAnswerUnlessNothingWasExecuted(t *testing.T) {
	for _, tc := range []struct {
		o        vendors.Outcome
		state    State
		replayed bool
	}{
		{vendors.OK, Done, true}, {vendors.DefiniteNo, Refused, true}, {vendors.Ambiguous, Doubt, true},
		{vendors.AuthFault, Failed, false}, {vendors.Throttled, Failed, false}, {vendors.NotSent, Failed, false},
		{vendors.DefiniteFail, Failed, false}, {vendors.Cancelled, Failed, false},
	} {
		t.Run(tc.o.String(), func(t *testing.T) {
			m := newMemory()
			l := newLedger(m, nil)
			calls := 0
			run := func(ctx context.Context) (any, error) { calls++; return attempted(ctx, tc.o) }
			first, replayed, err := l.Do(t.Context(), write("k"), run)
			if err != nil || replayed || first.Outcome != tc.o || m.only(t).State != tc.state {
				t.Fatalf("%+v, %v, %v, then %s", first, replayed, err, m.only(t).State)
			}
			second, replayed, err := l.Do(t.Context(), write("k"), run)
			if err != nil || replayed != tc.replayed || string(second.Data) != strconv.Quote(tc.o.String()) || second.Code != first.Code || second.Text != first.Text {
				t.Fatalf("again: %+v, replayed %v, %v", second, replayed, err)
			}
			if want := map[bool]int{true: 1, false: 2}[tc.replayed]; calls != want || len(m.only(t).Steps) != want {
				t.Fatalf("made %d times, %d steps told", calls, len(m.only(t).Steps))
			}
		})
	}
}

func TestKeyBelongsToOneRequestOfOneApp(t *testing.T) {
	m := newMemory()
	l := newLedger(m, nil)
	run := func(context.Context) (any, error) { return answered(vendors.OK) }
	if _, _, err := l.Do(t.Context(), write("k"), run); err != nil {
		t.Fatal(err)
	}
	other := write("k")
	other.Payload = "6 coins"
	if _, _, err := l.Do(t.Context(), other, run); !errors.Is(err, ErrKeyReused) {
		t.Fatalf("other content: %v", err)
	}
	other.App = "app2"
	if _, replayed, err := l.Do(t.Context(), other, run); err != nil || replayed {
		t.Fatalf("another app: %v, %v", replayed, err)
	}
	for range 2 {
		if _, replayed, err := l.Do(t.Context(), write(""), run); err != nil || replayed {
			t.Fatalf("no key: %v, %v", replayed, err)
		}
	}
	for _, key := range []string{strings.Repeat("k", maxKey+1), "\xff", "a\x00b"} { // PostgreSQL keeps none of these
		if _, _, err := l.Do(t.Context(), write(key), run); !errors.Is(err, ErrKey) {
			t.Fatalf("%.10q: %v", key, err)
		}
	}
}

func TestOfEqualRequestsAtOnceOneIsMade(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		l := newLedger(m, nil)
		made, busy := 0, 0
		var mu sync.Mutex
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				_, _, err := l.Do(t.Context(), write("k"), func(context.Context) (any, error) {
					time.Sleep(time.Second)
					made++
					return answered(vendors.OK)
				})
				mu.Lock()
				defer mu.Unlock()
				if errors.Is(err, ErrInProgress) {
					busy++
				}
			})
		}
		wg.Wait()
		if made != 1 || busy != 19 {
			t.Fatalf("%d made, %d told that it is under way", made, busy)
		}
	})
}

func TestOutcomeThatCannotBeWrittenDownIsUnknown(t *testing.T) {
	m := newMemory()
	l := newLedger(m, nil)
	_, _, err := l.Do(t.Context(), write("k"), func(context.Context) (any, error) {
		m.broken = errors.New("database gone")
		return answered(vendors.OK)
	})
	if vendors.OutcomeOf(err) != vendors.Ambiguous {
		t.Fatalf("executed and not written down: %v", err)
	}
	made := false
	if _, _, err := l.Do(t.Context(), write("other"), func(context.Context) (any, error) { made = true; return nil, nil }); err == nil || made {
		t.Fatalf("without a store nothing may be made: %v", err)
	}
}

// days makes the ledger's time pass, sweeping as Run does.
func days(t *testing.T, l *Ledger, d time.Duration) {
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(sweepEvery) {
		if err := l.sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDoubtEndsAsTheVendorSaysOrUnknownInTime(t *testing.T) {
	for _, tc := range []struct {
		name   string
		said   []vendors.Outcome // one for each check, the last again and again
		recipe bool
		died   bool // the process died while the write was open
		want   State
	}{
		{"executed", []vendors.Outcome{vendors.NotSent, vendors.Ambiguous, vendors.OK}, true, false, Done},
		{"not executed", []vendors.Outcome{vendors.DefiniteNo}, true, false, Refused},
		{"vendor down", []vendors.Outcome{vendors.NotSent}, true, false, Unknown},
		{"no recipe", nil, false, false, Unknown},
		{"died and executed", []vendors.Outcome{vendors.OK}, true, true, Done},
		{"died and no recipe", nil, false, true, Unknown},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newMemory()
				checks, began := 0, time.Now()
				recipe := func(ctx context.Context, app, account string, since time.Time, raw, _ []byte) (any, error) {
					var payload string
					if since.After(began) {
						t.Errorf("the write was made at %s, and the recipe is told it was not before %s", began, since)
					}
					if json.Unmarshal(raw, &payload) != nil || payload != "5 coins" || account != "acme" || app != "app" {
						t.Errorf("the recipe is given %s of %s at %s", raw, app, account)
					}
					o := tc.said[min(checks, len(tc.said)-1)]
					checks++
					return attempted(ctx, o)
				}
				if !tc.recipe {
					recipe = nil
				}
				l := newLedger(m, recipe)
				_, _, err := l.Do(t.Context(), write("k"), func(ctx context.Context) (any, error) {
					if tc.died {
						m.broken = errors.New("dead")
					}
					return attempted(ctx, vendors.Ambiguous)
				})
				if m.broken = nil; tc.died != (err != nil) {
					t.Fatal(err)
				}
				days(t, l, quick.GiveUp+2*lease+2*lastCheck)
				e := m.only(t)
				if kept := tc.want == Unknown && tc.recipe; e.State != tc.want || (e.Payload != nil) != kept {
					t.Fatalf("ends as %s after %d checks, with %s", e.State, checks, e.Payload)
				}
				before := checks
				a, replayed, err := l.Do(t.Context(), write("k"), nil)
				if err != nil || !replayed || checks != before {
					t.Fatalf("asked again: %+v, %v, %v", a, replayed, err)
				}
				if tc.want == Done && string(a.Data) != `"ok"` || tc.want == Unknown && a.Outcome != vendors.Ambiguous {
					t.Fatalf("asked again: %+v", a)
				}
			})
		})
	}
}

func TestReplicasDoNotAskAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		asking, most, asked := 0, 0, 0
		recipe := func(context.Context, string, string, time.Time, []byte, []byte) (any, error) {
			asking++
			asked++
			most = max(most, asking)
			time.Sleep(time.Second)
			asking--
			return answered(vendors.NotSent)
		}
		l := newLedger(m, recipe)
		_, _, _ = l.Do(t.Context(), write("k"), func(ctx context.Context) (any, error) { return attempted(ctx, vendors.Ambiguous) })
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() { days(t, l, quick.GiveUp) })
		}
		wg.Wait()
		if most != 1 || asked > 24 {
			t.Fatalf("%d asked at once, %d times in all", most, asked)
		}
	})
}

// A vendor that executes, drops, delays and lies low; a caller that repeats: no
// key is ever executed twice, and every entry ends.
func TestAtMostOneExecutionForEachKey(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		type turn struct {
			key       int
			executes  bool
			o         vendors.Outcome
			asked     vendors.Outcome // what the recipe finds out, from now on
			then      time.Duration
			storeDies bool
		}
		turns := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) turn {
			u := turn{key: rapid.IntRange(0, 3).Draw(rt, "key"), storeDies: rapid.IntRange(0, 9).Draw(rt, "store") == 0}
			u.o = rapid.SampledFrom(vendors.Outcomes()).Draw(rt, "outcome")
			switch u.o {
			case vendors.OK, vendors.Partial:
				u.executes = true
			case vendors.Ambiguous:
				u.executes = rapid.Bool().Draw(rt, "executes")
			}
			u.asked = rapid.SampledFrom([]vendors.Outcome{vendors.OK, vendors.NotSent, vendors.Ambiguous}).Draw(rt, "asked")
			u.then = time.Duration(rapid.IntRange(0, 90).Draw(rt, "seconds")) * time.Second
			return u
		}), 1, 30).Draw(rt, "turns")
		executed := map[string]int{}
		var left []State
		ended := map[string]State{}
		synctest.Test(t, func(t *testing.T) {
			m, asked := newMemory(), vendors.OK
			l := newLedger(m, func(ctx context.Context, _, _ string, _ time.Time, payload, _ []byte) (any, error) {
				var key string
				if err := json.Unmarshal(payload, &key); err != nil {
					t.Error(err)
				}
				if asked == vendors.OK {
					executed[key] = max(executed[key], 1) // the vendor de-duplicates a repeat
				}
				return attempted(ctx, asked)
			})
			l.cfg.GiveUp, l.cfg.AskAgain = time.Minute, 10*time.Minute
			for _, u := range turns {
				asked = u.asked
				key := fmt.Sprint(u.key)
				w := write(key)
				w.Payload = key
				_, _, _ = l.Do(t.Context(), w, func(ctx context.Context) (any, error) {
					if u.executes {
						executed[key]++
					}
					if u.storeDies {
						m.broken = errors.New("database gone")
					}
					return attempted(ctx, u.o)
				})
				m.broken = nil
				days(t, l, u.then)
			}
			days(t, l, quick.GiveUp+2*lease+2*lastCheck)
			for _, e := range m.entries {
				left = append(left, e.State)
				ended[e.Key] = e.State
			}
		})
		for key, state := range ended {
			if state == Done && executed[key] != 1 || (state == Failed || state == Refused) && executed[key] != 0 {
				rt.Fatalf("key %s is %s and was executed %d times", key, state, executed[key])
			}
		}
		for key, n := range executed {
			if n > 1 {
				rt.Fatalf("key %s was executed %d times", key, n)
			}
		}
		if slices.Contains(left, Open) || slices.Contains(left, Doubt) {
			rt.Fatalf("not ended: %v", left)
		}
	})
}

func TestRunSettlesAndForgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		l := newLedger(m, func(ctx context.Context, _, _ string, _ time.Time, _, _ []byte) (any, error) {
			return attempted(ctx, vendors.OK)
		})
		for i := range 5 {
			_, _, _ = l.Do(t.Context(), write(fmt.Sprint(i)), func(ctx context.Context) (any, error) { return attempted(ctx, vendors.OK) })
		}
		_, _, _ = l.Do(t.Context(), write("doubt"), func(ctx context.Context) (any, error) { return attempted(ctx, vendors.Ambiguous) })
		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		_ = l.Run(ctx)
		stop()
		for _, e := range m.entries {
			if e.State != Done {
				t.Fatalf("%s is %s after a minute", e.Key, e.State)
			}
		}
		time.Sleep(keepFor)
		ctx, stop = context.WithTimeout(t.Context(), 2*pruneEvery)
		_ = l.Run(ctx)
		stop()
		if len(m.entries) != 0 {
			t.Fatalf("%d entries are remembered after %v", len(m.entries), keepFor)
		}
	})
}

// spans is an archive that notes for how long it is to keep what.
type spans map[string]time.Duration

func (s spans) Add(_ context.Context, ended []Entry, keep time.Duration) error {
	for _, e := range ended {
		s[e.App] = keep
	}
	return nil
}

func TestEachAppsWritesAreRememberedForItsOwnDays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, archive := newMemory(), spans{}
		days := map[string]time.Duration{"short": 24 * time.Hour, "long": 90 * 24 * time.Hour}
		l := New(quick, Deps{Store: m, Archive: archive, Keep: func(app string) time.Duration { return days[app] }, Log: slog.New(slog.DiscardHandler),
			Describe: func(err error) (int, string, any) { return 0, "", nil }})
		ok := func(ctx context.Context) (any, error) { return attempted(ctx, vendors.OK) }
		for app := range days {
			w := write("k")
			w.App = app
			if _, _, err := l.Do(t.Context(), w, ok); err != nil {
				t.Fatal(err)
			}
			w.Key = ""
			if _, _, err := l.Do(t.Context(), w, ok); err != nil {
				t.Fatal(err)
			}
		}
		for id, e := range m.entries {
			if left := time.Until(m.due[id]); left != days[e.App] {
				t.Errorf("an entry of %s is forgotten after %v", e.App, left)
			}
		}
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		if err := l.Run(ctx); err != nil {
			t.Fatal(err)
		}
		if !maps.Equal(archive, days) {
			t.Errorf("archived for %v, want %v", archive, days)
		}
	})
}

func TestWriteWithoutAKeyIsWrittenDownAfterwards(t *testing.T) {
	for _, o := range vendors.Outcomes() {
		t.Run(o.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newMemory()
				l := newLedger(m, nil)
				m.broken = errors.New("database gone")
				ctx, stop := context.WithCancel(t.Context())
				done := make(chan struct{})
				go func() { defer close(done); _ = l.Run(ctx) }()
				a, replayed, err := l.Do(t.Context(), write(""), func(ctx context.Context) (any, error) { return attempted(ctx, o) })
				if o == vendors.Ambiguous {
					if vendors.OutcomeOf(err) != vendors.Ambiguous {
						t.Fatalf("a doubt that cannot be written down: %+v, %v", a, err)
					}
				} else if err != nil || replayed || a.Outcome != o {
					t.Fatalf("%+v, %v, %v", a, replayed, err)
				}
				time.Sleep(time.Second)
				m.mu.Lock()
				m.broken = nil
				m.mu.Unlock()
				if o == vendors.Ambiguous {
					_, _, _ = l.Do(t.Context(), write(""), func(ctx context.Context) (any, error) { return attempted(ctx, o) })
				}
				stop()
				<-done
				if o == vendors.Ambiguous {
					for id := range m.entries { // the first one was kept by the fake all the same
						if m.entries[id].State != Doubt || m.due[id].IsZero() {
							t.Fatalf("%+v is not looked into", m.entries[id])
						}
					}
					return
				}
				if e := m.only(t); e.State != stateOf(o, nil) || len(e.Steps) != 1 || e.Vendor != "acme" {
					t.Fatalf("%+v", e)
				}
			})
		})
	}
}

func TestFullArchiveMakesItsCallersWait(t *testing.T) {
	m := newMemory()
	l := newLedger(m, nil)
	for range archiveQueueSize + 3 {
		if _, _, err := l.Do(t.Context(), write(""), func(ctx context.Context) (any, error) { return attempted(ctx, vendors.OK) }); err != nil {
			t.Fatal(err)
		}
	}
	if len(m.entries) != 3 {
		t.Fatalf("%d written down by their callers", len(m.entries))
	}
	if err := l.flush(t.Context()); err != nil || len(m.entries) != archiveQueueSize+3 {
		t.Fatalf("%d written down, %v", len(m.entries), err)
	}
}

// A batch that may be there already is added again as it was: what came later
// would be taken for a part of it.
func TestArchiveRepeatsABatchAsItWas(t *testing.T) {
	m := newMemory()
	l := newLedger(m, nil)
	one := func() {
		_, _, _ = l.Do(t.Context(), write(""), func(ctx context.Context) (any, error) { return attempted(ctx, vendors.OK) })
	}
	one()
	m.broken = errors.New("the commit's answer was lost")
	if err := l.flush(t.Context()); err == nil {
		t.Fatal("no error")
	}
	one()
	m.broken = nil
	var sizes []int
	l.deps.Archive = archiveFunc(func(ended []Entry) { sizes = append(sizes, len(ended)) })
	if err := l.flush(t.Context()); err != nil || !slices.Equal(sizes, []int{1, 1}) {
		t.Fatalf("batches of %v, %v", sizes, err)
	}
}

type archiveFunc func([]Entry)

func (f archiveFunc) Add(_ context.Context, ended []Entry, _ time.Duration) error {
	f(ended)
	return nil
}

func TestVendorThatHangsHoldsUpNobodyElsesEntries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		var asked atomic.Int64
		l := newLedger(m, func(ctx context.Context, _, _ string, _ time.Time, _, _ []byte) (any, error) {
			if asked.Add(1) == 1 {
				<-ctx.Done() // until checkTime is over
			}
			return attempted(ctx, vendors.OK)
		})
		for i := range 20 {
			_, _, _ = l.Do(t.Context(), write(fmt.Sprint(i)), func(ctx context.Context) (any, error) { return attempted(ctx, vendors.Ambiguous) })
		}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); _ = l.Run(ctx) }()
		time.Sleep(checkTime / 2)
		_, _, _ = l.Do(t.Context(), write(""), func(ctx context.Context) (any, error) { return attempted(ctx, vendors.OK) })
		time.Sleep(2 * flushEvery)
		m.mu.Lock()
		ended := 0
		for _, e := range m.entries {
			if e.ended() {
				ended++
			}
		}
		m.mu.Unlock()
		if ended != 20 { // all in doubt but the one that hangs, and the one without a key
			t.Errorf("%d have ended", ended)
		}
		stop()
		<-done
	})
}

// sweep looks once into every entry whose time has come.
func (l *Ledger) sweep(ctx context.Context) error {
	claimed, err := l.claim(ctx, sweepLimit)
	for _, e := range claimed {
		err = errors.Join(err, l.check(ctx, e))
	}
	return err
}
