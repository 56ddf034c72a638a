package conversation

import (
	"crypto/rand"
	"encoding/hex"
	"hash/fnv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Tick is a moment that no two messages share: 42 bits of Unix milliseconds,
// then a counter of 12. Adding to it borrows from the next millisecond.
type Tick int64

const counterBits = 12

// TickAt is the first tick of t's millisecond.
func TickAt(t time.Time) Tick { return Tick(t.UnixMilli() << counterBits) }

// Time is the tick's millisecond.
func (t Tick) Time() time.Time { return time.UnixMilli(int64(t) >> counterBits).UTC() }

const (
	alphabet = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
	idLength = 19 // 16 characters as 5-4-4-3
	hashMask = 1<<22 - 1 - 1<<15
)

// MessageID is the id of the message at t: 42-bit ms | 12-bit counter | 4-bit
// conversation type | 22 bits of FNV-1-32 of the conversation id, of which bit
// 15 is always 0, in base32. Text order is tick order (docs/conversations.md#message-ids).
func MessageID(t Tick, convType int, conversation string) string {
	h := fnv.New32()
	_, _ = h.Write([]byte(conversation))
	return idOf(t, uint64(convType&15)<<22|uint64(h.Sum32()&hashMask))
}

// idOf is a tick and 26 bits as an id.
func idOf(t Tick, low uint64) string {
	// 80 bits: the tick's 54 over low's 26. The upper 55 fill 11 characters.
	high := uint64(t)<<1 | low>>25
	out := make([]byte, 0, idLength)
	for i := range 16 {
		switch i {
		case 5, 9, 13:
			out = append(out, '-')
		}
		if i < 11 {
			out = append(out, alphabet[high>>(5*(10-i))&31])
		} else {
			out = append(out, alphabet[low>>(5*(15-i))&31])
		}
	}
	return string(out)
}

// EarliestID is below every id of a message that is stored at t or later, and above all
// that were stored in an earlier millisecond.
func EarliestID(t time.Time) string { return idOf(TickAt(t), 0) }

// TimeOfID is the moment in a message's id; zero for what is none.
func TimeOfID(id string) time.Time {
	if !ValidMessageID(id) {
		return time.Time{}
	}
	high := uint64(0)
	for _, c := range strings.ReplaceAll(id, "-", "")[:11] {
		high = high<<5 | uint64(strings.IndexRune(alphabet, c))
	}
	return Tick(high >> 1).Time()
}

// ValidMessageID reports whether id has the form of a message id.
func ValidMessageID(id string) bool {
	if len(id) != idLength {
		return false
	}
	for i := range len(id) {
		dash := i == 5 || i == 10 || i == 15
		if dash != (id[i] == '-') || (!dash && strings.IndexByte(alphabet, id[i]) < 0) {
			return false
		}
	}
	return true
}

// HexID is a new conversation id as the conversation API prints them: 32 hex digits.
func HexID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// UUID is a new conversation id as the gateway prints them.
func UUID() string { return uuid.NewString() }

func newID(r Rules) string {
	if r == Typed {
		return HexID()
	}
	return UUID()
}
