package conversationsql_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"switchboard/app/conversation"
	"switchboard/app/conversation/conversationsql"
	"switchboard/app/sqldb"
	"switchboard/app/sqldb/sqldbtest"
)

// killsVariable is how often each store's process is killed; 3 when unset.
const killsVariable = "SWITCHBOARD_TEST_KILLS"

// childVariable makes the test binary the process that is going to be killed.
const childVariable = "SWITCHBOARD_TEST_CRASH_CHILD"

const crashWriters = 16

// crashPlan tells the child where it writes and, per writer, which message comes next.
type crashPlan struct {
	Config sqldb.Config
	Convs  []string
	Next   [crashWriters]int
}

func crashText(writer, n int) string { return fmt.Sprintf("%d-%d", writer, n) }

// crashChild sends until it dies, each message with its own client key, and
// prints a line for each that was acknowledged.
func crashChild(raw string) error {
	var plan crashPlan
	if err := json.Unmarshal([]byte(raw), &plan); err != nil {
		return err
	}
	db, err := sqldb.Open(context.Background(), plan.Config)
	if err != nil {
		return err
	}
	s := conversation.New(conversation.Config{}, conversation.Deps{Store: conversationsql.New(db)})
	var (
		wg  sync.WaitGroup
		out sync.Mutex
	)
	for w := range crashWriters {
		wg.Go(func() {
			for n := plan.Next[w]; ; n++ {
				text := crashText(w, n)
				m, err := s.Send(context.Background(), server, conversation.Post{
					Conversation: plan.Convs[(w+n)%len(plan.Convs)], From: "Tom", Type: conversation.TextMessage, Text: text, ClientKey: text,
				})
				out.Lock()
				if err == nil {
					_, err = fmt.Printf("ack %d %d %s %d\n", w, n, m.ID, m.Seq)
				}
				out.Unlock()
				if err != nil {
					fmt.Println("child:", err)
					return
				}
			}
		})
	}
	wg.Wait()
	return nil
}

// TestAKilledProcessLosesNothingItAcknowledged kills the process without
// warning under load, again and again: every acknowledged message is there
// once, with the id and seq of its answer, and seqs have no gaps.
func TestAKilledProcessLosesNothingItAcknowledged(t *testing.T) {
	kills := 3
	if v := os.Getenv(killsVariable); v != "" {
		var err error
		if kills, err = strconv.Atoi(v); err != nil {
			t.Fatal(err)
		}
	}
	for _, store := range sqldbtest.Stores {
		t.Run(store.Name, func(t *testing.T) {
			plan := crashPlan{Config: store.Config(t)}
			func() {
				db, err := sqldb.Open(context.Background(), plan.Config)
				if err != nil {
					t.Fatal(err)
				}
				s := conversation.New(conversation.Config{}, conversation.Deps{Store: conversationsql.New(db)})
				for range 3 {
					plan.Convs = append(plan.Convs, group(t, s, "Tom", "Jerry"))
				}
				if err := db.Close(); err != nil {
					t.Fatal(err)
				}
			}()
			acked := make(map[string]string) // text -> "id seq"
			for kill := range kills {
				before := len(acked)
				crashRound(t, &plan, acked)
				if len(acked) == before {
					t.Fatalf("kill %d: nothing was acknowledged before it", kill)
				}
				crashVerify(t, plan, acked)
			}
			t.Logf("%d kills, %d acknowledged messages", kills, len(acked))
		})
	}
}

// crashRound runs the child and kills it after a moment under load.
func crashRound(t *testing.T, plan *crashPlan, acked map[string]string) {
	t.Helper()
	raw, err := json.Marshal(plan)
	if err != nil {
		t.Fatal(err)
	}
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childVariable+"="+string(raw))
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	moment := time.Duration(20+rand.IntN(200)) * time.Millisecond
	lines := bufio.NewScanner(out)
	var timer *time.Timer
	for lines.Scan() {
		var w, n int
		var id, seq string
		if _, err := fmt.Sscanf(lines.Text(), "ack %d %d %s %s", &w, &n, &id, &seq); err != nil {
			if strings.HasPrefix(lines.Text(), "child:") {
				t.Error(lines.Text())
			}
			continue // the line at which it died
		}
		if timer == nil {
			timer = time.AfterFunc(moment, func() { _ = child.Process.Kill() })
		}
		acked[crashText(w, n)] = id + " " + seq
		plan.Next[w] = n + 1
	}
	if timer == nil {
		_ = child.Process.Kill()
	}
	_ = child.Wait() // it was killed
}

func crashVerify(t *testing.T, plan crashPlan, acked map[string]string) {
	t.Helper()
	db, err := sqldb.Open(context.Background(), plan.Config)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	s := conversation.New(conversation.Config{}, conversation.Deps{Store: conversationsql.New(db)})
	lastSeqs := func() (seqs []int64) {
		for _, conv := range plan.Convs {
			d, err := s.Detail(context.Background(), server, conv)
			if err != nil {
				t.Fatal(err)
			}
			seqs = append(seqs, d.Last.Seq)
		}
		return seqs
	}
	// A server may still finish a commit of the process that is gone.
	before := lastSeqs()
	seqs, seen, last := make(map[string]int64), make(map[string]string), ""
	for {
		tail, err := s.After(context.Background(), app, last, 1000)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range tail {
			if last = m.ID; m.Seq != seqs[m.Conversation]+1 {
				t.Fatalf("seq %d after %d", m.Seq, seqs[m.Conversation])
			}
			seqs[m.Conversation] = m.Seq
			if _, twice := seen[m.Text]; twice {
				t.Fatalf("%s is there twice", m.Text)
			}
			seen[m.Text] = fmt.Sprint(m.ID, " ", m.Seq)
		}
		if len(tail) == 0 {
			break
		}
	}
	for text, place := range acked {
		if seen[text] != place {
			t.Fatalf("%s was acknowledged as %s and is %q", text, place, seen[text])
		}
	}
	for i, after := range lastSeqs() {
		if n := seqs[plan.Convs[i]]; n < before[i] || n > after {
			t.Fatalf("%d messages, and the conversation counted %d before and %d after", n, before[i], after)
		}
	}
}
