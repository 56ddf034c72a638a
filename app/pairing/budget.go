package pairing

// The vendor's send budget as a resource of the matcher (docs/pairing.md#vendor-budget): what send_rate
// allows, and what the vendor's own limit leaves, whichever is less.

// takeMessage takes a message for a candidate whom only a vendor reaches.
func (p *pool) takeMessage() bool {
	if p.budgetLeft() < 1 || !p.budget.AllowN(p.now.Time(), 1) {
		p.blockedAt = p.now
		return false
	}
	return true
}

// budgetSpent: nothing is left for a candidate whom only a vendor reaches; who holds a
// socket of ours costs nothing.
func (p *pool) budgetSpent() bool {
	return p.budgetLeft() < 1 || p.cfg.SendRate > 0 && p.budget.TokensAt(p.now.Time()) < 1
}

// budgetShort: less than a quarter of a burst is left, so there is one offer at a
// time, to who is likely to take it.
func (p *pool) budgetShort() bool {
	return p.cfg.SendRate > 0 && min(p.budgetLeft(), p.budget.TokensAt(p.now.Time())) < float64(p.cfg.SendBurst)/4
}

// budgetLeft is what the vendor would let out now.
func (p *pool) budgetLeft() float64 {
	if p.capacity != nil {
		if units := p.capacity(); units >= 0 {
			return units
		}
	}
	return unlimited
}

const unlimited = 1e9
