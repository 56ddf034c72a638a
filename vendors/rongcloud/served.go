package rongcloud

import (
	"crypto/sha256"
	"sync"
	"time"
)

const (
	servedMost = 1 << 20        // signatures of one generation: about 100 MB for both
	servedLife = 24 * time.Hour // of a generation where a signature may have any age
)

// served remembers which body each callback's signature came with, as long as the
// signature may be used. It has two generations, of which the older is forgotten as a
// whole. It is safe for concurrent use.
type served struct {
	life time.Duration

	mu         sync.Mutex // guards what follows
	began      time.Time
	young, old map[fingerprint]fingerprint
}

// fingerprint is the beginning of a hash.
type fingerprint [16]byte

func fingerprintOf(text []byte) fingerprint {
	sum := sha256.Sum256(text)
	return fingerprint(sum[:16])
}

// newServed is for signatures that are good for age before and after their time.
func newServed(age time.Duration) *served {
	life := 2 * age
	if life == 0 {
		life = servedLife
	}
	return &served{life: life, began: time.Now(), young: map[fingerprint]fingerprint{}}
}

// takes says whether body is the first that came with the signature, or that one again.
func (s *served) takes(signature string, body []byte) bool {
	key, sum := fingerprintOf([]byte(signature)), fingerprintOf(body)
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := time.Now(); now.Sub(s.began) >= s.life || len(s.young) >= servedMost {
		s.began, s.old, s.young = now, s.young, map[fingerprint]fingerprint{}
	}
	first, known := s.young[key]
	if !known {
		first, known = s.old[key]
	}
	if !known {
		s.young[key] = sum
		return true
	}
	return first == sum
}
