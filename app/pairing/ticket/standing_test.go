package ticket

import "testing"

func TestWhoIsGoneWasShownUntilTheLastOfTheirEvidenceEnded(t *testing.T) {
	type word struct {
		session string
		e       Evidence
	}
	const socket, vendor = "socket:1", "vendor:phone"
	for name, c := range map[string]struct {
		told []word
		want Instant
	}{
		"a socket that closes":                            {[]word{{socket, Evidence{ProofSocket, true, 10, 50}}, {socket, Evidence{ProofSocket, false, 30, 90}}}, 30},
		"a socket that closes after its evidence ran out": {[]word{{socket, Evidence{ProofSocket, true, 10, 50}}, {socket, Evidence{ProofSocket, false, 60, 90}}}, 50},
		"and a vendor's word that ended between": {[]word{
			{socket, Evidence{ProofSocket, true, 10, 50}}, {vendor, Evidence{ProofVendor, true, 40, 90}}, {vendor, Evidence{ProofVendor, false, 55, 90}}, {socket, Evidence{ProofSocket, false, 60, 90}},
		}, 55},
		"a vendor's end after the socket ended it": {[]word{
			{vendor, Evidence{ProofVendor, true, 10, 90}}, {socket, Evidence{ProofSocket, true, 20, 90}}, {socket, Evidence{ProofSocket, false, 30, 90}}, {vendor, Evidence{ProofVendor, false, 45, 90}},
		}, 30},
		"an end that is told twice": {[]word{{socket, Evidence{ProofSocket, true, 10, 90}}, {socket, Evidence{ProofSocket, false, 30, 90}}, {socket, Evidence{ProofSocket, false, 40, 90}}}, 30},
	} {
		p := Candidate{}
		for _, w := range c.told {
			p.MergeEvidence(w.session, w.e, 0)
		}
		if st := p.Standing(100); st.Present || st.Since != c.want {
			t.Errorf("%s: gone since %d (present: %t), want %d", name, st.Since, st.Present, c.want)
		}
	}
}
