package vendors

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"
)

// MessageKey names one message to its vendor, so that it is known again: an adapter puts
// it where the vendor takes an id, a nonce or a random number of the caller's. Zero: the
// message has none.
type MessageKey [16]byte

// KeyOf is the key of a message that parts tell from all others. For the same parts it
// is the same.
func KeyOf(parts ...string) MessageKey {
	h := sha256.New()
	for _, p := range parts {
		_, _ = h.Write([]byte(p))
		_, _ = h.Write([]byte{0})
	}
	return MessageKey(h.Sum(nil))
}

// IsZero reports whether there is no key.
func (k MessageKey) IsZero() bool { return k == MessageKey{} }

// String is the key in 32 hexadecimal digits.
func (k MessageKey) String() string { return hex.EncodeToString(k[:]) }

// For is the key of the message to one target, where the vendor wants each of its
// messages to have one of its own.
func (k MessageKey) For(target string) MessageKey {
	if k.IsZero() {
		return k
	}
	return KeyOf(k.String(), target)
}

// MessageRef names a message at its vendor: as much as the vendor tells of it, since
// vendors differ in what they want to take it back.
type MessageRef struct {
	ID  string
	Seq string    // its number in the conversation; empty: the vendor numbers none, or did not tell
	At  time.Time // when the vendor took it; zero: not told
}

// Ref names the message that the target got.
func (t TargetResult) Ref() MessageRef { return MessageRef{ID: t.MessageID, Seq: t.Seq, At: t.At} }

// Lookup asks for a message that may have been sent.
type Lookup struct {
	Key    MessageKey // of the message, not of one target: see MessageKey.For
	Kind   TargetKind
	From   string
	Target string
	Around time.Time // when it was sent, by our clock
}

// MessageLookup finds messages by the keys that they were sent with.
type MessageLookup interface {
	// FindMessage reports false for a message that the vendor does not have. A vendor
	// that cannot know, since it stores no such messages, is ErrUnsupported.
	FindMessage(ctx context.Context, l Lookup) (MessageRef, bool, error)
}
