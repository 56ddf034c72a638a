// Package moderation finds sensitive words: the vendor's own list, kept in step,
// together with a local file.
package moderation

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"switchboard/app/periodic"
	"switchboard/app/problem"
	"switchboard/vendors"
)

// ErrSensitive says that a text holds a sensitive word. It never names the word
// to the caller: that would teach the list.
var ErrSensitive = problem.New(problem.Refused, "the text holds a sensitive word")

// Config is where words come from.
type Config struct {
	File string        `desc:"file of sensitive words, one a line, # begins a comment; empty: none"`
	Sync time.Duration `default:"10m" desc:"how often the file and the vendor's list are read again; at least 1s"`
}

// Service checks texts against the newest dictionary. Check never waits for a
// list to be read: it uses the one before until the next is built.
type Service struct {
	cfg    Config
	vendor func(context.Context) ([]vendors.Word, error)
	log    *slog.Logger

	dictionary atomic.Pointer[Dictionary]

	// Of the Run goroutine alone.
	last       []string
	vendorList []string
}

// Validate returns every mistake; each begins with the variable's name. A file
// that is missing or cannot be read is one.
func (c Config) Validate() error {
	var errs []error
	if c.Sync < time.Second {
		errs = append(errs, errors.New("SYNC: must be at least 1s"))
	}
	if _, err := c.words(); err != nil {
		errs = append(errs, fmt.Errorf("FILE: %w", err))
	}
	return errors.Join(errs...)
}

// Deps is what a Service works with.
type Deps struct {
	Vendor func(context.Context) ([]vendors.Word, error) // reads the routed vendor's list; nil: there is none
	Log    *slog.Logger
}

// New reads the local file and refuses what Config.Validate does. Its owner calls
// Run.
func New(cfg Config, deps Deps) (*Service, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	s := &Service{cfg: cfg, vendor: deps.Vendor, log: deps.Log.With("component", "moderation")}
	words, err := cfg.words()
	if err != nil {
		return nil, fmt.Errorf("FILE: %w", err)
	}
	s.install(words)
	return s, nil
}

// Check returns ErrSensitive when text holds one of the words.
func (s *Service) Check(text string) error {
	if _, found := s.dictionary.Load().Find(text); found {
		return ErrSensitive
	}
	return nil
}

// Run reads both lists at once and then every Config.Sync, until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	periodic.RunNow(ctx, s.cfg.Sync, s.refresh)
	return nil
}

// refresh keeps what it had of a source that cannot be read now: a vendor's bad
// day must not open the door to every word.
func (s *Service) refresh(ctx context.Context) {
	words, err := s.cfg.words()
	if err != nil {
		s.log.Warn("word file not read, the last list stays", "error", err)
		return
	}
	if s.vendor != nil {
		list, err := s.vendor(ctx)
		switch {
		case err == nil:
			s.vendorList = s.vendorList[:0]
			for _, w := range list {
				s.vendorList = append(s.vendorList, w.Text)
			}
		case ctx.Err() == nil:
			s.log.Warn("vendor's word list not read, the last one stays", "error", err)
		}
	}
	s.install(append(words, s.vendorList...))
}

func (s *Service) install(words []string) {
	slices.Sort(words)
	words = slices.Compact(words)
	if s.dictionary.Load() != nil && slices.Equal(words, s.last) {
		return
	}
	s.last = words
	s.dictionary.Store(NewDictionary(words))
	s.log.Info("words loaded", "words", len(words))
}

// words reads the local file; none is no mistake.
func (c Config) words() ([]string, error) {
	if c.File == "" {
		return nil, nil
	}
	f, err := os.Open(c.File)
	if err != nil {
		var pathErr *fs.PathError
		if errors.As(err, &pathErr) {
			err = pathErr.Err
		}
		return nil, fmt.Errorf("%s: %w", c.File, err)
	}
	defer f.Close()
	var words []string
	for lines := bufio.NewScanner(f); ; {
		if !lines.Scan() {
			return words, lines.Err()
		}
		if w := strings.TrimSpace(lines.Text()); w != "" && !strings.HasPrefix(w, "#") {
			words = append(words, w)
		}
	}
}
