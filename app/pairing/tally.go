package pairing

import "switchboard/app/pairing/ticket"

// tally counts offers per person over about the last five minutes.
type tally struct {
	minute int64
	counts [5]map[ticket.UID]int // by minute
}

// advance forgets the minutes that are over.
func (t *tally) advance(now ticket.Instant) {
	minute := int64(now) / 60_000
	for t.minute = max(t.minute, minute-int64(len(t.counts))); t.minute < minute; {
		t.minute++
		t.counts[t.minute%int64(len(t.counts))] = nil
	}
}

func (t *tally) add(uid ticket.UID, now ticket.Instant) {
	t.advance(now)
	at := &t.counts[t.minute%int64(len(t.counts))]
	if *at == nil {
		*at = map[ticket.UID]int{}
	}
	(*at)[uid]++
}

func (t *tally) since(now ticket.Instant) map[ticket.UID]int {
	t.advance(now)
	all := map[ticket.UID]int{}
	for _, counts := range t.counts {
		for uid, n := range counts {
			all[uid] += n
		}
	}
	return all
}
