//go:build linux

package main

import (
	"context"
	"sync"
	"time"
)

// readerKinds are the readers of all rooms, by the way they listen.
var readerKinds = []string{"ws", "sse", "poll"}

// reader notes what came.
type reader struct {
	soak *soak
	name string

	mu   sync.Mutex
	seen []map[said]int // by room; guarded by mu
	last []map[int]int  // by room and writer; guarded by mu
	told int            // how often it was told that it missed something; guarded by mu
}

func (s *soak) startReaders(group *sync.WaitGroup, done <-chan struct{}) {
	if !s.has("chat") {
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	group.Go(func() { <-done; stop() })
	for _, kind := range readerKinds {
		r := &reader{soak: s, name: kind}
		for range rooms {
			r.seen, r.last = append(r.seen, map[said]int{}), append(r.last, map[int]int{})
		}
		s.book.readers = append(s.book.readers, r)
		l := &listener{soak: s, way: kind, token: s.people["reader"+kind], last: s.rooms[rooms-1].first, handle: r.take, missed: r.missed}
		group.Go(func() { l.run(ctx, s.random("reader "+kind)) })
	}
	s.ends = append(s.ends, func() {
		for _, r := range s.book.readers {
			r.judge()
		}
	})
}

// take is told of each frame.
func (r *reader) take(f frame, since time.Time) {
	number, m, ok := parse(f.Content)
	if !ok || f.FromSession == "" {
		return
	}
	place := "on its way to " + r.name
	if m.n > 2 && r.soak.planted("lost", place) {
		return
	}
	if m.n > 2 && r.soak.planted("late", place) {
		time.Sleep(r.soak.limit + 2*time.Second)
	}
	r.note(number, m)
	if m.n > 2 && r.soak.planted("doubled", place) {
		r.note(number, m)
	}
	room := r.soak.rooms[number]
	room.mu.Lock()
	from, acked := room.acked[m]
	room.mu.Unlock()
	if !acked {
		return // it overtook its answer
	}
	r.soak.book.delivered(time.Since(from))
	if since.After(from) {
		from = since
	}
	if late := r.soak.calm.late(from); late > r.soak.limit {
		r.soak.book.late("delivery", "%s reached %s %s late", m.text(number), r.name, late.Round(time.Millisecond))
	}
}

func (r *reader) note(number int, m said) {
	r.mu.Lock()
	defer r.mu.Unlock()
	had, any := r.last[number][m.writer]
	r.seen[number][m]++
	switch {
	case r.seen[number][m] > 1:
		r.soak.book.doubled("delivery", "%s came to %s %d times", m.text(number), r.name, r.seen[number][m])
	case any && m.n < had:
		r.soak.book.doubled("delivery", "%s came to %s behind %d", m.text(number), r.name, had)
	}
	r.last[number][m.writer] = max(had, m.n)
}

// missed: the server said so. What is not in the session any more is read in the history,
// which is held against the writers by itself.
func (r *reader) missed() {
	now := time.Now()
	for _, room := range r.soak.rooms {
		texts := r.soak.history(room)
		r.mu.Lock()
		for _, text := range texts {
			if number, m, ok := parse(text); ok && r.seen[number][m] == 0 {
				r.seen[number][m] = 1
			}
		}
		r.mu.Unlock()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.told++
	r.soak.say("reader %s was told that it missed something, and read the history in %s", r.name, time.Since(now).Round(time.Millisecond))
}

// missing are acknowledged messages that did not come.
func (r *reader) missing() (texts []string) {
	for _, room := range r.soak.rooms {
		room.mu.Lock()
		r.mu.Lock()
		for m := range room.acked {
			if r.seen[room.number][m] == 0 {
				texts = append(texts, m.text(room.number))
			}
		}
		r.mu.Unlock()
		room.mu.Unlock()
	}
	return texts
}

func (r *reader) judge() {
	for _, text := range r.missing() {
		r.soak.book.lost("delivery", "%s never came to %s", text, r.name)
	}
	n := 0
	for _, room := range r.seen {
		n += len(room)
	}
	r.soak.book.deliveries(n)
}

// awaitReaders waits until every reader has what was acknowledged, or the settling is over.
func (s *soak) awaitReaders() {
	for _, r := range s.book.readers {
		for len(r.missing()) > s.book.dropped(r.name) && pause(s.finish, 100*time.Millisecond) {
		}
	}
	if s.finish.Err() != nil {
		s.say("settling took longer than %s", s.patience)
	}
}
