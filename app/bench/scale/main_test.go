package main

import (
	"math"
	"strings"
	"testing"
	"time"
)

// measured are the rows of docs/scale.md, of BenchmarkSendsOnReplicas: 32 senders.
var measured = []struct {
	replicas              int
	sends, commits, batch float64
	half                  float64 // ms
}{{1, 1020, 65, 15.8, 24}, {2, 850, 106, 8.0, 30}, {4, 700, 175, 4.0, 38}}

// fitted are a and c by the rows of one and of four replicas: a commit takes one over
// their rate. The row of two is foretold.
func fitted() input {
	first, last := measured[0], measured[2]
	c := (1/first.commits - 1/last.commits) / (first.batch - last.batch)
	a := 1/last.commits - c*last.batch
	second := float64(time.Second)
	return input{commit: time.Duration(a * second), message: time.Duration(c * second), think: 100 * time.Microsecond, spread: 0.65, senders: 32, partitions: 1}
}

func TestTheModelFindsWhatWasMeasured(t *testing.T) {
	for _, row := range measured {
		in := fitted()
		in.replicas = row.replicas
		got := simulate(in, 5*time.Minute)
		for name, pair := range map[string][2]float64{
			"sends": {got.sends, row.sends}, "commits": {got.commits, row.commits}, "batch": {got.batch, row.batch}, "lag": {got.half.Seconds() * 1000, row.half},
		} {
			if off := pair[0]/pair[1] - 1; math.Abs(off) > 0.15 {
				t.Errorf("%d replicas, %s: %.1f, measured %.1f (%+.0f%%)", row.replicas, name, pair[0], pair[1], 100*off)
			}
		}
		t.Logf("%d: %+v", row.replicas, got)
	}
}

// No partition takes more than 1/c, and where senders are plenty p of them take p times that.
func TestThroughputEndsAtTheClockRows(t *testing.T) {
	in := fitted()
	in.spread, in.senders, in.replicas = 0, 4096, 2
	most := 1 / in.message.Seconds()
	for _, in.partitions = range []int{1, 2, 4} {
		got := simulate(in, time.Minute).sends / float64(in.partitions)
		if got > most || got < 0.9*most {
			t.Errorf("%d partitions: %.0f each, the row ends at %.0f", in.partitions, got, most)
		}
	}
}

func TestTheTableHasARowForEachCombination(t *testing.T) {
	var out strings.Builder
	table(&out, fitted(), []int{32}, []int{1, 2}, []int{1, 4})
	if n := strings.Count(out.String(), "\n| 32 |"); n != 4 {
		t.Errorf("%d rows:\n%s", n, &out)
	}
}
