package pairing_test

import (
	"fmt"
	"testing"
	"time"

	"switchboard/app/pairing"
	"switchboard/app/pairing/pairingtest"
	"switchboard/app/pairing/ticket"
)

func memory() pairing.Store {
	return pairing.NewMemory(func() ticket.Instant { return ticket.At(time.Now()) })
}

// BenchmarkFullTicket: ask, dispatch, answer, call, like, end, with outbox and events.
func BenchmarkFullTicket(b *testing.B) {
	for _, workers := range []int{16, 128} {
		b.Run(fmt.Sprint("workers=", workers), func(b *testing.B) { pairingtest.Throughput(b, memory(), workers) })
	}
}

// BenchmarkTimeToDispatch at 1,000 asks a second; set -benchtime to a count.
func BenchmarkTimeToDispatch(b *testing.B) { pairingtest.Latency(b, memory(), 1000) }

// BenchmarkAskBesideACrowd: the cost of an ask must not grow with those waiting.
func BenchmarkAskBesideACrowd(b *testing.B) {
	for _, crowd := range []int{1_000, 10_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprint("waiting=", crowd), func(b *testing.B) { pairingtest.Crowd(b, memory(), crowd) })
	}
}
