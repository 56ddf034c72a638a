package main

import (
	"errors"
	"fmt"
)

// closers is a stack of what was opened; it closes in reverse.
type closers []struct {
	name  string
	close func() error
}

func (s *closers) push(name string, closer func() error) {
	*s = append(*s, struct {
		name  string
		close func() error
	}{name, closer})
}

func (s closers) close() error {
	var errs []error
	for i := len(s) - 1; i >= 0; i-- {
		if err := s[i].close(); err != nil {
			errs = append(errs, fmt.Errorf("closing %s: %w", s[i].name, err))
		}
	}
	return errors.Join(errs...)
}
