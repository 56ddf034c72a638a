package pairing

import (
	"sync"

	"switchboard/app/pairing/ticket"
)

// pools are the pools of this replica, by app and scene.
type pools struct {
	options *Options      // of the service
	made    chan struct{} // there is a pool that nobody matches yet; capacity 1

	mu    sync.RWMutex // guards byKey
	byKey map[poolKey]*pool
}

// get returns a pool; nil: it was not opened yet.
func (ps *pools) get(app string, scene int) *pool {
	ps.mu.RLock()
	defer ps.mu.RUnlock()
	return ps.byKey[poolKey{app, scene}]
}

// open returns a pool, made on first use.
func (ps *pools) open(app string, scene int, cfg *ticket.Config) *pool {
	if p := ps.get(app, scene); p != nil {
		return p
	}
	ps.mu.Lock()
	defer ps.mu.Unlock()
	k := poolKey{app, scene}
	p := ps.byKey[k]
	if p == nil {
		p = newPool(app, scene, cfg, *ps.options)
		ps.byKey[k] = p
		select {
		case ps.made <- struct{}{}:
		default: // the matcher looks already
		}
	}
	return p
}

// each calls do with every pool of app. do must not open one.
func (ps *pools) each(app string, do func(*pool)) {
	ps.mu.RLock()
	defer ps.mu.RUnlock()
	for k, p := range ps.byKey {
		if k.app == app {
			do(p)
		}
	}
}

// all lists every pool.
func (ps *pools) all() []*pool {
	ps.mu.RLock()
	defer ps.mu.RUnlock()
	list := make([]*pool, 0, len(ps.byKey))
	for _, p := range ps.byKey {
		list = append(list, p)
	}
	return list
}
