package pairing

import (
	"context"
	"slices"

	"switchboard/app/pairing/ticket"
	"switchboard/app/problem"
)

// ErrHosts: a change names more than HostsMax people.
var ErrHosts = problem.New(problem.Invalid, "more than 50,000 hosts in one change")

// HostsMax is how many people one change of a list of hosts may name.
const HostsMax = 50_000

// HostChange changes the list of those who may be offered asks under
// pool.mode=list. Whole replaces the list by Add.
type HostChange struct {
	Whole       bool
	Add, Remove []ticket.UID
}

// HostLists keeps the lists of hosts, one for each app and scene.
type HostLists interface {
	// ChangeHosts makes a change, all of it or nothing.
	ChangeHosts(ctx context.Context, app string, scene int, c HostChange) error
	// Hosts returns the list and its version, which rises with every change; 0:
	// there never was a list. A list whose version is known is not read again.
	Hosts(ctx context.Context, app string, scene int, known int64) (version int64, hosts []ticket.UID, err error)
}

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

// setHosts takes over a list; those whom it names or not any more are listed anew.
func (p *pool) setHosts(version int64, hosts []ticket.UID) {
	old := p.hosts
	p.hostsVersion, p.hosts = version, make(map[ticket.UID]bool, len(hosts))
	for _, uid := range hosts {
		p.hosts[uid] = true
		if m := p.members[uid]; m != nil && !old[uid] {
			p.unlist(m)
			p.list(m)
		}
	}
	for uid := range old {
		if m := p.members[uid]; m != nil && !p.hosts[uid] {
			p.unlist(m)
		}
	}
}

// takesOffers reports whether m may be offered anything under the pool's mode (docs/pairing.md#candidates).
func (p *pool) takesOffers(m *Member) bool {
	return m.TakesOffers(p.cfg.PoolMode, p.now) && (p.cfg.PoolMode != ticket.PoolList || p.hosts[m.UID])
}

// hostList is a list of hosts in memory.
type hostList struct {
	version int64
	hosts   map[ticket.UID]bool
}

// ChangeHosts implements HostLists.
func (m *Memory) ChangeHosts(_ context.Context, app string, scene int, c HostChange) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	k := poolKey{app, scene}
	l := m.hosts[k]
	if l == nil || c.Whole {
		fresh := &hostList{hosts: map[ticket.UID]bool{}}
		if l != nil {
			fresh.version = l.version
		}
		l = fresh
		m.hosts[k] = l
	}
	l.version++
	for _, uid := range c.Remove {
		delete(l.hosts, uid)
	}
	for _, uid := range c.Add {
		l.hosts[uid] = true
	}
	return nil
}

// Hosts implements HostLists.
func (m *Memory) Hosts(_ context.Context, app string, scene int, known int64) (int64, []ticket.UID, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	l := m.hosts[poolKey{app, scene}]
	if l == nil {
		return 0, nil, nil
	}
	if l.version == known {
		return known, nil, nil
	}
	hosts := make([]ticket.UID, 0, len(l.hosts))
	for uid := range l.hosts {
		hosts = append(hosts, uid)
	}
	slices.Sort(hosts)
	return l.version, hosts, nil
}
