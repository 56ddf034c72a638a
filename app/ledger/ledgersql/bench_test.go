package ledgersql_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"switchboard/app/ledger"
	"switchboard/app/ledger/ledgersql"
	"switchboard/app/sqldb/sqldbtest"
	"switchboard/vendors"
)

// BenchmarkLedger is what the ledger costs one write: without a key, archived 100
// at a time as under load; with one, written down before and after. Read
// cpu-us/write, this process's alone.
func BenchmarkLedger(b *testing.B) {
	steps := []vendors.Step{
		{At: time.Now(), Op: "messages", Note: "candidates, ordered: linkv, rongcloud", Skipped: true},
		{At: time.Now(), Vendor: "linkv", Op: "message.send.user", Took: 5 * time.Millisecond, Code: "200"},
	}
	var n atomic.Int64
	fresh := func(key string) ledger.Entry {
		id := fmt.Sprintf("%032d", n.Add(1))
		return ledger.Entry{
			ID: id, App: "app", Key: key + id, RequestID: id, Op: "message.send.user", Vendor: "linkv", State: ledger.Open, Steps: steps,
			Payload: []byte(`{"uid":"1001","delta":-980,"request_id":"order-1700000000"}`), Digest: make([]byte, 32), Created: time.Now(),
		}
	}
	for _, store := range sqldbtest.Stores {
		b.Run(store.Name+"/keyless", func(b *testing.B) {
			s := ledgersql.New(sqldbtest.Open(b, store.Config(b)))
			before := processTime(b)
			for b.Loop() {
				many := make([]ledger.Entry, 100)
				for i := range many {
					many[i] = fresh("")
					many[i].State, many[i].Payload, many[i].Digest = ledger.Done, nil, nil
				}
				if err := s.Add(context.Background(), many, time.Hour); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64((processTime(b)-before).Microseconds())/float64(b.N)/100, "cpu-us/write")
		})
		b.Run(store.Name+"/keyed", func(b *testing.B) {
			s := ledgersql.New(sqldbtest.Open(b, store.Config(b)))
			b.SetParallelism(16)
			before := processTime(b)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					e := fresh("order-")
					if _, taken, err := s.Insert(context.Background(), e, time.Minute); taken || err != nil {
						b.Error(taken, err)
						return
					}
					e.State, e.Payload, e.Result = ledger.Done, nil, ledger.Result{Data: []byte(`{"accepted":1,"failed":[]}`), At: time.Now()}
					if ok, err := s.Save(context.Background(), e, time.Hour); !ok || err != nil {
						b.Error(ok, err)
						return
					}
				}
			})
			b.ReportMetric(float64((processTime(b)-before).Microseconds())/float64(b.N), "cpu-us/write")
		})
	}
}

func processTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
