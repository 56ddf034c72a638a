package mock

import (
	"hash/fnv"
	"math/rand/v2"
	"strings"
	"sync"
)

// Random makes ids, tokens and chances; the same seed gives the same ones in
// the same order. It is safe for concurrent use.
type Random struct {
	mu  sync.Mutex // guards src
	src *rand.Rand
}

// NewRandom seeds a source for one purpose: sources of one seed with different
// names are independent of each other.
func NewRandom(seed uint64, name string) *Random {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name))
	return &Random{src: rand.New(rand.NewPCG(seed, h.Sum64()))}
}

const (
	digits = "0123456789"
	hexes  = "0123456789abcdef"
	alnums = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

// Digits returns n decimal digits, the first of them not zero.
func (r *Random) Digits(n int) string { return r.text(digits, n, 1) }

// Hex returns n lower-case hex digits.
func (r *Random) Hex(n int) string { return r.text(hexes, n, 0) }

// Token returns n letters and digits.
func (r *Random) Token(n int) string { return r.text(alnums, n, 0) }

func (r *Random) text(alphabet string, n, first int) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	b := make([]byte, n)
	for i := range b {
		if i == 0 {
			b[i] = alphabet[first+r.src.IntN(len(alphabet)-first)]
			continue
		}
		b[i] = alphabet[r.src.IntN(len(alphabet))]
	}
	return string(b)
}

// Bytes returns n bytes of anything.
func (r *Random) Bytes(n int) []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.src.Uint32())
	}
	return b
}

// Chance is true with probability p: never for 0, always for 1.
func (r *Random) Chance(p float64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.src.Float64() < p
}

// UpperHex returns n upper-case hex digits.
func (r *Random) UpperHex(n int) string { return strings.ToUpper(r.Hex(n)) }
