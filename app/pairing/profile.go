package pairing

import (
	"slices"

	"switchboard/app/pairing/ticket"
)

// Profile is what the business knows of a person that bears on matching. An
// empty language or region matches every other.
type Profile struct {
	Language string
	Region   string
	Role     string
	Blocked  []ticket.UID // whom they must never meet, ascending
}

func (p *Profile) blocks(uid ticket.UID) bool {
	_, found := slices.BinarySearch(p.Blocked, uid)
	return found
}

func (p *Profile) equal(o *Profile) bool {
	return p.Language == o.Language && p.Region == o.Region && p.Role == o.Role && slices.Equal(p.Blocked, o.Blocked)
}
