package pairing

import (
	"context"
	"slices"

	"switchboard/app/pairing/ticket"
)

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
