//go:build linux

package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// book counts what happened, by kind of work.
type book struct {
	readers []*reader

	mu       sync.Mutex // guards all below
	kinds    map[string]*tally
	faults   map[string]int
	failures []string          // that are neither lost, doubled nor late
	examples map[string]string // an answer of each sort that was no success
	planted  map[string]bool
	slowest  time.Duration // of all deliveries, faults or not
	leaks    []string
	levels   []string
}

// tally is what became of one kind of work.
type tally struct{ done, refused, unknown, lost, doubled, late int }

func newBook() *book {
	return &book{kinds: map[string]*tally{}, faults: map[string]int{}, examples: map[string]string{}, planted: map[string]bool{}}
}

const shown = 20 // findings that are printed

// note changes the tally of a kind.
func (b *book) note(kind string, change func(*tally)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.kinds[kind] == nil {
		b.kinds[kind] = &tally{}
	}
	change(b.kinds[kind])
}

func (b *book) count(kind string, o outcome) {
	b.note(kind, func(t *tally) {
		switch o {
		case done:
			t.done++
		case refused:
			t.refused++
		default:
			t.unknown++
		}
	})
}

func (b *book) lost(kind, format string, args ...any) {
	b.note(kind, func(t *tally) { t.lost++ })
	b.fail(kind+" lost", format, args...)
}

func (b *book) doubled(kind, format string, args ...any) {
	b.note(kind, func(t *tally) { t.doubled++ })
	b.fail(kind+" doubled", format, args...)
}

func (b *book) late(kind, format string, args ...any) {
	b.note(kind, func(t *tally) { t.late++ })
	b.fail(kind+" late", format, args...)
}

func (b *book) leaked(format string, args ...any) {
	b.mu.Lock()
	b.leaks = append(b.leaks, fmt.Sprintf(format, args...))
	b.mu.Unlock()
	b.fail("leaked", format, args...)
}

// fail notes a finding in words.
func (b *book) fail(what, format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failures = append(b.failures, what+": "+fmt.Sprintf(format, args...))
}

func (b *book) example(of, format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.examples[of] == "" {
		b.examples[of] = fmt.Sprintf(format, args...)
	}
}

func (b *book) fault(name string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.faults[name]++
}

func (b *book) delivered(after time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.slowest = max(b.slowest, after)
}

func (b *book) deliveries(n int) { b.note("delivery", func(t *tally) { t.done += n }) }

// plant notes a broken promise; false: that one was broken already.
func (b *book) plant(what string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	had := b.planted[what]
	b.planted[what] = true
	return !had
}

// dropped is how many deliveries to a reader were lost on purpose.
func (b *book) dropped(reader string) (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.planted["lost on its way to "+reader] {
		n++
	}
	if b.planted["lost chat"] {
		n++
	}
	return n
}

func (b *book) clean() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.failures) == 0
}

// sum is of all kinds; leaked counts what was left at the end.
func (b *book) sum() (t tally, leaked int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, k := range b.kinds {
		t.done, t.refused, t.unknown = t.done+k.done, t.refused+k.refused, t.unknown+k.unknown
		t.lost, t.doubled, t.late = t.lost+k.lost, t.doubled+k.doubled, t.late+k.late
	}
	return t, len(b.leaks)
}

// print writes the tables, in the form of docs/reliability.md.
func (b *book) print(out io.Writer, s *soak) {
	sum, leaked := b.sum()
	b.mu.Lock()
	defer b.mu.Unlock()
	fmt.Fprint(out, "\n| work | done | refused | told unknown | lost | doubled | late |\n|---|---|---|---|---|---|---|\n")
	row := func(name string, t tally) {
		fmt.Fprintf(out, "| %s | %d | %d | %d | %d | %d | %d |\n", name, t.done, t.refused, t.unknown, t.lost, t.doubled, t.late)
	}
	for _, kind := range slices.Sorted(maps.Keys(b.kinds)) {
		row(kind, *b.kinds[kind])
	}
	row("all", sum)
	var faults []string
	for _, name := range disturbances {
		if n := b.faults[name]; n > 0 {
			faults = append(faults, fmt.Sprintf("%s %d", name, n))
		}
	}
	fmt.Fprintf(out, "\nFaults: %s. Leaked: %d. Slowest delivery, through faults and all: %s.\n", cmp.Or(strings.Join(faults, ", "), "none"), leaked, b.slowest.Round(time.Millisecond))
	fmt.Fprintf(out, "%s of work, %d replicas on %s and %s, seed %d.\n\n", s.length, len(s.replicas), s.config.store, s.config.bus, s.seed)
	for _, line := range b.levels {
		fmt.Fprintln(out, line)
	}
	for _, of := range slices.Sorted(maps.Keys(b.examples)) {
		fmt.Fprintf(out, "example of %s: %s\n", of, b.examples[of])
	}
	for i, text := range b.failures {
		if i == shown {
			fmt.Fprintf(out, "and %d more\n", len(b.failures)-shown)
			break
		}
		fmt.Fprintln(out, "FOUND", text)
	}
}

// judge holds what there is against what was said.
func (s *soak) judge() {
	s.say("judging")
	var stop context.CancelFunc
	s.finish, stop = context.WithTimeout(context.Background(), s.patience)
	defer stop()
	time.Sleep(200 * time.Millisecond) // the journal's reader comes by every 50 ms
	for _, end := range s.ends {
		end()
	}
	for _, r := range s.replicas {
		if dead, _ := r.died(); dead {
			s.book.fail("ready", "%s ended by itself, see its log", r.name)
		}
	}
}
