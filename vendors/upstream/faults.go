package upstream

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"switchboard/vendors"
)

const maxUnknown = 64 // unknown codes kept; a vendor that invents more is one line already

// faults is what went wrong lately at one account.
type faults struct {
	retries  atomic.Uint64
	lastAuth atomic.Int64 // unix nanoseconds
	last     atomic.Pointer[vendors.Error]

	mu      sync.Mutex // guards unknown
	unknown map[[2]string]*vendors.UnknownCode
}

func (f *faults) record(e *vendors.Error, verdict error) {
	if verdict == errFailed {
		f.last.Store(e)
	}
	if e.Outcome == vendors.AuthFault {
		f.lastAuth.Store(time.Now().UnixNano())
	}
	if e.Err != vendors.ErrUnknownCode {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.unknown == nil {
		f.unknown = map[[2]string]*vendors.UnknownCode{}
	}
	key := [2]string{e.Op, e.Code}
	u := f.unknown[key]
	if u == nil {
		if len(f.unknown) == maxUnknown {
			return
		}
		u = &vendors.UnknownCode{Op: e.Op, Code: e.Code, Sample: e.Text}
		f.unknown[key] = u
	}
	u.Count++
	u.Last = time.Now()
}

func (f *faults) fill(h *vendors.Health) {
	if at := f.lastAuth.Load(); at != 0 {
		h.LastAuth = time.Unix(0, at)
	}
	if e := f.last.Load(); e != nil {
		h.LastFault = e.Error()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, u := range f.unknown {
		h.Unknown = append(h.Unknown, *u)
	}
	slices.SortFunc(h.Unknown, func(a, b vendors.UnknownCode) int { return cmp.Compare(b.Count, a.Count) })
}
