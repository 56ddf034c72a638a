// Package translation turns many texts into another language with as few vendor
// calls as can be: one for each distinct text that the cache does not have.
package translation

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"golang.org/x/sync/errgroup"

	"switchboard/app/problem"
	"switchboard/vendors"
)

// What a request can be refused for before any vendor is called.
var (
	ErrTooMany  = problem.New(problem.Invalid, "too many texts in one request")
	ErrTooLong  = problem.New(problem.Invalid, "a text is too long")
	ErrLanguage = problem.New(problem.Invalid, "not a language code")
)

// ErrUnfinished says that the time was over before the vendor's pace allowed all
// texts. Those that were translated are kept: the same request goes on from there.
var ErrUnfinished = problem.New(problem.Exhausted, "too many new texts for the time of one request")

const (
	maxTexts    = 200 // in one request
	maxRunes    = 1000
	maxParallel = 8 // calls under way for one request; the vendor's rate is upstream's matter
)

// Config bounds the cache of translations.
type Config struct {
	CacheTTL  time.Duration `envconfig:"CACHE_TTL" default:"24h" desc:"how long a translation is kept"`
	CacheSize int           `split_words:"true" default:"100000" desc:"how many translations are kept"`
}

// Validate returns every mistake; each begins with the variable's name.
func (c Config) Validate() error {
	var errs []error
	if c.CacheTTL <= 0 {
		errs = append(errs, errors.New("CACHE_TTL: must be more than 0"))
	}
	if c.CacheSize <= 0 {
		errs = append(errs, errors.New("CACHE_SIZE: must be more than 0"))
	}
	return errors.Join(errs...)
}

// Lookup returns what load gives for key, from a cache when it has it; callers
// that ask for the same key at once share one load.
type Lookup func(ctx context.Context, key string, load func(context.Context) (string, error)) (string, error)

// Service translates through the translator route.
type Service struct {
	Routes *vendors.Router
	Cache  Lookup
}

// Translate returns texts in language to (ISO 639-1, with or without region),
// in their order. It fails as a whole when one text cannot be translated; the
// others are in the cache by then, so that a repeat costs little. New texts wait for
// the vendor's pace for as long as the deadline allows; then it is ErrUnfinished. user
// is whom a route by user goes by.
func (s *Service) Translate(ctx context.Context, user string, texts []string, to string) ([]string, error) {
	if err := check(texts, to); err != nil {
		return nil, err
	}
	done := make(map[string]*string, len(texts))
	var translated atomic.Int64
	whole := ctx
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(maxParallel)
	for _, text := range texts {
		if done[text] != nil || text == "" {
			continue
		}
		slot := new(string)
		done[text] = slot
		group.Go(func() (err error) {
			if *slot, err = s.inTurn(ctx, user, text, to); err == nil {
				translated.Add(1)
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		if over := errors.Is(whole.Err(), context.DeadlineExceeded); over && translated.Load() > 0 || pause(err) > 0 {
			return nil, &unfinished{int(translated.Load()), len(done), err}
		}
		return nil, err
	}
	out := make([]string, len(texts))
	for i, text := range texts {
		if text != "" {
			out[i] = *done[text]
		}
	}
	return out, nil
}

// unfinished is an ErrUnfinished. It unwraps to what says when to go on.
type unfinished struct {
	translated, all int
	cause           error
}

func (e *unfinished) Error() string {
	return fmt.Sprintf("%v: %d of %d are translated and kept; the same request goes on from there", ErrUnfinished, e.translated, e.all)
}

func (e *unfinished) Unwrap() []error {
	after := max(pause(e.cause), time.Second)
	return []error{ErrUnfinished, &vendors.Error{Op: vendors.OpTranslate, Outcome: vendors.Throttled, RetryAfter: after, Err: e.cause}}
}

// pause is how long to wait before what err kept back may be asked; 0: err is no such
// error.
func pause(err error) time.Duration {
	var e *vendors.Error
	if errors.As(err, &e) && e.Outcome == vendors.Throttled {
		return e.RetryAfter
	}
	return 0
}

// inTurn translates one text and waits for its turn while the deadline allows.
func (s *Service) inTurn(ctx context.Context, user, text, to string) (string, error) {
	for {
		out, err := s.one(ctx, user, text, to)
		wait := pause(err)
		if end, bounded := ctx.Deadline(); wait == 0 || !bounded || wait >= time.Until(end) {
			return out, err
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return "", err
		}
	}
}

func (s *Service) one(ctx context.Context, user, text, to string) (string, error) {
	return s.Cache(ctx, to+"\x00"+text, func(ctx context.Context) (string, error) {
		return vendors.Via(ctx, s.Routes, vendors.Request{Capability: vendors.CapTranslator, User: user}, func(ctx context.Context, v *vendors.Vendor) (string, error) {
			return v.Translator.Translate(ctx, vendors.Translation{Text: text, To: to})
		})
	})
}

func check(texts []string, to string) error {
	if len(texts) > maxTexts {
		return fmt.Errorf("%w: %d, at most %d", ErrTooMany, len(texts), maxTexts)
	}
	for i, text := range texts {
		if n := utf8.RuneCountInString(text); n > maxRunes {
			return fmt.Errorf("%w: text %d has %d characters, at most %d", ErrTooLong, i+1, n, maxRunes)
		}
	}
	if !languageCode(to) {
		return fmt.Errorf("%w: want one such as zh, en or pt-BR", ErrLanguage)
	}
	return nil
}

// languageCode accepts letters, digits and dashes, 2 to 12 of them: vendors
// differ in their lists, so the list itself is theirs to check.
func languageCode(s string) bool {
	for _, c := range []byte(s) {
		if (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return len(s) >= 2 && len(s) <= 12
}
