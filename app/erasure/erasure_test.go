package erasure

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// memory is a Store of one job.
type memory struct {
	Store
	mu    sync.Mutex // guards what follows
	job   Job
	due   time.Time
	saves int
	// dies, when set, is the save after which nothing is kept any more, as by a kill.
	dies int
}

func (m *memory) Claim(_ context.Context, lease time.Duration) (Job, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.job.State != Running || time.Now().Before(m.due) {
		return Job{}, false, nil
	}
	m.due = time.Now().Add(lease)
	j := m.job
	j.Counts = map[string]int{}
	for k, n := range m.job.Counts {
		j.Counts[k] = n
	}
	j.Vendors = slices.Clone(m.job.Vendors)
	return j, true, nil
}

func (m *memory) Save(_ context.Context, j Job, next time.Duration) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.saves++; m.dies > 0 && m.saves > m.dies {
		return errors.New("killed")
	}
	m.job, m.due = j, time.Now().Add(next)
	return nil
}

func (m *memory) now() Job {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.job
}

func newMemory() *memory {
	return &memory{job: Job{ID: "j", App: "a", User: "ann", Pseudonym: "erased1", State: Running, Counts: map[string]int{}, Began: time.Now()}}
}

// runs lets a service over the store work for d, in a bubble of synctest.
func runs(t *testing.T, m *memory, d time.Duration, parts ...Part) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	_ = New(Deps{Store: m, Parts: parts, Log: slog.New(slog.DiscardHandler)}).Run(ctx)
}

// step notes what it was called with and answers what it is told, the last answer again and
// again.
type step struct {
	called  []string
	answers []answer
}

type answer struct {
	next string
	n    int
	err  error
}

func (s *step) part(name string, log *[]string) Part {
	return Part{Name: name, Step: func(_ context.Context, who Subject, cursor string) (string, int, error) {
		s.called = append(s.called, cursor)
		*log = append(*log, name+"("+cursor+")")
		a := answer{}
		if len(s.answers) > 0 {
			a = s.answers[min(len(s.called), len(s.answers))-1]
		}
		return a.next, a.n, a.err
	}}
}

func TestPartsGoInOrderEachToItsEndAndTheUserIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, log := newMemory(), []string{}
		first, last := &step{answers: []answer{{"1", 5, nil}, {"2", 5, nil}, {"", 1, nil}}}, &step{}
		told := Part{Name: "vendors", Tell: func(context.Context, Subject) ([]Fate, error) {
			log = append(log, "vendors")
			return []Fate{{"acme", "account", "done", ""}}, nil
		}}
		runs(t, m, time.Minute, first.part("first", &log), told, last.part("last", &log))
		if got := strings.Join(log, " "); got != "first() first(1) first(2) vendors last()" {
			t.Errorf("made %s", got)
		}
		j := m.now()
		if j.State != Done || j.User != "" || j.Counts["first"] != 11 || len(j.Vendors) != 1 || j.Ended.IsZero() || j.Part != "" {
			t.Errorf("ended as %+v", j)
		}
	})
}

// Of a step that was made and not noted nobody knows: it is made again, by whoever has the
// job when its lease is over, and nothing before it is.
func TestAJobGoesOnFromTheLastStepThatWasNoted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, log := newMemory(), []string{}
		parts := func(first, second *step) []Part {
			return []Part{first.part("first", &log), second.part("second", &log)}
		}
		m.dies = 2 // first() and second() are noted, second(1) is not
		runs(t, m, time.Minute, parts(&step{}, &step{answers: []answer{{"1", 1, nil}, {"2", 1, nil}, {"", 1, nil}}})...)
		if j := m.now(); j.State != Running || j.Part != "second" || j.Cursor != "1" {
			t.Fatalf("noted %+v", j)
		}
		m.dies, log = 0, nil
		runs(t, m, lease-time.Minute-time.Second, parts(&step{}, &step{})...)
		if len(log) > 0 {
			t.Errorf("made %v while the lease of another process runs", log)
		}
		runs(t, m, time.Minute, parts(&step{}, &step{})...)
		if j := m.now(); j.State != Done || strings.Join(log, " ") != "second(1)" {
			t.Errorf("made %v, ended as %+v", log, j)
		}
	})
}

// What has to wait begins its part anew, what failed goes on where it was; neither lets a
// later part begin.
func TestAPartThatWaitsOrFailsIsTriedAgain(t *testing.T) {
	for name, c := range map[string]struct {
		err   error
		again string
		waits string
	}{
		"waits": {errors.Join(ErrLater, errors.New("a call runs")), "part()", "something has to end first"},
		"fails": {errors.New("no store"), "part(1)", "a part failed and is tried again"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m, log := newMemory(), []string{}
				part, last := &step{answers: []answer{{"1", 1, nil}, {"", 0, c.err}}}, &step{}
				runs(t, m, time.Hour, part.part("part", &log), last.part("last", &log))
				j := m.now()
				if j.State != Running || j.Part != "part" || j.Waits != c.waits || j.Tries < 10 || len(last.called) > 0 || log[2] != c.again {
					t.Errorf("made %v, stands at %+v", log[:3], j)
				}
				if most := int(time.Hour / time.Second); len(log) > most/5 {
					t.Errorf("%d tries in an hour", len(log))
				}
				part.answers = []answer{{"", 1, nil}}
				runs(t, m, 2*waitMost, part.part("part", &log), last.part("last", &log))
				if j = m.now(); j.State != Done || j.Waits != "" || j.Tries != 0 {
					t.Errorf("ended as %+v", j)
				}
			})
		})
	}
}

// Vendors who cannot be told are told again for a day; what was known last then stands.
func TestVendorsAreToldForADayAndWhatIsKnownStands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, log, last := newMemory(), []string{}, &step{}
		m.job.Vendors = []Fate{{"acme", "profile", "done", ""}}
		doubt := Fate{"acme", "account", "doubt", "nobody knows"}
		told := Part{Name: "accounts", Tell: func(context.Context, Subject) ([]Fate, error) {
			return []Fate{doubt, {"other", "account", "done", ""}}, errors.New("acme is away")
		}}
		runs(t, m, tellFor-time.Minute, told, last.part("last", &log))
		j := m.now()
		if j.State != Running || j.Part != "accounts" || len(j.Vendors) != 3 || !slices.Contains(j.Vendors, doubt) || len(log) > 0 {
			t.Errorf("before the day is over: %+v", j)
		}
		runs(t, m, 5*time.Minute, told, last.part("last", &log))
		if j = m.now(); j.State != Done || len(j.Vendors) != 3 || !slices.Contains(j.Vendors, doubt) || len(log) != 1 {
			t.Errorf("after a day: %+v", j)
		}
	})
}
