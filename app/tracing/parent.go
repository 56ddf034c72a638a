package tracing

import (
	"encoding/binary"
	"encoding/hex"
	"strings"
)

const (
	traceparentSize = 55  // "00-" + 32 + "-" + 16 + "-" + 2
	tracestateSize  = 512 // what others have to carry at least (W3C Trace Context 3.3.1.5)
)

// parse reads a traceparent (W3C Trace Context 3.2); false: it names no span. Later
// versions are read as far as this one goes.
func parse(header string) (trace [16]byte, span [8]byte, sampled, ok bool) {
	if len(header) < traceparentSize || header != strings.ToLower(header) || header[2] != '-' || header[35] != '-' || header[52] != '-' {
		return trace, span, false, false
	}
	var version, flags [1]byte
	for _, part := range []struct {
		to   []byte
		text string
	}{{version[:], header[:2]}, {trace[:], header[3:35]}, {span[:], header[36:52]}, {flags[:], header[53:55]}} {
		if _, err := hex.Decode(part.to, []byte(part.text)); err != nil {
			return [16]byte{}, [8]byte{}, false, false
		}
	}
	longer := len(header) > traceparentSize
	switch {
	case version[0] == 0xff, version[0] == 0 && longer, longer && header[55] != '-', trace == [16]byte{}, span == [8]byte{}:
		return [16]byte{}, [8]byte{}, false, false
	}
	return trace, span, flags[0]&1 == 1, true
}

// checkState is a tracestate that may be passed on; empty when it is too long or no header.
func checkState(state string) string {
	if len(state) > tracestateSize || strings.ContainsFunc(state, func(r rune) bool { return r < ' ' || r > '~' }) {
		return ""
	}
	return state
}

// sampler decides which traces are kept.
type sampler struct {
	share  float64 // of new traces
	parent bool    // a caller's word counts
}

// keeps reads the decision from the trace's id, as every OpenTelemetry SDK does, so that
// all parts of a trace decide alike.
func (s sampler) keeps(trace [16]byte) bool {
	return s.share >= 1 || binary.BigEndian.Uint64(trace[8:])>>1 < uint64(s.share*(1<<63))
}
