package pairing

import (
	"flag"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// TestMain makes histories long enough to reach a call, and finds goroutines
// that nobody waited for.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("rapid.steps", "120"); err != nil {
		panic(err)
	}
	if err := flag.Set("rapid.shrinktime", "100ms"); err != nil {
		panic(err)
	}
	if err := flag.Set("rapid.nofailfile", "true"); err != nil {
		panic(err)
	}
	code := m.Run()
	if err := goleak.Find(); err != nil && code == 0 {
		_, _ = os.Stderr.WriteString(err.Error())
		code = 1
	}
	os.Exit(code)
}
