package pairingsql_test

import (
	"testing"
	"time"

	"switchboard/app/pairing"
	"switchboard/app/pairing/pairingsql"
	"switchboard/app/pairing/pairingtest"
	"switchboard/app/sqldb"
	"switchboard/app/sqldb/sqldbtest"
)

// eachPairing runs a test with fresh stores of every kind at hand.
func eachPairing(t *testing.T, test func(t *testing.T, open func(t *testing.T) pairing.Store)) {
	kinds := map[string]func(testing.TB) sqldb.Config{
		"sqlite": sqldbtest.SQLite, "postgres": sqldbtest.Postgres, "mysql": sqldbtest.MySQL,
	}
	for name, kind := range kinds {
		t.Run(name, func(t *testing.T) {
			test(t, func(t *testing.T) pairing.Store { return pairingsql.New(sqldbtest.Open(t, kind(t))) })
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

func TestWhoIsGoneIsGone(t *testing.T) {
	pairingtest.WhoIsGone(t, func(t *testing.T) pairing.Store { return pairingsql.New(sqldbtest.Open(t, sqldbtest.SQLite(t))) }, 12)
}
