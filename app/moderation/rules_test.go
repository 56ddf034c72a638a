package moderation

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode"

	"pgregory.net/rapid"
)

func TestWholeWordsAndAllowedTexts(t *testing.T) {
	words := []string{"ass", "c++", "Bad Word", "赌博", "A片", "сука", "ass hole"}
	whole, allow := Rules{Whole: true}, Rules{Allow: []string{"class", "pass the salt", "赌博论", "# c++"}}
	both := Rules{Whole: true, Allow: []string{"kick ass"}}
	for _, c := range []struct {
		rules Rules
		text  string
		want  string
	}{
		{Rules{}, "class", "ass"},
		{whole, "class", ""},
		{whole, "pass the salt", ""},
		{whole, "assassin", ""},
		{whole, "ass1", ""},
		{whole, "an ass", "ass"},
		{whole, "ASS!", "ass"},
		{whole, "(ass)", "ass"},
		{whole, "half-ass", "ass"},
		{whole, "an a.s.s", "ass"},
		{whole, "a s s", "ass"},
		{whole, "ass\u0301", ""}, // another letter
		{whole, "骂ass骂", "ass"},
		{whole, "I write c++", "c++"},
		{whole, "c++11", "c++"},
		{whole, "abc++", ""},
		{whole, "a bad word", "Bad Word"},
		{whole, "a badword", "Bad Word"},
		{whole, "a bad words", ""},
		{whole, "来赌博吧", "赌博"},
		{whole, "赌 博", "赌博"},
		{whole, "看A片吗", "A片"},
		{whole, "NBA片", ""},
		{whole, "какая сука", "сука"},
		{whole, "сукачев", ""},
		{allow, "class", ""},
		{allow, "a CLASS of its own", ""},
		{allow, "classes", ""},
		{allow, "c l a s s", ""},
		{allow, "cl ass", "ass"},
		{allow, "classass", "ass"},
		{allow, "class ass", "ass"},
		{allow, "pass", "ass"},
		{allow, "pass the salt", ""},
		{allow, "please, pass the salt and the ass", "ass"},
		{allow, "赌博论", ""},
		{allow, "赌博", "赌博"},
		{both, "to kick ass", ""},
		{both, "to kick an ass", "ass"},
		{both, "class", ""},
	} {
		if got, _ := NewDictionary(words, c.rules).Find(c.text); got != c.want {
			t.Errorf("%+v %q: found %q, want %q", c.rules, c.text, got, c.want)
		}
	}
}

// Whole words are among the others, and what is allowed takes nothing away outside itself.
func TestRulesTakeAwayOnlyWhatTheySay(t *testing.T) {
	words := rapid.SliceOfN(rapid.StringMatching(`[a-d一-三]{1,3}`), 1, 6)
	rapid.Check(t, func(t *rapid.T) {
		list, text := words.Draw(t, "words"), rapid.StringMatching(`[a-d一-三 .!1]{0,16}`).Draw(t, "text")
		_, any := NewDictionary(list, Rules{}).Find(text)
		word, whole := NewDictionary(list, Rules{Whole: true}).Find(text)
		if whole && !any {
			t.Fatalf("%q is a whole word in %q and no word", word, text)
		}
		if any && !whole && strings.IndexFunc(text, unicode.IsLetter) >= 0 && strings.IndexFunc(strings.Join(list, ""), func(r rune) bool { return !spaceless(r) }) < 0 {
			t.Fatalf("a word without spaces is not found in %q", text)
		}
		allowed := NewDictionary(list, Rules{Allow: list})
		if word, found := allowed.Find(text); found {
			t.Fatalf("%q is allowed and found in %q", word, text)
		}
		// What stands alone is found whatever else is allowed around longer texts.
		if _, found := NewDictionary(list, Rules{Allow: []string{"zzz" + list[0] + "zzz"}}).Find(text); found != any {
			t.Fatalf("%q: found %v, %v without an allowed text that is not in it", text, found, any)
		}
	})
}

func TestTheAllowListIsReadAgainAndKeptWhileItCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	words, allow := filepath.Join(dir, "words.txt"), filepath.Join(dir, "allow.txt")
	write := func(file, text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(words, "ass\n")
	write(allow, "# harmless\n\n class \n")
	synctest.Test(t, func(t *testing.T) {
		s := service(t, Config{File: words, AllowFile: allow, Sync: time.Minute}, nil)
		go func() { _ = s.Run(t.Context()) }()
		expect := func(when, text string, want error) {
			t.Helper()
			time.Sleep(time.Minute + time.Second)
			synctest.Wait()
			if err := s.Check(text); !errors.Is(err, want) {
				t.Errorf("%s, %s: %v, want %v", when, text, err, want)
			}
		}
		expect("at first", "class", nil)
		expect("at first", "pass", ErrSensitive)
		write(allow, "pass\n")
		expect("changed", "class", ErrSensitive)
		expect("changed", "pass", nil)
		if err := os.Remove(allow); err != nil {
			t.Fatal(err)
		}
		write(words, "other\n") // none counts without its list of exceptions
		expect("gone", "pass", nil)
		expect("gone", "other", nil)
		expect("gone", "class", ErrSensitive)
	})
	for _, cfg := range []Config{{AllowFile: allow, Sync: time.Minute}, {File: words, AllowFile: dir, Sync: time.Minute}} {
		if err := cfg.Validate(); err == nil || !strings.HasPrefix(err.Error(), "ALLOW_FILE: ") {
			t.Errorf("%+v: %v", cfg, err)
		}
	}
}
