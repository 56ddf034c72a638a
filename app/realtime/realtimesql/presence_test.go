package realtimesql_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"switchboard/app/conversation"
	"switchboard/app/conversation/conversationsql"
	"switchboard/app/realtime"
	"switchboard/app/realtime/presence"
	"switchboard/app/realtime/realtimesql"
	"switchboard/app/sqldb"
	"switchboard/app/sqldb/sqldbtest"
)

func TestUserIsOnlineWhileAnyNodeHasThem(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		ctx, p, ann := context.Background(), realtimesql.NewPresence(db), realtime.User{App: app, ID: "ann"}
		for _, node := range []string{"A", "B"} {
			if isNew, err := p.Renew(ctx, node, time.Hour); err != nil || !isNew {
				t.Fatalf("%s: new %t, %v", node, isNew, err)
			}
			if isNew, err := p.Renew(ctx, node, time.Hour); err != nil || isNew {
				t.Fatalf("%s again: new %t, %v", node, isNew, err)
			}
		}
		for i, step := range []struct {
			node string
			here bool
			want string
		}{
			{"A", true, "online"}, {"A", true, ""}, {"B", true, ""}, {"A", false, ""}, {"A", false, ""}, {"B", false, "offline"},
			{"B", true, "online"}, {"B", false, "offline"},
		} {
			change, err := p.Set(ctx, ann, step.node, step.here)
			if got := wordFor(change); err != nil || got != step.want {
				t.Errorf("step %d: %q, %v; want %q", i, got, err, step.want)
			}
			online, err := p.Online(ctx, app, []string{"bob", "ann", "cid"})
			if err != nil || (len(online) == 0) != (i == 5 || i == 7) || len(online) > 0 && online[0] != "ann" {
				t.Errorf("step %d: %v online, %v", i, online, err)
			}
			holders, err := p.Holders(ctx, ann)
			slices.Sort(holders)
			if got := strings.Join(holders, ""); err != nil || got != []string{"A", "A", "AB", "B", "B", "", "B", ""}[i] {
				t.Errorf("step %d: held by %s, %v", i, got, err)
			}
		}
	})
}

func wordFor(c *presence.Change) string {
	switch {
	case c == nil:
		return ""
	case c.Online:
		return "online"
	}
	return "offline"
}

func TestUsersOfADeadNodeGoOffline(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		ctx, p := context.Background(), realtimesql.NewPresence(db)
		ann, bob := realtime.User{App: app, ID: "ann"}, realtime.User{App: app, ID: "bob"}
		must := func(_ any, err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		must(p.Renew(ctx, "dead", time.Millisecond))
		must(p.Renew(ctx, "alive", time.Hour))
		must(p.Set(ctx, ann, "dead", true))
		must(p.Set(ctx, bob, "dead", true))
		must(p.Set(ctx, bob, "alive", true))
		changes, err := p.Sweep(ctx, 10)
		for deadline := time.Now().Add(60 * time.Second); err == nil && len(changes) == 0 && time.Now().Before(deadline); {
			changes, err = p.Sweep(ctx, 10) // the store's clock says when a millisecond is over
		}
		if err != nil || len(changes) != 1 || changes[0].User != ann || changes[0].Online {
			t.Errorf("%+v %v", changes, err)
		}
		if changes, err := p.Sweep(ctx, 10); err != nil || len(changes) != 0 {
			t.Errorf("again: %+v %v", changes, err)
		}
		if isNew, err := p.Renew(ctx, "dead", time.Hour); err != nil || !isNew {
			t.Errorf("one taken for gone has to note its users again: %t %v", isNew, err)
		}
	})
}

// A user comes and leaves at two replicas at once: the last change that is reported is offline.
func TestComingAndLeavingAtOnceIsToldInTurn(t *testing.T) {
	for _, store := range sqldbtest.Stores {
		t.Run(store.Name, func(t *testing.T) {
			cfg := store.Config(t)
			replicas := []*sqldb.DB{sqldbtest.Open(t, cfg), sqldbtest.Open(t, cfg)}
			s := conversation.New(conversation.Config{}, conversation.Deps{Store: conversationsql.New(replicas[0])})
			ann := realtime.User{App: app, ID: "ann"}
			if _, err := s.EnsureUser(t.Context(), server, ann.ID, nil); err != nil {
				t.Fatal(err)
			}
			var online atomic.Int64
			var wg sync.WaitGroup
			for i, db := range replicas {
				wg.Go(func() {
					for n := range 60 {
						change, err := realtimesql.NewPresence(db).Set(t.Context(), ann, fmt.Sprint(i), n%2 == 0)
						switch wordFor(change) {
						case "online":
							online.Add(1)
						case "offline":
							online.Add(-1)
						}
						if err != nil {
							t.Error(err)
						}
					}
				})
			}
			wg.Wait()
			if n := online.Load(); n != 0 {
				t.Errorf("reported %+d times more often online than offline", n)
			}
		})
	}
}
