package pairing

import (
	"context"
	"time"

	"switchboard/app/pairing/ticket"
)

// RecordPresence takes evidence that a person can be reached, or cannot, from one of their
// sessions (docs/pairing.md#candidates).
func (s *Service) RecordPresence(ctx context.Context, app string, uid ticket.UID, session string, e ticket.Evidence) error {
	return s.recordPresence(ctx, app, uid, session, e, ticket.Gone{UID: uid})
}

// recordPresence tells the ask that holds the person what the evidence, old and new, comes
// to: gone is what becomes of them where nothing shows them present.
func (s *Service) recordPresence(ctx context.Context, app string, uid ticket.UID, session string, e ticket.Evidence, gone ticket.Gone) error {
	at := s.now()
	c, err := s.Store.SavePresence(ctx, app, uid, session, e, at.Add(s.presenceConfig(ctx, app).AvailTTL))
	if err != nil {
		return err
	}
	s.updateCandidate(c)
	st := c.Standing(at)
	if st.Present {
		return s.toHolder(ctx, app, uid, ticket.Reachable{UID: uid, At: at, Until: st.Until})
	}
	gone.At, gone.Now = st.Since, gone.Now && c.Sessions[session].At == e.At // else something newer was told before (Y5)
	if err := s.toHolder(ctx, app, uid, gone); err != nil {
		return err
	}
	// Newer evidence may have been stored, and told to the ask, before this was.
	at = s.now()
	if c, err = s.Store.Candidate(ctx, app, uid); err != nil {
		return err
	}
	if st = c.Standing(at); st.Present {
		return s.toHolder(ctx, app, uid, ticket.Reachable{UID: uid, At: at, Until: st.Until})
	}
	return nil
}

// RecordSocket reports a socket of ours: open or renewed, or closed.
func (s *Service) RecordSocket(ctx context.Context, app string, uid ticket.UID, session string, open bool) error {
	now := s.now()
	return s.RecordPresence(ctx, app, uid, "socket:"+session, ticket.Evidence{Proof: ticket.ProofSocket, Online: open, At: now, Until: now.Add(s.presenceConfig(ctx, app).PresenceTTL)})
}

// RecordVendorPresence takes a vendor's word, at the vendor's own time (Y5).
func (s *Service) RecordVendorPresence(ctx context.Context, app string, uid ticket.UID, session string, online bool, at ticket.Instant) error {
	return s.RecordPresence(ctx, app, uid, "vendor:"+session, s.vendorEvidence(ctx, app, online, at))
}

// RecordLogout takes a vendor's word that a session was left on purpose: there is no
// grace (N16, D1), unless something newer or another session shows them present.
func (s *Service) RecordLogout(ctx context.Context, app string, uid ticket.UID, session string, at ticket.Instant) error {
	return s.recordPresence(ctx, app, uid, "vendor:"+session, s.vendorEvidence(ctx, app, false, at), ticket.Gone{UID: uid, Now: true})
}

func (s *Service) vendorEvidence(ctx context.Context, app string, online bool, at ticket.Instant) ticket.Evidence {
	return ticket.Evidence{Proof: ticket.ProofVendor, Online: online, At: at, Until: s.now().Add(s.presenceConfig(ctx, app).PresenceTTL)}
}

// RecordActivity notes an authenticated call that was made at the time at, which is a weak
// sign of presence. It writes only when what is known would not last.
func (s *Service) RecordActivity(ctx context.Context, app string, uid ticket.UID, at time.Time) error {
	now, called := s.now(), ticket.At(at)+ticket.Instant(s.offset.Load())
	known := false
	s.pools.each(app, func(p *pool) { known = known || p.presentFor(uid, now, s.presenceConfig(ctx, app).ActivityTTL/2) })
	if known {
		return nil
	}
	return s.RecordPresence(ctx, app, uid, "activity", ticket.Evidence{Proof: ticket.ProofActivity, Online: true, At: called, Until: called.Add(s.presenceConfig(ctx, app).ActivityTTL)})
}

// hasSocket reports whether uid can be told through our own gateway.
func (s *Service) hasSocket(app string, uid ticket.UID) bool {
	now, has := s.now(), false
	s.pools.each(app, func(p *pool) {
		until, known := p.sockets.Load(uid)
		has = has || known && until.(ticket.Instant) > now
	})
	return has
}

// presenceConfig is the configuration whose presence times hold for app.
func (s *Service) presenceConfig(ctx context.Context, app string) *ticket.Config {
	if cfg, err := s.Configs.Get(ctx, app, DefaultScene); err == nil {
		return cfg
	}
	cfg := ticket.DefaultConfig()
	return &cfg
}

// DefaultScene is the scene of an ask that names none: speed match (docs/product-api.md#pair-matching).
const DefaultScene = 1

// SetAvailability is a person's own word on offers; it returns when the lease ends.
func (s *Service) SetAvailability(ctx context.Context, app string, uid ticket.UID, on bool) (ticket.Instant, error) {
	cfg, err := s.Configs.Get(ctx, app, DefaultScene)
	if err != nil {
		return 0, err
	}
	a := ticket.Avail{On: on, At: s.now()}
	if on {
		a.Until = a.At.Add(cfg.AvailTTL)
	}
	c, err := s.Store.SaveAvail(ctx, app, uid, a)
	if err != nil {
		return 0, err
	}
	s.updateCandidate(c)
	if on {
		return a.Until, nil
	}
	held, ok, err := s.Store.Holder(ctx, app, uid)
	if err != nil || !ok || held.Role != ticket.RoleCandidate {
		return 0, err
	}
	return 0, s.toHolder(ctx, app, uid, ticket.Unavailable{UID: uid}) // N16
}

// updateCandidate brings a person's newest state to the pools of their app.
func (s *Service) updateCandidate(c ticket.Candidate) {
	now := s.now()
	s.pools.each(c.App, func(p *pool) { p.updateCandidate(c, now) })
	s.prefetchProfile(c.App, c.UID)
}
