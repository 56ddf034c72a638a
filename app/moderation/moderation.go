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
// to the caller: that would teach the list.
var ErrSensitive = problem.New(problem.Refused, "the text holds a sensitive word")

// Config is where words come from.
type Config struct {
	File      string        `desc:"file of sensitive words, one a line, # begins a comment; empty: none"`
	AllowFile string        `split_words:"true" desc:"file of texts, one a line as above, inside which no sensitive word counts, such as class; empty: none"`
	Whole     bool          `desc:"sensitive words of scripts that put spaces between words count as whole words only: ass is not in pass"`
	Sync      time.Duration `default:"10m" desc:"how often the files and the vendor's list are read again; at least 1s"`
}

// Service checks texts against the newest dictionary. Check never waits for a
// list to be read: it uses the one before until the next is built.
type Service struct {
	cfg    Config
	vendor func(context.Context) (VendorList, error)
	log    *slog.Logger

	dictionary atomic.Pointer[Dictionary]
	listed     atomic.Pointer[Merged]
	again      chan struct{} // of Run: a list has changed

	// Of the Run goroutine alone.
	last       lists
	vendorList VendorList
}

// VendorList is a vendor account's own list.
type VendorList struct {
	Account string // empty: none was read
	Words   []vendors.Word
}

// Merged is what texts are checked against, with the account of which the vendor's part is.
type Merged struct {
	Account string
	Words   []Listed // the file's, then the vendor's, then what is allowed, each in the order of its text
}

// Origin says where an entry of the merged list comes from.
type Origin string

// The origins.
const (
	OfFile   Origin = "file"   // Config.File
	OfVendor Origin = "vendor" // the routed vendor's own list
	Allowed  Origin = "allow"  // Config.AllowFile: inside it no word counts
)

// Listed is one entry of what texts are checked against.
type Listed struct {
	vendors.Word
	Origin Origin
	Whole  bool // it counts as a whole word only, in scripts that have such
}

// lists are the files' lines, and the vendor's words among the words.
type lists struct{ words, allowed []string }

// Validate returns every mistake; each begins with the variable's name. A file
// that is missing or cannot be read is one.
func (c Config) Validate() error {
	var errs []error
	if c.Sync < time.Second {
		errs = append(errs, errors.New("SYNC: must be at least 1s"))
	}
	_, err := c.lists()
	return errors.Join(append(errs, err)...)
}

// Deps is what a Service works with.
type Deps struct {
	Vendor func(context.Context) (VendorList, error) // reads the routed vendor's list; nil: there is none
	Log    *slog.Logger
}

// New reads the local file and refuses what Config.Validate does. Its owner calls
// Run.
func New(cfg Config, deps Deps) (*Service, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	s := &Service{cfg: cfg, vendor: deps.Vendor, again: make(chan struct{}, 1), log: deps.Log.With("component", "moderation")}
	files, err := cfg.lists()
	if err != nil {
		return nil, err
	}
	s.show(files)
	s.install(files)
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
	tick := time.NewTicker(s.cfg.Sync)
	defer tick.Stop()
	for {
		s.refresh(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case <-s.again:
		}
	}
}

// Again has the lists read soon: one was changed.
func (s *Service) Again() {
	select {
	case s.again <- struct{}{}:
	default: // they will be
	}
}

// Merged is every entry that texts are checked against now.
func (s *Service) Merged() Merged { return *s.listed.Load() }

// show keeps what Merged tells.
func (s *Service) show(files lists) {
	out := Merged{Account: s.vendorList.Account}
	for _, part := range []struct {
		words  []vendors.Word
		origin Origin
	}{{plain(files.words), OfFile}, {s.vendorList.Words, OfVendor}, {plain(files.allowed), Allowed}} {
		words := slices.Clone(part.words)
		slices.SortFunc(words, func(a, b vendors.Word) int { return strings.Compare(a.Text, b.Text) })
		for _, w := range slices.CompactFunc(words, func(a, b vendors.Word) bool { return a.Text == b.Text }) {
			out.Words = append(out.Words, Listed{Word: w, Origin: part.origin, Whole: s.cfg.Whole && part.origin != Allowed})
		}
	}
	s.listed.Store(&out)
}

func plain(texts []string) []vendors.Word {
	out := make([]vendors.Word, len(texts))
	for i, text := range texts {
		out[i] = vendors.Word{Text: text}
	}
	return out
}

// refresh keeps what it had of a source that cannot be read now: a vendor's bad
// day must not open the door to every word. Of the two files none counts without the
// other.
func (s *Service) refresh(ctx context.Context) {
	files, err := s.cfg.lists()
	if err != nil {
		s.log.Warn("word files not read, the last lists stay", "error", err)
		return
	}
	if s.vendor != nil {
		list, err := s.vendor(ctx)
		switch {
		case err == nil:
			s.vendorList = list
		case ctx.Err() == nil:
			s.log.Warn("vendor's word list not read, the last one stays", "error", err)
		}
	}
	s.show(files)
	for _, w := range s.vendorList.Words {
		files.words = append(files.words, w.Text)
	}
	s.install(files)
}

func (s *Service) install(l lists) {
	slices.Sort(l.words)
	l.words = slices.Compact(l.words)
	if s.dictionary.Load() != nil && slices.Equal(l.words, s.last.words) && slices.Equal(l.allowed, s.last.allowed) {
		return
	}
	s.last = l
	s.dictionary.Store(NewDictionary(l.words, Rules{Whole: s.cfg.Whole, Allow: l.allowed}))
	s.log.Info("words loaded", "words", len(l.words), "allowed", len(l.allowed))
}

// lists reads the local files; none is no mistake.
func (c Config) lists() (l lists, err error) {
	var wrong, wrongAllowed error
	if l.words, wrong = lines(c.File); wrong != nil {
		wrong = fmt.Errorf("FILE: %w", wrong)
	}
	if l.allowed, wrongAllowed = lines(c.AllowFile); wrongAllowed != nil {
		wrongAllowed = fmt.Errorf("ALLOW_FILE: %w", wrongAllowed)
	}
	return l, errors.Join(wrong, wrongAllowed)
}

// lines reads the lines of a file that are neither empty nor a comment.
func lines(file string) ([]string, error) {
	if file == "" {
		return nil, nil
	}
	f, err := os.Open(file)
	if err != nil {
		var pathErr *fs.PathError
		if errors.As(err, &pathErr) {
			err = pathErr.Err
		}
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	defer f.Close()
	var found []string
	for scanner := bufio.NewScanner(f); ; {
		if !scanner.Scan() {
			return found, scanner.Err()
		}
		if line := strings.TrimSpace(scanner.Text()); line != "" && !strings.HasPrefix(line, "#") {
			found = append(found, line)
		}
	}
}
