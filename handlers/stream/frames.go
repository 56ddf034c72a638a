package stream

import (
	"encoding/binary"
	"math"
	"sync"
)

// writeAtOnce is how many bytes of frames go out in one write, save that a frame is
// never cut.
const writeAtOnce = 64 << 10

// frames are buffers for what is written at once: an idle connection holds none.
var frames = sync.Pool{New: func() any { return new([]byte) }}

// giveFrames returns a buffer, unless a great message has made it one that is seldom needed.
func giveFrames(b *[]byte) {
	if cap(*b) <= 4*writeAtOnce {
		*b = (*b)[:0]
		frames.Put(b)
	}
}

const (
	textFrame = 0x81 // the last, and here the only, frame of a text message
	length16  = 126  // the length follows in two bytes
	length64  = 127  // in eight
)

// appendTextFrame appends a whole text message as a server sends it, without a mask
// (RFC 6455 5.2). The websocket library writes each message by itself, with a deadline
// of its own, which was two thirds of what a busy room costs.
func appendTextFrame(b, text []byte) []byte {
	switch n := len(text); {
	case n < length16:
		b = append(b, textFrame, byte(n))
	case n <= math.MaxUint16:
		b = binary.BigEndian.AppendUint16(append(b, textFrame, length16), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, textFrame, length64), uint64(n))
	}
	return append(b, text...)
}
