package events

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"sync"
	"time"

	"switchboard/app/periodic"
	"switchboard/vendors"
)

// Reconcile asks vendors whose callbacks may be lost what there is, every
// Config.Reconcile, and takes the difference from what was last known as events. They
// are marked as Snapshot. It returns when ctx ends.
//
// What is known is in memory: after a start the first snapshot is told as it is. Each
// replica asks; for one hour the same difference has one id, so that it is kept once.
func (s *Service) Reconcile(ctx context.Context, accounts func() []*vendors.Vendor) error {
	if s.cfg.Reconcile == 0 {
		return nil
	}
	periodic.Run(ctx, s.cfg.Reconcile, func(ctx context.Context) {
		for _, v := range accounts() {
			if v.Reconciler == nil {
				continue
			}
			if err := s.reconcile(ctx, v); err != nil && ctx.Err() == nil {
				s.log.Warn("vendor's rooms could not be read", "vendor", v.Name, "error", err)
			}
		}
	})
	return nil
}

func (s *Service) reconcile(ctx context.Context, v *vendors.Vendor) (err error) {
	ctx, stop := context.WithTimeout(ctx, s.cfg.Reconcile)
	defer stop()
	ctx, end := s.spans.Begin(ctx, "event.reconcile")
	defer func() { end(vendors.Trace{}, err) }()
	seen := time.Now()
	rooms, err := v.Reconciler.Snapshot(ctx)
	if err != nil {
		return err
	}
	found := s.rooms.differ(v.Name, rooms, seen)
	for i := range found {
		e := &found[i]
		e.Vendor, e.Kind, e.At, e.Snapshot, e.AsOf = v.Name, vendors.EventRoom, seen, true, seen
		e.ID = snapshotID(*e)
	}
	if len(found) > 0 {
		s.log.Info("events that a vendor did not report", "vendor", v.Name, "events", len(found))
	}
	if err := s.Take(ctx, found); err != nil {
		s.rooms.forget(v.Name) // to be told anew
		return err
	}
	return nil
}

func snapshotID(e vendors.Event) string {
	parts := append([]string{e.Target, e.Session, e.Action, e.From, e.At.UTC().Format("2006010215")}, e.Users...)
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return "snapshot-" + hex.EncodeToString(sum[:16])
}

// lostAfter is how many snapshots in a row have to lack what was known before its end is
// told: one may have been read just before it came.
const lostAfter = 2

// knownRoom is a room as callbacks and snapshots have told it. users counts the
// snapshots in a row that lacked somebody.
type knownRoom struct {
	session string
	users   map[string]int
	missing int
	changed time.Time // when a callback changed it last
}

// knownRooms is the rooms of accounts with a Reconciler. It is safe for concurrent use.
type knownRooms struct {
	mu       sync.Mutex // guards accounts
	accounts map[string]map[string]*knownRoom
}

func (k *knownRooms) forget(account string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.accounts, account)
}

// heard learns from callbacks. Accounts that no snapshot was read of are passed over.
func (k *knownRooms) heard(events []vendors.Event) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, e := range events {
		rooms := k.accounts[e.Vendor]
		if rooms == nil || e.Kind != vendors.EventRoom || e.Snapshot {
			continue
		}
		r := rooms[e.Target]
		switch {
		case e.Action == "destroyed":
			delete(rooms, e.Target)
			continue
		case r == nil || r.session != e.Session && e.Session != "":
			r = &knownRoom{session: e.Session, users: map[string]int{}}
			rooms[e.Target] = r
		}
		r.changed = time.Now()
		switch {
		case e.Action == "joined":
			r.users[e.From] = 0
		case e.Action == "left" && e.Reason != vendors.ReasonReplaced:
			delete(r.users, e.From)
		}
	}
}

// differ returns what a snapshot that was begun at seen says beside what is known, and
// makes it known. Rooms that changed meanwhile are looked at the next time.
func (k *knownRooms) differ(account string, now []vendors.RoomSnapshot, seen time.Time) (out []vendors.Event) {
	k.mu.Lock()
	defer k.mu.Unlock()
	rooms := k.accounts[account]
	if rooms == nil {
		rooms = map[string]*knownRoom{}
		k.accounts[account] = rooms
	}
	there := map[string]bool{}
	for _, s := range now {
		there[s.ID] = true
		known := rooms[s.ID]
		switch {
		case known == nil || known.session != s.Session && known.changed.Before(seen):
			if known != nil {
				out = append(out, known.ended(s.ID))
			}
			known = &knownRoom{session: s.Session, users: map[string]int{}}
			for _, u := range s.Users {
				known.users[u] = 0
			}
			rooms[s.ID] = known
			out = append(out, vendors.Event{Action: "synced", Target: s.ID, Session: s.Session, Users: s.Users})
		case known.changed.Before(seen):
			out = append(out, known.differ(s)...)
		}
	}
	for id, known := range rooms {
		if there[id] || !known.changed.Before(seen) {
			continue
		}
		if known.missing++; known.missing >= lostAfter {
			out = append(out, known.ended(id))
			delete(rooms, id)
		}
	}
	return out
}

// differ tells who came and who left.
func (r *knownRoom) differ(s vendors.RoomSnapshot) (out []vendors.Event) {
	r.missing = 0
	for _, u := range s.Users {
		if _, known := r.users[u]; !known {
			out = append(out, vendors.Event{Action: "joined", Target: s.ID, Session: s.Session, From: u})
		}
		r.users[u] = 0
	}
	for u := range r.users {
		if slices.Contains(s.Users, u) {
			continue
		}
		if r.users[u]++; r.users[u] >= lostAfter {
			delete(r.users, u)
			out = append(out, vendors.Event{Action: "left", Target: s.ID, Session: s.Session, From: u})
		}
	}
	return out
}

// ended is the end of a room, with those who were in it.
func (r *knownRoom) ended(id string) vendors.Event {
	e := vendors.Event{Action: "destroyed", Target: id, Session: r.session}
	for u := range r.users {
		e.Users = append(e.Users, u)
	}
	slices.Sort(e.Users)
	return e
}
