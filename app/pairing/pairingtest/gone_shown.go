package pairingtest

import (
	"switchboard/app/pairing/ticket"
)

// sign is one thing that showed a person: from when, and until when at most.
type sign struct {
	proof     ticket.Proof
	session   string
	at, until ticket.Instant
	noted     bool           // the service was told while it counted; it may know less than happened, never more
	order     int            // of what was told of the person
	heard     ticket.Instant // of an end: when it was told
}

// shown is what the world knows of one person.
type shown struct {
	signs  []sign
	ends   []sign                    // told ends: proof, session and at
	newest map[string]ticket.Instant // of each session, the time of its last word
	open   []string                  // sockets that are open
	told   int
	left   bool // on purpose, and not shown since: there is no grace
}

func (p *shown) see(proof ticket.Proof, session string, now, at, until ticket.Instant) {
	if at < p.newest[session] {
		return // news of before, reordered (Y5)
	}
	p.newest[session], p.left = at, false
	p.told++
	s := sign{proof: proof, session: session, at: at, until: until, order: p.told}
	s.noted = proof != ticket.ProofActivity && p.over(s) > now
	p.signs = append(p.signs, s)
}

func (p *shown) end(proof ticket.Proof, session string, now, at ticket.Instant) {
	if at < p.newest[session] {
		return
	}
	p.newest[session] = at
	p.told++
	p.ends = append(p.ends, sign{proof: proof, session: session, at: at, order: p.told, heard: now})
}

func (p *shown) noted(now, at ticket.Instant) {
	for i, s := range p.signs {
		if s.proof == ticket.ProofActivity && s.at == at {
			p.signs[i].noted = p.over(s) > now
		}
	}
}

// over is when s shows nothing any more: its own session ended, a stronger sign was told
// to end after it, or it ran out.
func (p *shown) over(s sign) ticket.Instant {
	end := s.until
	for _, e := range p.ends {
		own := e.session == s.session && e.order > s.order
		if e.at >= s.at && e.at < end && (own || e.proof < s.proof) {
			end = e.at
		}
	}
	return end
}

// last is when the person was last shown, as of now, by all that happened; known is by
// what the service must have taken.
func (p *shown) last(now ticket.Instant) (most, known ticket.Instant) {
	for _, s := range p.signs {
		most = max(most, min(now, p.over(s)))
		if s.noted && p.taken(s) {
			if s.proof == ticket.ProofActivity {
				s.until = s.at.Add(goneActivity / 2) // one that adds less than that is not stored
			}
			known = max(known, min(now, p.over(s)))
		}
	}
	return most, known
}

// taken: a call just after an end was told may meet a replica that has not heard of it,
// and takes the person for present without the call.
func (p *shown) taken(s sign) bool {
	for _, e := range p.ends {
		if s.proof == ticket.ProofActivity && e.at <= s.at && s.at < e.heard.Add(poolLag) {
			return false
		}
	}
	return true
}

// present reports whether the service must take the person for present.
func (p *shown) present(now ticket.Instant) bool {
	for _, s := range p.signs {
		if s.noted && p.taken(s) && s.proof != ticket.ProofActivity && p.over(s) > now {
			return true
		}
	}
	return false
}
