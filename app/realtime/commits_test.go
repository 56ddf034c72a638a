package realtime

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// commit sends, and tells the hub.
func commit(s *memory, h *Hub, conversation, from, text string) {
	c, _ := s.commit(conversation, from, text)
	h.Committed([]Commit{c})
}

func TestWhatANodeHasCommittedIsNotReadBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMemory()
		h := open(t, s, nil)
		s.join("c", "ann", "bob")
		_, w, _ := connect(t, h, key("bob", "1"), nil)
		synctest.Wait()
		reads := s.readings()
		for i := 1; i <= 10; i++ {
			commit(s, h, "c", "ann", fmt.Sprint(i))
			h.Committed([]Commit{s.tick()}) // a message that was refused
			if i%3 == 0 {
				synctest.Wait()
				want(t, "bob", w.texts(), texts(1, i))
			}
		}
		synctest.Wait()
		want(t, "bob", w.texts(), texts(1, 10))
		if n := s.readings() - reads; n != 0 {
			t.Errorf("%d readings of the log", n)
		}
		// Another node commits: ours do not follow any more.
		s.send("c", "ann", "11")
		commit(s, h, "c", "ann", "12")
		synctest.Wait()
		if n := s.readings() - reads; n != 1 {
			t.Errorf("%d readings of the log", n)
		}
		reads = s.readings()
		commit(s, h, "c", "ann", "13")
		synctest.Wait()
		want(t, "bob", w.texts(), texts(1, 13))
		if n := s.readings() - reads; n != 0 {
			t.Errorf("%d readings of the log", n)
		}
	})
}

func TestNewsOfWhatIsDeliveredIsNotLookedInto(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMemory()
		h := open(t, s, nil)
		s.join("c", "ann")
		_, w, _ := connect(t, h, key("ann", "1"), nil)
		synctest.Wait()
		reads := s.readings()
		id, _ := s.send("c", "ann", "1")
		for range 3 {
			h.Heard(app, id)
			h.Heard("an app of another configuration", id)
			synctest.Wait()
		}
		want(t, "ann", w.texts(), texts(1, 1))
		if n := s.readings() - reads; n != 1 {
			t.Errorf("%d readings of the log", n)
		}
	})
}

func TestMoreCommitsThanMayWaitAreReadFromTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMemory()
		h := open(t, s, func(c *Config, _ *Deps) { c.QueueMessages = 2 * commitsLimit })
		s.join("c", "ann")
		_, w, _ := connect(t, h, key("ann", "1"), nil)
		for i := 1; i <= commitsLimit+1; i++ {
			commit(s, h, "c", "ann", fmt.Sprint(i))
		}
		commit(s, h, "c", "ann", fmt.Sprint(commitsLimit+2))
		synctest.Wait()
		if got := w.texts(); !slices.Equal(got, texts(1, commitsLimit+2)) {
			t.Errorf("%d messages", len(got))
		}
	})
}

func TestACommitThatWasReadMeanwhileComesOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMemory()
		h := open(t, s, nil)
		s.join("c", "ann")
		_, w, _ := connect(t, h, key("ann", "1"), nil)
		synctest.Wait()
		s.slow(20 * time.Millisecond)
		h.Wake()
		synctest.Wait() // the log is being read
		commit(s, h, "c", "ann", "1")
		time.Sleep(time.Second)
		synctest.Wait()
		commit(s, h, "c", "ann", "2")
		time.Sleep(time.Second)
		synctest.Wait()
		want(t, "ann", w.texts(), texts(1, 2))
	})
}

// waited is how long a sender waits for a commit to be on its way.
func waited(ctx context.Context, h *Hub, commit int64) time.Duration {
	began := time.Now()
	h.Delivered(ctx, commit)
	return time.Since(began)
}

func TestASenderWaitsUntilCommitsAreOnTheirWayButNotForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMemory()
		h := open(t, s, nil)
		s.join("c", "ann")
		_, w, _ := connect(t, h, key("ann", "1"), nil)
		synctest.Wait()
		sent := func() (at int64) {
			c, _ := s.commit("c", "ann", fmt.Sprint(s.clock+1))
			h.Committed([]Commit{c})
			return c.At
		}
		soon := func(what string, took, limit time.Duration) {
			t.Helper()
			if took != limit {
				t.Errorf("%s: waited %s, want %s", what, took, limit)
			}
		}
		sent() // the member list is read
		synctest.Wait()
		s.slow(30 * time.Millisecond)
		soon("its own", waited(t.Context(), h, sent()), 0)
		s.send("c", "ann", "of another node")
		behind := sent()
		soon("one before another node's", waited(t.Context(), h, behind-2), 0)
		soon("behind another node's", waited(t.Context(), h, behind), 30*time.Millisecond)
		s.down(errDown)
		s.send("c", "ann", "of another node")
		last := sent()
		soon("a store that is away", waited(t.Context(), h, last), deliveredLimit)
		soon("what came before it was away", waited(t.Context(), h, behind), 0)
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		soon("a sender that left", waited(ctx, h, last), time.Millisecond)
		s.down(nil)
		s.slow(0)
		time.Sleep(time.Second)
		synctest.Wait()
		if got := w.texts(); len(got) != 6 {
			t.Errorf("%q came", got)
		}
	})
}
