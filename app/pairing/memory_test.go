package pairing_test

import (
	"testing"
	"time"

	"switchboard/app/pairing"
	"switchboard/app/pairing/pairingtest"
	"switchboard/app/pairing/ticket"
)

func openMemory(*testing.T) pairing.Store {
	return pairing.NewMemory(func() ticket.Instant { return ticket.At(time.Now()) })
}

func TestMemoryIsAStore(t *testing.T) { pairingtest.Run(t, openMemory) }

func TestMemorySurvivesAStormOfDyingReplicas(t *testing.T) {
	pairingtest.Storm(t, openMemory(t), 3, 40, 2*time.Second)
}

func TestMemoryIsLinearizable(t *testing.T) {
	pairingtest.Linearizable(t, openMemory(t))
	pairingtest.LinearizableFindsMutants(t, openMemory)
}

func TestWhoIsGoneIsGone(t *testing.T) {
	t.Run("histories", func(t *testing.T) { pairingtest.WhoIsGone(t, openMemory, 100) })
	t.Run("faults", func(t *testing.T) { pairingtest.WhoIsGoneFindsFaults(t, openMemory) })
}
