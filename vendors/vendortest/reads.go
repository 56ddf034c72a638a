package vendortest

import (
	"slices"
	"strings"

	"switchboard/vendors"
)

func readChecks() []check {
	return []check{
		{"PresenceFollowsTheFarEnd", []string{"Presence"}, func(f Fixture) bool { return f.Far.SetOnline != nil }, presence},
		{"WordListIsTheFarEndsWithItsReplacements", []string{"Words"}, func(f Fixture) bool { return f.Far.SetWords != nil }, wordList},
		{"AddedAndRemovedWordsReachTheFarEnd", []string{"WordAdmin"}, func(f Fixture) bool { return f.Far.Words != nil }, wordChange},
		{"TranslationIsTheFarEndsOfTheWholeText", []string{"Translator"}, func(f Fixture) bool { return f.Far.Translated != nil }, translate},
	}
}

func presence(t T, e *env) {
	for _, want := range []bool{true, false, true} {
		e.Far.SetOnline(e.Known, want)
		e.Far.SetOnline(e.Peer, !want)
		got, err := e.v.Statuses(t.Context(), []string{e.Peer, e.Known, "nobodyKnows"})
		must(t, "statuses", err)
		if len(got) != 3 || got[0].User != e.Peer || got[1].User != e.Known || got[2].User != "nobodyKnows" {
			t.Fatalf("statuses of other users: %+v", got)
		}
		online := func(s vendors.Status) bool { return s.State == vendors.PresenceOnline }
		if online(got[0]) == want || online(got[1]) != want || online(got[2]) {
			t.Errorf("statuses %+v, at the far end the second is online: %t, the first: %t, and nobody knows the third", got, want, !want)
		}
		for _, s := range got {
			if s.State != vendors.PresenceOnline && s.State != vendors.PresencePush && s.State != vendors.PresenceOffline || len(s.Devices) > 0 && !online(s) {
				t.Errorf("the status %+v", s)
			}
		}
	}
	e.mustNotCall(t, "nobody", func(c ctx) error { return errOf(e.v.Presence.Statuses(c, nil)) }, vendors.ErrInvalid)
}

// sortedWords orders a list, since vendors keep none.
func sortedWords(w []vendors.Word) []vendors.Word {
	w = slices.Clone(w)
	slices.SortFunc(w, func(a, b vendors.Word) int { return strings.Compare(a.Text, b.Text) })
	return w
}

func wordList(t T, e *env) {
	want := []vendors.Word{{Text: "bad"}, {Text: "rude", Replace: "***"}, {Text: "违禁"}}
	e.Far.SetWords(want...)
	got, err := e.v.Words.ListWords(t.Context())
	must(t, "list", err)
	if !slices.Equal(sortedWords(got), sortedWords(want)) {
		t.Errorf("words %v, at the far end %v", got, want)
	}
	e.Far.SetWords()
	got, err = e.v.Words.ListWords(t.Context())
	if err != nil || len(got) != 0 {
		t.Errorf("an empty list: %v, %v", got, err)
	}
}

func wordChange(t T, e *env) {
	before := e.Far.Words()
	add := []vendors.Word{{Text: "one&two"}, {Text: "礼物", Replace: "**"}}
	must(t, "add", e.v.WordAdmin.AddWords(t.Context(), add))
	if got, want := sortedWords(e.Far.Words()), sortedWords(append(slices.Clone(before), add...)); !slices.Equal(got, want) {
		t.Errorf("after adding, the far end has %v, want %v", got, want)
	}
	must(t, "remove", e.v.WordAdmin.RemoveWords(t.Context(), []string{"one&two", "礼物"}))
	if got, want := sortedWords(e.Far.Words()), sortedWords(before); !slices.Equal(got, want) {
		t.Errorf("after removing, the far end has %v, want %v", got, want)
	}
	e.mustNotCall(t, "no words", func(ctx ctx) error { return e.v.WordAdmin.AddWords(ctx, nil) }, vendors.ErrInvalid)
}

func translate(t T, e *env) {
	for _, in := range []vendors.Translation{{Text: "hello, <world> & \"co\"", From: "en", To: "zh"}, {Text: "你好 礼物", To: "en"}} {
		got, err := e.v.Translator.Translate(t.Context(), in)
		must(t, in.Text, err)
		if want := e.Far.Translated(in.Text, in.To); got != want {
			t.Errorf("%q: got %q, the far end says %q", in.Text, got, want)
		}
	}
	e.mustNotCall(t, "empty text", func(ctx ctx) error {
		_, err := e.v.Translator.Translate(ctx, vendors.Translation{To: "zh"})
		return err
	}, vendors.ErrInvalid)
}
