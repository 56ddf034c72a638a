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

// BestEvidence is the best evidence that the person can ring at now.
func (c *Candidate) BestEvidence(now Instant) (Evidence, bool) {
	var best Evidence
	found := false
	for _, e := range c.Sessions {
		if e.Online && e.Until > now && (!found || e.Proof < best.Proof || e.Proof == best.Proof && e.At > best.At) {
			best, found = e, true
		}
	}
	return best, found
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
// older than what is known (Y5).
func (c *Candidate) MergeEvidence(session string, e Evidence, lease Instant) bool {
	old, known := c.Sessions[session]
	if known && e.At < old.At {
		return false
	}
	fresh := make(map[string]Evidence, len(c.Sessions)+1)
	for k, v := range c.Sessions {
		if v.Until > e.At-forgetMS {
			fresh[k] = v
		}
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
