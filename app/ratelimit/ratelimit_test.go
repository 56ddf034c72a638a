package ratelimit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gomodule/redigo/redis"
)

func often(t *testing.T, text string) (r Rate) {
	t.Helper()
	if err := r.Decode(text); err != nil {
		t.Fatal(err)
	}
	return r
}

func newLimiter(cfg Config, shared *redis.Pool) (*Limiter, map[Scope]int, *bytes.Buffer) {
	var log bytes.Buffer
	seen := map[Scope]int{}
	return New(cfg, Deps{Shared: shared, Observe: func(s Scope) { seen[s]++ }, Log: slog.New(slog.NewJSONHandler(&log, nil))}), seen, &log
}

func TestRatesAreReadAndMistakesAreTold(t *testing.T) {
	for text, want := range map[string]Rate{
		"off": {}, "auto": {auto: true}, "1/1ms": {N: 1, Per: time.Millisecond}, "300/1m": {N: 300, Per: time.Minute}, "1000000/1h": {N: 1_000_000, Per: time.Hour},
	} {
		var r Rate
		if err := r.Decode(text); err != nil || r != want {
			t.Errorf("%s: %+v %v", text, r, err)
		}
	}
	for _, text := range []string{"", "0/1s", "-1/1s", "1", "1/", "/1s", "1/1", "1/0s", "1/-1s", "1/2h", "1/1us", "1000001/1s", "1.5/1s", "on", "1/1s/1s", "1e3/1s", "99999999999999999999/1s"} {
		if err := new(Rate).Decode(text); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
	if err := (Config{Failures: often(t, "auto")}).Validate(); err == nil || !strings.HasPrefix(err.Error(), "FAILURES: ") {
		t.Errorf("failures without a rate: %v", err)
	}
	for _, production := range []bool{true, false} {
		c := Config{User: often(t, "auto"), App: often(t, "off"), Peer: often(t, "7/1s")}
		if c.Settle(production); c.App != (Rate{}) || c.Peer.N != 7 || c.User.N == 0 || c.User.Per != time.Second {
			t.Errorf("%+v", c)
		}
	}
}

// A rate is a burst and then a pace, each key has its own, and what the app has no
// room for does not count for its user.
func TestABurstThenAPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, seen, _ := newLimiter(Config{User: often(t, "10/1s"), App: often(t, "25/1s")}, nil)
		passed := func(app, user string, tries int) (n int) {
			for range tries {
				err := l.Caller(t.Context(), app, user)
				var refused *Refused
				switch {
				case err == nil:
					n++
				case !errors.As(err, &refused) || !errors.Is(err, ErrTooOften) || refused.After <= 0 || refused.After > time.Second:
					t.Fatalf("refused with %v", err)
				}
			}
			return n
		}
		for i, c := range []struct {
			app, user string
			want      int
		}{{"a", "u1", 10}, {"a", "u2", 10}, {"a", "u3", 5}, {"b", "u1", 10}, {"a", "", 0}, {"b", "", 15}} {
			if got := passed(c.app, c.user, 30); got != c.want {
				t.Fatalf("%d: %d of %s/%s passed, want %d", i, got, c.app, c.user, c.want)
			}
		}
		if seen[User] == 0 || seen[App] == 0 || seen[Peer] != 0 {
			t.Fatalf("told of %v", seen)
		}
		time.Sleep(time.Second)
		if got := passed("a", "u3", 30); got != 10 { // none of the refused ones counted for u3
			t.Fatalf("%d passed a second later", got)
		}
		time.Sleep(300 * time.Millisecond)
		if got := passed("a", "u3", 30); got != 3 {
			t.Fatalf("%d passed 300 ms later", got)
		}
	})
}

func TestFailuresBarAnAddressAndThoseBesideItInItsNetwork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, seen, _ := newLimiter(Config{Failures: often(t, "5/1m"), Peer: often(t, "2/1s")}, nil)
		at := netip.MustParseAddr
		for i := range 5 {
			if err := l.Failed(t.Context(), at("2001:db8:1:2::"+fmt.Sprint(i+1))); err != nil || l.Barred(at("2001:db8:1:2::9")) != nil {
				t.Fatalf("failure %d: %v", i, err)
			}
		}
		if l.Failed(t.Context(), at("2001:db8:1:2::1")) == nil || l.Barred(at("2001:db8:1:2:ffff::9")) == nil {
			t.Fatal("the sixth failure of a network barred nobody")
		}
		if l.Barred(at("2001:db8:1:3::1")) != nil || l.Barred(at("192.0.2.1")) != nil || seen[Failures] == 0 {
			t.Fatal("others were barred, or nobody was told")
		}
		time.Sleep(12 * time.Second) // one of five a minute
		if l.Barred(at("2001:db8:1:2::1")) != nil || l.Failed(t.Context(), at("2001:db8:1:2::1")) != nil || l.Failed(t.Context(), at("2001:db8:1:2::1")) == nil {
			t.Fatal("one attempt in twelve seconds, no more and no less")
		}
		for i, want := range []bool{true, true, false} {
			if got := l.Peer(t.Context(), at("192.0.2.1")) == nil; got != want {
				t.Fatalf("request %d of an address: %v", i, got)
			}
		}
		if l.Peer(t.Context(), at("192.0.2.2")) != nil {
			t.Fatal("IPv4 addresses are counted each for itself")
		}
	})
}

