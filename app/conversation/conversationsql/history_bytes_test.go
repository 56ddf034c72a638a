package conversationsql_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"switchboard/app/conversation"
)

// Histories of large messages come in answers of a bounded size, from both ends, and who
// goes on from the last one sees each once.
func TestLargeHistoriesComeInParts(t *testing.T) {
	eachService(t, func(t *testing.T, s *conversation.Service) {
		conv := group(t, s, "a", "b")
		var ids []string
		for range 70 {
			ids = append(ids, say(t, s, conv, "a", strings.Repeat("x", 64<<10)).ID)
		}
		for range 140 { // more than are read of the store at once
			ids = append(ids, say(t, s, conv, "a", "small").ID)
		}
		for _, newest := range []bool{false, true} {
			var seen []string
			w := conversation.Window{Newest: newest, Descending: newest}
			for more := true; more; {
				h, err := s.History(context.Background(), as("b"), conv, w)
				if err != nil || len(h.Messages) == 0 {
					t.Fatalf("%d messages, %v", len(h.Messages), err)
				}
				bytes := 0
				for _, m := range h.Messages {
					bytes += len(m.Text)
					seen = append(seen, m.ID)
				}
				if bytes > 2<<20 || h.Cut != h.More {
					t.Errorf("newest %t: %d bytes in an answer, cut %t, more %t", newest, bytes, h.Cut, h.More)
				}
				if more = h.More; newest {
					w.To, w.BeforeTo = seen[len(seen)-1], true
				} else {
					w.From, w.AfterFrom = seen[len(seen)-1], true
				}
			}
			if newest {
				slices.Reverse(seen)
			}
			if !slices.Equal(seen, ids) {
				t.Errorf("newest %t: %d of %d messages were seen", newest, len(seen), len(ids))
			}
		}
		if h, err := s.History(context.Background(), as("b"), conv, conversation.Window{Limit: 40}); err != nil || len(h.Messages) != 32 || !h.Cut {
			t.Errorf("40 of 64 KiB: %d, cut %t, %v", len(h.Messages), h.Cut, err)
		}
		if h, err := s.History(context.Background(), as("b"), conv, conversation.Window{Limit: 30}); err != nil || len(h.Messages) != 30 || h.Cut {
			t.Errorf("30 of 64 KiB: %d, cut %t, %v", len(h.Messages), h.Cut, err)
		}
	})
}
