package pairinglink

import (
	"testing"

	"switchboard/vendors"
)

// limitedLink is a link with so many units left to send.
type limitedLink struct {
	vendors.Connection
	up   bool
	ops  []vendors.OpHealth
	sick *int // counts looks
}

func (l limitedLink) Healthy(string) bool { return l.up }

func (l limitedLink) Health() vendors.Health {
	if l.sick != nil {
		*l.sick++
	}
	return vendors.Health{Ops: l.ops}
}

func TestSendCapacityIsWhatHealthyVendorsLeave(t *testing.T) {
	left := func(units float64) []vendors.OpHealth {
		return []vendors.OpHealth{{Op: vendors.OpBalance, HeadRoom: 1}, {Op: vendors.OpSendUser, HeadRoom: units}}
	}
	looks := 0
	for name, c := range map[string]struct {
		links []vendors.Connection
		want  float64
	}{
		"one":                     {[]vendors.Connection{limitedLink{up: true, ops: left(7)}}, 7},
		"two":                     {[]vendors.Connection{limitedLink{up: true, ops: left(7)}, limitedLink{up: true, ops: left(5)}}, 12},
		"one of them down":        {[]vendors.Connection{limitedLink{ops: left(7)}, limitedLink{up: true, ops: left(5)}}, 5},
		"all down":                {[]vendors.Connection{limitedLink{ops: left(7)}}, 0},
		"one without a limit":     {[]vendors.Connection{limitedLink{up: true, ops: left(7)}, limitedLink{up: true, ops: left(-1)}}, -1},
		"one never called":        {[]vendors.Connection{limitedLink{up: true, sick: &looks}}, -1},
		"one that has no link":    {[]vendors.Connection{nil}, -1},
		"used up to the last one": {[]vendors.Connection{limitedLink{up: true, ops: left(0)}}, 0},
	} {
		var all []*vendors.Vendor
		var names []string
		for i, l := range c.links {
			names = append(names, string(rune('a'+i)))
			all = append(all, &vendors.Vendor{Name: names[i], Messages: noMessages{}, Connection: l})
		}
		routes, err := vendors.NewRouter(all, map[vendors.Capability][]string{vendors.CapMessages: names})
		if err != nil {
			t.Fatal(err)
		}
		capacity := sendCapacity{routes: routes}
		for range 3 {
			if got := capacity.now(); got != c.want {
				t.Errorf("%s: capacity for %v, want %v", name, got, c.want)
			}
		}
	}
	if looks > 2 { // a slow machine may take more than one interval
		t.Errorf("looked %d times", looks)
	}
}

type noMessages struct{ vendors.Messages }
