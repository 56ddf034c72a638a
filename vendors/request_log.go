package vendors

import (
	"slices"
	"sync"
	"time"
)

// recentRequests is how many requests of each kind a process remembers: those
// where all went well, and those where something did not, so that a vendor's bad
// minute is not washed out by the good ones after it.
const recentRequests = 4096

// RequestLog remembers what the latest requests of this process did at vendors beside
// writes, which are in the ledger. It is safe for concurrent use.
type RequestLog struct {
	mu   sync.Mutex // guards both
	good ring
	bad  ring
}

// LoggedRequest is one request.
type LoggedRequest struct {
	Request string // its id
	Route   string
	At      time.Time // when it ended
	Journal *Journal
}

type ring struct {
	kept []LoggedRequest
	next int
}

func (r *ring) add(m LoggedRequest) {
	if len(r.kept) < recentRequests {
		r.kept = append(r.kept, m)
		return
	}
	r.kept[r.next] = m
	r.next = (r.next + 1) % recentRequests
}

// Keep remembers a request, unless nothing was asked of any vendor.
func (r *RequestLog) Keep(request, route string, j *Journal) {
	any, ok := j.verdict()
	if !any {
		return
	}
	m := LoggedRequest{Request: request, Route: route, At: time.Now(), Journal: j}
	r.mu.Lock()
	defer r.mu.Unlock()
	if ok {
		r.good.add(m)
	} else {
		r.bad.add(m)
	}
}

// Find returns the remembered requests of that id, the oldest first.
func (r *RequestLog) Find(request string) (found []LoggedRequest) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, kept := range [][]LoggedRequest{r.good.kept, r.bad.kept} {
		for _, m := range kept {
			if m.Request == request {
				found = append(found, m)
			}
		}
	}
	slices.SortStableFunc(found, func(a, b LoggedRequest) int { return a.At.Compare(b.At) })
	return found
}

// verdict says whether anything was written down, and whether all of it went well.
func (j *Journal) verdict() (any, ok bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, s := range j.steps {
		if s.Outcome != OK {
			return true, false
		}
	}
	return len(j.steps) > 0, true
}
