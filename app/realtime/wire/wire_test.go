package wire

import (
	"encoding/json"
	"testing"
)

func TestIDsThatAreNumbersGoOutAsNumbers(t *testing.T) {
	for id, want := range map[string]string{
		"2": `2`, "1597500303": `1597500303`, "0": `0`, "007": `"007"`, "Tom": `"Tom"`, "-": `"-"`,
		"9007199254740993":     `"9007199254740993"`, // a double cannot hold it
		"99999999999999999999": `"99999999999999999999"`,
	} {
		if got, _ := json.Marshal(clientID(id)); string(got) != want {
			t.Errorf("%s: %s, want %s", id, got, want)
		}
	}
}
