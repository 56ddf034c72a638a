package ticket

// Proof is what presence rests on (docs/pairing.md#candidates).
type Proof uint8

// The proofs, the strongest first.
const (
	ProofSocket   Proof = iota // a socket at our own gateway: can ring, and needs no vendor message
	ProofVendor                // the vendor said so
	ProofActivity              // an authenticated call; weak
)

// Evidence is what one session of a person last showed.
type Evidence struct {
	Proof  Proof
	Online bool
	At     Instant // by the source's own time
	Until  Instant // when it is worth nothing any more
}

// Avail is a person's own word on whether they want offers.
type Avail struct {
	On    bool
	Until Instant // end of the lease; 0 for off
	At    Instant
}

// Candidate is what is known of a person beside the claim.
type Candidate struct {
	App       string
	UID       UID
	Sessions  map[string]Evidence
	Avail     Avail
	ReadyAt   Instant // end of the cooldown
	IdleSince Instant // end of the last offer or call
	Paused    bool    // rang out too often (N14)
	Card      Card
	OnlineAt  Instant // when the person was first seen online
	Claimed   bool    // as of the reading
}

// Standing is what all evidence of a person comes to at one moment (docs/pairing.md#candidates).
type Standing struct {
	Present bool
	Best    Evidence // present: the strongest that counts
	Until   Instant  // present: when the last that counts ends
	Since   Instant  // absent: when the last that counted ended; 0: nothing is known
	Closed  bool     // absent: that end was told; else the evidence ran out
}

// Standing weighs the evidence at now. The told end of a proof ends every weaker one
// that is not newer; evidence that runs out ends nothing but itself.
func (c *Candidate) Standing(now Instant) Standing {
	ends := c.toldEnds()
	var st Standing
	for _, e := range c.Sessions {
		end, told := e.end(ends[:e.Proof])
		switch {
		case e.Online && end > now:
			if !st.Present || e.Proof < st.Best.Proof || e.Proof == st.Best.Proof && e.At > st.Best.At {
				st.Best = e
			}
			st.Present, st.Until = true, max(st.Until, end)
		case end > st.Since || end == st.Since && told:
			st.Since, st.Closed = end, told
		}
	}
	if st.Present {
		st.Since, st.Closed = 0, false
	}
	return st
}

// toldEnds is, by proof, when its last session was told to end.
func (c *Candidate) toldEnds() (ends [ProofActivity + 1]Instant) {
	for _, e := range c.Sessions {
		if !e.Online {
			ends[e.Proof] = max(ends[e.Proof], e.At)
		}
	}
	return ends
}

// end is when the evidence is worth nothing any more, and whether somebody told so;
// stronger holds when sessions of stronger proofs were told to end.
func (e Evidence) end(stronger []Instant) (end Instant, told bool) {
	if !e.Online {
		return min(e.At, e.Until), true
	}
	end = e.Until
	for _, at := range stronger {
		if at >= e.At && at < end {
			end, told = at, true
		}
	}
	return end, told
}

// BestEvidence is the best evidence that the person can ring at now.
func (c *Candidate) BestEvidence(now Instant) (Evidence, bool) {
	st := c.Standing(now)
	return st.Best, st.Present
}

// TakesOffers reports whether the person may be offered anything under mode (docs/pairing.md#candidates).
func (c *Candidate) TakesOffers(mode string, now Instant) bool {
	if c.Paused {
		return false
	}
	switch {
	case mode == PoolOptin:
		return c.Avail.On && c.Avail.Until > now
	case c.Avail.At != 0 && !c.Avail.On:
		return false
	default:
		return true
	}
}

// SetAvailability takes the person's own word; on ends a pause.
func (c *Candidate) SetAvailability(a Avail) {
	c.Avail = a
	c.Paused = c.Paused && !a.On
}

// MergeEvidence merges evidence, and renews the lease of a yes that holds; false: it is
// older than what is known (Y5). A told end comes after the evidence of its session may
// have ended already: nobody was shown for the time between.
func (c *Candidate) MergeEvidence(session string, e Evidence, lease Instant) bool {
	old, known := c.Sessions[session]
	if known && e.At < old.At {
		return false
	}
	fresh := make(map[string]Evidence, len(c.Sessions)+1)
	for k, v := range c.Sessions {
		if max(v.At, v.Until) > e.At-forgetMS {
			fresh[k] = v
		}
	}
	if known && !e.Online {
		ends := c.toldEnds()
		shown, _ := old.end(ends[:old.Proof])
		e.Until = min(e.At, shown)
	}
	fresh[session] = e
	c.Sessions = fresh
	if e.Online && c.Avail.On && c.Avail.Until > e.At {
		c.Avail.Until = max(c.Avail.Until, lease)
	}
	if e.Online && c.OnlineAt == 0 {
		c.OnlineAt = e.At
	}
	return true
}

// forgetMS is how long a session's last word is kept against reordered news.
const forgetMS = 10 * 60 * 1000
