package linkv

import (
	"strings"

	"switchboard/vendors"
	"switchboard/vendors/upstream"
)

// livePrefix tells the live side's breakers and operations from the IM side's.
const livePrefix = "live."

// link shows an account's two connections as one.
type link struct{ im, live *upstream.Client }

// Health joins both; the live side's classes are "live.read" and so on.
func (l link) Health() vendors.Health {
	h, live := l.im.Health(), l.live.Health()
	h.InFlight += live.InFlight
	h.Cap += live.Cap
	h.Retries += live.Retries
	if live.Skew.Abs() > h.Skew.Abs() {
		h.Skew = live.Skew
	}
	for _, b := range live.Breakers {
		b.Class = livePrefix + b.Class
		h.Breakers = append(h.Breakers, b)
	}
	for _, o := range live.Ops {
		o.Op = livePrefix + o.Op
		h.Ops = append(h.Ops, o)
	}
	h.Unknown = append(h.Unknown, live.Unknown...)
	if live.LastAuth.After(h.LastAuth) {
		h.LastAuth = live.LastAuth
	}
	if h.LastFault == "" {
		h.LastFault = live.LastFault
	}
	return h
}

// SetBreaker sets a class of one side by its name in Health, or all of both
// for "".
func (l link) SetBreaker(class string, m vendors.BreakerMode) error {
	if class == "" {
		if err := l.im.SetBreaker("", m); err != nil {
			return err
		}
		return l.live.SetBreaker("", m)
	}
	if of, ok := strings.CutPrefix(class, livePrefix); ok {
		return l.live.SetBreaker(of, m)
	}
	return l.im.SetBreaker(class, m)
}

// Healthy reports whether a call of the class might be let through on either
// side: coins that fail are no reason to send messages elsewhere, and a call
// that its own side's breaker refuses goes to the next vendor by itself.
func (l link) Healthy(class string) bool { return l.im.Healthy(class) || l.live.Healthy(class) }
