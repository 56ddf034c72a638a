package credentials

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/time/rate"

	"switchboard/vendors"
	"switchboard/vendors/upstream"
)

// issuer is a vendor's tokens, behind a shaper as package upstream has it.
type issuer struct {
	pace  *rate.Limiter
	takes time.Duration
	life  time.Duration // of a token; 0: it is not told
	fails error

	mu     sync.Mutex // guards issued
	issued map[string]int
}

func (i *issuer) Issue(ctx context.Context, u vendors.User) (vendors.Credential, error) {
	turn := i.pace.Reserve()
	wait := turn.Delay()
	if end, bounded := ctx.Deadline(); wait > time.Second || bounded && wait+i.takes >= time.Until(end) {
		turn.Cancel()
		return vendors.Credential{}, &vendors.Error{Outcome: vendors.Throttled, RetryAfter: max(wait, time.Millisecond), Err: vendors.ErrThrottled}
	}
	time.Sleep(wait + i.takes)
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.fails != nil {
		return vendors.Credential{}, i.fails
	}
	i.issued[u.ID]++
	c := vendors.Credential{Token: fmt.Sprintf("%s-%d", u.ID, i.issued[u.ID])}
	if i.life > 0 {
		c.ExpiresAt = time.Now().Add(i.life)
	}
	return c, nil
}

func (i *issuer) asked() (sum, most int) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, n := range i.issued {
		sum, most = sum+n, max(most, n)
	}
	return sum, most
}

func newIssuer(perSecond float64) *issuer {
	return &issuer{pace: rate.NewLimiter(rate.Limit(perSecond), int(perSecond/5)), takes: 30 * time.Millisecond, issued: map[string]int{}}
}

// replica makes a service over the issuers of the accounts a, b, and so on.
func replica(t testing.TB, publish func(News), issuers ...*issuer) *Service {
	t.Helper()
	var all []*vendors.Vendor
	for i, tokens := range issuers {
		all = append(all, &vendors.Vendor{Name: string(rune('a' + i)), Tokens: tokens, Limits: vendors.Limits{vendors.OpTokenIssue: {Calls: 200, Per: time.Second}}})
	}
	routes, err := vendors.NewRouter(all, nil)
	if err != nil {
		t.Fatal(err)
	}
	cfg := Config{Life: time.Hour, Size: 50_000}
	kept := upstream.NewCache[Issued]("tokens", vendors.OpTokenIssue, cfg.Life, cfg.Size)
	kept.Life = cfg.Good
	return New(Deps{Routes: routes, Get: kept.Get, Forget: kept.Forget, Publish: publish, Wait: 8 * time.Second})
}

// storm has users come within a minute, each on two devices at once, and again so many
// times each. Everybody gets the one credential that was issued for them; it returns how
// many answers were to come back, which they do.
func storm(t testing.TB, s *Service, users, repeats int) (later int64) {
	t.Helper()
	var wg sync.WaitGroup
	var sent atomic.Int64
	for i := range users {
		come := rand.N(time.Minute)
		for device := range 2 {
			wg.Go(func() {
				time.Sleep(come)
				u := vendors.User{ID: fmt.Sprint(i)}
				for left := 1 + repeats*device; left > 0 && !t.Failed(); {
					got, err := s.Issue(t.Context(), "app", u)
					var e *vendors.Error
					switch {
					case errors.As(err, &e) && e.Outcome == vendors.Throttled:
						sent.Add(1)
						time.Sleep(e.RetryAfter)
					case err != nil || got.Token != u.ID+"-1":
						t.Errorf("%d: %+v, %v", i, got, err)
					default:
						left--
					}
				}
			})
		}
	}
	wg.Wait()
	return sent.Load()
}

const stormUsers = 10_000

// A login storm: everybody comes within a minute, and again and again, and the vendor
// issues 200 a second. BenchmarkLoginStorm has more repeats.
func TestALoginStormAsksTheVendorOnceForEachUserAtItsOwnPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		vendor := newIssuer(200)
		later := storm(t, replica(t, nil, vendor), stormUsers, 20)
		if sum, most := vendor.asked(); sum != stormUsers || most != 1 || later != 0 {
			t.Errorf("the vendor issued %d, at most %d for one user; %d were sent away", sum, most, later)
		}
	})
}

// BenchmarkLoginStorm is the storm in real time with 1,000 repeats for each user. It
// fails unless the vendor issued one token for each.
func BenchmarkLoginStorm(b *testing.B) {
	const repeats = 1_000
	for b.Loop() {
		vendor, start := newIssuer(200), time.Now()
		later := storm(b, replica(b, nil, vendor), stormUsers, repeats)
		sum, most := vendor.asked()
		if sum != stormUsers || most != 1 {
			b.Errorf("the vendor issued %d, at most %d for one user", sum, most)
		}
		b.ReportMetric(float64(sum), "issued")
		b.ReportMetric(stormUsers*(2+repeats), "requests")
		b.ReportMetric(float64(later), "sent-away")
		b.ReportMetric(time.Since(start).Seconds(), "s")
	}
}

