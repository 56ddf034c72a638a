package pairing

import (
	"context"
	"slices"
	"time"

	"switchboard/app/pairing/ticket"
)

// Profile is what the business knows of a person that bears on matching. An
// empty language or region matches every other.
type Profile struct {
	Language string
	Region   string
	Role     string
	Blocked  []ticket.UID // whom they must never meet, ascending
}

func (p *Profile) blocks(uid ticket.UID) bool {
	_, found := slices.BinarySearch(p.Blocked, uid)
	return found
}

func (p *Profile) equal(o *Profile) bool {
	return p.Language == o.Language && p.Region == o.Region && p.Role == o.Role && slices.Equal(p.Blocked, o.Blocked)
}

// profile reads what the business knows of uid. What cannot be read counts as
// nothing known where the configuration says so; else known is false.
func (s *Service) profile(ctx context.Context, cfg *ticket.Config, app string, uid ticket.UID) (p Profile, known bool) {
	if s.Profile == nil {
		return Profile{}, true
	}
	p, err := s.Profile(ctx, app, uid)
	if err == nil {
		return p, true
	}
	s.count("unknown", "profile")
	return Profile{}, cfg.ProfileOnError == ticket.OnErrorAllow
}

// rejected lists the picks of pl who must not be offered it, as profiles are now:
// the pool may have filtered by older ones, or by none. Who is blocked is never
// offered (invariant 9), and neither is somebody of whom nothing can be known.
func (s *Service) rejected(ctx context.Context, p *pool, pl *plan) (out []ticket.UID) {
	for _, pick := range pl.picks {
		if s.Barred != nil && s.Barred(ctx, p.app, pick.UID) {
			p.backOff(pick.UID)
			out = append(out, pick.UID)
		}
	}
	if s.Profile == nil {
		return out
	}
	cfg := p.config()
	asker, known := s.profile(ctx, cfg, p.app, pl.asker)
	if known {
		p.setProfile(pl.asker, asker)
	} else {
		p.backOffAsk(pl.askNo)
	}
	for _, pick := range pl.picks {
		profile, read := s.profile(ctx, cfg, p.app, pick.UID)
		if read {
			p.setProfile(pick.UID, profile)
		} else {
			p.backOff(pick.UID)
		}
		if (!known || !read || !p.suitsNow(pl.askNo, pick.UID)) && !slices.Contains(out, pick.UID) {
			out = append(out, pick.UID)
		}
	}
	return out
}

// maxProfileQueue bounds the people whose profiles wait to be read.
const maxProfileQueue = 4096

// prefetchProfile reads the profile of a person who has come, before they are looked for:
// without it every stranger would cost the matcher one try.
func (s *Service) prefetchProfile(app string, uid ticket.UID) {
	if s.Profile == nil {
		return
	}
	select {
	case s.profileQueue <- person{app, uid}:
	default: // it is read when they are about to be offered
	}
}

// readProfiles works off what readAhead left, until ctx ends.
func (s *Service) readProfiles(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case who := <-s.profileQueue:
			if profile, err := s.Profile(ctx, who.app, who.uid); err == nil {
				s.pools.each(who.app, func(p *pool) { p.setProfile(who.uid, profile) })
			}
		}
	}
}

// setProfile takes over what is known of a person.
func (p *pool) setProfile(uid ticket.UID, profile Profile) {
	p.mu.Lock()
	defer p.mu.Unlock()
	m := p.member(uid)
	if m.known && m.profile.equal(&profile) {
		return
	}
	m.profile, m.known = profile, true
	p.list(m)
	p.wakeMatcher()
}

// profileRetry is how long a person of whom nothing can be known is passed over.
const profileRetry = time.Second

// backOff passes a person over for a while.
func (p *pool) backOff(uid ticket.UID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	m := p.member(uid)
	m.ReadyAt = max(m.ReadyAt, p.now.Add(profileRetry))
}

// backOffAsk does so with an ask.
func (p *pool) backOffAsk(askNo string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if w := p.waiters[askNo]; w != nil {
		w.after = p.now.Add(profileRetry)
	}
}

// suitsNow repeats the filters for a pick.
func (p *pool) suitsNow(askNo string, uid ticket.UID) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	w := p.waiters[askNo]
	return w != nil && p.suits(w, p.member(uid))
}

// hasAnswerRole reports whether m may be offered something by their role; who is not
// known yet may.
func (p *pool) hasAnswerRole(m *Member) bool {
	r := p.cfg.PoolAnswerRole
	return r == "" || m.profile.Role == r || p.profiled && !m.known
}

// suits applies every filter of docs/pairing.md#candidates that is still on at w's age.
func (p *pool) suits(w *waiter, m *Member) bool {
	if w.t.Excludes(m.UID) || !p.hasAnswerRole(m) {
		return false
	}
	language, region, recent := w.filters(p.now)
	if recent && slices.Contains(w.recentPeers, m.UID) {
		return false
	}
	if !p.profiled {
		return true
	}
	asker := &p.member(w.t.Asker).profile
	differ := func(a, b string) bool { return a != "" && b != "" && a != b }
	return !asker.blocks(m.UID) && !m.profile.blocks(w.t.Asker) &&
		!(language && differ(asker.Language, m.profile.Language)) && !(region && differ(asker.Region, m.profile.Region))
}

// filters says which filters hold at w's age: each step of widen gives up one,
// the last step all that are left, recent peers among them (M2).
func (w *waiter) filters(now ticket.Instant) (language, region, recent bool) {
	age, step := now.Sub(max(w.t.CreatedAt, w.t.Round().StartedAt)), 0
	for _, at := range w.cfg.Widen {
		if age >= at {
			step++
		}
	}
	if step > 0 && step == len(w.cfg.Widen) {
		return false, false, false
	}
	return step < 1, step < 2, true
}
