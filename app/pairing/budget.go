package pairing

// The vendor's send budget as a resource of the matcher (docs/pairing.md#vendor-budget): what send_rate
// allows, and what the vendor's own limit leaves, whichever is less.

// allow takes a message for a candidate whom only a vendor reaches.
func (p *pool) allow() bool {
	if p.left() < 1 || !p.budget.AllowN(p.now.Time(), 1) {
		p.heldAt = p.now
		return false
	}
	return true
}

// spent: nothing is left for a candidate whom only a vendor reaches; who holds a
// socket of ours costs nothing.
func (p *pool) spent() bool {
	return p.left() < 1 || p.cfg.SendRate > 0 && p.budget.TokensAt(p.now.Time()) < 1
}

// short: less than a quarter of a burst is left, so there is one offer at a
// time, to who is likely to take it.
func (p *pool) short() bool {
	return p.cfg.SendRate > 0 && min(p.left(), p.budget.TokensAt(p.now.Time())) < float64(p.cfg.SendBurst)/4
}

// left is what the vendor would let out now.
func (p *pool) left() float64 {
	if p.room != nil {
		if units := p.room(); units >= 0 {
			return units
		}
	}
	return unlimited
}

const unlimited = 1e9
