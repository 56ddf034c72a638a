package pairing

import (
	"context"
	"sync"

	"switchboard/app/pairing/ticket"
)

// snapshots are the configurations that tickets were born with, by their id. A
// ticket keeps its own however the source changes.
type snapshots struct {
	store Snapshots

	mu   sync.RWMutex // guards byID
	byID map[string]*ticket.Config
}

// get returns a snapshot, read from the store where it is not known yet.
func (s *snapshots) get(ctx context.Context, id string) (*ticket.Config, error) {
	s.mu.RLock()
	cfg := s.byID[id]
	s.mu.RUnlock()
	if cfg != nil {
		return cfg, nil
	}
	loaded, err := s.store.LoadConfig(ctx, id)
	if err != nil {
		return nil, err
	}
	s.put(id, &loaded)
	return &loaded, nil
}

// save stores cfg for the tickets that start with it, once, and returns its id.
func (s *snapshots) save(ctx context.Context, cfg *ticket.Config) (string, error) {
	id := cfg.ID()
	s.mu.RLock()
	known := s.byID[id] != nil
	s.mu.RUnlock()
	if known {
		return id, nil
	}
	if err := s.store.SaveConfig(ctx, id, *cfg); err != nil {
		return "", err
	}
	s.put(id, cfg)
	return id, nil
}

func (s *snapshots) put(id string, cfg *ticket.Config) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.byID[id] = cfg
}
