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

	"switchboard/app/problem"
	"switchboard/vendors"
)

// ErrSensitive says that a text holds a sensitive word. It never names the word
// to the caller: that would teach him the list.
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

// New reads the local file, so that a missing or unreadable one stops the start;
// its error begins with the field's name in the environment.
// vendor reads the routed vendor's list; nil: there is none.
func New(cfg Config, vendor func(context.Context) ([]vendors.Word, error), log *slog.Logger) (*Service, error) {
	if cfg.Sync < time.Second {
		return nil, errors.New("SYNC: must be at least 1s")
	}
	s := &Service{cfg: cfg, vendor: vendor, log: log}
	words, err := s.file()
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

// Len is how many words are looked for now.
func (s *Service) Len() int { return s.dictionary.Load().Len() }

// Run reads both lists at once and then every Config.Sync, until ctx ends.
func (s *Service) Run(ctx context.Context) {
	tick := time.NewTicker(s.cfg.Sync)
	defer tick.Stop()
	for {
		s.refresh(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// refresh keeps what it had of a source that cannot be read now: a vendor's bad
// day must not open the door to every word.
func (s *Service) refresh(ctx context.Context) {
	words, err := s.file()
	if err != nil {
		s.log.Warn("sensitive words: the file cannot be read; the last list stays", "error", err)
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
			s.log.Warn("sensitive words: the vendor's list cannot be read; the last one stays", "error", err)
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
	s.log.Info("sensitive words loaded", "words", len(words))
}

func (s *Service) file() ([]string, error) {
	if s.cfg.File == "" {
		return nil, nil
	}
	f, err := os.Open(s.cfg.File)
	if err != nil {
		var pathErr *fs.PathError
		if errors.As(err, &pathErr) {
			err = pathErr.Err
		}
		return nil, fmt.Errorf("%s: %w", s.cfg.File, err)
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
