package conversationsql_test

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"switchboard/app/conversation"
	"switchboard/app/conversation/conversationsql"
	"switchboard/app/sqldb"
	"switchboard/app/sqldb/sqldbtest"
)

// Two replicas send, let people in and are refused at once. What each is told of its
// commits says rightly what stands in the log and that nothing stands before it.
func TestCommitsTellWhatTheLogHasBeforeThem(t *testing.T) {
	for name, config := range map[string]func(testing.TB) sqldb.Config{
		"sqlite": sqldbtest.SQLite, "postgres": sqldbtest.Postgres, "mysql": sqldbtest.MySQL,
	} {
		t.Run(name, func(t *testing.T) {
			cfg := config(t)
			var replicas []*conversation.Service
			told := make([][]conversation.Outgoing, 2)
			for i := range told {
				store := conversationsql.New(sqldbtest.Open(t, cfg))
				store.Sent = func(items []*conversation.Outgoing) {
					for _, o := range items {
						told[i] = append(told[i], *o)
					}
				}
				replicas = append(replicas, conversation.New(conversation.Config{Notices: true}, conversation.Deps{Store: store}))
			}
			conv := group(t, replicas[0], "a")
			var wg sync.WaitGroup
			for i := range 8 {
				wg.Go(func() {
					for j := range 20 {
						say(t, replicas[i%2], conv, "a", fmt.Sprint(i, j))
						_, err := replicas[i%2].Send(context.Background(), as("a"), conversation.Post{Conversation: conv, Type: -1, Text: "typing", Transient: true})
						if err != nil {
							t.Error(err)
						}
						if _, err := replicas[i%2].Send(context.Background(), as("stranger"), conversation.Post{Conversation: conv, Type: -1, Text: "?"}); err == nil {
							t.Error("a stranger may send")
						}
						if err := replicas[i%2].AddMembers(context.Background(), conversation.Caller{App: app}, conv, []string{fmt.Sprint("m", i, "x", j)}); err != nil {
							t.Error(err)
						}
					}
				})
			}
			wg.Wait()
			log, err := replicas[0].After(context.Background(), app, "", 1000)
			if err != nil || len(log) < 320 {
				t.Fatalf("%d in the log, %v", len(log), err)
			}
			for i := range told {
				stored := 0
				for n, o := range told[i] {
					if n > 0 && o.After < told[i][n-1].Tick || o.Tick <= o.After || o.Before > o.After {
						t.Fatalf("%+v after %+v", o, told[i][n-1])
					}
					if same := n > 0 && o.Before == told[i][n-1].Before; !same && o.Before != o.After || same && o.After != told[i][n-1].Tick {
						t.Fatalf("%+v in or after the commit of %+v", o, told[i][n-1])
					}
					if o.Stored() {
						stored++
					}
					checkPlace(t, log, o)
				}
				if stored != 80 {
					t.Errorf("told of %d messages", stored)
				}
			}
		})
	}
}

// checkPlace sees that the log has o where it says, and nothing between After and there.
func checkPlace(t *testing.T, log []conversation.Logged, o conversation.Outgoing) {
	t.Helper()
	// No id is greater at the one tick, or smaller at the other.
	after, at := conversation.MessageID(o.After, 15, "~"), conversation.MessageID(o.Tick, 0, "~")
	byID := func(l conversation.Logged, id string) int { return cmp.Compare(l.ID, id) }
	from, _ := slices.BinarySearchFunc(log, after, byID)
	to, _ := slices.BinarySearchFunc(log, at, byID)
	if from != to {
		t.Errorf("%s stands between %s and %s", log[from].ID, after, at)
	}
	if o.Stored() && (to == len(log) || log[to].ID != o.ID || log[to].Text != o.Text || o.MemberVersion < 1 || o.MemberVersion > log[to].MemberVersion) {
		t.Errorf("the log has not %+v", o)
	}
}
