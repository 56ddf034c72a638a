package retention

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// oneLease is a lease in memory.
type oneLease struct {
	mu    sync.Mutex // guards the rest
	node  string
	until time.Time
	ended time.Time
	fails error
}

func (l *oneLease) Hold(_ context.Context, node string, d time.Duration) (bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fails != nil || l.node != node && time.Now().Before(l.until) {
		return false, l.fails
	}
	l.node, l.until = node, time.Now().Add(d)
	return true, nil
}

func (l *oneLease) Ended(_ context.Context, node string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.node == node {
		l.node, l.until, l.ended = "", time.Time{}, time.Now()
	}
	return nil
}

func (l *oneLease) Last(context.Context) (time.Time, error) { return l.ended, nil }
func (l *oneLease) Now(context.Context) (time.Time, error)  { return time.Now(), nil }

// pile is rows of apps, by age.
type pile struct {
	mu    sync.Mutex // guards the rest
	rows  map[string][]time.Time
	takes time.Duration // of a step
	steps int
	most  int
	fails error
}

func (p *pile) part(name string) Part {
	return Part{Name: name, Sweep: func(_ context.Context, app string, before time.Time, limit int) (int, error) {
		time.Sleep(p.takes)
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.steps++; p.fails != nil {
			return 0, p.fails
		}
		n := 0
		for n < limit && len(p.rows[app]) > 0 && p.rows[app][0].Before(before) {
			p.rows[app] = p.rows[app][1:]
			n++
		}
		p.most = max(p.most, n)
		return n, nil
	}, Oldest: func(_ context.Context, app string) (t time.Time, err error) {
		p.mu.Lock()
		defer p.mu.Unlock()
		if len(p.rows[app]) > 0 {
			t = p.rows[app][0]
		}
		return t, nil
	}}
}

func aged(n int, each time.Duration) (rows []time.Time) {
	for i := range n {
		rows = append(rows, time.Now().Add(-time.Duration(n-i)*each))
	}
	return rows
}

func sweeper(l Lease, node string, days map[string]Days, parts ...Part) *Sweeper {
	return New(time.Minute, Deps{Lease: l, Parts: parts, Apps: []string{"a", "b"}, Node: node, Log: slog.New(slog.DiscardHandler),
		Days: func(app string) Days { return DaysOf(Days{Messages: 0, Pairing: 0}, days[app]) }})
}

func TestEachAppsDataIsSweptByItsOwnDaysInSmallSteps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hour := time.Hour
		talk := &pile{takes: 10 * time.Millisecond, rows: map[string][]time.Time{"a": aged(2400, hour), "b": aged(2400, hour)}}
		pairs := &pile{rows: map[string][]time.Time{"a": aged(100, hour)}}
		s := sweeper(&oneLease{}, "n", map[string]Days{"a": {Messages: 10}}, talk.part(Messages), pairs.part(Pairing))
		began := time.Now()
		s.Sweep(t.Context())
		if len(talk.rows["a"]) != 240 || len(talk.rows["b"]) != 2400 || len(pairs.rows["a"]) != 100 {
			t.Errorf("left: %d, %d, %d", len(talk.rows["a"]), len(talk.rows["b"]), len(pairs.rows["a"]))
		}
		if talk.most != stepRows {
			t.Errorf("%d rows in a step", talk.most)
		}
		// It works a tenth of the time at most.
		if busy := time.Duration(talk.steps) * talk.takes; time.Since(began) < 9*(busy-talk.takes) {
			t.Errorf("busy for %v of %v", busy, time.Since(began))
		}
		seen, ended := s.Seen()
		if len(seen) != 4 || ended.IsZero() {
			t.Errorf("seen %+v", seen)
		}
		for _, st := range seen {
			if st.Behind > hour || st.Days == 0 && st.Behind != 0 {
				t.Errorf("behind: %+v", st)
			}
		}
	})
}

func TestOneReplicaSweepsAndAnotherFollowsOneThatDied(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lease, p := &oneLease{}, &pile{takes: time.Millisecond, rows: map[string][]time.Time{"a": aged(5000, time.Hour)}}
		days := map[string]Days{"a": {Messages: 2}}
		ctx, die := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); sweeper(lease, "first", days, p.part(Messages)).Sweep(ctx) }()
		time.Sleep(120 * time.Millisecond)
		synctest.Wait()
		steps := p.steps
		sweeper(lease, "second", days, p.part(Messages)).Sweep(t.Context()) // somebody else is at it
		if steps == 0 || p.steps != steps {
			t.Fatalf("%d steps, then %d", steps, p.steps)
		}
		die()
		<-done
		if left := len(p.rows["a"]); left < 1000 {
			t.Fatalf("%d rows are left after it died", left)
		}
		time.Sleep(leaseTime + time.Second)
		sweeper(lease, "second", days, p.part(Messages)).Sweep(t.Context())
		if left := len(p.rows["a"]); left != 47 { // the 48th grew too old meanwhile
			t.Errorf("%d rows are left", left)
		}
		if last, _ := lease.Last(t.Context()); last.IsZero() {
			t.Error("nobody was through")
		}
	})
}

func TestAPartThatFailsLeavesTheOthersAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bad, good := &pile{fails: errors.New("no")}, &pile{rows: map[string][]time.Time{"a": aged(100, time.Hour)}}
		s := sweeper(&oneLease{}, "n", map[string]Days{"a": {Messages: 2, Pairing: 2}}, bad.part(Messages), good.part(Pairing))
		s.Sweep(t.Context())
		if bad.steps != 1 || len(good.rows["a"]) != 48 {
			t.Errorf("%d tries, %d left", bad.steps, len(good.rows["a"]))
		}
		down := &oneLease{fails: errors.New("down")}
		sweeper(down, "n", map[string]Days{"a": {Messages: 2}}, bad.part(Messages)).Sweep(t.Context())
		if bad.steps != 1 {
			t.Error("swept without a lease")
		}
	})
}

func TestDaysOutOfRangeAreNamed(t *testing.T) {
	for want, d := range map[string]Days{
		"":                  {Messages: 0, Uploads: 1, Pairing: 3650, Ledger: 1},
		"messages: must be": {Messages: 1},
		"uploads: must be":  {Uploads: -1},
		"pairing: must be":  {Pairing: 3651},
		"ledger: must be":   {Ledger: 0},
		"calls: one of":     {"calls": 3},
	} {
		if err := d.Check(); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %q", d, err, want)
		}
	}
	if err := (Config{Ledger: 30, Every: time.Minute}).Validate(); err != nil {
		t.Error(err)
	}
	err := Config{Messages: 1, Uploads: -1, Ledger: 0}.Validate()
	for _, name := range []string{"MESSAGES: must", "UPLOADS: must", "LEDGER: must", "EVERY: must"} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%v does not name %s", err, name)
		}
	}
}
