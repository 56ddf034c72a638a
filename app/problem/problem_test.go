package problem_test

import (
	"errors"
	"fmt"
	"testing"

	"switchboard/app/problem"
)

var (
	errAbsent = problem.New(problem.NotFound, "no such room")
	errDown   = problem.Masked(problem.Unavailable, "database unavailable", "try again later")
	errDoubt  = problem.Masked(problem.InDoubt, "commit outcome unknown", "it may have been done")
)

func TestAnErrorHasTheKindOfWhatItWraps(t *testing.T) {
	for _, c := range []struct {
		err  error
		kind problem.Kind
		text string
	}{
		{nil, problem.Internal, ""},
		{errors.New("secret"), problem.Internal, ""},
		{errAbsent, problem.NotFound, "no such room"},
		{fmt.Errorf("%w: r1", errAbsent), problem.NotFound, "no such room: r1"},
		{fmt.Errorf("reading: %w: dial 10.0.0.7", errDown), problem.Unavailable, "try again later"},
		{fmt.Errorf("%w: %w", errAbsent, errDown), problem.NotFound, "no such room: database unavailable"},
		{fmt.Errorf("%w: %w", errDown, errDoubt), problem.InDoubt, "it may have been done"},
		{fmt.Errorf("%w: %w", errDoubt, errDown), problem.InDoubt, "it may have been done"},
		{errors.Join(errors.New("secret"), fmt.Errorf("x: %w", errDown)), problem.Unavailable, "try again later"},
	} {
		if kind, text := problem.Of(c.err); kind != c.kind || text != c.text {
			t.Errorf("%v: kind %d, %q", c.err, kind, text)
		}
	}
}

func TestASentinelIsFoundByErrorsIs(t *testing.T) {
	if err := fmt.Errorf("%w: r1", errAbsent); !errors.Is(err, errAbsent) || errors.Is(err, errDown) {
		t.Error(err)
	}
	if errors.Is(problem.New(problem.NotFound, "no such room"), errAbsent) {
		t.Error("two sentinels of one text are the same")
	}
}
