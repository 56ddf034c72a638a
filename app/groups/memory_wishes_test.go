package groups

import (
	"context"
	"crypto/rand"
	"time"

	"switchboard/app/owners"
)

// wishKey is what a wish is about.
type wishKey struct {
	owners.Key
	thing, account string
}

func keyOf(w owners.Wish) wishKey { return wishKey{w.Key, w.Thing, w.Account} }

func (m *memory) Begin(_ context.Context, wishes []owners.Wish) (begun []owners.Wish, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, w := range wishes {
		w.Token = rand.Text()
		if before, there := m.wishes[keyOf(w)]; there {
			w.Before = &before
		}
		if m.wishes == nil {
			m.wishes = map[wishKey]owners.Wish{}
		}
		m.wishes[keyOf(w)] = w
		begun = append(begun, w)
	}
	return begun, nil
}

func (m *memory) End(_ context.Context, done, undone []owners.Wish) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, w := range append(append([]owners.Wish{}, done...), undone...) {
		switch {
		case m.wishes[keyOf(w)].Token != w.Token:
		case i >= len(done) && w.Before != nil:
			m.wishes[keyOf(w)] = *w.Before
		default:
			delete(m.wishes, keyOf(w))
		}
	}
	return nil
}

func (m *memory) Claim(_ context.Context, of owners.Wish, _ time.Duration) (owners.Wish, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if w, there := m.wishes[keyOf(of)]; there && w.Write == of.Write {
		return w, nil
	}
	return owners.Wish{}, owners.ErrNoWish
}

func (m *memory) Release(context.Context, owners.Wish) error { return nil }

func (m *memory) PruneWishes(context.Context, time.Duration) error { return nil }
