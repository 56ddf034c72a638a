package pairingsql_test

import (
	"fmt"
	"testing"
	"time"

	"switchboard/app/pairing"
	"switchboard/app/pairing/pairingsql"
	"switchboard/app/pairing/pairingtest"
	"switchboard/app/pairing/ticket"
	"switchboard/app/sqldb/sqldbtest"
)

// BenchmarkPairingTicket: a full ticket, every step committed to disk
// (sqldb.SQLite FULL) with its outbox and events.
func BenchmarkPairingTicket(b *testing.B) {
	for _, workers := range []int{16, 128} {
		b.Run(fmt.Sprint("workers=", workers), func(b *testing.B) {
			db := sqldbtest.Open(b, sqldbtest.SQLite(b))
			pairingtest.Throughput(b, pairingsql.New(db), workers)
			b.ReportMetric(float64(db.Stats().Writes)/float64(b.N), "writes/ticket")
			b.ReportMetric(float64(db.Stats().Commits)/float64(b.N), "commits/ticket")
		})
	}
}

// BenchmarkPairingDispatch: from ask to dispatch at 1,000 asks a second, with
// everything else that those tickets do; set -benchtime to a count.
func BenchmarkPairingDispatch(b *testing.B) {
	pairingtest.Latency(b, pairingsql.New(sqldbtest.Open(b, sqldbtest.SQLite(b))), 1000)
}

// BenchmarkPairingMet: whom one person was connected with of late, which every ask
// wants to know, by how many they are.
func BenchmarkPairingMet(b *testing.B) {
	s := pairingsql.New(sqldbtest.Open(b, sqldbtest.SQLite(b)))
	cfg := ticket.DefaultConfig()
	for i := range 100 {
		ask := fmt.Sprintf("%019d", i)
		tk, _ := ticket.Open(&cfg, ticket.At(time.Unix(int64(i), 0)), ticket.Ask{AskNo: ask, App: "app", UID: 7})
		r := ticket.Record{App: "app", AskNo: ask, StartAt: int64(i), Asker: 7, Peer: ticket.UID(1000 + i), EndAt: int64(i)}
		if err := s.Commit(b.Context(), pairing.Batch{Writes: []pairing.Write{{Ticket: tk}}, Records: []ticket.Record{r}}); err != nil {
			b.Fatal(err)
		}
	}
	for _, n := range []int{0, 3, 20} {
		b.Run(fmt.Sprint("records=", n), func(b *testing.B) {
			for b.Loop() {
				met, err := s.RecentPeers(b.Context(), "app", 7, ticket.At(time.Unix(int64(100-n), 0)), cfg.ExcludeLast)
				if err != nil || len(met) != n {
					b.Fatal(met, err)
				}
			}
		})
	}
}
