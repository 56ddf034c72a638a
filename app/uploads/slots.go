package uploads

import (
	"sync"

	"switchboard/app/problem"
)

// ErrBusy says that too many uploads are under way, of all or of one owner.
var ErrBusy = problem.New(problem.Unavailable, "too many uploads at once; try again")

// slots bounds the uploads under way: each holds a connection, a buffer and, until it is
// whole, space for as long as its sender likes.
type slots struct {
	all int

	mu     sync.Mutex // guards the rest
	taken  int
	owners map[string]int // of those who have one
}

// Begin takes a place for an upload of owner, who may have half of all. The place is
// given back with end: ErrBusy.
func (s *Store) Begin(owner string) (end func(), err error) { return s.slots.begin(owner) }

func (s *slots) begin(owner string) (end func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.taken >= s.all || s.owners[owner] >= max(1, s.all/2) {
		return nil, ErrBusy
	}
	s.taken++
	s.owners[owner]++
	return sync.OnceFunc(func() { s.end(owner) }), nil
}

func (s *slots) end(owner string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.taken--
	if s.owners[owner]--; s.owners[owner] == 0 {
		delete(s.owners, owner)
	}
}
