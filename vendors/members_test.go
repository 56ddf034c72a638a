package vendors

import (
	"errors"
	"fmt"
	"testing"
)

func TestCompositeAnswersWhatItsCallsDid(t *testing.T) {
	no := &Error{Outcome: DefiniteNo, Err: ErrNotFound, Sent: true}
	away := &Error{Outcome: NotSent, Err: ErrBreakerOpen}
	lost := &Error{Outcome: Ambiguous, Sent: true}
	for _, row := range []struct {
		name  string
		begun bool
		ends  []error // of the calls for the users 0, 1, 2 ...
		want  string  // states, then the outcome of the whole
	}{
		{"all done", false, []error{nil, nil}, "[accepted accepted] ok"},
		{"one call refused", false, []error{no}, "[] definite_no"},
		{"one call in doubt", false, []error{lost}, "[] ambiguous"},
		{"the only join of a group that was made", true, []error{away}, "[refused] partial"},
		{"one of two refused", false, []error{no, nil}, "[refused accepted] ok"},
		{"all refused", false, []error{no, no}, "[refused refused] ok"},
		{"away before anything was done", false, []error{away, nil, nil}, "[] not_sent"},
		{"refused, then away", false, []error{no, away, nil}, "[] not_sent"},
		{"away half way", false, []error{nil, away, nil}, "[accepted refused refused] partial"},
		{"in doubt at the first", false, []error{lost, nil}, "[unknown refused] partial"},
		{"in doubt at the last", false, []error{nil, nil, lost}, "[accepted accepted unknown] partial"},
	} {
		c := Composite{Vendor: "acme", Op: OpGroup, Begun: row.begun}
		made := 0
		for i, end := range row.ends {
			c.Each([]string{fmt.Sprint(i)}, func(string) error { made++; return end })
		}
		rows, err := c.Rows()
		states := []MemberState{}
		for i, r := range rows {
			if r.User != fmt.Sprint(i) || (r.Err != nil) != (r.State == MemberRefused || r.State == MemberUnknown) {
				t.Errorf("%s: row %d is %+v", row.name, i, r)
			}
			states = append(states, r.State)
		}
		if got := fmt.Sprint(states, " ", OutcomeOf(err)); got != row.want {
			t.Errorf("%s: %s, want %s", row.name, got, row.want)
		}
		if part, ok := PartialOf(err); ok {
			if len(part.Done)+len(part.Left) != len(row.ends) || errors.Is(err, ErrBreakerOpen) {
				t.Errorf("%s: %v", row.name, err)
			}
			if untried := len(row.ends) - made; untried > 0 && !errors.Is(rows[len(rows)-1].Err, ErrUntried) {
				t.Errorf("%s: the last of %d without a call has the error %v", row.name, untried, rows[len(rows)-1].Err)
			}
		}
	}
}
