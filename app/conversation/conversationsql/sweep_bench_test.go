package conversationsql_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"switchboard/app/conversation"
	"switchboard/app/conversation/conversationsql"
	"switchboard/app/retention"
	"switchboard/app/retention/retentionsql"
	"switchboard/app/sqldb"
	"switchboard/app/sqldb/sqldbtest"
)

const oldMessages = 200_000

// BenchmarkSendBesideASweep is what a sweep of many old messages does to those who send:
// rounds with a sweep and without take turns in one run.
//
//	go test -run '^$' -bench SendBesideASweep -benchtime 1x ./app/conversation/conversationsql
func BenchmarkSendBesideASweep(b *testing.B) {
	for _, store := range sqldbtest.Stores {
		b.Run(store.Name, func(b *testing.B) {
			db := sqldbtest.Open(b, store.Config(b))
			talks := conversationsql.New(db)
			s := conversation.New(conversation.Config{}, conversation.Deps{Store: talks})
			conv := group(b, s, "Tom", "Jerry")
			putOld(b, db, "oldapp", oldMessages)
			var swept int
			part := retention.Part{Name: retention.Messages, Sweep: talks.Sweep, Oldest: talks.Oldest}
			sweeper := retention.New(time.Minute, retention.Deps{
				Lease: retentionsql.New(db), Parts: []retention.Part{part}, Apps: []string{"oldapp"}, Node: "n", Log: slog.New(slog.DiscardHandler),
				Days: func(string) retention.Days { return retention.Days{retention.Messages: 2} }, Swept: func(_, _ string, n int) { swept += n },
			})
			var quiet, beside []time.Duration
			for range 5 {
				quiet = append(quiet, sendFor(b, s, conv, 2*time.Second)...)
				ctx, stop := context.WithCancel(b.Context())
				var sweeping sync.WaitGroup
				sweeping.Go(func() { sweeper.Sweep(ctx) })
				beside = append(beside, sendFor(b, s, conv, 2*time.Second)...)
				stop()
				sweeping.Wait()
			}
			q, w := percentile(quiet, 99), percentile(beside, 99)
			b.ReportMetric(percentile(quiet, 50), "p50-ms")
			b.ReportMetric(percentile(beside, 50), "p50-ms-sweeping")
			b.ReportMetric(q, "p99-ms")
			b.ReportMetric(w, "p99-ms-sweeping")
			b.ReportMetric(w/q, "p99-ratio")
			b.ReportMetric(float64(swept)/10, "rows/s")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// sendFor sends from 8 writers and returns how long each send took.
func sendFor(b *testing.B, s *conversation.Service, conv string, d time.Duration) (took []time.Duration) {
	var mu sync.Mutex
	var all sync.WaitGroup
	until := time.Now().Add(d)
	for range 8 {
		all.Go(func() {
			for time.Now().Before(until) {
				began := time.Now()
				if _, err := s.Send(b.Context(), as("Tom"), conversation.Post{Conversation: conv, Type: conversation.TextMessage, Text: "HELLO !"}); err != nil {
					b.Error(err)
					return
				}
				mu.Lock()
				took = append(took, time.Since(began))
				mu.Unlock()
				time.Sleep(time.Millisecond)
			}
		})
	}
	all.Wait()
	return took
}

func percentile(took []time.Duration, p int) float64 {
	slices.Sort(took)
	return float64(took[len(took)*p/100].Microseconds()) / 1000
}

// putOld stores n messages from ten days ago on, as sends would have.
func putOld(b *testing.B, db *sqldb.DB, app string, n int) {
	b.Helper()
	fields := []string{"conv_id", "seq", "app_id", "msg_id", "sender", "type", "status", "content", "url", "no_sync", "mention_all", "mentions", "at_us"}
	first := conversation.TickAt(time.Now().AddDate(0, 0, -10))
	for from := 0; from < n; from += 500 {
		if err := db.Write(b.Context(), func(tx *sqldb.Tx) error {
			var rows [][]any
			for i := from; i < from+500; i++ {
				conv := fmt.Sprint("old-", i%100)
				rows = append(rows, []any{conv, i/100 + 1, app, conversation.MessageID(first+conversation.Tick(i), 3, conv), "Tom", -1, 0,
					"a message of some usual length, as people write them", "", 0, 0, "", 0})
			}
			_, err := sqldb.InsertMany(tx, tx.Dialect().Insert, "messages", fields, rows)
			return err
		}); err != nil {
			b.Fatal(err)
		}
	}
}