// However many keys come, no more than two generations are kept, and those that
// are used stay.
func TestWhatIsRememberedIsBounded(t *testing.T) {
	l, _, _ := newLimiter(Config{User: often(t, "1/1h")}, nil)
	if err := l.Caller(t.Context(), "a", "busy"); err != nil {
		t.Fatal(err)
	}
	for i := range 3 * remembered {
		_ = l.Caller(t.Context(), "a", fmt.Sprint(i))
		if i%(remembered/2) == 0 && l.Caller(t.Context(), "a", "busy") == nil {
			t.Fatalf("forgotten after %d others", i)
		}
	}
	if n := len(l.local.by.now) + len(l.local.by.before); n > 2*remembered {
		t.Fatalf("%d keys are remembered", n)
	}
	synctest.Test(t, func(t *testing.T) {
		var r recent[int]
		r.put("old", 1, time.Now())
		time.Sleep(maxPer + time.Second)
		r.put("new", 1, time.Now())
		time.Sleep(maxPer + time.Second)
		r.put("newer", 1, time.Now())
		if _, found := r.get("old", time.Now()); found {
			t.Fatal("a key is kept for longer than it can matter")
		}
	})
}

// One Redis counts for all replicas, by the same rule as one process does.
func TestReplicasCountTogether(t *testing.T) {
	url := os.Getenv("SWITCHBOARD_TEST_REDIS")
	if url == "" {
		t.Skip("SWITCHBOARD_TEST_REDIS is not set: no such server to test with")
	}
	pool := &redis.Pool{MaxIdle: 4, DialContext: func(ctx context.Context) (redis.Conn, error) { return redis.DialURLContext(ctx, url) }}
	defer pool.Close()
	cfg := Config{User: often(t, "10/1m"), App: often(t, "15/1m")}
	one, _, _ := newLimiter(cfg, pool)
	two, _, log := newLimiter(cfg, pool)
	app := fmt.Sprint("app", time.Now().UnixNano())
	passed := func(user string) (n int) {
		for i := range 40 {
			if []*Limiter{one, two}[i%2].Caller(t.Context(), app, user) == nil {
				n++
			}
		}
		return n
	}
	if u1, u2 := passed("u1"), passed("u2"); u1 != 10 || u2 != 5 {
		t.Fatalf("%d and %d passed, want 10 and 5", u1, u2)
	}
	conn := pool.Get()
	defer conn.Close()
	for _, key := range []string{"user:" + app + "/u1", "app:" + app} {
		if ms, err := redis.Int(conn.Do("PTTL", sharedKey+key)); err != nil || ms <= 0 || ms > 60_000 {
			t.Errorf("%s lives for %d ms: %v", key, ms, err)
		}
	}
	if log.Len() > 0 {
		t.Errorf("logged: %s", log)
	}
}

// A Redis that is away costs nobody a request: each process counts for itself, says so
// once, and asks again a second later.
func TestWithoutItsRedisAProcessCountsForItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		pool := &redis.Pool{DialContext: func(context.Context) (redis.Conn, error) { asked++; return nil, errors.New("connection refused") }}
		l, _, log := newLimiter(Config{User: often(t, "10/1m")}, pool)
		n := 0
		for range 40 {
			if l.Caller(t.Context(), "a", "u") == nil {
				n++
			}
		}
		if n != 10 || asked != 1 {
			t.Fatalf("%d passed, and Redis was asked %d times", n, asked)
		}
		time.Sleep(sharedPause)
		_ = l.Caller(t.Context(), "a", "other")
		if asked != 2 || strings.Count(log.String(), "redis away") != 1 || !strings.Contains(log.String(), `"component":"ratelimit"`) {
			t.Fatalf("asked %d times; logged %s", asked, log)
		}
	})
}
