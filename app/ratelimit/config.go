package ratelimit

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Rate is how often something may happen: N at once after a quiet time, and N in
// each Per over a longer one. N 0 is no limit.
type Rate struct {
	N    int
	Per  time.Duration
	auto bool // nothing was said: see Config.Settle
}

const (
	maxCount = 1_000_000
	maxPer   = time.Hour // nothing has to be remembered for longer
)

// Decode reads 100/1s, off or auto.
func (r *Rate) Decode(value string) error {
	*r = Rate{auto: value == "auto"}
	if value == "auto" || value == "off" {
		return nil
	}
	count, per, _ := strings.Cut(value, "/")
	n, err := strconv.Atoi(count)
	d, unit := time.ParseDuration(per)
	if err != nil || unit != nil || n < 1 || n > maxCount || d < time.Millisecond || d > maxPer {
		return fmt.Errorf("want a rate such as 100/1s (at most %d in at most %s), or off", maxCount, maxPer)
	}
	r.N, r.Per = n, d
	return nil
}

// interval is the time after which one more may happen.
func (r Rate) interval() time.Duration { return max(r.Per/time.Duration(r.N), time.Microsecond) }

// String is r as it is configured.
func (r Rate) String() string {
	if r.N == 0 {
		return "off"
	}
	return fmt.Sprintf("%d/%s", r.N, r.Per)
}

// Config is how much of this process one caller may use.
type Config struct {
	Connections     int `default:"20000" desc:"connections open at once; 0: no limit"`
	PeerConnections int `split_words:"true" default:"1000" desc:"connections of one TCP peer at once, but of trusted proxies and loopback; 0: no limit"`

	User     Rate `default:"auto" desc:"requests of one user, as 100/1s: 100 at once, and 100 a second over a longer time; off: no limit; auto: 100/1s in production, else 10000/1s"`
	App      Rate `default:"auto" desc:"requests of one app's users and back end together; auto: 5000/1s in production, else 50000/1s"`
	Peer     Rate `default:"auto" desc:"requests of one client address that show neither key nor token (IPv6: of one /64 network); auto: 500/1s in production, else 10000/1s"`
	Failures Rate `default:"300/1m" desc:"tokens, keys and signatures of one client address that are refused; above it no key from there is looked at"`
}

// Settle puts in what auto stands for.
func (c *Config) Settle(production bool) {
	for rate, n := range map[*Rate][2]int{&c.User: {100, 10_000}, &c.App: {5000, 50_000}, &c.Peer: {500, 10_000}} {
		if !rate.auto {
			continue
		}
		*rate = Rate{N: n[1], Per: time.Second}
		if production {
			rate.N = n[0]
		}
	}
}

// Validate returns every mistake; each begins with the variable's name.
func (c Config) Validate() error {
	var errs []error
	if c.Failures.auto {
		errs = append(errs, errors.New("FAILURES: want a rate such as 300/1m, or off"))
	}
	if c.Connections < 0 {
		errs = append(errs, errors.New("CONNECTIONS: must not be less than 0"))
	}
	if c.PeerConnections < 0 {
		errs = append(errs, errors.New("PEER_CONNECTIONS: must not be less than 0"))
	}
	return errors.Join(errs...)
}
