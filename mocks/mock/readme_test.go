package mock

import (
	"os"
	"strings"
	"testing"
)

func TestTheReadmeNamesEveryFault(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range kinds {
		if !strings.Contains(string(readme), "`"+kind+"`") {
			t.Errorf("%s is not in README.md", kind)
		}
	}
}
