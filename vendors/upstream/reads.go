package upstream

import (
	"encoding/json"
	"strings"
	"time"
)

const (
	maxReads = 4096        // answers kept by one account, of each kind
	staleFor = time.Minute // how long Call.Stale lets an answer outlive its time
)

// reads keeps whole answers of reads for as long as their calls allow. It belongs
// to one account, and a key is all that the vendor gets to see of a caller, so
// that no two callers who would get different answers share one.
type reads = Cache[keptRead]

type keptRead struct {
	body json.RawMessage
	life time.Duration
	at   time.Time
}

func newReads(vendor string) *reads {
	c := NewCache[keptRead](vendor, "read", time.Minute, maxReads)
	c.Life = func(r keptRead) time.Duration { return r.life }
	return c
}

// readKey holds everything that makes two calls different before signing.
func readKey(call Call) string {
	var b strings.Builder
	b.WriteString(call.Op + " " + call.Method + " " + call.Path + "?" + call.Query.Encode() + "\n")
	b.WriteString(call.Form.Encode() + "\n" + call.Header.Encode() + "\n")
	if call.JSON != nil {
		body, _ := json.Marshal(call.JSON) // what cannot be encoded is refused when it is sent
		b.Write(body)
	}
	return b.String()
}
