package pairing

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"sync"

	"switchboard/app/pairing/ordered"
	"switchboard/app/pairing/ticket"
)

// Memory is a Store that lives and dies with the process: for tests, the
// simulator and as the yardstick of the others.
type Memory struct {
	now func() ticket.Instant

	mu         sync.Mutex // guards what follows
	tickets    map[string]*row
	claims     map[person]ticket.Claim
	candidates map[person]*ticket.Candidate
	records    map[person][]*record // by participant, oldest first
	byKey      map[recordKey]*record
	configs    map[string]ticket.Config
	due        ordered.Set[*row] // by due
	changed    map[person]ticket.Instant
	hosts      map[poolKey]*hostList
	rows       uint64 // made so far
}

type row struct {
	ticket  *ticket.Ticket
	due     ticket.Instant
	listed  bool // among those that are due, at
	at      ordered.Place
	changed ticket.Instant
	no      uint64 // of the row, from 1
}

type recordKey struct {
	ask   string
	start int64
}

type record struct {
	ticket.Record
	hidden map[ticket.UID]bool
}

// NewMemory returns an empty store whose clock is now.
func NewMemory(now func() ticket.Instant) *Memory {
	return &Memory{
		now: now, tickets: map[string]*row{}, claims: map[person]ticket.Claim{}, candidates: map[person]*ticket.Candidate{},
		records: map[person][]*record{}, byKey: map[recordKey]*record{}, configs: map[string]ticket.Config{}, changed: map[person]ticket.Instant{},
		hosts: map[poolKey]*hostList{}, due: ordered.NewSet[*row](),
	}
}

// All visits every ticket that was ever written, in no order. The store must not
// be used meanwhile.
func (m *Memory) All() iter.Seq[*ticket.Ticket] {
	return func(yield func(*ticket.Ticket) bool) {
		m.mu.Lock()
		defer m.mu.Unlock()
		for _, r := range m.tickets {
			if !yield(r.ticket) {
				return
			}
		}
	}
}

// Claims is how many people are claimed.
func (m *Memory) Claims() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.claims)
}

// Clock implements Tickets.
func (m *Memory) Clock(context.Context) (ticket.Instant, error) { return m.now(), nil }

// Load implements Tickets.
func (m *Memory) Load(_ context.Context, askNo string) (*ticket.Ticket, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.tickets[askNo]
	if !ok {
		return nil, ticket.ErrUnknownAsk
	}
	return r.ticket, nil // Step never changes a ticket in place
}

// Holder implements Tickets.
func (m *Memory) Holder(_ context.Context, app string, uid ticket.UID) (ticket.Claim, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c, ok := m.claims[person{app, uid}]
	return c, ok, nil
}

// Commit implements Tickets.
func (m *Memory) Commit(_ context.Context, b Batch) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.check(b); err != nil {
		return err
	}
	now := m.now()
	for _, w := range b.Writes {
		r := m.tickets[w.Ticket.AskNo]
		if r == nil {
			m.rows++
			r = &row{no: m.rows}
			m.tickets[w.Ticket.AskNo] = r
		}
		r.ticket, r.due, r.changed = w.Ticket, w.Due, now
		m.setDue(r)
	}
	for _, d := range b.Drop {
		m.drop(d, now)
	}
	for _, c := range b.Take {
		m.claims[person{c.App, c.UID}] = c
		m.changed[person{c.App, c.UID}] = now
	}
	for _, r := range b.Records {
		m.saveRecord(r)
	}
	return nil
}

// check is the store's side of safety: versions, and claims unique per person.
func (m *Memory) check(b Batch) error {
	for _, w := range b.Writes {
		r := m.tickets[w.Ticket.AskNo]
		if r == nil && w.Prev != 0 || r != nil && r.ticket.Version != w.Prev {
			return ErrConflict
		}
	}
	var taken []ticket.UID
	for _, c := range b.Take {
		have, ok := m.claims[person{c.App, c.UID}]
		if ok && !slices.ContainsFunc(b.Drop, func(d ticket.Release) bool { return d.Claim.UID == c.UID && d.Claim.Same(have) }) {
			taken = append(taken, c.UID)
		}
	}
	if taken != nil {
		return &ClaimedError{UIDs: taken}
	}
	return nil
}

func (m *Memory) drop(d ticket.Release, now ticket.Instant) {
	p := person{d.Claim.App, d.Claim.UID}
	if have, ok := m.claims[p]; !ok || !d.Claim.Same(have) {
		return
	}
	delete(m.claims, p)
	c := m.candidate(p)
	c.ReadyAt, c.IdleSince = d.ReadyAt, now
	c.Paused = c.Paused || d.Paused
	if d.Card != nil {
		c.Card = *d.Card
	}
	m.changed[p] = now
}

func (m *Memory) candidate(p person) *ticket.Candidate {
	c := m.candidates[p]
	if c == nil {
		c = &ticket.Candidate{App: p.app, UID: p.uid}
		m.candidates[p] = c
	}
	return c
}

func (m *Memory) saveRecord(r ticket.Record) {
	k := recordKey{r.AskNo, r.StartAt}
	if old := m.byKey[k]; old != nil {
		old.Record = r
		return
	}
	n := &record{Record: r, hidden: map[ticket.UID]bool{}}
	m.byKey[k] = n
	for _, uid := range slices.Compact([]ticket.UID{r.Asker, r.Peer}) {
		p := person{r.App, uid}
		m.records[p] = append(m.records[p], n)
	}
}

