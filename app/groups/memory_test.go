package groups

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"switchboard/app/owners"
)

// memory is a store of owners and restraints without a database. What is saved counts as
// so old; plant spoils what is read or saved, for faults on purpose.
type memory struct {
	mu     sync.Mutex
	rows   map[owners.Key]owners.Record
	bars   map[owners.Key]map[owners.What]map[string]bool
	wishes map[wishKey]owners.Wish
	age    time.Duration
	onSave func(*owners.Record) (drop bool)
	onGet  func(*owners.Record)
	meet   bool // ids of the vendor may name two things
}

func newMemory() *memory {
	return &memory{rows: map[owners.Key]owners.Record{}, bars: map[owners.Key]map[owners.What]map[string]bool{}}
}

func (m *memory) Get(_ context.Context, k owners.Key) (owners.Record, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, found := m.rows[k]
	r.Changed = r.Changed.Add(-m.age)
	if found && m.onGet != nil {
		m.onGet(&r)
	}
	return r, found, nil
}

func (m *memory) ByVendor(_ context.Context, account string, kind owners.Kind, vendorID string) (owners.Record, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range m.rows {
		if r.Account == account && r.Kind == kind && r.VendorID == vendorID {
			return r, true, nil
		}
	}
	return owners.Record{}, false, nil
}

func (m *memory) Save(ctx context.Context, r owners.Record, _ *owners.Move) (bool, error) {
	if other, found, _ := m.ByVendor(ctx, r.Account, r.Kind, r.VendorID); found && other.Key != r.Key && !m.meet {
		return false, owners.ErrTaken
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.rows[r.Key].Version != r.Version {
		return false, nil
	}
	drop := m.onSave != nil && m.onSave(&r)
	r.Version++
	r.Changed = time.Now()
	if m.rows[r.Key] = r; drop {
		delete(m.rows, r.Key)
	}
	return true, nil
}

func (m *memory) Delete(_ context.Context, r owners.Record) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.rows[r.Key].Version != r.Version {
		return false, nil
	}
	delete(m.rows, r.Key)
	return true, nil
}

func (m *memory) List(_ context.Context, f owners.Filter, behind owners.Key, limit int) (out []owners.Record, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range m.rows {
		if f.App != "" && r.App != f.App || f.Kind != "" && r.Kind != f.Kind || f.State != "" && r.State != f.State || f.There && r.State == owners.Gone {
			continue
		}
		if behind == (owners.Key{}) || byKey(r.Key, behind) > 0 {
			r.Changed = r.Changed.Add(-m.age)
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b owners.Record) int { return byKey(a.Key, b.Key) })
	return out[:min(limit, len(out))], nil
}

func byKey(a, b owners.Key) int {
	return cmp.Or(strings.Compare(a.App, b.App), strings.Compare(string(a.Kind), string(b.Kind)), strings.Compare(a.ID, b.ID))
}

func (m *memory) Accounts(_ context.Context, app string, kind owners.Kind) (out []string, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range m.rows {
		if r.App == app && r.Kind == kind && r.State != owners.Gone && !slices.Contains(out, r.Account) {
			out = append(out, r.Account)
		}
	}
	slices.Sort(out)
	return out, nil
}

func (m *memory) Moves(context.Context, int) ([]owners.Move, error) { return nil, nil }

func (m *memory) Restrain(_ context.Context, k owners.Key, what owners.What, users []string, _ time.Duration) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.bars[k] == nil {
		m.bars[k] = map[owners.What]map[string]bool{owners.Mute: {}, owners.Bar: {}}
	}
	for _, u := range users {
		m.bars[k][what][u] = true
	}
	return nil
}

func (m *memory) Free(_ context.Context, k owners.Key, what owners.What, users []string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, u := range users {
		delete(m.bars[k][what], u)
	}
	return nil
}

func (m *memory) FreeAll(_ context.Context, k owners.Key) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.bars, k)
	return nil
}

func (m *memory) Restrained(_ context.Context, k owners.Key, what owners.What, _ string, _ int) (out []owners.Restraint, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for u := range m.bars[k][what] {
		out = append(out, owners.Restraint{User: u})
	}
	return out, nil
}

func (m *memory) Everybody(_ context.Context, k owners.Key, what owners.What) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.bars[k][what][""], nil
}

// The vendors of these tests know times: nothing is arranged.

func (m *memory) Arrange(context.Context, []owners.Lift, time.Duration) error { return nil }
func (m *memory) Drop(context.Context, []owners.Lift) error                   { return nil }
func (m *memory) ClaimLifts(context.Context, int, time.Duration) ([]owners.Lift, error) {
	return nil, nil
}
func (m *memory) SettleLift(context.Context, owners.Lift, time.Duration) (bool, error) {
	return true, nil
}
