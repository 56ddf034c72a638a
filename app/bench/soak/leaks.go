//go:build linux

package main

import (
	"context"
	"fmt"
	"net"
	"strings"
	"time"
)

// What a replica may hold more at the end than before: pools of connections that are
// warm now, and caches that are full.
const (
	moreGoroutines = 60
	moreFiles      = 60
	moreHeap       = 64 << 20
)

// levels reads what the replicas hold. With levels from before it waits, for as long as
// connections are kept idle, until there is not more.
func (s *soak) levels(before []level) (now []level, err error) {
	for began := time.Now(); ; time.Sleep(time.Second) {
		now = nil
		for _, r := range s.replicas {
			r.http.CloseIdleConnections()
			l, err := r.level(context.Background())
			if err != nil {
				return nil, fmt.Errorf("%s: %w", r.name, err)
			}
			now = append(now, l)
		}
		fine := true
		for i := range before {
			fine = fine && grown(before[i], now[i]) == ""
		}
		if fine || time.Since(began) > s.idle {
			return now, nil
		}
	}
}

// grown says what of a level is more than it may be.
func grown(before, now level) string {
	switch {
	case now.goroutines > before.goroutines+moreGoroutines:
		return "goroutines"
	case now.files > before.files+moreFiles:
		return "files"
	case now.heap > before.heap+moreHeap:
		return "memory"
	}
	return ""
}

// leaks compares the levels of the beginning with those of now, when nobody calls.
func (s *soak) leaks(before []level) {
	s.say("waiting for what is idle to be closed")
	now, err := s.levels(before)
	if err != nil {
		s.book.fail("ready", "%v", err)
		return
	}
	for i, l := range now {
		b := before[i]
		s.book.levels = append(s.book.levels, fmt.Sprintf("%s: goroutines %.0f, before %.0f; files %.0f, before %.0f; heap %.1f MB, before %.1f; resident %.0f MB, before %.0f",
			s.replicas[i].name, l.goroutines, b.goroutines, l.files, b.files, l.heap/1e6, b.heap/1e6, l.resident/1e6, b.resident/1e6))
		if what := grown(b, l); what != "" {
			s.book.leaked("%s holds more %s than before", s.replicas[i].name, what)
		}
	}
}

// plantLeak opens sockets that nobody closes.
func (s *soak) plantLeak() {
	address := strings.TrimPrefix(s.replicas[0].url, "http://")
	for i := range moreFiles + moreGoroutines {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			continue
		}
		q := fmt.Sprintf("GET /notify?protoc=sse&device=%p&since= HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n\r\n", conn, address, s.people[[]string{"other", "creator"}[i%2]])
		_, _ = conn.Write([]byte(q))
		s.leaky = append(s.leaky, conn)
	}
}

// settleLedger waits until no write is in doubt any more.
func (s *soak) settleLedger() {
	for {
		page, err := s.replicas[0].get(s.finish, "/admin/doubts")
		if err == nil && strings.Contains(page, `"writes":[]`) {
			return
		}
		if !pause(s.finish, 500*time.Millisecond) {
			s.book.fail("ledger", "writes are still in doubt after %s: %.500s %v", s.patience, page, err)
			return
		}
	}
}