// Due implements Tickets.
func (m *Memory) Due(_ context.Context, now ticket.Instant, limit int) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var asks []string
	for len(asks) < limit {
		at, r, some := m.due.Min()
		if !some || at.Key > int64(now) {
			break
		}
		asks = append(asks, r.ticket.AskNo)
		r.due = now + dueLeaseMS
		m.setDue(r)
	}
	return asks, nil
}

// dueLeaseMS is how long a replica has to tick what Due gave it.
const dueLeaseMS = 1000

// Reap implements Tickets.
func (m *Memory) Reap(_ context.Context, now ticket.Instant) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := 0
	for p, c := range m.claims {
		r := m.tickets[c.AskNo]
		if c.LeaseUntil < now && (r == nil || r.ticket.State == ticket.Ended) {
			delete(m.claims, p)
			n++
		}
	}
	return n, nil
}

// Records implements Records.
func (m *Memory) Records(_ context.Context, app string, uid ticket.UID, before Cursor, limit int) ([]ticket.Record, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []ticket.Record
	for _, r := range m.records[person{app, uid}] {
		if !r.hidden[uid] && (before == Cursor{} || Cursor{r.StartAt, r.AskNo}.Compare(before) < 0) {
			out = append(out, r.Record)
		}
	}
	slices.SortFunc(out, func(a, b ticket.Record) int {
		return Cursor{b.StartAt, b.AskNo}.Compare(Cursor{a.StartAt, a.AskNo})
	})
	return out[:min(limit, len(out))], nil
}

// DeleteRecord implements Records.
func (m *Memory) DeleteRecord(_ context.Context, app, askNo string, startAt int64, uid ticket.UID) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.byKey[recordKey{askNo, startAt}]
	if r == nil || r.App != app || r.Asker != uid && r.Peer != uid {
		return ticket.ErrUnknownAsk
	}
	r.hidden[uid] = true
	return nil
}

// RecentPeers implements Records.
func (m *Memory) RecentPeers(_ context.Context, app string, uid ticket.UID, since ticket.Instant, limit int) ([]ticket.UID, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []*record
	for _, r := range m.records[person{app, uid}] {
		if r.StartAt*1000 >= int64(since) {
			all = append(all, r)
		}
	}
	slices.SortStableFunc(all, func(a, b *record) int { return cmp.Compare(b.StartAt, a.StartAt) })
	met := make([]ticket.UID, 0, min(limit, len(all)))
	for _, r := range all[:min(limit, len(all))] {
		met = append(met, r.Asker+r.Peer-uid)
	}
	return met, nil
}

// SavePresence implements Candidates.
func (m *Memory) SavePresence(_ context.Context, app string, uid ticket.UID, session string, e ticket.Evidence, lease ticket.Instant) (ticket.Candidate, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := person{app, uid}
	if c := m.candidate(p); c.MergeEvidence(session, e, lease) {
		m.changed[p] = m.now()
	}
	return m.read(p), nil
}

// SaveAvail implements Candidates.
func (m *Memory) SaveAvail(_ context.Context, app string, uid ticket.UID, a ticket.Avail) (ticket.Candidate, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := person{app, uid}
	c := m.candidate(p)
	c.SetAvailability(a)
	m.changed[p] = m.now()
	return m.read(p), nil
}

// Candidate implements Candidates.
func (m *Memory) Candidate(_ context.Context, app string, uid ticket.UID) (ticket.Candidate, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.read(person{app, uid}), nil
}

func (m *Memory) read(p person) ticket.Candidate {
	c := ticket.Candidate{App: p.app, UID: p.uid}
	if have := m.candidates[p]; have != nil {
		c = *have
	}
	_, c.Claimed = m.claims[p]
	return c
}

// Changes implements Candidates.
func (m *Memory) Changes(_ context.Context, app string, since ticket.Instant) (Changes, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var ch Changes
	for p, at := range m.changed {
		if p.app == app && at >= since {
			ch.Candidates = append(ch.Candidates, m.read(p))
		}
	}
	for _, r := range m.tickets {
		if r.ticket.App == app && r.changed >= since && (r.ticket.State == ticket.Searching || r.ticket.State == ticket.Offered) {
			ch.Tickets = append(ch.Tickets, r.ticket)
		}
	}
	return ch, nil
}

// SaveConfig implements Snapshots.
func (m *Memory) SaveConfig(_ context.Context, id string, cfg ticket.Config) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.configs[id] = cfg
	return nil
}

// LoadConfig implements Snapshots.
func (m *Memory) LoadConfig(_ context.Context, id string) (ticket.Config, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	cfg, ok := m.configs[id]
	if !ok {
		return ticket.Config{}, ErrNoConfig
	}
	return cfg, nil
}

// setDue lists r by its due time; one without is not listed.
func (m *Memory) setDue(r *row) {
	if r.listed {
		m.due.Remove(r.at)
	}
	if r.listed = r.due != 0; r.listed {
		r.at = ordered.Place{Key: int64(r.due), Tie: r.no}
		m.due.Put(r.at, r)
	}
}
