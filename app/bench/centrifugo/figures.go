package main

import (
	"fmt"
	"io"
	"slices"
	"time"
)

// figures of one side and one work, in the order in which they came first. Each has a
// value a round.
type figures struct {
	names  []string
	values map[string][]float64
}

func (f *figures) add(name string, value float64) {
	if f.values == nil {
		f.values = map[string][]float64{}
	}
	if !slices.Contains(f.names, name) {
		f.names = append(f.names, name)
	}
	f.values[name] = append(f.values[name], value)
}

func (f *figures) latencies(of string, took []time.Duration) {
	slices.Sort(took)
	f.add(of+" p50, ms", milliseconds(took[len(took)/2]))
	f.add(of+" p99, ms", milliseconds(took[len(took)*99/100]))
}

// results are all figures.
type results struct {
	works []string
	of_   map[string]map[string]*figures // by work and side
}

// of returns the figures of a side and a work.
func (r *results) of(side, work string) *figures {
	if r.of_ == nil {
		r.of_ = map[string]map[string]*figures{}
	}
	if r.of_[work] == nil {
		r.works = append(r.works, work)
		r.of_[work] = map[string]*figures{}
	}
	if r.of_[work][side] == nil {
		r.of_[work][side] = &figures{}
	}
	return r.of_[work][side]
}

// print writes a table of medians with the least and the greatest of the rounds. The
// ratio is that of two values of one round: the machine is not the same in all of them.
func (r *results) print(w io.Writer, own, other string) {
	fmt.Fprintf(w, "| work | figure | %s | %s | ratio |\n|---|---|---|---|---|\n", own, other)
	for _, work := range r.works {
		a, b := r.of_[work][own], r.of_[work][other]
		for _, name := range a.names {
			x, y := a.values[name], b.values[name]
			ratios := make([]float64, min(len(x), len(y)))
			for i := range ratios {
				ratios[i] = x[i] / y[i]
			}
			fmt.Fprintf(w, "| %s | %s | %s | %s | %s |\n", work, name, spread(x), spread(y), spread(ratios))
		}
	}
}

// spread is the median, and the range.
func spread(values []float64) string {
	if len(values) == 0 {
		return ""
	}
	sorted := slices.Sorted(slices.Values(values))
	middle := (sorted[len(sorted)/2] + sorted[(len(sorted)-1)/2]) / 2
	return fmt.Sprintf("%.3g (%.3g to %.3g)", middle, sorted[0], sorted[len(sorted)-1])
}
