package ticket

import "testing"

// "+5", "005" and "5" are three users to bans, wallets and conversations.
func TestUserNumbersHaveOneSpelling(t *testing.T) {
	for text, want := range map[string]UID{
		"5": 5, "9223372036854775807": 9223372036854775807,
		"+5": 0, "005": 0, "05": 0, "-5": 0, "0": 0, "00": 0, "": 0, " 5": 0, "5 ": 0, "5.0": 0, "5e0": 0, "0x5": 0, "1_0": 0, "9223372036854775808": 0, "\u0665": 0,
	} {
		if got, err := ParseUID(text); got != want || (err == nil) != (want != 0) {
			t.Errorf("%q: %d, %v", text, got, err)
		}
	}
}
