// Package translation turns many texts into another language with as few vendor
// calls as can be: one for each distinct text that the cache does not have.
package translation

import (
	"context"
	"errors"
	"fmt"
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
// others are in the cache by then, so that a repeat costs little. user is whom a
// route by user goes by.
func (s *Service) Translate(ctx context.Context, user string, texts []string, to string) ([]string, error) {
	if err := check(texts, to); err != nil {
		return nil, err
	}
	done := make(map[string]*string, len(texts))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(maxParallel)
	for _, text := range texts {
		if done[text] != nil || text == "" {
			continue
		}
		slot := new(string)
		done[text] = slot
		group.Go(func() (err error) {
			*slot, err = s.one(ctx, user, text, to)
			return err
		})
	}
	if err := group.Wait(); err != nil {
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
