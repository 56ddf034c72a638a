package mock

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// names is what an op may be: the vendor's operations and callbacks.
type names []string

func (v Vendor[S]) names() names {
	all := slices.Clone(v.Callbacks)
	for _, op := range v.Operations {
		all = append(all, op.Name)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// check refuses a pattern that matches no name, with the names that are nearest:
// a rule or an expectation for it would say nothing, and a test would be green.
func (n names) check(pattern string) error {
	if slices.ContainsFunc(n, func(name string) bool { return matchName(pattern, name) }) || pattern == "" {
		return nil
	}
	text := fmt.Sprintf("no operation and no callback is named %q", pattern)
	if prefix, _ := strings.CutSuffix(pattern, "*"); strings.Contains(prefix, "*") {
		text += "; a * is for the end alone"
	}
	if near := n.near(pattern); len(near) > 0 {
		text += "; near it: " + strings.Join(near, ", ")
	}
	return errors.New(text + "; GET /_mock/operations has them all")
}

const (
	nearest = 3 // names told for one that there is not
	farther = 4 // edits within which another name is still near
)

// near is the names that a pattern may have meant. One that ends in "*" is
// compared with as much of a name as it is long.
func (n names) near(pattern string) []string {
	prefix, wild := strings.CutSuffix(pattern, "*")
	type candidate struct {
		name  string
		edits int
	}
	var found []candidate
	for _, name := range n {
		compared := name
		if wild {
			compared = name[:min(len(name), len(prefix))]
		}
		edits := distance(strings.ToLower(prefix), strings.ToLower(compared))
		inside := len(prefix) > 2 && strings.Contains(strings.ToLower(name), strings.ToLower(prefix))
		if inside || edits <= min(farther, max(1, len(prefix)/2)) {
			found = append(found, candidate{name, edits})
		}
	}
	slices.SortStableFunc(found, func(a, b candidate) int { return cmp.Compare(a.edits, b.edits) })
	var out []string
	for _, c := range found[:min(len(found), nearest)] {
		out = append(out, c.name)
	}
	return out
}

// distance is how many bytes have to be put in, taken out or changed to make a
// into b (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
