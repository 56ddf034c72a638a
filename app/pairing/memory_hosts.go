package pairing

import (
	"context"
	"slices"

	"switchboard/app/pairing/ticket"
)

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
