package moderation

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"switchboard/vendors"
)

func TestWordsAreFoundThroughTheSimpleTricks(t *testing.T) {
	d := NewDictionary([]string{"ass", "spam", "Bad Word", "赌博", "ＦＲＥＥ", "c++", " ... "}, Rules{})
	for _, c := range []struct {
		text string
		want string
	}{
		{"spam", "spam"},
		{"buy SpAm now", "spam"},
		{"ｓｐａｍ", "spam"},
		{"s p a m", "spam"},
		{"get s.p.a.m here", "spam"},
		{"s\u200bp\u200bam", ""}, // broken into p, am: neither as written nor into single characters
		{"s\u200bp\u200ba\u200bm", "spam"},
		{"pass", "ass"}, // like the vendors, we match inside words
		{"as safe as houses", ""},
		{"a bad word", "Bad Word"},
		{"a badword", "Bad Word"},
		{"ba dword", ""},
		{"来赌博吧", "赌博"},
		{"赌 博", "赌博"},
		{"赌。博", ""},
		{"it is free", "ＦＲＥＥ"},
		{"I write C++", "c++"},
		{"I write C", ""},
		{"", ""},
		{" . ", ""},
		{"\xff\xfe spam", "spam"},
	} {
		if got, _ := d.Find(c.text); got != c.want {
			t.Errorf("%q: found %q, want %q", c.text, got, c.want)
		}
	}
	if len(d.words) != 6 {
		t.Errorf("%d words: one that folds to nothing must be left out", len(d.words))
	}
}

func TestEveryWordIsFoundInAnySurrounding(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfN(rapid.StringMatching(`[a-z一-十]{1,6}`), 1, 20).Draw(t, "words")
		d := NewDictionary(words, Rules{})
		w := rapid.SampledFrom(words).Draw(t, "word")
		text := rapid.StringMatching(`[A-Z ]{0,9}`).Draw(t, "before") + " " + strings.ToUpper(w) + " " + rapid.String().Draw(t, "after")
		if _, found := d.Find(text); !found {
			t.Fatalf("%q not found in %q", w, text)
		}
	})
}

func TestTextsWithoutWordsPass(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := NewDictionary(rapid.SliceOf(rapid.StringMatching(`[a-m]{1,6}`)).Draw(t, "words"), Rules{})
		text := rapid.StringMatching(`[n-zN-Z .,]{0,40}`).Draw(t, "text")
		if w, found := d.Find(text); found {
			t.Fatalf("%q found in %q", w, text)
		}
	})
}

func service(t *testing.T, cfg Config, vendor func(context.Context) (VendorList, error)) *Service {
	t.Helper()
	s, err := New(cfg, Deps{Vendor: vendor, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestListsAreKeptInStep(t *testing.T) {
	file := filepath.Join(t.TempDir(), "words.txt")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("# ours\nlocal\n\n")
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		list, failure := []vendors.Word{{Text: "remote"}}, error(nil)
		s := service(t, Config{File: file, Sync: time.Minute}, func(context.Context) (VendorList, error) {
			mu.Lock()
			defer mu.Unlock()
			return VendorList{"acme", list}, failure
		})
		if s.Check("local") == nil {
			t.Error("the file's words count from the start")
		}
		ctx, cancel := context.WithCancel(t.Context())
		go func() { _ = s.Run(ctx) }()
		synctest.Wait()
		expect := func(text string, want error) {
			t.Helper()
			if err := s.Check(text); !errors.Is(err, want) {
				t.Errorf("%s: %v, want %v", text, err, want)
			}
		}
		expect("remote", ErrSensitive)
		expect("fresh", nil)

		write("fresh\n")
		mu.Lock()
		failure = errors.New("vendor is down")
		mu.Unlock()
		time.Sleep(61 * time.Second)
		synctest.Wait()
		expect("fresh", ErrSensitive)
		expect("local", nil)
		expect("remote", ErrSensitive) // kept while the vendor is down

		mu.Lock()
		list, failure = nil, nil
		mu.Unlock()
		time.Sleep(time.Minute)
		synctest.Wait()
		expect("remote", nil)
		cancel()
	})
}

func TestUnreadableFileStopsTheStart(t *testing.T) {
	_, err := New(Config{File: filepath.Join(t.TempDir(), "none"), Sync: time.Minute}, Deps{Log: slog.New(slog.DiscardHandler)})
	if !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("got %v", err)
	}
}

func TestDictionaryIsSharedByManyCallers(t *testing.T) {
	d := NewDictionary([]string{"needle"}, Rules{})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := range 200 {
				if _, found := d.Find(strings.Repeat("hay ", i%20) + "needle"); !found {
					t.Error("not found")
				}
			}
		})
	}
	wg.Wait()
}

// BenchmarkFind checks a chat message of 120 characters against lists of very
// different size: the time must hardly depend on it.
func BenchmarkFind(b *testing.B) {
	text := strings.Repeat("The quick brown fox 你好世界 jumps, ", 4)[:120]
	for _, n := range []int{100, 100_000} {
		r := rand.New(rand.NewPCG(1, 2))
		words := make([]string, n)
		for i := range words {
			w := make([]rune, 3+r.IntN(4))
			for j := range w {
				w[j] = rune(0x4e00 + r.IntN(3000))
				if i%3 == 0 {
					w[j] = rune('a' + r.IntN(26))
				}
			}
			words[i] = string(w) + "#"
		}
		d := NewDictionary(words, Rules{})
		b.Run(fmt.Sprintf("words=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				d.Find(text)
			}
		})
	}
}
