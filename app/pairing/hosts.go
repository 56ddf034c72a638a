package pairing

import (
	"context"

	"switchboard/app/pairing/ticket"
)

// ChangeHosts makes a change to the list of app and scene, which has to be
// configured. Everyone who is on it and not there any more is offered nothing
// new; the open offers stay open.
func (s *Service) ChangeHosts(ctx context.Context, app string, scene int, c HostChange) error {
	if len(c.Add)+len(c.Remove) > HostsMax {
		return ErrHosts
	}
	if _, err := s.Configs.Get(ctx, app, scene); err != nil {
		return err
	}
	if err := s.Store.ChangeHosts(ctx, app, scene, c); err != nil {
		return err
	}
	if p := s.pools.get(app, scene); p != nil {
		p.mu.Lock()
		p.hostsAt = 0
		p.mu.Unlock()
		p.wakeMatcher()
	}
	return nil
}

// Hosts returns the list of app and scene, and the mode that decides whether it
// counts.
func (s *Service) Hosts(ctx context.Context, app string, scene int) (mode string, hosts []ticket.UID, err error) {
	cfg, err := s.Configs.Get(ctx, app, scene)
	if err != nil {
		return "", nil, err
	}
	_, hosts, err = s.Store.Hosts(ctx, app, scene, -1)
	return cfg.PoolMode, hosts, err
}

// syncHosts reads the pool's list where it counts: at first, after a change
// here, and where others may have changed it.
func (s *Service) syncHosts(ctx context.Context, p *pool) error {
	p.mu.Lock()
	mode, known, at := p.cfg.PoolMode, p.hostsVersion, p.hostsAt
	p.mu.Unlock()
	now := s.now()
	if mode != ticket.PoolList || at != 0 && (!s.Shared || now.Sub(at) < pollEvery) {
		return nil
	}
	version, hosts, err := s.Store.Hosts(ctx, p.app, p.scene, known)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hostsAt, p.now = now, now
	if version != known {
		p.setHosts(version, hosts)
	}
	return nil
}
