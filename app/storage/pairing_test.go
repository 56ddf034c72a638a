package storage_test

import (
	"cmp"
	"testing"
	"time"

	"switchboard/app/pairing"
	"switchboard/app/pairing/pairingtest"
	"switchboard/app/storage"
	"switchboard/app/storage/storagetest"
)

// eachPairing runs a test with fresh stores of every kind at hand.
func eachPairing(t *testing.T, test func(t *testing.T, open func(t *testing.T) pairing.Store)) {
	kinds := map[string]func(testing.TB) storage.Config{
		"sqlite": storagetest.SQLite, "postgres": storagetest.Postgres, "mysql": storagetest.MySQL,
	}
	for name, kind := range kinds {
		t.Run(name, func(t *testing.T) {
			test(t, func(t *testing.T) pairing.Store { return storage.Pairing{DB: storagetest.Open(t, kind(t))} })
		})
	}
}

func TestEveryDatabaseIsAPairingStore(t *testing.T) { eachPairing(t, pairingtest.Run) }

// Replicas of one database die between a commit and what follows from it, and
// others take over: nothing is won twice, billed wrongly or left claimed.
func TestPairingSurvivesAStormOfDyingReplicas(t *testing.T) {
	eachPairing(t, func(t *testing.T, open func(t *testing.T) pairing.Store) {
		pairingtest.Storm(t, open(t), 3, 40, 2*time.Second)
	})
}

// Replicas of one database take, give back and look up the same people at once.
func TestPairingClaimsAreLinearizable(t *testing.T) {
	eachPairing(t, func(t *testing.T, open func(t *testing.T) pairing.Store) {
		pairingtest.Linearizable(t, open(t))
		pairingtest.LinearizableFindsMutants(t, open)
	})
}

// A store of before pair_records led from one to the one before has its records still.
func TestRecordsSurviveTheChangeOfTheirTable(t *testing.T) {
	const before = 26
	for name, kind := range map[string]func(testing.TB) storage.Config{"sqlite": storagetest.SQLite, "postgres": storagetest.Postgres, "mysql": storagetest.MySQL} {
		t.Run(name, func(t *testing.T) {
			cfg := kind(t)
			db, err := storage.Open(t.Context(), cfg)
			if err != nil {
				t.Fatal(err)
			}
			kept := pairingtest.Keep(t, storage.Pairing{DB: db})
			if err := cmp.Or(db.Close(), storage.MigrateDown(t.Context(), cfg, before)); err != nil {
				t.Fatal(err)
			}
			kept(storage.Pairing{DB: storagetest.Open(t, cfg)})
		})
	}
}