// More at once than the vendor can serve in the time of a request are told when to come
// back, and are served when they do; nobody is asked for twice.
func TestWhoeverThereIsNoTimeForIsToldWhenToComeBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const users = 2_500
		vendor := newIssuer(200)
		s := replica(t, nil, vendor)
		var wg sync.WaitGroup
		var mu sync.Mutex
		later := 0
		for i := range users {
			wg.Go(func() {
				for {
					_, err := s.Issue(t.Context(), "app", vendors.User{ID: fmt.Sprint(i)})
					if err == nil {
						return
					}
					var e *vendors.Error
					if !errors.As(err, &e) || e.Outcome != vendors.Throttled || e.RetryAfter <= 0 {
						t.Errorf("%d: %v", i, err)
						return
					}
					mu.Lock()
					later++
					mu.Unlock()
					time.Sleep(e.RetryAfter)
				}
			})
		}
		wg.Wait()
		if sum, most := vendor.asked(); sum != users || most != 1 || later == 0 {
			t.Errorf("the vendor issued %d, at most %d for one user; %d were sent away", sum, most, later)
		}
	})
}

func TestWhatIsVoidIsNotGivenAgainHereNorAtTheOtherReplica(t *testing.T) {
	ann, bob := vendors.User{ID: "ann"}, vendors.User{ID: "bob"}
	for name, c := range map[string]struct {
		void     func(*Service)
		ann, bob string // what both replicas give afterwards
	}{
		"a user":             {func(s *Service) { s.VoidUser("app", "ann") }, "ann-2", "bob-1"},
		"the same of an app": {func(s *Service) { s.VoidUser("other", "ann") }, "ann-1", "bob-1"},
		"an account":         {func(s *Service) { s.VoidAccount("a") }, "ann-2", "bob-2"},
		"another account":    {func(s *Service) { s.VoidAccount("b") }, "ann-1", "bob-1"},
		"everything":         {func(s *Service) { s.tell(News{}) }, "ann-2", "bob-2"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				vendor, second := newIssuer(200), newIssuer(200)
				var there *Service
				here := replica(t, func(n News) { there.Apply(n) }, vendor, second)
				there = replica(t, nil, vendor, second)
				give := func(s *Service, u vendors.User) string {
					t.Helper()
					got, err := s.Issue(t.Context(), "app", u)
					if err != nil {
						t.Fatal(err)
					}
					return got.Token
				}
				for _, s := range []*Service{here, there} {
					for _, u := range []vendors.User{ann, bob} {
						give(s, u)
					}
				}
				// Each replica keeps its own: what the other one gives is not the same token.
				first := map[*Service][2]string{here: {give(here, ann), give(here, bob)}, there: {give(there, ann), give(there, bob)}}
				c.void(here)
				for s, had := range first {
					for i, u := range []vendors.User{ann, bob} {
						fresh := give(s, u) != had[i]
						if want := []string{c.ann, c.bob}[i] == u.ID+"-2"; fresh != want {
							t.Errorf("%s: given anew %v, want %v", u.ID, fresh, want)
						}
					}
				}
			})
		})
	}
}

func TestACredentialIsGivenAgainAsLongAsItIsGoodForItsUser(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		vendor := newIssuer(200)
		vendor.life = 10 * time.Minute
		s := replica(t, nil, vendor)
		give := func(u vendors.User, want string) {
			t.Helper()
			if got, err := s.Issue(t.Context(), "app", u); err != nil || got.Token != want {
				t.Errorf("%+v: %+v, %v, want %s", u, got, err, want)
			}
		}
		give(vendors.User{ID: "ann", Name: "Ann"}, "ann-1")
		give(vendors.User{ID: "ann"}, "ann-1")
		give(vendors.User{ID: "ann", Name: "Anna"}, "ann-2") // another name is registered
		give(vendors.User{ID: "ann", Name: "Anna", Portrait: "https://a.example/1"}, "ann-3")
		time.Sleep(7 * time.Minute)
		give(vendors.User{ID: "ann"}, "ann-3")
		time.Sleep(2 * time.Minute) // nine tenths of its life are over
		give(vendors.User{ID: "ann"}, "ann-4")
		time.Sleep(7*time.Minute + 30*time.Second)
		vendor.fails = errors.New("away")
		give(vendors.User{ID: "ann"}, "ann-4") // it is used on while a new one cannot be had
		if _, err := s.Issue(t.Context(), "app", vendors.User{ID: "bob"}); err == nil {
			t.Error("no credential and no error")
		}
	})
	for name, cfg := range map[string]Config{"LIFE": {Life: -1, Size: 2}, "SIZE": {}} {
		if err := cfg.Validate(); err == nil || err.Error()[:4] != name {
			t.Errorf("%+v: %v", cfg, err)
		}
	}
}
