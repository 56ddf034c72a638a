package messages

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"switchboard/vendors"
)

// archive has messages at the moments that it lists.
type archive struct {
	account
	at []time.Time
}

func (a archive) Messages(_ context.Context, q vendors.HistoryQuery) (out []vendors.Stored, err error) {
	for i, at := range a.at {
		if at.After(q.After) && !at.After(q.Until) && len(out) < q.Limit {
			out = append(out, vendors.Stored{ID: fmt.Sprint(i), SentAt: at})
		}
	}
	return out, nil
}

type account struct{}

func (account) Send(context.Context, vendors.Message) (vendors.Receipt, error) {
	return vendors.Receipt{}, nil
}

// Page by page, whatever its size, every message is read once, those of one millisecond too.
func TestEveryMessageOfAHistoryIsReadOnce(t *testing.T) {
	start := time.UnixMilli(1e12)
	rapid.Check(t, func(t *rapid.T) {
		ats := rapid.SliceOfN(rapid.IntRange(1, 40), 0, 250).Draw(t, "milliseconds")
		slices.Sort(ats)
		var a archive
		var want, got []string
		for i, ms := range ats {
			if i >= 90 && ats[i-90] == ms {
				continue // more in one moment than are read at once
			}
			want = append(want, fmt.Sprint(len(a.at)))
			a.at = append(a.at, start.Add(time.Duration(ms)*time.Millisecond))
		}
		routes, err := vendors.NewRouter([]*vendors.Vendor{{Name: "post", Messages: a, History: a}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		q := vendors.HistoryQuery{After: start, Until: start.Add(time.Hour), Limit: rapid.IntRange(1, 100).Draw(t, "limit")}
		for range len(a.at) + 2 {
			page, err := New(routes, nil).History(t.Context(), vendors.Request{}, q)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range page.Rows {
				got = append(got, m.ID)
			}
			if page.Next.IsZero() {
				break
			}
			q.After = page.Next
		}
		if !slices.Equal(got, want) {
			t.Fatalf("read %v of %v", got, want)
		}
	})
}
